"""FastAPI with the same models and the same check, and no storage."""

from typing import Annotated, Any

from fastapi import Body, Depends, FastAPI

from benchmarks.contestants.fastapi_check import genuine
from benchmarks.contestants.fastapi_models import Answer, AnyBody, NewInstance


def create(_database_url: str, _gallery_url: str) -> Any:
    """Make the app."""
    app = FastAPI()
    app.post("/produce/{address}", dependencies=[Depends(genuine)])(_produce)
    return app


async def _produce(address: str, body: Annotated[AnyBody, Body()]) -> Answer:  # noqa: ARG001 - FastAPI's form
    instance_id = body.businessId if isinstance(body, NewInstance) else None
    return Answer(resultCode="000000", resultMsg="success.", instanceId=instance_id)
