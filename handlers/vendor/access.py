"""Who may call the vendor API: bearer keys with scopes."""

import hashlib
import hmac
from collections.abc import Sequence

from handlers.settings import VendorKey


class Unauthorized(Exception):
    """No key, or none that is known."""


class Forbidden(Exception):
    """The key is known and does not reach so far."""


class Keyring:
    """The known keys. Only digests are compared, all of them, so time tells nothing."""

    def __init__(self, keys: Sequence[VendorKey]) -> None:
        self._keys = [(_digest(key.token.get_secret_value()), key) for key in keys]

    def identify(self, authorization: str | None) -> VendorKey:
        """Find the key of an Authorization header; raises Unauthorized."""
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            msg = "send a key: Authorization: Bearer ..."
            raise Unauthorized(msg)
        given = _digest(token.strip())
        matching = [key for digest, key in self._keys if hmac.compare_digest(digest, given)]
        if not matching:
            msg = "the key is not known"
            raise Unauthorized(msg)
        return matching[0]

    def require(self, key: VendorKey, scope: str) -> None:
        """Check that the key has the scope; raises Forbidden."""
        if scope not in key.scopes and "*" not in key.scopes:
            msg = f"the key {key.name!r} lacks the scope {scope}"
            raise Forbidden(msg)


def addresses_of(key: VendorKey) -> list[str] | None:
    """List the addresses a key may see; None means all."""
    return None if key.addresses is None else sorted(key.addresses)


def may_see(key: VendorKey, address: str) -> bool:
    """Say whether a key may see an address."""
    return key.addresses is None or address in key.addresses


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
