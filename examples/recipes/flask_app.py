"""A Flask service with a probe for its load balancer. However many clients ask, chronyd is asked once in two seconds."""

from flask import Flask

from pychrony import health

app = Flask(__name__)
clock = health.Cached(health.Limits(max_error=0.1, warn_error=0.01), seconds=2.0)


@app.get("/health/clock")
def health_clock():
    """200 while the clock may be trusted, 503 while it may not."""
    verdict = clock()
    return verdict.to_dict(), 200 if verdict.ok else 503
