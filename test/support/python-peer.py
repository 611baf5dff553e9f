"""The reference library, and writers of Parquet, driven line by line: one JSON request in, one answer out.

Times are taken here, around the library's own calls, so that neither Python's start nor this pipe counts.
"""

import datetime as dt
import json
import sys
import time

import pyarrow as pa
import pyarrow.parquet as pq
import timeseries_table_format as ttf

tables = {}


def create(request):
    started = time.perf_counter()
    tables[request["root"]] = ttf.TimeSeriesTable.create(
        table_root=request["root"],
        index_column="ts",
        index_type="timestamp",
        entity_columns=request["entities"],
        bucket=request["bucket"],
    )
    return [1000 * (time.perf_counter() - started)]


def open_table(request):
    """Again at each call: a handle does not see what others have committed since."""
    tables[request["root"]] = ttf.TimeSeriesTable.open(request["root"])
    return tables[request["root"]].version()


def append(request):
    """Appends the files one by one; the time of each."""
    table = tables[request["root"]]
    times = []
    for file in request["files"]:
        started = time.perf_counter()
        table.append_parquet(file)
        times.append(1000 * (time.perf_counter() - started))
    return times


def forget(request):
    tables.pop(request["root"], None)


def optimize(request):
    return tables[request["root"]].optimize().committed_version


def sql(request):
    """Rows of a query over the table, which it calls t; times as text."""
    session = ttf.Session()
    session.register_tstable("t", request["root"])
    rows = session.sql(request["sql"]).to_pylist()
    return [[plain(value) for value in row.values()] for row in rows]


def plain(value):
    return value.isoformat() if isinstance(value, dt.datetime) else value


def rewrite(request):
    """DuckDB's files as pyarrow writes them: the library refuses strings without LogicalType."""
    for file in request["files"]:
        pq.write_table(pq.read_table(file), file, compression="zstd")


def write(request):
    """A file of one hour, a row a minute and host, by one of several writers."""
    hosts, first = request["hosts"], dt.datetime(2026, 1, 1) + dt.timedelta(hours=request["hour"])
    times = [first + dt.timedelta(minutes=m) for m in range(60) for _ in hosts]
    columns = {
        "ts": times,
        "host": [host for _ in range(60) for host in hosts],
        "level": [None if i % 7 == 3 else request["hour"] + i / 8 for i in range(len(times))],
    }
    table = pa.table(columns).cast(
        pa.schema([("ts", pa.timestamp("us")), ("host", pa.string()), ("level", pa.float64())])
    )
    WRITERS[request["writer"]](table, request["path"])
    return len(times)


def write_duckdb(table, path):
    import duckdb

    duckdb.from_arrow(table).write_parquet(path)


def write_polars(table, path):
    import polars

    polars.from_arrow(table).write_parquet(path)


def write_polars_nanoseconds(table, path):
    import polars

    frame = polars.from_arrow(table)
    frame.with_columns(polars.col("ts").cast(polars.Datetime("ns"))).write_parquet(path)


def write_pyarrow_dictionary(table, path):
    index = table.schema.get_field_index("host")
    table = table.set_column(index, "host", table["host"].dictionary_encode())
    pq.write_table(table, path, row_group_size=50, compression="snappy")


def write_pyarrow_milliseconds(table, path):
    table = table.set_column(0, "ts", table["ts"].cast(pa.timestamp("ms")))
    pq.write_table(table, path, version="1.0", compression="gzip")


WRITERS = {
    "pyarrow": pq.write_table,
    "pyarrow, dictionary, small row groups": write_pyarrow_dictionary,
    "pyarrow, milliseconds, version 1.0": write_pyarrow_milliseconds,
    "DuckDB": write_duckdb,
    "Polars": write_polars,
    "Polars, nanoseconds": write_polars_nanoseconds,
}

OPERATIONS = {
    "create": create,
    "open": open_table,
    "append": append,
    "forget": forget,
    "optimize": optimize,
    "sql": sql,
    "rewrite": rewrite,
    "write": write,
}

for line in sys.stdin:
    request = json.loads(line)
    try:
        answer = {"answer": OPERATIONS[request["op"]](request)}
    except Exception as error:  # the other side decides what a failure means
        answer = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(answer), flush=True)
