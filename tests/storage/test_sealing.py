"""Encryption at rest: Fernet's own format, several keys, nothing shown."""

import base64

import pytest
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from storage.errors import SealBroken
from storage.sealing import Sealer

KEY = base64.urlsafe_b64encode(bytes(range(32))).decode()
OTHER = base64.urlsafe_b64encode(bytes(range(32, 64))).decode()
# Put together by hand after Fernet's specification: time 1700000000, IV 00..0f, AES-128-CBC, HMAC.
KNOWN = (
    b"gAAAAABlU_EAAAECAwQFBgcICQoLDA0OD5Xa83h2OMJtaLYCygx-o1eZ-vT4DcG0_1-vjwSKLZfEIhMj283nJaNceD8Y_DznUOdVNFC0IilB"
    b"YRT7KSVh1BY="
)
VALUE = {"userName": "管理员"}


def test_a_token_made_elsewhere_is_opened() -> None:
    """Known answer: a person with the key and another Fernet library can read a backup, too."""
    assert Sealer([KEY]).open(KNOWN) == VALUE


def test_what_is_sealed_is_opened_by_hand() -> None:
    """The other way round: AES-128-CBC with the second half of the key gives the JSON text."""
    token = base64.urlsafe_b64decode(Sealer([KEY]).seal(VALUE))
    cipher = Cipher(algorithms.AES(bytes(range(16, 32))), modes.CBC(token[9:25])).decryptor()
    padded = cipher.update(token[25:-32]) + cipher.finalize()

    assert padded[: -padded[-1]].decode() == '{"userName":"管理员"}'


@pytest.mark.parametrize("value", [None, "", "文", 0, [], {}, {"a": [1, None, "b"]}])
def test_every_json_value_comes_back(value: object) -> None:
    """Null and the empty ones included."""
    sealer = Sealer([KEY])

    assert sealer.open(sealer.seal(value)) == value


def test_equal_values_are_sealed_differently() -> None:
    """Who reads the table cannot tell which buyers share a password."""
    sealer = Sealer([KEY])

    assert sealer.seal(VALUE) != sealer.seal(VALUE)


def test_keys_are_rotated() -> None:
    """The first key seals, each opens, and what was sealed again does without the old one."""
    old, both, new = Sealer([KEY]), Sealer([OTHER, KEY]), Sealer([OTHER])
    sealed = old.seal(VALUE)

    assert both.open(sealed) == VALUE
    assert new.open(both.seal(VALUE)) == VALUE
    assert new.open(both.reseal(sealed)) == VALUE
    for reading in (new.open, new.reseal):
        with pytest.raises(SealBroken, match="not configured"):
            reading(sealed)


@pytest.mark.parametrize("position", [0, 30, 60, -1])
def test_what_was_tampered_with_is_not_opened(position: int) -> None:
    """Every byte is covered: version, text, seal."""
    token = bytearray(base64.urlsafe_b64decode(KNOWN))
    token[position] ^= 1

    with pytest.raises(SealBroken):
        Sealer([KEY]).open(base64.urlsafe_b64encode(bytes(token)))


@pytest.mark.parametrize("key", ["", "short", KEY[:-4], "?" * 44, KEY + KEY])
def test_a_malformed_key_is_refused_without_being_shown(key: str) -> None:
    """The error says what a key must be."""
    with pytest.raises(ValueError, match="32 bytes in URL-safe Base64") as caught:
        Sealer([key])
    assert key == "" or key not in str(caught.value)
    assert caught.value.__cause__ is None


def test_no_key_is_no_sealer() -> None:
    """Without a key nothing can be stored."""
    with pytest.raises(ValueError, match="key"):
        Sealer([])


def test_a_sealer_shows_nothing() -> None:
    """Neither key nor value is in its text, nor in an error's."""
    sealer = Sealer([KEY])
    with pytest.raises(SealBroken) as caught:
        sealer.open(Fernet(OTHER).encrypt(b'"secret"'))

    for text in (repr(sealer), str(sealer), repr(caught.value)):
        assert KEY not in text
        assert "secret" not in text
