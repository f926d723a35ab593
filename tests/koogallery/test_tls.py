"""A host that cannot prove its name is not talked to."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from handlers.koogallery import KooGalleryUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from handlers.koogallery import KooGallery
    from tests.koogallery.conftest import Marketplace, Reply


def self_signed(folder: Path) -> Path:
    """Write a key and a certificate for localhost that no authority has signed."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    today = datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(today - timedelta(days=1)).not_valid_after(today + timedelta(days=1))
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
    form = serialization.PrivateFormat.PKCS8
    pem = key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
    pem += builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    (folder / "host.pem").write_bytes(pem)
    return folder / "host.pem"


def test_an_unknown_certificate_is_refused(
    market: Marketplace,
    reply: type[Reply],
    connect: Callable[..., KooGallery],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A self-signed host is asked nothing, even where the environment says to trust it."""
    certificate = self_signed(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    market.socket = context.wrap_socket(market.socket, server_side=True)
    market.replies = [reply.success()]
    client = connect(market.url.replace("http://127.0.0.1", "https://localhost"), attempts=1)
    with pytest.raises(KooGalleryUnavailable, match="ConnectError"):
        client.query_order("CS1")
    assert market.asked == []
