"""Uniqueness lives in the database, whoever asks and however many at once."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from storage import calls, changes, executors, instances, notices, orders
from storage.errors import CallNotFound, ChangeNotFound, InstanceNotFound, NoticeNotFound, Replayed
from storage.models import ChangeKind, ChangeState, Instance, InstanceState
from storage.session import Session
from tests.storage.conftest import Place

NOW = datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)


def claim(
    place: Place, instance_id: str, *, address: str = "demo", order: str = "CS1", line: str = "1"
) -> Any:
    """Claim an order line under an id."""
    return place.unit_of_work.run_now(
        lambda session: instances.claim(
            session, address=address, order_id=order, order_line_id=line, instance_id=instance_id, at=NOW
        )
    )


def made(place: Place, instance_id: str, **line: str) -> Instance:
    """Claim an order line that is new."""
    instance, is_new = claim(place, instance_id, **line)
    assert is_new
    return instance


def test_an_order_line_has_one_instance(place: Place) -> None:
    """The second claim gives the first one's id, whatever id it brings."""
    made(place, "first")

    again, is_new = claim(place, "second")

    assert (again.instance_id, is_new) == ("first", False)


def test_lines_orders_and_addresses_are_told_apart(place: Place) -> None:
    """Only all three together are an order line."""
    lines = [{}, {"line": "2"}, {"order": "CS2"}, {"address": "other"}]

    found = [made(place, f"id-{number}", **line).instance_id for number, line in enumerate(lines)]

    assert found == ["id-0", "id-1", "id-2", "id-3"]


def test_an_id_that_is_taken_is_not_given_twice(place: Place) -> None:
    """Not even at another address: the caller has to mint another one."""
    made(place, "taken")

    assert claim(place, "taken", line="2") == (None, False)
    assert claim(place, "taken", address="other") == (None, False)


def test_fifty_claims_at_once_make_one_instance(place: Place) -> None:
    """The database decides, and exactly one of them is told that it made it."""
    with ThreadPoolExecutor(20) as pool:
        results = list(pool.map(lambda number: claim(place, f"id-{number}"), range(50)))

    assert len({instance.instance_id for instance, _ in results}) == 1
    assert sum(is_new for _, is_new in results) == 1


def become(place: Place, instance: Instance, **values: Any) -> None:
    """Write columns of an instance."""
    place.unit_of_work.run_now(lambda session: instances.change(session, instance, at=NOW, **values))


def test_a_pay_per_use_product_of_an_order_has_one_instance(place: Place) -> None:
    """The partial index lets the second in only once it is merged into the first."""
    first, second = made(place, "first"), made(place, "second", line="2")
    product = {"charging_mode": "ON_DEMAND", "product_id": "OFFI-1"}
    become(place, first, **product)

    with pytest.raises(IntegrityError):
        become(place, second, **product)
    become(place, second, **product, state=InstanceState.MERGED, merged_into="first")

    found = place.unit_of_work.run_now(lambda s: instances.find_pay_per_use(s, "demo", "CS1", "OFFI-1"))
    assert found is not None
    assert found.instance_id == "first"
    assert place.unit_of_work.run_now(lambda s: instances.get(s, "demo", "second")).instance_id == "first"


@pytest.mark.parametrize(
    ("charging_mode", "product_id", "line"),
    [
        ("PERIOD", "OFFI-1", {"line": "2"}),
        ("ON_DEMAND", "OFFI-2", {"line": "2"}),
        ("ON_DEMAND", None, {"line": "2"}),
        ("ON_DEMAND", "OFFI-1", {"order": "CS2"}),
        ("ON_DEMAND", "OFFI-1", {"address": "other"}),
    ],
)
def test_other_lines_may_share_a_product(
    place: Place, charging_mode: str, product_id: str | None, line: dict[str, str]
) -> None:
    """Only pay-per-use lines of one order and product are one."""
    become(place, made(place, "first"), charging_mode="ON_DEMAND", product_id="OFFI-1")
    second = made(place, "second", **line)

    become(place, second, charging_mode=charging_mode, product_id=product_id)

    found = place.unit_of_work.run_now(lambda s: instances.get(s, second.address, "second"))
    assert (found.charging_mode, found.product_id) == (charging_mode, product_id)


def record(place: Place, **columns: Any) -> int:
    """Record a call."""
    values = {
        "address": "demo",
        "interface": "basic",
        "verdict": "answered",
        "result_code": "000000",
        "received_at": NOW,
        "is_test": False,
        "duration_us": 1,
        **columns,
    }
    return place.unit_of_work.run_now(
        lambda session: calls.add(session, values, {"request": "", "answer": ""})
    )


