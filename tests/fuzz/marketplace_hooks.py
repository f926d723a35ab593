"""How openapi/marketplace.yaml is fuzzed: signed, at addresses that exist, judged by `resultCode`."""

from typing import Any

import schemathesis
from schemathesis import Case, CheckContext, Response

import tests.fuzz.formats  # noqa: F401 - registers itself
from handlers.contracts import load_contract
from handlers.validation import Invalid, compile_check
from tests.fuzz.envelope import as_http, code_of, data_checks, is_probe_of_the_transport, never
from tests.fuzz.signing import MarketplaceSignature
from tests.fuzz.words import refused_by_words

# 000003 is an answer to good data only: an instance that nobody made. Bad data is 000002 and nothing else.
_STATUSES = {"000001": 401, "000002": 400, "000003": 404, "000005": 500}


def _answers() -> dict[str, Any]:
    """Compile the answer of each activity; the contract lists requests and answers in one order."""
    operation = load_contract("marketplace.yaml")["paths"]["/produce/{address}"]["post"]
    requests = operation["requestBody"]["content"]["application/json"]["schema"]["oneOf"]
    answers = operation["responses"]["200"]["content"]["application/json"]["schema"]["anyOf"]
    names = [request["properties"]["activity"]["enum"][0] for request in requests]
    return {name: compile_check(answer) for name, answer in zip(names, answers, strict=True)}


_ANSWERS = _answers()
schemathesis.auth.set_from_requests(MarketplaceSignature())  # type: ignore[attr-defined] # typed as a decorator


@schemathesis.hook
def before_load_schema(_context: Any, raw_schema: dict[str, Any]) -> None:
    """Say which addresses there are, so that good data names one of them and bad data does not.

    A link must not carry a bad address on into a call that is meant to be good.
    """
    operation = raw_schema["paths"]["/produce/{address}"]["post"]
    operation["parameters"][0]["schema"] = {"type": "string", "enum": ["demo"]}
    for link in operation["responses"]["200"]["links"].values():
        del link["parameters"]


@schemathesis.check
def whatever_comes_is_answered_in_the_envelope(_: CheckContext, response: Response, case: Case) -> None:
    """Refuse any status but 200 and any media type but JSON, for wrong methods and media types too."""
    assert response.status_code == 200, f"HTTP {response.status_code}"
    assert response.headers["content-type"] == ["application/json"], response.headers["content-type"]
    if is_probe_of_the_transport(case):
        assert as_http(response, _STATUSES).status_code == 400, response.text[:200]


@schemathesis.check
def the_answer_is_that_of_the_activity(_: CheckContext, response: Response, case: Case) -> None:
    """Hold an answer to its own activity: the contract's `anyOf` would take that of any other."""
    activity = case.body.get("activity") if isinstance(case.body, dict) else None
    check = _ANSWERS.get(activity) if isinstance(activity, str) else None
    if check is None or is_probe_of_the_transport(case):
        return
    try:
        check(response.json())
    except Invalid as error:
        msg = f"the answer is not that of {activity}: {error}: {response.text[:200]}"
        raise AssertionError(msg) from None


_bad_data_is_refused, _good_data_is_taken = data_checks(_STATUSES)


def good_data_is_taken(ctx: CheckContext, response: Response, case: Case) -> bool | None:
    """Check as Schemathesis does, and that what the contract refuses in words is refused."""
    is_good = case.meta is not None and case.meta.generation.mode.is_positive
    if is_good and not is_probe_of_the_transport(case) and refused_by_words(case.body):
        assert code_of(response) == "000002", f"words of the contract refuse it: {response.text[:200]}"
        return None
    return _good_data_is_taken(ctx, response, case)


for _check in (
    _bad_data_is_refused,
    good_data_is_taken,
    never("000001", "a signed call is not refused for its signature"),
    never("000005", "a call is no internal error"),
):
    schemathesis.check(_check)
