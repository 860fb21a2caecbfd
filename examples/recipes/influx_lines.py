"""Prints the sources in InfluxDB's line protocol, for `telegraf --config` or `influx write`."""

import time

import pychrony

now = time.time_ns()
for source in pychrony.get_sources():
    if source.latest_meas is not None:
        tags = f"chrony_source,address={source.address},state={source.state.name}"
        print(
            f"{tags} offset={source.latest_meas!r},error={source.latest_meas_err!r},"
            f"reachability={source.reachability}i {now}"
        )
