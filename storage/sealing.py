"""Encryption at rest: buyers' personal data, credentials and evidence."""

from collections.abc import Sequence
from typing import Any

import orjson
from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from storage.errors import SealBroken

_KEY_LENGTH = 44


class Sealer:
    """Seal JSON values with the first key, open them with any; so keys can be rotated.

    Keys are Fernet keys: 32 bytes in URL-safe Base64. Raises ValueError for a malformed one, without
    showing it.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        try:
            self._fernet = MultiFernet([_fernet(key.strip()) for key in keys])
        except ValueError:
            msg = "an encryption key must be 32 bytes in URL-safe Base64"
            raise ValueError(msg) from None

    def seal(self, value: Any) -> bytes:
        """Serialise and encrypt a JSON value."""
        return self._fernet.encrypt(orjson.dumps(value))

    def open(self, sealed: bytes) -> Any:
        """Give the value back; raises SealBroken if no key opens it."""
        try:
            return orjson.loads(self._fernet.decrypt(sealed))
        except InvalidToken:
            msg = "sealed with a key that is not configured"
            raise SealBroken(msg) from None

    def reseal(self, sealed: bytes) -> bytes:
        """Encrypt again with the first key; raises SealBroken if no key opens it."""
        try:
            return self._fernet.rotate(sealed)
        except InvalidToken:
            msg = "sealed with a key that is not configured"
            raise SealBroken(msg) from None


def _fernet(key: str) -> Fernet:
    """Make one key's cipher. Base64 would stop at the padding, and so forget a second key behind it."""
    if len(key) != _KEY_LENGTH:
        raise ValueError
    return Fernet(key)
