"""Our own server: without storage, enqueueing only, and doing the durable work too."""

from pathlib import Path
from typing import Any, cast

from cryptography.fernet import Fernet

from benchmarks.calls import ADDRESS, KEY
from handlers.addresses import make_addresses
from handlers.app import create_app, create_marketplace_app
from handlers.clock import utc_now
from handlers.services import Services
from handlers.settings import Settings, make_settings


def create_without_storage(_database_url: str, gallery_url: str) -> Any:
    """Make the marketplace's part as it is, on a unit of work that keeps nothing."""
    settings = _settings("sqlite:///never-opened.db", gallery_url, is_working=False)
    absent = cast("Any", None)
    services = Services(
        settings=settings,
        now=utc_now,
        unit_of_work=cast("Any", _NoStorage()),
        sealer=absent,
        workflows=absent,
        bell=absent,
        readiness=absent,
        addresses=make_addresses(settings),
    )
    return create_marketplace_app(services)


def create_enqueuing(database_url: str, gallery_url: str) -> Any:
    """Make the whole app; the work it enqueues is left to another process."""
    return create_app(_settings(database_url, gallery_url, is_working=False))


def create_working(database_url: str, gallery_url: str) -> Any:
    """Make the whole app, which carries out the work it enqueues."""
    return create_app(_settings(database_url, gallery_url, is_working=True))


def _settings(database_url: str, gallery_url: str, *, is_working: bool) -> Settings:
    content = {
        "database_url": database_url,
        "encryption_keys": [Fernet.generate_key().decode()],
        "addresses": {
            ADDRESS: {
                "keys": {"basic": [KEY]},
                "provisioner": {"kind": "static", "front_end_url": "https://app.example.com/{instance_id}"},
                "answer_when": {"newInstance": "committed"},
            }
        },
        "koogallery": {"base_url": gallery_url, "access_key_id": "AK", "secret_access_key": "SK"},
        "work": {"enabled": is_working},
    }
    return make_settings(content, directory=Path())


class _NoStorage:
    """A unit of work that runs a job at once, on a session that says yes and forgets."""

    async def run(self, job: Any) -> Any:
        return job(_SESSION)


class _Forgetful:
    """Stands for the session, the result of its one statement, and the sealer of the evidence."""

    def __init__(self) -> None:
        self.info = {"sealer": self}

    def seal(self, _value: Any) -> bytes:
        return b""

    def execute(self, *_statement: Any) -> "_Forgetful":
        return self

    def scalar_one(self) -> int:
        return 1


_SESSION = _Forgetful()
