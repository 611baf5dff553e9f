"""The reference library, driven line by line: one JSON request in, one JSON answer out.

Times are taken here, around the library's own calls, so that neither Python's start nor this pipe counts.
"""

import json
import sys
import time

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
    return {"ms": [1000 * (time.perf_counter() - started)]}


def append(request):
    """Appends the files one by one; the time of each."""
    table = tables[request["root"]]
    times = []
    for file in request["files"]:
        started = time.perf_counter()
        table.append_parquet(file)
        times.append(1000 * (time.perf_counter() - started))
    return {"ms": times}


def rewrite(request):
    for file in request["files"]:
        pq.write_table(pq.read_table(file), file, compression="zstd")
    return {"ms": []}


def forget(request):
    tables.pop(request["root"], None)
    return {"ms": []}


OPERATIONS = {"create": create, "append": append, "rewrite": rewrite, "forget": forget}

for line in sys.stdin:
    request = json.loads(line)
    try:
        answer = OPERATIONS[request["op"]](request)
    except Exception as error:  # the other side decides what a failure means
        answer = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(answer), flush=True)
