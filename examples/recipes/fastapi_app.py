"""A FastAPI service with a probe for its load balancer, and chronyd's figures in its OpenAPI schema."""

from typing import Any

from fastapi import FastAPI, Response
from pydantic import BaseModel, ConfigDict

from pychrony import TrackingStatus, aio
from pychrony.health import Limits

LIMITS = Limits(max_error=0.1, warn_error=0.01)

app = FastAPI()


class Clock(BaseModel):
    """The fields of the tracking report that the clients need, by their names."""

    model_config = ConfigDict(from_attributes=True)

    reference_id_name: str
    stratum: int
    offset: float
    root_distance: float
    ref_time_ns: int


@app.get("/health/clock")
async def health(response: Response) -> dict[str, Any]:
    """200 while the clock may be trusted, 503 while it may not."""
    verdict = await aio.check_health(LIMITS, timeout=1.0)
    if not verdict.ok:
        response.status_code = 503
    return verdict.to_dict()


@app.get("/clock")
async def clock() -> Clock:
    """Some of chronyd's figures, as an object."""
    return Clock.model_validate(await aio.get_tracking(timeout=1.0))


@app.get("/tracking")
async def tracking() -> TrackingStatus:
    """All of chronyd's figures, as an array."""
    return await aio.get_tracking(timeout=1.0)
