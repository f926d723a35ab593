"""Checks for answers that carry their verdict in `resultCode`.

Schemathesis' own checks judge by the HTTP status, so they are shown a copy of the answer whose status says
what the code says. The answer itself stays as it is: status and schema are checked on what was really sent.
"""

import copy
from collections.abc import Callable, Mapping
from typing import Any

from schemathesis import Case, CheckContext, Response
from schemathesis.specs.openapi.checks import (
    is_unexpected_http_status_case,
    negative_data_rejection,
    positive_data_acceptance,
)

Check = Callable[[CheckContext, Response, Case], bool | None]


def code_of(response: Response) -> Any:
    """Give the `resultCode` of an answer, or None if it has none."""
    try:
        content = response.json()
    except ValueError:
        return None
    return content.get("resultCode") if isinstance(content, dict) else None


def as_http(response: Response, statuses: Mapping[str, int]) -> Response:
    """Copy an answer, its result code turned into the HTTP status that says the same."""
    translated = copy.copy(response)
    translated.status_code = statuses.get(str(code_of(response)), response.status_code)
    return translated


def never(code: str, what: str) -> Check:
    """Make a check that a result code never comes; it is called after what that says."""

    def check(_ctx: CheckContext, response: Response, _case: Case) -> bool | None:
        if code_of(response) == code:
            msg = f"{what}: {response.text[:200]}"
            raise AssertionError(msg)
        return None

    check.__name__ = what.replace(" ", "_")
    return check


def data_checks(statuses: Mapping[str, int]) -> tuple[Check, Check]:
    """Make the two checks that bad data is refused and good data taken."""

    def bad_data_is_refused(ctx: CheckContext, response: Response, case: Case) -> bool | None:
        return negative_data_rejection(ctx, as_http(response, statuses), case)

    def good_data_is_taken(ctx: CheckContext, response: Response, case: Case) -> bool | None:
        return positive_data_acceptance(ctx, as_http(response, statuses), case)

    return bad_data_is_refused, good_data_is_taken


def is_probe_of_the_transport(case: Case) -> bool:
    """Say whether a case has another method or media type than the contract, on purpose."""
    return bool(is_unexpected_http_status_case(case))
