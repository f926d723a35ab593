"""The proof that the fuzz tests can fail: sellers with a bug, fuzzed as ours is."""

from collections.abc import Iterator

import pytest

from tests.fuzz.runs import fuzz
from tests.fuzz.servers import Server, running


@pytest.fixture(scope="module")
def sellers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Run the wrong sellers."""
    with running(["-m", "tests.fuzz.wrong_sellers"], tmp_path_factory.mktemp("sellers") / "log") as server:
        yield server


def test_a_right_seller_is_not_blamed(sellers: Server) -> None:
    """A seller who keeps the contract passes, so what the others are blamed for is their bug."""
    run = fuzz("marketplace", f"{sellers.url}/none", examples=20)
    assert run.status == 0, run.report


@pytest.mark.parametrize(
    ("bug", "phase", "words"),
    [
        ("fails-at-the-maximum", "coverage", "a call is no internal error"),
        ("answers-a-number", "examples", "Response violates schema"),
        ("forgets-the-instance", "examples", "the answer is not that of newInstance"),
        ("takes-bad-data", "coverage", "Invalid data should have been rejected"),
        ("calls-bad-data-internal", "fuzzing", "a call is no internal error"),
        ("cannot-sign-chinese", "examples", "a signed call is not refused for its signature"),
        ("refuses-good-data", "coverage", "Valid data should have been accepted"),
        ("speaks-http", "coverage", "HTTP 405"),
        ("cannot-release-twice", "stateful", "a call is no internal error"),
    ],
)
def test_a_bug_is_found(sellers: Server, bug: str, phase: str, words: str) -> None:
    """A seller with a bug is blamed for it, in the phase that is there to find such a thing."""
    run = fuzz("marketplace", f"{sellers.url}/{bug}", "--phases", phase, "--max-failures", "1", examples=40)
    assert run.status == 1, run.report
    assert words in run.report
