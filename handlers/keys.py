"""Make keys, and sign a body to try an address by hand."""

import base64
import secrets
from typing import Annotated
from urllib.parse import urlencode

import typer
from cryptography.fernet import Fernet

from handlers.clock import utc_now
from handlers.marketplace import signing_v2

app = typer.Typer(help="Make keys; sign a body. 生成密钥与签名。", no_args_is_help=True)

_CONFIG = """\
# For koogate.toml; each run makes new secrets. 粘贴到 koogate.toml,每次运行都会生成新的密钥。
# The first key encrypts, all decrypt; it stands before every [table]. 首个密钥用于加密,须写在所有 [表] 之前。
encryption_keys = ["{encryption_key}"]

# Who may call the vendor API: Authorization: Bearer TOKEN. 商家接口的访问令牌。
[[vendor_keys]]
name = "product"
token = "{token}"
scopes = ["*"]

# The key of an address comes from the seller centre. 访问密钥取自: 卖家中心 > 应用工具 > 密钥管理。
# Your product checks requests with the secret (Standard Webhooks). 产品用 secret 校验请求签名。
# [addresses.demo]
# keys.basic = ["..."]
# provisioner = {{ kind = "webhook", url = "https://app.example.com/koogate", secret = "{secret}" }}
"""


@app.command()
def make() -> None:
    """Make the secrets of koogate.toml, as lines to paste. 生成配置所需的密钥,可直接粘贴。"""
    typer.echo(
        _CONFIG.format(
            encryption_key=Fernet.generate_key().decode(),
            token=secrets.token_urlsafe(32),
            secret=f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}",
        ),
        nl=False,
    )


@app.command()
def sign(
    body: Annotated[str, typer.Option(help="The JSON body. 请求体。")],
    key: Annotated[str, typer.Option(envvar="KOOGATE_SIGNING_KEY", help="The access key. 访问密钥。")],
    url: Annotated[str, typer.Option(help="The production address. 生产地址。")],
    *,
    is_base64: Annotated[
        bool,
        typer.Option("--base64", help="The key is in Base64, as Europe shows it. 密钥为Base64编码(欧洲站)。"),
    ] = False,
) -> None:
    """Sign a body and print the curl command. 签名并输出curl命令。"""
    timestamp = str(int(utc_now().timestamp() * 1000))
    nonce = secrets.token_hex(16)
    signature = signing_v2.sign(_decoded(key) if is_base64 else key.encode(), nonce, timestamp, body.encode())
    query = urlencode({"signature": signature, "timestamp": timestamp, "nonce": nonce})
    typer.echo(
        f"curl -sS {_quoted(f'{url}?{query}')} \\\n"
        "  -H 'Content-Type: application/json;charset=utf8' \\\n"
        f"  --data-raw {_quoted(body)}"
    )


def _decoded(key: str) -> bytes:
    try:
        return base64.b64decode(key, validate=True)
    except ValueError:
        msg = "not Base64 不是Base64编码"
        raise typer.BadParameter(msg, param_hint="--key") from None


def _quoted(text: str) -> str:
    """Quote a text for the shell."""
    return "'" + text.replace("'", "'\\''") + "'"
