"""/docs: Swagger UI of every contract, from this server and no other."""

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser

import pytest
from openapi_spec_validator import validate
from starlette.testclient import TestClient

from handlers.contracts import CONTRACTS
from handlers.docs import create_docs_app

NAMES = ["health", "koogallery", "marketplace", "vendor"]
URL = re.compile(r"""(?:https?:)?//[^\s"'<>]+""")


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    """Give a client of the docs app."""
    with TestClient(create_docs_app(), base_url="http://koogate.test") as client:
        yield client


class Links(HTMLParser):
    """Collect what a page loads."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take what a tag points to."""
        del tag
        self.found += [value for name, value in attrs if name in {"src", "href"} and value]


def test_the_page_loads_from_this_server_only(client: TestClient) -> None:
    """Every script and style sheet is here, and no host is named in the page or its script."""
    page = client.get("/docs/")
    links = Links(page.text).found

    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert len(links) == 4
    for link in links:
        assert link.startswith("/docs/")
        assert client.get(link).status_code == 200
    assert URL.findall(page.text + client.get("/docs/page.js").text) == []


def test_the_page_may_not_load_from_elsewhere(client: TestClient) -> None:
    """The browser is told so, and Swagger UI's call to its makers' validator is off."""
    for path in ("/docs/", "/docs/page.js"):
        policy = client.get(path).headers["content-security-policy"]
        assert policy.startswith("default-src 'self';")
        assert "http" not in policy
        assert "script-src" not in policy
    assert "validatorUrl: null" in client.get("/docs/page.js").text
    assert "<script>" not in client.get("/docs/").text


def test_the_script_names_every_contract(client: TestClient) -> None:
    """Each root contract of the repository can be chosen, the marketplace's first."""
    script = client.get("/docs/page.js")
    listed = re.search(r"urls: (\[.*?\])", script.text)
    roots = sorted(
        path.stem
        for path in CONTRACTS.glob("*.yaml")
        if path.read_text(encoding="utf-8").startswith("openapi:")
    )

    assert script.headers["content-type"].startswith("text/javascript")
    assert listed is not None
    assert json.loads(listed[1]) == [{"url": f"/docs/{name}.json", "name": name} for name in roots]
    assert roots == NAMES
    assert '"urls.primaryName": "marketplace"' in script.text


@pytest.mark.parametrize("name", NAMES)
def test_each_contract_is_valid_and_whole(client: TestClient, name: str) -> None:
    """What the page shows is valid OpenAPI by itself: no reference leads out of it."""
    answer = client.get(f"/docs/{name}.json")

    validate(answer.json())

    assert answer.headers["content-type"] == "application/json"
    assert re.findall(r'"\$ref": ?"(?!#/)[^"]*"', answer.text) == []
    assert answer.json()["paths"]


def test_the_marketplaces_contract_shows_all_seven_activities(client: TestClient) -> None:
    """They are parts of other files, and are shown all the same."""
    operation = client.get("/docs/marketplace.json").json()["paths"]["/produce/{address}"]["post"]
    branches = operation["requestBody"]["content"]["application/json"]["schema"]["oneOf"]

    assert len({branch["properties"]["activity"]["enum"][0] for branch in branches}) == 7


def test_docs_without_the_slash_leads_there(client: TestClient) -> None:
    """A relative redirect, so that it works behind any proxy."""
    answer = client.get("/docs", follow_redirects=False)

    assert (answer.status_code, answer.headers["location"]) == (307, "/docs/")


@pytest.mark.parametrize(
    "path",
    [
        "/docs/none.json",
        "/docs/fields.json",
        "/docs/vendor.yaml",
        "/docs/..%2Fopenapi%2Fvendor.json",
        "/docs/activities%2Fnew_instance.json",
        "/docs/assets/../../pyproject.toml",
        "/docs/assets/%2e%2e/%2e%2e/__init__.py",
        "/docs/assets/..%2f..%2f__init__.py",
        "/docs/assets//etc/passwd",
        "/docs/assets/%2fetc%2fpasswd",
        "/docs/assets/none.js",
        "/docs/assets/",
    ],
)
def test_nothing_else_is_served(client: TestClient, path: str) -> None:
    """Neither other contracts' parts nor files outside the page's own."""
    assert client.get(path).status_code == 404


@pytest.mark.parametrize("path", ["/docs/", "/docs/vendor.json", "/docs/assets/swagger-ui.css"])
def test_it_is_for_reading(client: TestClient, path: str) -> None:
    """Another method is refused."""
    assert client.post(path).status_code == 405
