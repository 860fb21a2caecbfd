"""Write what chronyd says of the clock to an SQLite database at regular intervals.

python log_clock.py DATABASE [SECONDS-BETWEEN] [HOW-MANY] [ADDRESS]

Without HOW-MANY it goes on until Ctrl-C. If chronyd gives no sample, the row has an error and no numbers, so that the gap
shows in the record.
"""

from __future__ import annotations

import sqlite3
import sys
import time

import pychrony

TABLE = """
CREATE TABLE IF NOT EXISTS clock (
    time REAL NOT NULL,         -- when chronyd was asked: seconds since 1970
    error TEXT,                 -- why there are no numbers
    synchronised INTEGER,
    source TEXT,
    offset REAL,                -- seconds; > 0: the clock is slow
    root_delay REAL,            -- seconds
    root_dispersion REAL,       -- seconds
    frequency REAL,             -- ppm
    skew REAL                   -- ppm
)
"""


def sample(address: str | None) -> dict[str, object]:
    row: dict[str, object] = {"time": time.time(), "error": None}
    try:
        status = pychrony.get_tracking(address, timeout=1.0)
    except pychrony.ChronyError as error:
        return {**row, "error": str(error)}
    return {
        **row,
        "synchronised": status.is_synchronized(),
        "source": status.reference_id_name,
        "offset": status.offset,
        "root_delay": status.root_delay,
        "root_dispersion": status.root_dispersion,
        "frequency": status.frequency,
        "skew": status.skew,
    }


def write(database: sqlite3.Connection, row: dict[str, object]) -> None:
    places = ", ".join(f":{name}" for name in row)
    with database:
        database.execute(f"INSERT INTO clock ({', '.join(row)}) VALUES ({places})", row)


def main(path: str, between: str = "10", how_many: str = "", address: str | None = None) -> None:
    database = sqlite3.connect(path)
    try:
        database.execute(TABLE)
        count = 0
        while True:
            write(database, sample(address))
            count += 1
            if how_many and count >= int(how_many):
                return
            time.sleep(float(between))
    except KeyboardInterrupt:
        pass
    finally:
        database.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
