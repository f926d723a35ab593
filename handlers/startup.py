"""What happens before the first call: the app of this process, and what a person is told."""

import socket
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from handlers.addresses import make_addresses
from handlers.app import Koogate, create_app
from handlers.settings import Settings, config_path, load_settings

__all__ = [
    "LOGGING",
    "announce",
    "app_of_this_process",
    "escape",
    "http_implementation",
    "port_problem",
    "try_together",
]

LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": "structlog.stdlib.ProcessorFormatter",
            "processors": "ext://handlers.logs.PROCESSORS",
            "foreign_pre_chain": "ext://handlers.logs.FOREIGN",
        }
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
    # URLs carry order ids, and the durable-work library speaks of every start.
    "loggers": {name: {"level": "WARNING"} for name in ("httpx2", "httpcore2", "dbos", "alembic")},
}


def app_of_this_process() -> Koogate:
    """Make the app of the configuration that the parent process named."""
    return create_app(load_settings(config_path()))


def try_together(settings: Settings) -> None:
    """Put the app together and let it go; raises SettingsError for what only shows then."""
    create_app(settings)


def port_problem(host: str, port: int) -> str | None:
    """Say why nobody can listen there, or None."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            return f"--host, --port: {host} {port}: {error.strerror} 无法监听"
    return None


def http_implementation(settings: Settings) -> str:
    """Choose the HTTP parser: where answers are signed, one that keeps the case of `Body-Sign`."""
    signs = any(address.signs_answers for address in settings.addresses.values())
    return "h11" if signs else "httptools"


def announce(settings: Settings, console: Console) -> None:
    """Print the addresses, their sites, and what is missing."""
    table = Table(title="koogate", title_justify="left")
    for heading in ("address 地址", "site 站点", "keys 密钥", "product 产品"):
        table.add_column(heading, overflow="fold")
    for address in make_addresses(settings).values():
        counts = ", ".join(f"{kind} {len(keys)}" for kind, keys in address.keys.items() if keys)
        table.add_row(
            address.name,
            address.settings.site,
            counts or "[red]none[/]",
            address.settings.provisioner.kind,
        )
    console.print(table)
    for address in make_addresses(settings).values():
        # Apart from the table, so that it is in one piece to be copied.
        console.print(f"production address 生产地址: {escape(address.url)}", soft_wrap=True)
    for missing in what_is_missing(settings):
        console.print(f"[yellow]missing 缺少:[/] {escape(missing)}", soft_wrap=True)


def what_is_missing(settings: Settings) -> list[str]:
    """List settings without which something will not work, though the server starts."""
    missing = []
    if not settings.addresses:
        missing.append("addresses: no production address, so every call is refused")
    for name, address in settings.addresses.items():
        if not address.keys.basic:
            missing.append(f"addresses.{name}.keys.basic: every basic call is refused")
        koogallery = address.koogallery or settings.koogallery
        if not koogallery.access_key_id.get_secret_value():
            missing.append(f"koogallery.access_key_id: orders of {name} cannot be looked up")
    if not settings.vendor_keys:
        missing.append("vendor_keys: nobody can call the vendor API")
    if settings.public_url.startswith("http://"):
        missing.append("public_url: the marketplace calls https:// addresses only")
    return missing
