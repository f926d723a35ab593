"""The command line: serve, demo, simulate, migrate, keys."""

import sys
from pathlib import Path
from typing import Annotated

import typer
import uvicorn
from rich.console import Console

from handlers import startup
from handlers.demo import run_demo
from handlers.keys import app as keys
from handlers.settings import Settings, SettingsError, load_settings, name_config
from handlers.simulator.commands import app as simulate
from handlers.workflows import durable
from storage import schema
from storage.engine import create_engine, is_sqlite
from storage.errors import StorageError

app = typer.Typer(
    help="koogate: the seller's side of KooGallery. 云商店商家侧网关。",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
)
app.add_typer(simulate, name="simulate")
app.add_typer(keys, name="keys")
_errors = Console(stderr=True)

ConfigOption = Annotated[
    Path | None, typer.Option("--config", "-c", help="The configuration file. 配置文件 (koogate.toml).")
]


def _load(path: Path | None) -> Settings:
    """Read the settings, or end with one line that names what is wrong."""
    try:
        return load_settings(path)
    except SettingsError as error:
        _errors.print(f"[bold red]koogate:[/] {startup.escape(str(error))}")
        raise typer.Exit(2) from None


def _default_config() -> Path | None:
    path = Path("koogate.toml")
    return path if path.exists() else None


@app.command()
def serve(
    config: ConfigOption = None,
    host: Annotated[str, typer.Option(help="Where to listen. 监听地址。")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Which port, 0 for any. 监听端口。")] = 8080,
    workers: Annotated[int, typer.Option(min=1, help="How many processes (PostgreSQL). 进程数。")] = 1,
) -> None:
    """Answer the marketplace. 启动服务。"""
    config = config or _default_config()
    settings = _load(config)
    if workers > 1 and is_sqlite(settings.database_url):
        _errors.print(
            "[bold red]koogate:[/] --workers: an SQLite file is served by one process; set database_url "
            "to PostgreSQL for more"
        )
        raise typer.Exit(2)
    _prepare(settings)
    startup.announce(settings, Console())
    name_config(config)
    uvicorn.run(
        "handlers.startup:app_of_this_process",
        factory=True,
        host=host,
        port=port,
        workers=workers,
        http=startup.http_implementation(settings),
        log_config=startup.LOGGING,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=10,
    )


def _prepare(settings: Settings) -> None:
    """Open the database once before the processes start, so that what is wrong is one line."""
    try:
        engine = create_engine(settings.database_url)
        schema.prepare(engine)
        engine.dispose()
    except (StorageError, ValueError) as error:
        _errors.print(f"[bold red]koogate:[/] database_url: {startup.escape(str(error))}")
        raise typer.Exit(2) from None
    except Exception as error:  # noqa: BLE001 - drivers raise what they like; a person wants one line
        first_line = str(error).splitlines()[0] if str(error) else type(error).__name__
        _errors.print(f"[bold red]koogate:[/] database_url: {startup.escape(first_line)}")
        raise typer.Exit(2) from None


@app.command()
def migrate(config: ConfigOption = None) -> None:
    """Bring the database up to date. 升级数据库。"""
    settings = _load(config or _default_config())
    engine = create_engine(settings.database_url)
    schema.migrate(engine)
    engine.dispose()
    durable.prepare(settings.database_url)
    Console().print("[green]the database is up to date; 数据库已是最新版本[/]")


@app.command()
def demo(
    *,
    once: Annotated[bool, typer.Option("--once", help="End after the last step. 完成后退出。")] = False,
) -> None:
    """Start server and simulator and drive a purchase through its life. 演示一次购买的全过程。"""
    sys.exit(run_demo(once=once))


def main() -> None:
    """Run the command line."""
    app()


if __name__ == "__main__":
    main()
