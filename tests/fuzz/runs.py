"""Runs of Schemathesis: a contract, the server that promises it, and how long.

The environment makes a run longer or another one: `KOOGATE_FUZZ_SECONDS` is the time for all contracts
together, `KOOGATE_FUZZ_EXAMPLES` the cases for each operation, `KOOGATE_FUZZ_SEED` the seed, `random` for a
new one, and `KOOGATE_FUZZ_REPORTS` the folder for JUnit reports.
"""

import os
import secrets
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.fuzz.servers import REPOSITORY

_SEED = 20260105
_SHARES = {"marketplace": 0.5, "vendor": 0.4, "koogallery": 0.08, "health": 0.02}


@dataclass(frozen=True)
class Run:
    """What came of a run: 0 if nothing was found, 1 if something was, more if it could not run."""

    status: int
    report: str


def fuzz(contract: str, url: str, *options: str, examples: int, **environment: str) -> Run:
    """Fuzz a server by its contract, with the settings beside this module and the hooks that they name."""
    arguments = [
        *("--config-file", str(Path(__file__).with_name(f"{contract}.toml"))),
        *("run", f"openapi/{contract}.yaml", "--url", url, "--no-color", "--seed", _seed()),
        *("--max-examples", os.environ.get("KOOGATE_FUZZ_EXAMPLES", str(examples))),
        *options,
    ]
    done = subprocess.run(
        [sys.executable, "-m", "schemathesis.cli", *arguments],
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONWARNINGS": "ignore", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    return Run(done.returncode, done.stdout.decode("utf-8", "replace"))


def longer(contract: str) -> list[str]:
    """Give the options of a long run with a report, or none."""
    seconds, reports = os.environ.get("KOOGATE_FUZZ_SECONDS"), os.environ.get("KOOGATE_FUZZ_REPORTS")
    options = ["--max-time", str(max(1, round(int(seconds) * _SHARES[contract])))] if seconds else []
    return [*options, "--report-junit-path", f"{reports}/{contract}.xml"] if reports else options


def _seed() -> str:
    chosen = os.environ.get("KOOGATE_FUZZ_SEED", str(_SEED))
    return str(secrets.randbelow(2**32)) if chosen == "random" else chosen
