"""Settings that are right, with every kind of secret in them, for tests to spoil."""

from typing import Any

from cryptography.fernet import Fernet

FERNET = Fernet.generate_key().decode()
STATIC = {"kind": "static", "front_end_url": "https://app.example.com"}
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
TOKEN = "a-token-of-the-vendor"
SECRETS = {
    "encryption": FERNET,
    "basic": "basic-key-1",
    "rotated": "basic-key-2",
    "token": TOKEN,
    "webhook": SECRET,
    "access": "AK-OF-SELLER",
    "secret": "SK-OF-SELLER",
    "database": "pg-password",
}


def content() -> dict[str, Any]:
    """Make settings that are right, with every kind of secret in them."""
    return {
        "database_url": "postgresql+psycopg://koogate:pg-password@127.0.0.1/koogate",
        "encryption_keys": [FERNET],
        "addresses": {
            "demo": {"keys": {"basic": ["basic-key-1", "basic-key-2"]}, "provisioner": dict(STATIC)},
            "hook": {
                "keys": {"basic": ["another-key"]},
                "provisioner": {
                    "kind": "webhook",
                    "url": "https://app.example.com/koogate",
                    "secret": SECRET,
                },
            },
        },
        "vendor_keys": [{"name": "product", "token": TOKEN, "scopes": ["*"]}],
        "koogallery": {"access_key_id": "AK-OF-SELLER", "secret_access_key": "SK-OF-SELLER"},
    }


def changed(path: str, value: Any) -> dict[str, Any]:
    """Make settings with one thing set another way; a part of the path may be an index."""
    settings = content()
    target: Any = settings
    *parents, last = path.split(".")
    for name in parents:
        target = target[int(name)] if isinstance(target, list) else target.setdefault(name, {})
    target[int(last) if isinstance(target, list) else last] = value
    return settings
