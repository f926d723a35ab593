"""Health: is the process alive, can it work.

Contract: openapi/health.yaml
"""

from typing import Any

import anyio.to_thread
from starlette.exceptions import HTTPException

from handlers.contracts import create_contract_app
from handlers.problems import send_http_problem, send_json
from handlers.services import Services

_OK, _UNAVAILABLE = 200, 503


def live() -> dict[str, str]:
    """Say that the process answers."""
    return {"status": "ok"}


def ready(services: Services) -> tuple[int, dict[str, Any]]:
    """Say whether calls can be answered: the database answers, its schema fits, the durable work runs."""
    found = services.readiness.check()
    is_ready = all(found.values())
    checks = {name: "ok" if is_fine else "failed" for name, is_fine in found.items()}
    content = {"status": "ok" if is_ready else "unavailable", "checks": checks}
    return (_OK if is_ready else _UNAVAILABLE), content


def create_health_app(services: Services) -> Any:
    """Make the app of the contract."""

    def wire(operation: Any) -> Any:
        async def endpoint(_scope: Any, _receive: Any, send: Any) -> None:
            if operation.function is live:
                await send_json(send, _OK, live())
            else:
                await send_json(send, *await anyio.to_thread.run_sync(ready, services))

        return endpoint

    contract = create_contract_app("health.yaml", wire)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        try:
            await contract(scope, receive, send)
        except HTTPException as error:
            await send_http_problem(send, error)

    return app
