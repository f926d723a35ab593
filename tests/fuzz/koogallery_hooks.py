"""How openapi/koogallery.yaml is fuzzed on the simulator: signed with AK/SK, judged by `resultCode`."""

import schemathesis

from tests.fuzz.envelope import data_checks, never
from tests.fuzz.signing import OpenApiSignature

# 0100 comes with HTTP 500 although the caller is to blame; 0199 is an order that nobody placed.
_STATUSES = {"MKT.0100": 400, "MKT.0101": 400, "MKT.0199": 404, "MKT.0999": 500}

schemathesis.auth.set_from_requests(OpenApiSignature())  # type: ignore[attr-defined] # typed as a decorator

for _check in (
    *data_checks(_STATUSES),
    never("MKT.0154", "a signed request is not refused for its signature"),
    never("MKT.0999", "a request is no internal error"),
):
    schemathesis.check(_check)
