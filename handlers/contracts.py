"""From a contract to a running app: Connexion routes, our compiled stage checks, the last stage calls."""

from collections.abc import Awaitable, Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

from connexion.apps.abstract import AbstractApp
from connexion.apps.asynchronous import AsyncApi, AsyncApp, AsyncASGIApp
from connexion.middleware.routing import RoutingMiddleware
from connexion.spec import Specification

from handlers.validation import CompiledValidation

CONTRACTS = Path(__file__).parent.parent / "openapi"

# What an operation does with a checked request; it sends the answer itself, or leaves it in the scope.
Endpoint = Callable[[Any, Any, Any], Awaitable[None]]
Wiring = Callable[[Any], Endpoint]


@lru_cache
def load_contract(name: str) -> Specification:
    """Load a root contract with its references resolved; read once a process."""
    return Specification.load(CONTRACTS / name)


class _Routing(RoutingMiddleware):  # type: ignore[misc] # connexion ships no types
    """Connexion's routing, without the mount before a contract that stands at the root.

    Every mount and router in the way costs each call some microseconds.
    """

    router: Any

    def add_api(self, specification: Specification, *arguments: Any, **keywords: Any) -> None:
        super().add_api(specification, *arguments, **keywords)
        [mount] = self.router.routes
        if mount.path == "":
            self.router = mount.app


def create_contract_app(name: str, wire: Wiring, *, is_strict: bool = False) -> Any:
    """Make the ASGI app of a root contract.

    `wire` turns each operation into its endpoint at the start, so a handler that is missing or asks for a
    service that does not exist stops the start. Refusals leave the app as exceptions: Invalid, Malformed,
    and Starlette's HTTPException for unknown paths and methods; the caller words them.
    """

    class _Endpoints(AsyncApi):  # type: ignore[misc] # connexion ships no types
        def make_operation(self, operation: Any) -> Any:
            return wire(operation)

    class _LastStage(AsyncASGIApp):  # type: ignore[misc] # connexion ships no types
        api_cls = _Endpoints

    class _App(AsyncApp):  # type: ignore[misc] # connexion ships no types
        def __init__(self) -> None:
            self._middleware_app = _LastStage()
            AbstractApp.__init__(
                self,
                "koogate",
                middlewares=[_Routing, CompiledValidation],
                specification_dir=CONTRACTS,
            )

    app = _App()
    app.add_api(name, is_strict=is_strict)
    return _without_server_errors(app)


def _without_server_errors(app: Any) -> Any:
    """Build the stack now, so that a wrong contract stops the start."""
    stack = app.middleware
    stack.app, stack.middleware_stack = stack._build_middleware_stack()  # noqa: SLF001 - Connexion builds lazily
    return stack
