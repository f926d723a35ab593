"""Serve openapi/vendor.yaml: bearer keys with scopes, strict requests, problem documents."""

import logging
from functools import partial
from http import HTTPStatus
from typing import Any

from starlette.exceptions import HTTPException

from handlers.bodies import BodyTooLarge, Disconnected, header
from handlers.contracts import create_contract_app, load_contract
from handlers.problems import send_http_problem, send_json, send_problem
from handlers.services import Services, supply, wanted
from handlers.settings import VendorKey
from handlers.strict_json import Malformed
from handlers.validation import Invalid
from handlers.vendor.access import Forbidden, Keyring, Unauthorized
from handlers.vendor.errors import NothingToDo
from storage.errors import CallNotFound, ChangeNotFound, InstanceNotFound, NoticeNotFound
from storage.session import Session

_log = logging.getLogger(__name__)
_NUMBERED: dict[type[Exception], str] = {
    ChangeNotFound: "change",
    CallNotFound: "call",
    NoticeNotFound: "notice",
}
_STATUS: dict[type[Exception], int] = {
    Unauthorized: 401,
    Forbidden: 403,
    InstanceNotFound: 404,
    ChangeNotFound: 404,
    CallNotFound: 404,
    NoticeNotFound: 404,
    NothingToDo: 409,
    BodyTooLarge: 413,
    Malformed: 400,
    Invalid: 400,
}


def create_vendor_app(services: Services) -> Any:
    """Make the app of the contract; a handler that the contract names and that is missing stops the start."""
    keyring = Keyring(services.settings.vendor_keys)
    contract = create_contract_app("vendor.yaml", partial(_wire, services, keyring), is_strict=True)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        try:
            scope["koogate.caller"] = keyring.identify(header(scope, b"authorization"))
            await contract(scope, receive, _without_redirections(send))
        except Disconnected:
            return
        except Exception as error:  # noqa: BLE001 - every error becomes a problem document
            await _send_error(send, error)

    return app


def _without_redirections(send: Any) -> Any:
    """Answer 404 where routing would redirect to the path without the slash at its end.

    Its URL would be made of the Host header, and a token must not follow that.
    """

    async def checked(message: Any) -> None:
        if message.get("status") == HTTPStatus.TEMPORARY_REDIRECT:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        await send(message)

    return checked


def _wire(services: Services, keyring: Keyring, operation: Any) -> Any:
    """Bind an operation to its handler: scope first, then one transaction, or a read."""
    handler = operation.function
    names = wanted(handler)
    required = load_contract("vendor.yaml")["paths"][operation.path][operation.method]["x-scope"]
    is_read = operation.method.lower() == "get"
    status = next(int(code) for code in operation.responses if code.startswith("2"))
    run = services.unit_of_work.read if is_read else services.unit_of_work.run

    async def endpoint(scope: Any, _receive: Any, send: Any) -> None:
        caller: VendorKey = scope["koogate.caller"]
        keyring.require(caller, required)
        arguments = scope["koogate.params"]
        if scope["koogate.payload"] is not None:
            arguments = {**arguments, "body": scope["koogate.payload"]}

        def job(session: Session) -> Any:
            return handler(arguments, **supply(services, names, session=session, caller=caller))

        await send_json(send, status, await run(job))

    return endpoint


async def _send_error(send: Any, error: Exception) -> None:
    if isinstance(error, HTTPException):
        await send_http_problem(send, error)
        return
    for kind, status in _STATUS.items():
        if isinstance(error, kind):
            field = error.field if isinstance(error, Invalid) else None
            thing = _NUMBERED.get(kind)
            detail = f"no {thing} {error}" if thing else str(error)
            await send_problem(send, status, detail, field=field)
            return
    _log.error("an unforeseen error in the vendor API", exc_info=error)
    await send_problem(send, 500, "the request failed for a reason of ours; it is logged")
