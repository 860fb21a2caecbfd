"""A FastAPI service with a probe for its load balancer, and the tracking report in its OpenAPI schema."""

from typing import Any

from fastapi import FastAPI, Response

from pychrony import TrackingStatus, aio
from pychrony.health import Limits

LIMITS = Limits(max_error=0.1, warn_error=0.01)

app = FastAPI()


@app.get("/health/clock")
async def clock(response: Response) -> dict[str, Any]:
    """200 while the clock may be trusted, 503 while it may not."""
    verdict = await aio.check_health(LIMITS, timeout=1.0)
    if not verdict.ok:
        response.status_code = 503
    return verdict.to_dict()


@app.get("/tracking")
async def tracking() -> TrackingStatus:
    """chronyd's own figures."""
    return await aio.get_tracking(timeout=1.0)
