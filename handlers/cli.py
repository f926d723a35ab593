"""The command line: serve, demo, simulate, migrate, reseal, keys."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, NoReturn

import typer
import uvicorn
from rich.console import Console

from handlers import startup
from handlers.demo import run_demo
from handlers.keys import app as keys
from handlers.settings import Settings, SettingsError, load_settings, name_config
from handlers.simulator.commands import app as simulate
from handlers.workflows import durable
from storage import resealing, schema
from storage.engine import Engine, create_engine, is_sqlite, sqlite_path
from storage.file_lock import FileLock
from storage.sealing import Sealer

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


def _end(problem: str) -> NoReturn:
    """End with one line that says what is wrong."""
    line = " ".join(problem.split())
    _errors.print(f"[bold red]koogate:[/] {startup.escape(line)}", soft_wrap=True, highlight=False)
    raise typer.Exit(2)


def _load(path: Path | None) -> Settings:
    """Read the settings, or end with one line that names what is wrong."""
    try:
        settings = load_settings(path)
        startup.try_together(settings)
    except SettingsError as error:
        _end(str(error))
    return settings


@contextmanager
def _opened_database(url: str) -> Iterator[Engine]:
    """Open the database for the block; whatever is wrong with it is one line."""
    try:
        if is_sqlite(url):
            path = sqlite_path(url)
            FileLock(path.with_name(path.name + ".lock")).release()
        engine = create_engine(url)
        yield engine
        engine.dispose()
    except Exception as error:  # noqa: BLE001 - drivers raise what they like; a person wants one line
        first_line = str(error).partition("\n")[0] or type(error).__name__
        _end(f"database_url: {first_line}")


def _default_config() -> Path | None:
    path = Path("koogate.toml")
    return path if path.exists() else None


@app.command()
def serve(
    config: ConfigOption = None,
    host: Annotated[str, typer.Option(help="Where to listen. 监听地址。")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Which port, 0 for any. 监听端口,0为任意端口。")
    ] = 8080,
    workers: Annotated[int, typer.Option(min=1, help="How many processes (PostgreSQL). 进程数。")] = 1,
) -> None:
    """Answer the marketplace. 启动服务。"""
    config = config or _default_config()
    settings = _load(config)
    if workers > 1 and is_sqlite(settings.database_url):
        _end(
            "--workers: an SQLite file is served by one process; set database_url to PostgreSQL for more"
            " SQLite仅支持单进程"
        )
    problem = startup.port_problem(host, port)
    if problem is not None:
        _end(problem)
    with _opened_database(settings.database_url) as engine:
        schema.prepare(engine)
    startup.announce(settings, Console())
    name_config(config)
    # uvicorn ends in order and then raises the signal again; ending in order is success.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
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
        # On a busy machine a worker takes its time to start; the supervisor must not kill it over that.
        timeout_worker_healthcheck=60,
    )


@app.command()
def migrate(config: ConfigOption = None) -> None:
    """Bring the database up to date. 升级数据库。"""
    settings = _load(config or _default_config())
    with _opened_database(settings.database_url) as engine:
        schema.migrate(engine)
        durable.prepare(settings.database_url)
    Console().print("[green]the database is up to date; 数据库已是最新版本[/]")


@app.command()
def reseal(config: ConfigOption = None) -> None:
    """Seal stored data again with the first key, so that older keys can go. 用首个密钥重新加密。"""
    settings = _load(config or _default_config())
    sealer = Sealer([key.get_secret_value() for key in settings.encryption_keys])
    with _opened_database(settings.database_url) as engine:
        count = resealing.reseal(engine, sealer)
    Console().print(f"[green]{count} rows sealed again; 已重新加密 {count} 行[/]", highlight=False)


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
