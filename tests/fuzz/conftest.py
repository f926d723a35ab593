"""Fixtures of the fuzz tests: the seller's server and KooGallery's, each as a process of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from tests.fuzz.any_order import order_service
from tests.fuzz.servers import Server, running
from tests.fuzz.signing import ACCESS_KEY, ACCESS_KEY_ID, SECRET_ACCESS_KEY
from tests.fuzz.stock import VENDOR_TOKEN, fill
from tests.product import SECRET, serve_product

_CONFIGURATION = """
public_url = "https://saas.example.com"
database_url = "sqlite:///{directory}/fuzz.db"
encryption_keys = ["{encryption_key}"]

[addresses.demo]
keys.basic = ["{access_key}"]
answer_budget = 15.0 # what is judged is the outcome, not that it came late
provisioner = {{ kind = "static", front_end_url = "https://app.example.com/{{instance_id}}" }}

[addresses.later]
keys.basic = ["{access_key}"]
answer_budget = 0.1
provisioner = {{ kind = "webhook", url = "{product_url}", secret = "{secret}" }}

[[vendor_keys]]
name = "product"
token = "{vendor_token}"
scopes = ["*"]

[koogallery]
base_url = "{gallery_url}"
access_key_id = "{access_key_id}"
secret_access_key = "{secret_access_key}"
"""


@pytest.fixture(scope="module")
def seller(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Run `koogate serve` with an order service that knows every order and a product that takes its time."""
    directory = tmp_path_factory.mktemp("seller")
    product, product_server = serve_product()
    product.default.append((202, {}))
    try:
        with order_service() as gallery_url:
            configuration = directory / "koogate.toml"
            configuration.write_text(_configuration(directory, gallery_url, product.url))
            arguments = ["-m", "handlers.cli", "serve", "--config", str(configuration)]
            with running(arguments, directory / "server.log", path="/health/ready") as server:
                fill(server.url)
                yield server
    finally:
        product_server.shutdown()
        product_server.server_close()


def _configuration(directory: Path, gallery_url: str, product_url: str) -> str:
    return _CONFIGURATION.format(
        directory=directory,
        encryption_key=Fernet.generate_key().decode(),
        access_key=ACCESS_KEY,
        product_url=product_url,
        secret=SECRET,
        vendor_token=VENDOR_TOKEN,
        gallery_url=gallery_url,
        access_key_id=ACCESS_KEY_ID,
        secret_access_key=SECRET_ACCESS_KEY,
    )


@pytest.fixture(scope="module")
def marketplace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Run `koogate simulate serve`."""
    directory = tmp_path_factory.mktemp("marketplace")
    arguments = ["-m", "handlers.cli", "simulate", "serve", "--state", str(directory / "state.db")]
    keys = ["--access-key-id", ACCESS_KEY_ID, "--secret-access-key", SECRET_ACCESS_KEY]
    with running([*arguments, *keys], directory / "server.log") as server:
        yield server