def test_a_nonce_is_used_once(place: Place) -> None:
    """At one address and interface; the second use is a replay, not an error of the database."""
    first = record(place, nonce="n")

    with pytest.raises(Replayed):
        record(place, nonce="n")
    record(place, nonce="N")
    record(place, nonce="n", address="other")
    record(place, nonce="n", interface="kit")
    found = place.unit_of_work.run_now(lambda s: calls.find_nonce(s, "demo", "basic", "n"))
    assert found is not None
    assert found.id == first


def test_calls_that_were_not_genuine_have_no_nonce_and_do_not_clash(place: Place) -> None:
    """Any number of them is recorded."""
    assert len({record(place, nonce=None) for _ in range(3)}) == 3


def test_of_twenty_equal_nonces_at_once_one_is_recorded(place: Place) -> None:
    """Also when all of them come before any is committed."""

    def attempt(_number: int) -> bool:
        try:
            record(place, nonce="raced")
        except Replayed:
            return False
        return True

    with ThreadPoolExecutor(20) as pool:
        assert sum(pool.map(attempt, range(20))) == 1


def test_a_lock_that_was_waited_for_leads_to_the_instance_that_serves(place: Place) -> None:
    """An instance merged by another process meanwhile is none that can be frozen, renewed or released."""
    made(place, "twin")
    merged = made(place, "merged", line="2")
    started = threading.Event()

    def merge(session: Session) -> None:
        instances.lock(session, "demo", "merged")
        instances.change(session, merged, at=NOW, state=InstanceState.MERGED, merged_into="twin")
        started.set()
        time.sleep(0.3)  # the other one has read it by now, and waits

    with ThreadPoolExecutor(1) as pool:
        merging = pool.submit(place.unit_of_work.run_now, merge)
        assert started.wait(20)
        locked = place.unit_of_work.run_now(lambda session: instances.lock(session, "demo", "merged"))
        merging.result(20)

    assert locked.instance_id == "twin"


def test_old_calls_are_forgotten_and_counted(place: Place) -> None:
    """Those before the moment, not those at it; the oldest first, so many at once."""
    for hours in (-1, -3, -2, 0, 1):
        record(place, received_at=NOW + timedelta(hours=hours))

    assert place.unit_of_work.run_now(lambda s: calls.delete_before(s, NOW, most=2)) == 2
    left = place.unit_of_work.run_now(calls.list_)
    assert min(call.received_at for call in left) == NOW - timedelta(hours=1)
    assert place.unit_of_work.run_now(lambda s: calls.delete_before(s, NOW, most=2)) == 1
    assert len(place.unit_of_work.run_now(calls.list_)) == 2


def add_change(session: Session, ref: int, kind: ChangeKind, order: str | None = "CS1") -> int:
    """Add a change."""
    added = changes.add(
        session, instance_ref=ref, kind=kind, at=NOW, order_id=order, order_line_id=order and f"{order}-1"
    )
    return added.id or 0


def test_an_order_line_asks_for_a_change_once(place: Place) -> None:
    """Freeze and unfreeze carry no order, so any number of them is let in."""
    ref = made(place, "first").id or 0
    run = place.unit_of_work.run_now
    run(lambda s: add_change(s, ref, ChangeKind.CHANGE))
    run(lambda s: add_change(s, ref, ChangeKind.CHANGE, "CS2"))
    run(lambda s: add_change(s, ref, ChangeKind.RENEW))

    with pytest.raises(IntegrityError):
        run(lambda s: add_change(s, ref, ChangeKind.CHANGE))
    for _ in range(3):
        run(lambda s: add_change(s, ref, ChangeKind.FREEZE, None))


def test_changes_take_their_turns(place: Place) -> None:
    """The one under way comes first, then the oldest; what is settled is over."""
    ref = made(place, "first").id or 0

    def turns(session: Session) -> list[int]:
        found = [add_change(session, ref, ChangeKind.FREEZE, None) for _ in range(3)]
        changes.change(session, changes.get(session, found[1]), attempt=1)
        order = []
        while (current := changes.find_next(session, ref)) is not None:
            assert changes.has_open(session, ref)
            order.append(found.index(current.id or 0))
            changes.change(session, current, state=ChangeState.DONE)
        assert not changes.has_open(session, ref)
        return order

    assert place.unit_of_work.run_now(turns) == [1, 0, 2]


def test_of_changes_that_take_long_only_those_in_turn_are_listed(place: Place) -> None:
    """One for an instance, and none that began just now or is to go on later."""
    old, new, later = (made(place, name, line=name).id or 0 for name in ("old", "new", "later"))

    def listed(session: Session) -> list[int]:
        for ref in (old, old, new, later):
            add_change(session, ref, ChangeKind.FREEZE, None)
        fresh, paused = changes.list_of(session, new)[0], changes.list_of(session, later)[0]
        changes.change(session, fresh, started_at=NOW + timedelta(hours=1))
        changes.change(session, paused, next_attempt_at=NOW + timedelta(hours=1))
        found = changes.list_in_turn(session, before=NOW + timedelta(minutes=10), limit=10)
        return [change.id or 0 for change in found] + [-(changes.list_of(session, old)[0].id or 0)]

    found = place.unit_of_work.run_now(listed)
    assert len(found) == 2
    assert sum(found) == 0


