"""Look the evidence up: what was received, what was answered.

Contract: openapi/vendor.yaml
"""

from typing import Any

import orjson

from handlers.masking import mask
from handlers.settings import VendorKey
from handlers.vendor.access import addresses_of, may_see
from handlers.vendor.paging import moment, page, read_cursor, read_time
from storage import calls
from storage.errors import CallNotFound
from storage.models import Call
from storage.session import Session


def list_calls(arguments: dict[str, Any], *, session: Session, caller: VendorKey) -> dict[str, Any]:
    """List calls, newest first, those that the key may see."""
    limit = arguments["limit"]
    found = calls.list_(
        session,
        addresses=addresses_of(caller),
        before=read_cursor(arguments["cursor"]),
        limit=limit + 1,
        since=read_time("since", arguments["since"]),
        until=read_time("until", arguments["until"]),
        address=arguments["address"],
        activity=arguments["activity"],
        result_code=arguments["resultCode"],
        instance_id=arguments["instanceId"],
        order_id=arguments["orderId"],
        is_test=arguments["isTest"],
    )
    items = [_render(session, call) for call in found[:limit]]
    return page([*items, *found[limit:]], [call.id for call in found], limit)


def get_call(arguments: dict[str, Any], *, session: Session, caller: VendorKey) -> dict[str, Any]:
    """Get a call; raises CallNotFound for one that the key may not see, too."""
    call = calls.get(session, arguments["callId"])
    if not may_see(caller, call.address):
        raise CallNotFound(str(call.id))
    return _render(session, call)


def _render(session: Session, call: Call) -> dict[str, Any]:
    evidence = calls.evidence_of(session, call)
    answer = orjson.loads(evidence["answer"])
    return {
        "id": call.id,
        "address": call.address,
        "activity": call.activity,
        "receivedAt": moment(call.received_at),
        "durationMs": call.duration_us / 1000,
        "verdict": call.verdict,
        "resultCode": call.result_code,
        "resultMsg": answer.get("resultMsg"),
        "signatureForm": call.signature_form,
        "keyIndex": call.key_index,
        "isTest": call.is_test,
        "orderId": call.order_id,
        "instanceId": call.instance_id,
        "request": _request(evidence["request"]),
        "answer": mask(answer),
    }


def _request(text: str) -> Any:
    """Show a request; what is no JSON object cannot be masked, so only its length is told."""
    if not text:
        return None
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        value = None
    return mask(value) if isinstance(value, dict) else f"({len(text)} characters that are no JSON object)"
