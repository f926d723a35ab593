import importlib
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from handlers.provisioners import (
    Access,
    Later,
    ProductRefused,
    ProductUnavailable,
    Provisioner,
    Task,
    Verdict,
    carry_out,
    make,
)

MakeTask = Callable[..., Task]
Install = Callable[..., None]

METHODS = ["provision", "change", "freeze", "unfreeze", "deprovision"]
MODULE = "koogate_test_plugin"
SOURCE = """
from handlers.provisioners import Access, Later, ProductRefused, ProductUnavailable, Verdict

class Product:
    def __init__(self, region="nowhere", does=None):
        self.region, self.does = region, does

    def answer(self, task):
        if isinstance(self.does, Exception):
            raise self.does
        return self.does

    provision = change = freeze = unfreeze = deprovision = answer

class Simple(Product):
    def provision(self, task):
        return Access(f"https://{self.region}.example.com/{task.instance_id}")

class Complete(Product):
    renew = check = Product.answer

class Waiting(Product):
    async def freeze(self, task):
        pass

for name in ("provision", "change", "freeze", "unfreeze", "deprovision"):
    globals()[f"lacking_{name}"] = type("Lacking", (Product,), {name: None})
"""


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Install a distribution that offers entry points, as pip leaves it: a module and a dist-info."""

    def install(package: str = "acme", **points: str) -> None:
        (tmp_path / f"{MODULE}.py").write_text(textwrap.dedent(SOURCE), encoding="utf-8")
        info = tmp_path / f"{package}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n", encoding="utf-8"
        )
        lines = [f"{name} = {target}" for name, target in points.items()]
        text = "\n".join(["[koogate.provisioners]", *lines, ""])
        (info / "entry_points.txt").write_text(text, encoding="utf-8")
        importlib.invalidate_caches()

    monkeypatch.syspath_prepend(tmp_path)
    yield install
    sys.modules.pop(MODULE, None)


def plugin(install: Install, target: str, **options: Any) -> Provisioner:
    """Install one entry point and make its provisioner."""
    install(acme=f"{MODULE}:{target}")
    return make("plugin", {"name": "acme", **options}, timeout=1.0)


def test_an_entry_point_becomes_the_provisioner(install: Install, make_task: MakeTask) -> None:
    """The named factory gets the remaining options as keywords, and its answer is passed on."""
    acme = plugin(install, "Simple", region="bj")

    assert carry_out(acme, make_task()) == Access("https://bj.example.com/i-1")
    assert repr(acme) == "Plugin('acme')"


@pytest.mark.parametrize("missing", METHODS)
def test_a_missing_method_is_named(install: Install, missing: str) -> None:
    """Each of the five methods has to be there and callable, or the start stops with its name."""
    with pytest.raises(TypeError, match=f"no method {missing}$"):
        plugin(install, f"lacking_{missing}")


def test_an_async_method_is_refused(install: Install) -> None:
    """A coroutine would never run, so the freeze would be lost: the start stops instead."""
    with pytest.raises(TypeError, match="freeze must not be async"):
        plugin(install, "Waiting")


def test_an_option_that_the_factory_does_not_take(install: Install) -> None:
    """The error names the option and not its value."""
    with pytest.raises(TypeError, match="token") as caught:
        plugin(install, "Simple", token="hidden")

    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize(
    ("points", "name", "words"),
    [
        ({"other": f"{MODULE}:Simple"}, "acme", "'acme': no such entry point"),
        ({"acme": "koogate_test_absent:Simple"}, "acme", "'acme' cannot be imported: ModuleNotFoundError"),
        ({"acme": f"{MODULE}:Absent"}, "acme", "'acme' cannot be imported: AttributeError"),
    ],
)
def test_an_entry_point_that_cannot_be_had(
    install: Install,
    points: dict[str, str],
    name: str,
    words: str,
) -> None:
    """A wrong name is an error in the settings that says which."""
    install(**points)

    with pytest.raises(ValueError, match=words):
        make("plugin", {"name": name}, timeout=1.0)


def test_two_packages_with_the_same_name(install: Install) -> None:
    """Which of two packages provisions is never left to chance."""
    install("one", acme=f"{MODULE}:Simple")
    install("two", acme=f"{MODULE}:Complete")

    with pytest.raises(ValueError, match="several packages"):
        make("plugin", {"name": "acme"}, timeout=1.0)


@pytest.mark.parametrize("kind", [*METHODS, "renew", "check"])
def test_a_foreign_error_says_only_its_class(install: Install, make_task: MakeTask, kind: str) -> None:
    """Whatever the vendor's code raises can be tried again, and its words stay out."""
    acme = plugin(install, "Complete", does=KeyError("Zhang San"))

    with pytest.raises(ProductUnavailable) as caught:
        carry_out(acme, make_task(kind))

    assert caught.value.reason == "plugin acme: KeyError"
    assert caught.value.__context__ is None


@pytest.mark.parametrize("error", [ProductRefused("sold out", "000106"), ProductUnavailable("busy", 5.0)])
def test_our_own_errors_pass(install: Install, make_task: MakeTask, error: Exception) -> None:
    """A plugin says no, or not now, with the errors of the contract."""
    acme = plugin(install, "Complete", does=error)

    with pytest.raises(type(error)) as caught:
        carry_out(acme, make_task())

    assert caught.value is error


@pytest.mark.parametrize(
    ("kind", "result", "words"),
    [
        ("provision", None, "provision did not answer with Access"),
        ("provision", "https://a.example.com", "provision did not answer with Access"),
        ("provision", Access(""), "frontEndUrl is missing"),
        ("provision", Access("https://a.example.com", password="p" * 129), "password is longer than 128"),
        ("change", True, "change did not answer with Access"),
        ("check", True, "check did not answer with Verdict"),
        ("check", None, "check did not answer with Verdict"),
    ],
)
def test_a_wrong_result_is_refused(
    install: Install,
    make_task: MakeTask,
    kind: str,
    result: object,
    words: str,
) -> None:
    """A plugin cannot pass on what the contract, or the marketplace, does not know."""
    acme = plugin(install, "Complete", does=result)

    with pytest.raises(ProductRefused, match=words):
        carry_out(acme, make_task(kind))


@pytest.mark.parametrize(
    ("kind", "result"),
    [
        ("provision", Later()),
        ("change", Later()),
        ("change", None),
        ("change", Access("https://a.example.com")),
        ("check", Verdict(allowed=False, reason="in use")),
    ],
)
def test_a_right_result_passes(install: Install, make_task: MakeTask, kind: str, result: object) -> None:
    """Everything that the contract knows comes through unchanged."""
    acme = plugin(install, "Complete", does=result)

    assert carry_out(acme, make_task(kind)) == result


def test_the_optional_methods_may_be_missing(install: Install, make_task: MakeTask) -> None:
    """A plugin without `renew` and `check` has nothing to do and nothing against it."""
    acme = plugin(install, "Simple")

    assert carry_out(acme, make_task("renew")) is None
    assert carry_out(acme, make_task("check")) == Verdict(allowed=True)
