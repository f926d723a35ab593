"""The outermost layer before the marketplace's contract: who calls, is it genuine, what goes back.

Whatever comes, the answer is HTTP 200 with `resultCode` and `resultMsg`: only then does the marketplace
read our reason. Nothing inside is reached before the signature over the received bytes was right.
"""

import logging
import time
from datetime import timedelta
from typing import Any

from starlette.exceptions import HTTPException

from handlers import evidence
from handlers.answers import Answer
from handlers.bodies import Disconnected, header, media_type_problem, read_body
from handlers.floodgate import Floodgate
from handlers.marketplace.result_codes import ResultCode
from handlers.marketplace.signing_v2 import body_sign
from handlers.metrics import observe
from handlers.reception import BadSignature, Call, NotACall, authenticate, read_query
from handlers.refusals import answer_for
from handlers.services import Services
from handlers.strict_json import Malformed, read_object
from handlers.validation import Invalid
from storage.errors import Replayed

PREFIX = "/produce/"
_JSON = (b"content-type", b"application/json")
_NO_ADDRESS = Answer(ResultCode.INVALID_PARAMETER, "address: not of this server; 生产地址不存在")
_log = logging.getLogger(__name__)


class Edge:
    """Receive calls for `app`, the marketplace's contract, which leaves its answer in the call."""

    def __init__(self, app: Any, services: Services) -> None:
        self._app = app
        self._services = services
        self._window = timedelta(seconds=services.settings.time_window)
        # A stranger must not fill the database with calls that he cannot sign.
        self._strangers = Floodgate(per_minute=60)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one call."""
        name = scope["path"][len(PREFIX) :]
        address = self._services.addresses.get(name.partition("/")[0])
        if address is None:
            await _send(send, _NO_ADDRESS.body(), None)
            return
        call = Call(address, "basic", self._services.now(), time.perf_counter())
        try:
            answer = await self._answer(call, scope, receive)
        except Disconnected:
            return
        body = call.recorded_body or answer.body()
        observe(call, answer)
        await _send(send, body, self._signing_key(call))

    def _signing_key(self, call: Call) -> bytes | None:
        keys = call.address.keys[call.interface]
        if not call.address.settings.signs_answers or not keys:
            return None
        return keys[call.match.key_index] if call.match else keys[0]

    async def _answer(self, call: Call, scope: Any, receive: Any) -> Answer:
        try:
            await self._receive(call, scope, receive)
            await self._app(scope, receive, _nowhere)
            if call.answer is None:
                # It answered by itself: a redirection to the same path without the slash at its end.
                raise HTTPException(404)  # noqa: TRY301 - the table below words it
        except Disconnected:
            raise
        except Replayed:
            return await self._answer_again(call)
        except Exception as error:  # noqa: BLE001 - whatever it was, the marketplace gets an answer
            return await self._refuse(call, error)
        return call.answer

    async def _receive(self, call: Call, scope: Any, receive: Any) -> None:
        """Read the call and check that it is genuine; then read it as JSON."""
        call.query = read_query(scope["query_string"])
        if scope["method"] != "POST":
            msg = "method: only POST is served here"
            raise NotACall(msg)
        call.raw = await read_body(receive, self._services.settings.body_limit)
        authenticate(call, self._window)
        problem = media_type_problem(header(scope, b"content-type"))
        if problem:
            raise Malformed(problem)
        payload = read_object(call.raw)
        call.payload = payload
        call.activity = _short_text(payload.get("activity"))
        call.is_test = payload.get("testFlag") == "1"
        scope["koogate.body"] = payload
        scope["koogate.call"] = call

    async def _refuse(self, call: Call, error: Exception) -> Answer:
        answer = answer_for(error)
        call.verdict = "failed" if answer.code == ResultCode.INTERNAL_ERROR else "refused"
        call.is_unknown_activity = isinstance(error, Invalid) and error.discriminator is not None
        if call.match is None and not self._strangers.lets_pass():
            return answer
        try:
            await self._services.unit_of_work.run(
                lambda session: evidence.record_refused(session, call, answer)
            )
        except Replayed:
            return await self._answer_again(call)
        except Exception:  # noqa: BLE001 - the answer goes out all the same
            _log.exception("a refused call could not be recorded")
        return answer

    async def _answer_again(self, call: Call) -> Answer:
        """Give the recorded answer to a replay; another body under the same nonce is refused."""
        row = await self._services.unit_of_work.read(lambda session: evidence.recorded(session, call))
        if row is None or row.signature != call.query["signature"][:128].lower():
            call.nonce = None
            return await self._refuse(call, BadSignature("nonce: was used before"))
        call.recorded_body = await self._services.unit_of_work.read(
            lambda session: evidence.recorded_answer(session, row)
        )
        call.verdict = "replayed"
        return Answer(ResultCode(row.result_code), "")


def _short_text(value: Any) -> str | None:
    return value[:32] if isinstance(value, str) else None


async def _nowhere(_message: Any) -> None:
    """Drop what Connexion would send: the answer is in the call."""


async def _send(send: Any, body: bytes, key: bytes | None) -> None:
    headers = [_JSON, (b"content-length", b"%d" % len(body))]
    if key is not None:
        # The header's case matters to the marketplace; the server must not change it.
        headers.append((b"Body-Sign", body_sign(key, body).encode()))
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