def test_a_notice_is_counted_instead_of_repeated(place: Place) -> None:
    """The last message and moment stand there, the first moment too, and it is new to read again."""

    def tell(message: str, hours: int, kind: str = "kind") -> Callable[[Session], None]:
        at = NOW + timedelta(hours=hours)
        return lambda session: notices.add(session, kind, "subject", message, at=at)

    run = place.unit_of_work.run_now
    run(tell("one", 0))
    run(lambda s: notices.acknowledge(s, notices.list_(s)[0].id or 0, at=NOW))
    run(tell("two", 1))
    run(tell("other", 2, "another-kind"))

    first, second = run(notices.list_)
    assert (first.count, first.message, second.count) == (2, "two", 1)
    assert (first.first_at, first.last_at) == (NOW, NOW + timedelta(hours=1))
    assert first.acknowledged_at is None


def test_notices_told_at_once_are_all_counted(place: Place) -> None:
    """None of thirty is lost."""
    with ThreadPoolExecutor(10) as pool:
        told = [
            pool.submit(
                place.unit_of_work.run_now, lambda session: notices.add(session, "k", "s", "m", at=NOW)
            )
            for _ in range(30)
        ]
        for future in told:
            future.result()

    (notice,) = place.unit_of_work.run_now(notices.list_)
    assert notice.count == 30


def test_a_long_subject_is_cut_and_still_the_same(place: Place) -> None:
    """What is longer than its column counts up, too."""
    for _ in range(2):
        place.unit_of_work.run_now(lambda s: notices.add(s, "k", "文" * 500, "m", at=NOW))

    (notice,) = place.unit_of_work.run_now(notices.list_)
    assert (len(notice.subject), notice.count) == (160, 2)


def test_an_acknowledged_notice_keeps_its_first_moment(place: Place) -> None:
    """Reading it again is not news."""
    run = place.unit_of_work.run_now
    run(lambda s: notices.add(s, "k", "s", "m", at=NOW))
    number = run(notices.list_)[0].id or 0

    def read(hours: int) -> datetime | None:
        at = NOW + timedelta(hours=hours)
        return run(lambda session: notices.acknowledge(session, number, at=at)).acknowledged_at

    assert (read(0), read(1)) == (NOW, NOW)


def test_an_order_is_kept_sealed_and_replaced(place: Place) -> None:
    """The latest look-up counts; nobody reads the buyer in the table."""

    def learn(name: str) -> None:
        info = {"name": name}
        place.unit_of_work.run_now(lambda session: orders.add(session, "demo", "CS1", "1", info, at=NOW))

    learn("first buyer")
    learn("second buyer")

    found = place.unit_of_work.run_now(lambda s: orders.find_info(s, "demo", "CS1", "1"))
    assert found == {"name": "second buyer"}
    assert place.unit_of_work.run_now(lambda s: orders.find_info(s, "demo", "CS1", "2")) is None
    with place.engine.connect() as connection:
        (stored,) = connection.execute(text("select info from orders")).scalars()
    assert b"buyer" not in bytes(stored)


def test_processes_are_alive_while_they_say_so(place: Place) -> None:
    """A beat is written over, an old one forgotten, an end in order remembered at once."""

    def beats(session: Session) -> set[str]:
        for name, seconds in (("a", -60), ("b", -60), ("b", 0), ("c", 0)):
            executors.beat(session, name, at=NOW + timedelta(seconds=seconds))
        executors.remove(session, "c")
        executors.remove_before(session, NOW - timedelta(seconds=30))
        return executors.list_alive(session, since=NOW - timedelta(days=1))

    assert place.unit_of_work.run_now(beats) == {"b"}


@pytest.mark.parametrize(
    ("job", "error"),
    [
        (lambda s: instances.get(s, "demo", "x"), InstanceNotFound),
        (lambda s: instances.lock(s, "demo", "x"), InstanceNotFound),
        (lambda s: instances.get_by_ref(s, 7), InstanceNotFound),
        (lambda s: changes.get(s, 7), ChangeNotFound),
        (lambda s: calls.get(s, 7), CallNotFound),
        (lambda s: notices.acknowledge(s, 7, at=NOW), NoticeNotFound),
    ],
)
def test_what_is_not_there_is_named(place: Place, job: Callable[[Session], Any], error: type) -> None:
    """`get` raises its own error."""
    with pytest.raises(error):
        place.unit_of_work.run_now(job)
