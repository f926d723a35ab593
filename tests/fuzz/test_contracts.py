from tests.fuzz.runs import fuzz, longer
from tests.fuzz.servers import Server
from tests.fuzz.stock import VENDOR_TOKEN


def clean(contract: str, url: str, examples: int, **environment: str) -> None:
    """Fuzz by a contract and fail with the whole report if anything was found."""
    run = fuzz(contract, url, *longer(contract), examples=examples, **environment)
    print(run.report)  # noqa: T201 - with its seed; pytest shows it if the test fails
    assert run.status == 0, f"{contract} is not kept, see the report below"


def test_marketplace(seller: Server) -> None:
    """No signed call, good or bad, gets anything but the envelope and the code that it deserves."""
    clean("marketplace", seller.url, 40)
    assert seller.complaints() == []


def test_vendor(seller: Server) -> None:
    """The vendor API takes what its contract allows, refuses what it does not, and documents every answer."""
    clean("vendor", f"{seller.url}/vendor/v1", 20, KOOGATE_FUZZ_VENDOR_TOKEN=VENDOR_TOKEN)
    assert seller.complaints() == []


def test_health(seller: Server) -> None:
    """The health checks answer as promised."""
    clean("health", seller.url, 10)
    assert seller.complaints() == []


def test_koogallery(marketplace: Server) -> None:
    """The simulator answers every signed question about orders as its contract says."""
    clean("koogallery", marketplace.url, 20)
    assert marketplace.complaints() == []
