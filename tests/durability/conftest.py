"""Fixtures of the tests that kill: an order service and a product that outlive every server."""

from collections.abc import Iterator

import pytest

from tests.durability.tenants import Tenants
from tests.gallery import Gallery, serve_gallery
from tests.product import serve_product


@pytest.fixture
def gallery() -> Iterator[Gallery]:
    """Give an order service."""
    found, server = serve_gallery()
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    yield found
    server.shutdown()
    server.server_close()


@pytest.fixture
def tenants() -> Iterator[Tenants]:
    """Give a product that makes one tenant for a key."""
    product, server = serve_product()
    # A server that is killed does not wait for the answer.
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    found = Tenants(product)
    product.answer = found.answer  # type: ignore[method-assign]
    yield found
    server.shutdown()
    server.server_close()
