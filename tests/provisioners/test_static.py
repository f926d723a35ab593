from collections.abc import Callable
from typing import Any

import pytest

from handlers.provisioners import Access, ProductRefused, Task, Verdict, carry_out, make
from handlers.provisioners.static import Static

MakeTask = Callable[..., Task]


def test_every_template_is_filled(make_task: MakeTask) -> None:
    """All five names can stand in every option, and a doubled brace is a brace."""
    static = make(
        "static",
        {
            "front_end_url": "https://app.example.com/{address}/{instance_id}",
            "admin_url": "https://app.example.com/admin?order={order_id}",
            "user_name": "{product_id}",
            "password": "{{init}}",
            "memo": "规格 {sku_code}",
        },
        timeout=1.0,
    )

    assert carry_out(static, make_task()) == Access(
        front_end_url="https://app.example.com/demo/i-1",
        admin_url="https://app.example.com/admin?order=CS1",
        user_name="P1",
        password="{init}",
        memo="规格 SKU-A",
    )


def test_values_cannot_leave_their_place_in_an_address(make_task: MakeTask) -> None:
    """Values are percent-encoded in addresses and stay as they are elsewhere; an unknown one is empty."""
    static = Static(
        front_end_url="https://app.example.com/{instance_id}?sku={sku_code}", memo="{instance_id}"
    )

    access = static.provision(make_task(instance_id="../a?b", sku_code=None))

    assert access.front_end_url == "https://app.example.com/..%2Fa%3Fb?sku="
    assert access.memo == "../a?b"


@pytest.mark.parametrize("kind", ["change", "freeze", "unfreeze", "deprovision", "renew"])
def test_everything_else_succeeds(make_task: MakeTask, kind: str) -> None:
    """There is nothing to do beside provisioning."""
    static = Static(front_end_url="https://app.example.com")

    assert carry_out(static, make_task(kind)) is None


def test_every_change_is_allowed(make_task: MakeTask) -> None:
    """A check says yes."""
    static = Static(front_end_url="https://app.example.com")

    assert carry_out(static, make_task("check")) == Verdict(allowed=True)


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({}, "front_end_url"),
        ({"front_end_url": ""}, "frontEndUrl"),
        ({"front_end_url": "ftp://a.example.com"}, "frontEndUrl"),
        ({"front_end_url": "https://{customer}.example.com"}, "front_end_url"),
        ({"front_end_url": "https://a.example.com/{instance_id.__class__}"}, "front_end_url"),
        ({"front_end_url": "https://a.example.com/{instance_id[0]}"}, "front_end_url"),
        ({"front_end_url": "https://a.example.com/{instance_id!r}"}, "front_end_url"),
        ({"front_end_url": "https://a.example.com/{instance_id:>900000}"}, "front_end_url"),
        ({"front_end_url": "https://a.example.com/{}"}, "front_end_url"),
        ({"front_end_url": "https://a.example.com/{"}, "front_end_url"),
        ({"front_end_url": 5}, "front_end_url"),
        ({"front_end_url": "https://a.example.com", "password": "hid{den"}, "password"),
        ({"front_end_url": "https://a.example.com", "memo": "m" * 1025}, "memo"),
        ({"front_end_url": "https://a.example.com", "frontEndUrl": "x"}, "frontEndUrl"),
    ],
)
def test_a_bad_template_stops_the_start(options: dict[str, Any], named: str) -> None:
    """A template that cannot work is refused at construction, by the name of its option and not its text."""
    with pytest.raises(ValueError, match=named) as caught:
        make("static", options, timeout=1.0)

    assert "hid" not in str(caught.value)


def test_access_that_became_too_long_is_refused(make_task: MakeTask) -> None:
    """The marketplace takes 512 characters of frontEndUrl: one more is refused by the member's name."""
    static = Static(front_end_url="https://a.example.com/{instance_id}")
    room = 512 - len("https://a.example.com/")

    assert len(static.provision(make_task(instance_id="i" * room)).front_end_url) == 512
    with pytest.raises(ProductRefused, match="frontEndUrl is longer than 512"):
        static.provision(make_task(instance_id="i" * (room + 1)))


def test_the_repr_hides_the_values() -> None:
    """Neither the provisioner nor the access shows a password."""
    static = Static(front_end_url="https://a.example.com", password="hidden")

    assert "hidden" not in repr(static)
    assert "hidden" not in repr(Access("https://a.example.com", password="hidden", memo="hidden"))
