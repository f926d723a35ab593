"""Assemble the simulated open APIs from the contract that our own client is tested against."""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import orjson
from connexion import AsyncApp
from connexion.exceptions import ExtraParameterProblem, ProblemException
from connexion.lifecycle import ConnexionRequest, ConnexionResponse
from connexion.middleware import ConnexionMiddleware
from connexion.middleware.security import SecurityMiddleware
from connexion.resolver import Resolver
from connexion.utils import get_function_from_name
from starlette.types import ASGIApp

from handlers.simulator.gate import Gate
from handlers.simulator.orders import refusal
from handlers.simulator.state import State

CONTRACTS = Path(__file__).parents[2] / "openapi"
_BAD_REQUEST = 400


def create_simulator(
    state_path: Path, *, access_key_id: str, secret_access_key: str, now: Callable[[], datetime]
) -> ASGIApp:
    """Return the ASGI app that answers `openapi/koogallery.yaml` from the state file, AK/SK signed only."""
    services = {"state": State(state_path), "now": now}
    # The gate has verified the signature; Connexion would refuse every scheme that has no function.
    stages = [stage for stage in ConnexionMiddleware.default_middlewares if stage is not SecurityMiddleware]
    app = AsyncApp(__name__, specification_dir=str(CONTRACTS), middlewares=stages)
    app.add_api(
        "koogallery.yaml",
        resolver=Resolver(lambda name: partial(get_function_from_name(name), **services)),
        pythonic_params=True,
        strict_validation=True,
        validate_responses=True,
    )
    app.add_error_handler(ProblemException, _refused)
    app.add_error_handler(Exception, _crashed)
    return Gate(app, access_key_id=access_key_id, secret_access_key=secret_access_key, now=now)


async def _refused(_: ConnexionRequest, problem: Exception) -> ConnexionResponse:
    """Say what is wrong with the parameters: 0101 for one too many or too few, 0100 for a bad value."""
    status = getattr(problem, "status", None) or _BAD_REQUEST
    detail = str(getattr(problem, "detail", "") or "")
    if status != _BAD_REQUEST:
        return _respond(refusal("0199", detail)[0], status)
    miscounted = isinstance(problem, ExtraParameterProblem) or detail.startswith("Missing")
    return _respond(*refusal("0101" if miscounted else "0100", detail.partition("\n")[0]))


async def _crashed(_: ConnexionRequest, __: Exception) -> ConnexionResponse:
    return _respond(*refusal("0999"))


def _respond(answer: dict[str, Any], status: int) -> ConnexionResponse:
    return ConnexionResponse(status, content_type="application/json", body=orjson.dumps(answer))
