"""Logs: one line an event, coloured on a terminal, JSON elsewhere. Nothing secret is ever handed to them."""

import sys
from typing import Any

import structlog

FOREIGN: list[Any] = [
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]

_RENDERERS: list[Any] = (
    # Its own way of showing an error would show the local variables: keys, and what a buyer is called.
    [structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]
    if sys.stderr.isatty()
    else [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
)

PROCESSORS: list[Any] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_RENDERERS]
