"""Find koogate's own tree, put it first on the path, run its command line."""

import sys
from pathlib import Path


def main() -> None:
    """Run `koogate` from the tree inside the wheel or, in a checkout, from the checkout."""
    here = Path(__file__).resolve()
    tree = here.parent / "tree"
    sys.path.insert(0, str(tree if tree.is_dir() else here.parents[2]))
    from handlers.cli import main as run  # noqa: PLC0415  # importable only from here on

    run()
