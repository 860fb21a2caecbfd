"""Compare chronyd's sources: how far off each one is, how much it scatters, and how sure chronyd is of that.

pip install pandas
python compare_sources.py [ADDRESS]
"""

from __future__ import annotations

import sys

import pandas

import pychrony


def compare(address: str | None = None) -> pandas.DataFrame:
    """A row for each source, the steadiest first. Times are in microseconds."""
    with pychrony.ChronyConnection(address, timeout=1.0) as connection:
        stats = connection.get_source_stats()
        sources = connection.get_sources()
    states = pandas.Series({source.address: source.state.name for source in sources}, dtype=object)
    table = pandas.DataFrame(
        [each._asdict() for each in stats], columns=pychrony.SourceStats._fields
    )
    table = table.set_index("address")
    table["state"] = states
    for field in ("offset", "offset_err", "std_dev"):
        table[f"{field} [us]"] = table[field] * 1e6
    table["skew [ppm]"] = table["skew"]
    columns = ["state", "samples", "offset [us]", "offset_err [us]", "std_dev [us]", "skew [ppm]"]
    return table[columns].sort_values("std_dev [us]")


def main(address: str | None = None) -> None:
    print(compare(address).to_string(float_format="{:.3f}".format))


if __name__ == "__main__":
    main(*sys.argv[1:])
