"""A Celery worker that refuses to stamp an order while it cannot say what time it is."""

import time

from celery import Celery

import pychrony

app = Celery("orders", broker="memory://", backend="cache+memory://")
connection = pychrony.ChronyConnection(timeout=1.0)  # opens by itself, in each worker process


@app.task(autoretry_for=(pychrony.ChronyError,), retry_backoff=True, max_retries=5)
def stamp(order):
    """The order with the time, and how far that may be wrong, in seconds."""
    bound = pychrony.error_bound(connection.get_tracking(), connection.get_sources())
    return {"order": order, "time_ns": time.time_ns(), "error_bound": bound}
