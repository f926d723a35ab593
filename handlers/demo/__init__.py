"""`koogate demo`: a server beside a simulated KooGallery, and one purchase through its whole life."""

import signal
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import NoReturn

from rich.console import Console
from rich.markup import escape

from handlers.demo.play import perform
from handlers.demo.stage import DemoFailedError, Stage, start_both


def run_demo(*, once: bool) -> int:
    """Play the demo; return 0 only if every step went as expected. Without `once`, stay up until Ctrl-C."""
    console = Console()
    try:
        with tempfile.TemporaryDirectory(prefix="koogate-demo-") as folder, ExitStack() as stack:
            stack.callback(signal.signal, signal.SIGTERM, signal.signal(signal.SIGTERM, _stop))
            stage = Stage(folder=Path(folder))
            places = f"koogate {stage.server_url}  KooGallery {stage.simulator_url}"
            console.print(f"starting 启动  {places}", soft_wrap=True)
            start_both(stage, stack)
            as_expected = perform(stage, console)
            if not once:
                _stay(stage, console)
            return 0 if as_expected else 1
    except DemoFailedError as failed:
        console.print(f"[red]{escape(str(failed))}[/]")
    except KeyboardInterrupt:
        console.print("stopped 已停止")
    return 1


def _stop(_number: int, _frame: object) -> NoReturn:
    sys.exit(143)


def _invite(stage: Stage, console: Console) -> None:
    console.print(f"production address 生产地址  {stage.address}")
    console.print(f"key 访问密钥  {stage.key}")
    vendor_api = f"{stage.server_url}/vendor/v1   Authorization: Bearer {stage.vendor_token}"
    console.print(f"vendor API 商家接口  {vendor_api}", soft_wrap=True)
    console.print(f"API pages 接口文档  {stage.server_url}/docs")
    console.print("buy another 再次购买:")
    options = f"--address {stage.address} --key {stage.key} --state {stage.state}"
    console.print(f"  koogate simulate purchase {options}", soft_wrap=True)
    console.print("Ctrl-C ends both 按 Ctrl-C 结束")


def _stay(stage: Stage, console: Console) -> None:
    """Leave both running until Ctrl-C."""
    try:
        _invite(stage, console)
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        return
