"""Who may do what: tokens, scopes, addresses."""

import pytest

from tests.vendor.conftest import DEMO_ONLY, READER, Api
from tests.world import VENDOR_TOKEN, World, new_instance

pytestmark = pytest.mark.usefixtures("world")

OPERATIONS = [
    ("GET", "/instances", None, "instances:read"),
    ("GET", "/instances/x", None, "instances:read"),
    ("GET", "/instances/x/changes", None, "instances:read"),
    ("POST", "/instances/x/complete", {}, "instances:write"),
    ("POST", "/instances/x/fail", {"reason": "r"}, "instances:write"),
    ("POST", "/instances/x/retry", None, "instances:write"),
    ("GET", "/calls", None, "calls:read"),
    ("GET", "/calls/1", None, "calls:read"),
    ("GET", "/notices", None, "notices:read"),
    ("POST", "/notices/1/acknowledge", None, "notices:write"),
]
each_operation = pytest.mark.parametrize(("method", "path", "body", "scope"), OPERATIONS)


@each_operation
def test_no_operation_is_open(api: Api, method: str, path: str, body: object, scope: str) -> None:
    """Without a token nothing is told, not even whether the thing exists."""
    problem = api.refused(401, method, path, body, token=None)

    assert (problem["title"], problem["detail"]) == ("Unauthorized", "send a key: Authorization: Bearer ...")


@each_operation
def test_a_reader_may_read_instances_only(api: Api, method: str, path: str, body: object, scope: str) -> None:
    """A key does what its scopes say; the refusal names the scope."""
    status = api(method, path, body, token=READER).status
    if scope == "instances:read":
        assert status in {200, 404}
    else:
        problem = api.refused(403, method, path, body, token=READER)
        assert problem["detail"] == f"the key 'reader' lacks the scope {scope}"


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Bearer",
        "Bearer ",
        VENDOR_TOKEN,
        f"Basic {VENDOR_TOKEN}",
        f"Bearer{VENDOR_TOKEN}",
        f"Bearer {VENDOR_TOKEN}x",
        f"Bearer {VENDOR_TOKEN[:-1]}",
        f"Bearer {VENDOR_TOKEN.upper()}",
        f"Bearer {VENDOR_TOKEN},{VENDOR_TOKEN}",
        "Bearer \xe9\xff",
    ],
)
def test_what_is_no_known_bearer_token_is_401(api: Api, authorization: str) -> None:
    """The answer says how to ask, and never repeats what was sent."""
    sent = authorization.encode().decode("latin-1")
    reply = api.raw("GET", "/instances", authorization=sent)

    assert reply.status == 401
    assert reply.header(b"www-authenticate") == "Bearer"
    assert VENDOR_TOKEN.encode() not in reply.raw


@pytest.mark.parametrize("authorization", [f"bearer {VENDOR_TOKEN}", f"BEARER  {VENDOR_TOKEN} "])
def test_the_scheme_is_read_in_any_case(api: Api, authorization: str) -> None:
    """RFC 9110: a scheme's name has no case."""
    assert api.raw("GET", "/instances?limit=1", authorization=authorization).status == 200


def test_a_key_of_one_address_sees_that_address_only(api: Api, world: World) -> None:
    """Instances, changes and calls of other addresses are not there: 404, and no item of a list."""
    here, there = world.buy(address="demo"), world.buy(address="hook")

    assert api("GET", f"/instances/{here}", token=DEMO_ONLY).status == 200
    assert api("GET", f"/instances/{here}/changes", token=DEMO_ONLY).status == 200
    for path in (f"/instances/{there}", f"/instances/{there}/changes"):
        assert api.refused(404, "GET", path, token=DEMO_ONLY)["detail"] == f"no instance {there!r}"
    for what in ("instances", "calls"):
        seen = api("GET", f"/{what}?limit=200", token=DEMO_ONLY).json["items"]
        assert {item["address"] for item in seen} == {"demo"}
        assert api("GET", f"/{what}?address=hook", token=DEMO_ONLY).json == {"items": [], "nextCursor": None}
    call = api("GET", f"/calls?instanceId={there}").json["items"][0]
    api.refused(404, "GET", f"/calls/{call['id']}", token=DEMO_ONLY)


@pytest.mark.parametrize(
    ("what", "body"), [("complete", {}), ("fail", {"reason": "not mine"}), ("retry", None)]
)
def test_a_key_of_one_address_changes_that_address_only(
    api: Api, world: World, what: str, body: object
) -> None:
    """Reporting on another address's instance is 404, and changes nothing."""
    there = world.buy(address="hook")
    before = world.changes(there)

    api.refused(404, "POST", f"/instances/{there}/{what}", body, token=DEMO_ONLY)

    assert world.changes(there) == before


def test_a_key_of_one_address_gets_the_notices_of_that_address_only(api: Api, world: World) -> None:
    """What a notice tells of another address stays there, and cannot be acknowledged away."""
    activity = {"activity": "noticeOfSomething", "instanceId": world.gallery.place()}
    for address in ("demo", "hook"):
        world.call(activity, address=address)
    mine, theirs = (
        next(
            n
            for n in world.notices()
            if n["subject"].startswith(address) and activity["instanceId"] in n["subject"]
        )
        for address in ("demo", "hook")
    )

    seen = api.items("/notices", token=DEMO_ONLY)

    assert mine["id"] in {notice["id"] for notice in seen}
    assert {notice["subject"].split()[0] for notice in seen} == {"demo"}
    api.refused(404, "POST", f"/notices/{theirs['id']}/acknowledge", token=DEMO_ONLY)
    after = next(notice for notice in world.notices() if notice["id"] == theirs["id"])
    assert after["acknowledgedAt"] is None
    assert api("POST", f"/notices/{mine['id']}/acknowledge", token=DEMO_ONLY).status == 200


def test_an_id_tells_nothing_across_addresses(api: Api, world: World) -> None:
    """Not there and not yours are the same answer."""
    there = world.call(new_instance(world.gallery.place()), address="hook").json["instanceId"]
    missing = "00000000-0000-0000-0000-000000000000"

    hidden, unknown = (
        api.refused(404, "GET", f"/instances/{each}", token=DEMO_ONLY) for each in (there, missing)
    )

    assert {**hidden, "detail": ""} == {**unknown, "detail": ""}
    assert hidden["detail"].replace(there, "") == unknown["detail"].replace(missing, "")
