"""Logs on a terminal."""

import os
import pty
import subprocess
import sys

_SCRIPT = """
import logging.config
from handlers.startup import LOGGING

logging.config.dictConfig(LOGGING)


def fail(key):
    raise ValueError("something broke")


try:
    fail("-".join(["an", "access", "key"]))
except ValueError:
    logging.getLogger("handlers").exception("failed")
"""


def test_an_error_on_a_terminal_shows_no_local_variables() -> None:
    """The traceback is there; what the functions held in their hands (keys, a buyer's data) is not."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-c", _SCRIPT]
    ended = subprocess.run(command, stderr=theirs, stdout=subprocess.DEVNULL, timeout=60, check=False)
    os.close(theirs)
    shown = os.read(ours, 100_000).decode()
    os.close(ours)

    assert ended.returncode == 0
    assert "something broke" in shown
    assert "in fail" in shown
    assert "an-access-key" not in shown
