"""Who may import, and read, what."""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

OURS = ("handlers", "storage")
CLOCKS = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time", "time.time_ns"}
ENVIRONMENT = {"os.environ", "os.getenv", "environ.get"}


def modules(root: Path) -> Iterator[tuple[str, ast.Module]]:
    """Parse every module of ours."""
    for path in sorted(path for name in OURS for path in root.glob(f"{name}/**/*.py")):
        yield path.relative_to(root).as_posix(), ast.parse(path.read_text(encoding="utf-8"))


def attributes(tree: ast.Module) -> set[str]:
    """Name every `a.b` that a module mentions, by its last two parts."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name | ast.Attribute):
            owner = node.value.id if isinstance(node.value, ast.Name) else node.value.attr
            found.add(f"{owner}.{node.attr}")
    return found


def imported(tree: ast.Module) -> set[str]:
    """Name the top-level packages that a module imports."""
    named = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    named |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    return {name.partition(".")[0] for name in named}


def normalised(distribution: str) -> str:
    """Spell a distribution's name the one way that indexes compare."""
    return re.sub(r"[-_.]+", "-", distribution).lower()


def declared(root: Path, *extras: str) -> set[str]:
    """Name the distributions that pyproject.toml asks for."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    entries = [*project["dependencies"], *(e for x in extras for e in project["optional-dependencies"][x])]
    return {normalised(re.split(r"[\[<>=~! ]", entry)[0]) for entry in entries}


def test_the_import_rules_hold(root: Path) -> None:
    """Every contract of import-linter is kept."""
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"]
    result = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)

    assert result.returncode == 0, result.stdout + result.stderr


def test_only_the_settings_read_the_environment(root: Path) -> None:
    """What the environment says reaches the code through handlers/settings.py."""
    readers = [path for path, tree in modules(root) if attributes(tree) & ENVIRONMENT]

    assert readers in ([], ["handlers/settings.py"])


def test_only_one_module_reads_the_clock(root: Path) -> None:
    """Whoever needs the time is given a clock."""
    readers = [path for path, tree in modules(root) if attributes(tree) & CLOCKS]

    assert readers == ["handlers/clock.py"]


def test_what_we_import_is_what_we_declare(root: Path) -> None:
    """No package is used that is there only because another one wants it."""
    named = {name for _, tree in modules(root) for name in imported(tree)}
    third_party = named - sys.stdlib_module_names - {*OURS, ""}
    homes = packages_distributions()
    undeclared = {
        name for name in third_party if not {normalised(home) for home in homes[name]} & declared(root)
    }

    assert undeclared == set()


def test_the_lock_is_whole(root: Path) -> None:
    """Every dependency is pinned, and every pin carries a hash."""
    text = (root / "requirements.lock").read_text(encoding="utf-8")
    entries = re.findall(r"^([\w.-]+)(?:\[.+?\])?==(.*(?:\n    --hash=.*)*)", text, flags=re.MULTILINE)

    assert declared(root, "dev") <= {normalised(name) for name, _ in entries}
    assert [name for name, pin in entries if "--hash=sha256:" not in pin] == []
