import pytest
import requests

from tests.fuzz.servers import Server
from tests.fuzz.stock import VENDOR_TOKEN


@pytest.mark.parametrize("limit", ["1_0", "%D9%A1", "%2B5", "%205", "007", "1e1", "1.0", "limit", ""])
def test_a_number_is_written_as_json_writes_it(seller: Server, limit: str) -> None:
    """What Python would read as a number and JSON would not is refused, with the parameter's name."""
    assert _refused_field(seller, f"limit={limit}") == "limit"


@pytest.mark.parametrize("query", ["limit=1&limit=2", "address=demo&limit=1&address=demo"])
def test_a_parameter_stands_once(seller: Server, query: str) -> None:
    """A parameter that stands twice is refused: nobody could say which one counts."""
    assert _refused_field(seller, query) == query.partition("=")[0]


def _refused_field(seller: Server, query: str) -> str:
    headers = {"Authorization": f"Bearer {VENDOR_TOKEN}"}
    answer = requests.get(f"{seller.url}/vendor/v1/calls?{query}", headers=headers, timeout=30)
    assert answer.status_code == 400, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    field: str = answer.json()["field"]
    return field
