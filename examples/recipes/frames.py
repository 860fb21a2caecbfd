"""The sources as a table, with the enumerations by name."""

import pandas
import polars

import pychrony

sources = [source.to_dict() for source in pychrony.get_sources()]

frame = pandas.DataFrame(sources).astype({"state": "category"})
print(frame[["address", "state", "latest_meas", "latest_meas_err"]])

table = polars.DataFrame(sources)
print(table.select("address", "state", "latest_meas", "latest_meas_err"))
