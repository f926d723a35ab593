import pickle
from collections.abc import Callable
from typing import Any

import pytest

from handlers.provisioners import (
    Access,
    Later,
    ProductRefused,
    ProductUnavailable,
    Task,
    Verdict,
    carry_out,
    make,
)

MakeTask = Callable[..., Task]


class Required:
    """Notes what it is asked and has only what every provisioner must have."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Task]] = []

    def provision(self, task: Task) -> Access | Later:
        """Take it on."""
        self.asked.append(("provision", task))
        return Later()

    def change(self, task: Task) -> Access | Later | None:
        """Give new access."""
        self.asked.append(("change", task))
        return Access("https://a.example.com")

    def freeze(self, task: Task) -> None:
        """Note it."""
        self.asked.append(("freeze", task))

    def unfreeze(self, task: Task) -> None:
        """Note it."""
        self.asked.append(("unfreeze", task))

    def deprovision(self, task: Task) -> None:
        """Note it."""
        self.asked.append(("deprovision", task))


class Complete(Required):
    """Has the optional methods too."""

    def renew(self, task: Task) -> None:
        """Note it."""
        self.asked.append(("renew", task))

    def check(self, task: Task) -> Verdict:
        """Say no."""
        self.asked.append(("check", task))
        return Verdict(allowed=False, reason="in use")


@pytest.mark.parametrize(
    ("kind", "result"),
    [
        ("provision", Later()),
        ("change", Access("https://a.example.com")),
        ("freeze", None),
        ("unfreeze", None),
        ("deprovision", None),
        ("renew", None),
        ("check", Verdict(allowed=False, reason="in use")),
    ],
)
def test_the_kind_chooses_the_method(make_task: MakeTask, kind: str, result: object) -> None:
    """Each kind of task reaches its method once, with the task, and gives what the method gave."""
    provisioner, task = Complete(), make_task(kind)

    assert carry_out(provisioner, task) == result
    assert provisioner.asked == [(kind, task)]


@pytest.mark.parametrize(("kind", "result"), [("renew", None), ("check", Verdict(allowed=True))])
def test_the_optional_methods_may_be_missing(make_task: MakeTask, kind: str, result: object) -> None:
    """Without `renew` there is nothing to do, without `check` every change is allowed."""
    provisioner = Required()

    assert carry_out(provisioner, make_task(kind)) == result
    assert provisioner.asked == []


def test_a_required_method_is_never_skipped(make_task: MakeTask) -> None:
    """A provisioner that cannot freeze does not leave the buyer in silently."""
    provisioner: Any = object()

    with pytest.raises(TypeError, match="no method freeze"):
        carry_out(provisioner, make_task("freeze"))


def test_an_unknown_kind_is_an_error(make_task: MakeTask) -> None:
    """A kind that nobody knows is not done silently, not even if it is the name of some method."""
    with pytest.raises(ValueError, match="asked"):
        carry_out(Complete(), make_task("asked"))


@pytest.mark.parametrize(
    ("kind", "options", "named"),
    [
        ("carrier-pigeon", {}, "carrier-pigeon"),
        ("webhook", {"url": "https://a.example.com"}, "secret"),
        ("webhook", {"secret": "whsec_c2VjcmV0"}, "url"),
        ("webhook", {"url": "https://a.example.com", "secret": "whsec_c2VjcmV0", "verify": False}, "verify"),
        ("plugin", {}, "name"),
    ],
)
def test_wrong_options_are_named(kind: str, options: dict[str, Any], named: str) -> None:
    """A kind or an option that is missing or unknown is said by its name."""
    with pytest.raises(ValueError, match=named):
        make(kind, options, timeout=1.0)


def test_a_reason_is_one_short_printable_line() -> None:
    """Line breaks, control and direction characters do not get through, and 200 characters are enough."""
    refused = ProductRefused("no\r\nway\x00 \x00 \x1b[31m\u202ered\ud800 " + "x" * 10_000)

    assert refused.reason.startswith("no way [31mred xxx")
    assert len(refused.reason) == 200
    assert ProductUnavailable("a\tb").reason == "a b"


@pytest.mark.parametrize("code", ["000005", "000100", "000101", "000104", "000107"])
def test_a_refusal_keeps_a_code_a_product_may_choose(code: str) -> None:
    """The codes of a failed creation pass through."""
    assert ProductRefused("no", code).result_code == code


@pytest.mark.parametrize("code", ["000000", "000001", "000004", "000108", "5", ""])
def test_a_refusal_cannot_look_like_a_success(code: str) -> None:
    """Any other code becomes the general one: a refusal answered as 000000 would be a success."""
    assert ProductRefused("no", code).result_code == "000005"


def test_errors_survive_a_process_boundary() -> None:
    """Durable steps pickle what was raised: nothing of it is lost."""
    refused = pickle.loads(pickle.dumps(ProductRefused("sold out", "000106")))  # noqa: S301
    unavailable = pickle.loads(pickle.dumps(ProductUnavailable("busy", 30.0)))  # noqa: S301

    assert (refused.reason, refused.result_code, str(refused)) == ("sold out", "000106", "sold out")
    assert (unavailable.reason, unavailable.retry_after) == ("busy", 30.0)


def test_the_repr_of_a_task_hides_the_customer(make_task: MakeTask) -> None:
    """A task that gets into a log tells nothing about the buyer."""
    shown = repr(make_task())

    assert "i-1" in shown
    assert "Zhang" not in shown
    assert "a.example.com" not in shown
