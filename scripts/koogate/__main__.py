"""Let `python -m koogate` do what `koogate` does."""

from koogate import main

main()
