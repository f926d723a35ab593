"""Make keys, and sign a body to try an address by hand."""

import base64
import secrets
from typing import Annotated
from urllib.parse import urlencode

import typer
from cryptography.fernet import Fernet
from rich.console import Console
from rich.table import Table

from handlers.clock import utc_now
from handlers.marketplace import signing_v2

app = typer.Typer(help="Make keys; sign a body. 生成密钥与签名。", no_args_is_help=True)
_console = Console()


@app.command()
def make() -> None:
    """Make the secrets that koogate.toml needs. 生成配置所需的密钥。"""
    table = Table("setting 配置项", "value 值")
    table.add_row("encryption_keys", Fernet.generate_key().decode())
    table.add_row("vendor_keys[].token", secrets.token_urlsafe(32))
    table.add_row("provisioner.secret", f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}")
    _console.print(table)
    _console.print(
        "The keys of addresses come from the seller centre: 卖家中心 > 应用工具 > 密钥管理.", highlight=False
    )


@app.command()
def sign(
    body: Annotated[str, typer.Option(help="The JSON body. 请求体。")],
    key: Annotated[str, typer.Option(envvar="KOOGATE_SIGNING_KEY", help="The access key. 访问密钥。")],
    url: Annotated[str, typer.Option(help="The production address. 生产地址。")],
) -> None:
    """Sign a body and print the curl command. 签名并输出curl命令。"""
    timestamp = str(int(utc_now().timestamp() * 1000))
    nonce = secrets.token_hex(16)
    signature = signing_v2.sign(key.encode(), nonce, timestamp, body.encode())
    query = urlencode({"signature": signature, "timestamp": timestamp, "nonce": nonce})
    typer.echo(
        f"curl -sS -X POST '{url}?{query}' \\\n"
        "  -H 'Content-Type: application/json;charset=utf8' \\\n"
        f"  --data-binary {_quoted(body)}"
    )


def _quoted(text: str) -> str:
    """Quote a text for the shell."""
    return "'" + text.replace("'", "'\\''") + "'"
