"""Evidence: what was received and answered, kept with the nonce that makes a replay visible."""

import time
from typing import Any

from handlers.answers import Answer
from handlers.reception import Call
from storage import calls, notices
from storage.models import Call as CallRow
from storage.session import Session

_LONGEST_ID = 64
# Bytes that are kept of a body which nobody signed.
_OF_A_STRANGER = 4096


def record(session: Session, call: Call, answer: Answer) -> None:
    """Record a call with its answer; raises Replayed if its nonce was used before."""
    call.record_id = calls.add(session, _columns(call, answer), _content(call, answer))


def settle(session: Session, call: Call, answer: Answer) -> None:
    """Write the answer that was given in the end, after waiting."""
    if call.record_id is not None:
        values = {"result_code": answer.code.value, "duration_us": _duration(call)}
        calls.settle(session, call.record_id, values, _content(call, answer))


def record_refused(session: Session, call: Call, answer: Answer) -> None:
    """Record a call that was refused, and tell a person where the refusal needs one.

    A call that is the replay of a recorded one keeps its record: raises Replayed.
    """
    record(session, call, answer)
    if call.match is None or call.is_test:
        return
    if call.is_unknown_activity:
        _tell(session, call, f"activity {call.activity!a} is not known to this version")
    elif answer.code in {"000003", "000005"}:
        _tell(session, call, f"{call.activity} was answered {answer.code}: {answer.message}")


def recorded(session: Session, call: Call) -> CallRow | None:
    """Find the call that used the same nonce."""
    return calls.find_nonce(session, call.address.name, call.interface, call.nonce or "")


def recorded_answer(session: Session, row: CallRow) -> bytes:
    """Give the recorded answer again, byte for byte."""
    answer: str = calls.evidence_of(session, row)["answer"]
    return answer.encode()


def _tell(session: Session, call: Call, message: str) -> None:
    kind = "unknown-activity" if call.is_unknown_activity else "refused"
    subject = f"{call.address.name} {call.activity} {_id(call, 'instanceId') or _id(call, 'orderId') or ''}"
    notices.add(session, kind, subject, message, at=call.received_at)


def _columns(call: Call, answer: Answer) -> dict[str, Any]:
    return {
        "address": call.address.name,
        "interface": call.interface,
        "activity": call.activity,
        "nonce": call.nonce,
        "signature": call.query.get("signature", "")[:128].lower() if call.nonce is not None else None,
        "key_index": call.match.key_index if call.match else None,
        "signature_form": call.match.form if call.match else None,
        "verdict": call.verdict,
        "result_code": answer.code.value,
        "is_test": call.is_test,
        "order_id": _id(call, "orderId"),
        "instance_id": answer.members.get("instanceId") or _id(call, "instanceId"),
        "received_at": call.received_at,
        "duration_us": _duration(call),
    }


def _id(call: Call, name: str) -> str | None:
    """Give an id of the payload to look the call up by; several instance ids are not one."""
    value = call.payload.get(name) if isinstance(call.payload, dict) else None
    if not isinstance(value, str) or len(value) > _LONGEST_ID or "," in value:
        return None
    return value


def _content(call: Call, answer: Answer) -> dict[str, str]:
    raw = call.raw if call.match is not None else call.raw[:_OF_A_STRANGER]
    return {"request": raw.decode("utf-8", "replace"), "answer": answer.body().decode()}


def _duration(call: Call) -> int:
    return int((time.perf_counter() - call.started) * 1_000_000)
