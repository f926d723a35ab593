"""What the formats of our own in openapi/marketplace.yaml look like; no pattern tells them."""

import json
from datetime import datetime

import schemathesis
from hypothesis import strategies as st

_LINEAR_VALUES = st.one_of(st.none(), st.integers(0, 2**53 - 1), st.integers(0, 10**15 - 1).map(str))
_NAMES = st.one_of(st.none(), st.text(st.characters(codec="utf-8", exclude_categories=["C"]), max_size=64))
_PRODUCT_INFO = st.fixed_dictionaries(
    {},
    optional={"productId": _NAMES, "skuCode": _NAMES, "linearValue": _LINEAR_VALUES, "productName": _NAMES},
)


def _digits(at: datetime) -> str:
    # Not strftime: it does not pad years before 1000 on every platform.
    return f"{at.year:04}{at.month:02}{at.day:02}{at.hour:02}{at.minute:02}{at.second:02}"


_SECONDS = st.datetimes().map(_digits)
_MILLISECONDS = st.builds(lambda seconds, rest: f"{seconds}{rest:03}", _SECONDS, st.integers(0, 999))

schemathesis.openapi.format("product-info", st.builds(json.dumps, _PRODUCT_INFO))
schemathesis.openapi.format("utc-digits", _SECONDS | _MILLISECONDS)
