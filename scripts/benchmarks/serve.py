"""Run one contestant in this process: MODULE:FUNCTION, port, core, database, order service."""

import os
import sys
from importlib import import_module
from typing import Any

import uvicorn


def main(contestant: str, port: str, core: str, database_url: str, gallery_url: str) -> None:
    """Pin the process, then serve until told to stop; core "-" leaves it free."""
    if core != "-":
        os.sched_setaffinity(0, {int(core)})
    uvicorn.run(
        _make(contestant, database_url, gallery_url),
        port=int(port),
        loop="uvloop",
        http="httptools",
        log_level="error",
        access_log=False,
        server_header=False,
    )


def _make(contestant: str, database_url: str, gallery_url: str) -> Any:
    """Import no other contestant: two of them have tables of the same name."""
    module, _, function = contestant.partition(":")
    return getattr(import_module(f"benchmarks.contestants.{module}"), function)(database_url, gallery_url)


if __name__ == "__main__":
    main(*sys.argv[1:])
