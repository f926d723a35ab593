"""Where things lie and what they are called."""

import ast
import os
import re
from pathlib import Path

FOLDERS = {"openapi", "handlers", "storage", "tests", "scripts", ".ci"}
VAGUE = {"utils", "util", "helpers", "helper", "common", "base", "manager", "core"}
# Written so that this file does not contain what it looks for.
MACHINE_BOUND = re.compile(
    rb"pypi\.or[g]|pythonhosted\.or[g]|npmjs\.(?:or[g]|co[m])|(?<![\w./-])/(?:wor[k]|tmp/la[b]|tmp/k[g])/"
)
LAUNCHER_LINES = 20


def functions(module: Path) -> set[str]:
    """Name the functions at the top level of a module."""
    tree = ast.parse(module.read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def test_top_level_folders(files: list[Path]) -> None:
    """The top level holds the five folders of the design and what CI runs, no more and no less."""
    actual = {path.parts[0] for path in files if len(path.parts) > 1}

    assert actual == FOLDERS


def test_an_activity_has_one_name_in_three_places(root: Path) -> None:
    """Contract, handler and test of an activity share their name, and the handler's function too."""
    contracts = {path.stem for path in root.glob("openapi/activities/*.yaml")}
    handlers = {path.stem for path in root.glob("handlers/activities/*.py")} - {"__init__", "dispatch"}
    tested = {path.stem.removeprefix("test_") for path in root.glob("tests/activities/test_*.py")}
    unnamed = {name for name in handlers if name not in functions(root / f"handlers/activities/{name}.py")}

    assert contracts
    assert contracts == handlers
    assert contracts <= tested
    assert unnamed == set()


def test_no_module_has_a_name_that_says_nothing(files: list[Path]) -> None:
    """No module and no package is a drawer for everything."""
    modules = [path for path in files if path.suffix == ".py"]
    vague = [path for path in modules if VAGUE & {*path.parts[:-1], path.stem}]

    assert vague == []


def test_nothing_is_bound_to_one_machine(root: Path, files: list[Path]) -> None:
    """No file names a package registry or a folder of the machine it was written on."""
    bound = [path for path in files if MACHINE_BOUND.search((root / path).read_bytes())]

    assert bound == []


def test_the_launcher_stays_small(root: Path) -> None:
    """The one package outside the tree only finds the tree."""
    launcher = (root / "scripts/koogate/__init__.py").read_text(encoding="utf-8")

    assert len(launcher.splitlines()) <= LAUNCHER_LINES
    assert functions(root / "scripts/koogate/__init__.py") == {"main"}


def test_every_script_can_be_run_and_has_its_line(root: Path, files: list[Path]) -> None:
    """A script is executable, and scripts/README.md says what it is for."""
    scripts = [path for path in files if path.parent == Path("scripts") and path.suffix != ".md"]
    readme = (root / "scripts/README.md").read_text(encoding="utf-8")

    assert scripts
    assert [path for path in scripts if not os.access(root / path, os.X_OK)] == []
    assert [path for path in scripts if f"`{path.name}`" not in readme] == []
