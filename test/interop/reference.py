"""The reference library on a string: one JSON request a line on stdin, one JSON answer a line on stdout."""

import json
import sys

import pyarrow as pa
import pyarrow.parquet as pq
import timeseries_table_format as ttf


def plain(value):
    return value.isoformat() if hasattr(value, "isoformat") else value


def create(root, **spec):
    ttf.TimeSeriesTable.create(table_root=root, **spec)
    return 1


def append(root, path):
    return ttf.TimeSeriesTable.open(root).append_parquet(path)


def append_until_done(root, paths):
    """Appends one by one, opening again whenever another writer was faster."""
    races = 0
    for path in paths:
        while True:
            try:
                append(root, path)
                break
            except ttf.ConflictError:
                races += 1
            except ttf.StorageError as error:
                if "already exists" not in str(error):
                    raise
                races += 1
    return races


def version(root):
    return ttf.TimeSeriesTable.open(root).version()


def optimize(root):
    report = ttf.TimeSeriesTable.open(root).optimize()
    return {"replaced": report.source_segments_replaced, "rows": report.rows_written}


def sql(root, query):
    session = ttf.Session()
    session.register_tstable("t", root)
    rows = session.sql(query).to_pylist()
    return [[plain(value) for value in row.values()] for row in rows]


def write_parquet(path, columns, options=None):
    """columns: name -> [arrow type, nullable, values]"""
    fields, arrays = [], []
    for name, (kind, nullable, values) in columns.items():
        datatype = eval(kind, {"pa": pa})
        fields.append(pa.field(name, datatype, nullable))
        arrays.append(pa.array(values, pa.int64()).cast(datatype) if kind.startswith("pa.timestamp") else pa.array(values, datatype))
    pq.write_table(pa.table(arrays, schema=pa.schema(fields)), path, **(options or {}))
    return path


CALLS = [create, append, append_until_done, version, optimize, sql, write_parquet]

for line in sys.stdin:
    call = json.loads(line)
    try:
        function = next(f for f in CALLS if f.__name__ == call["call"])
        answer = {"value": function(**call["args"])}
    except Exception as error:  # the test decides which errors are right
        answer = {
            "error": type(error).__name__,
            "message": str(error),
            "count": getattr(error, "overlap_count", None),
            "entity": getattr(error, "example_entity_identity", None),
        }
    print(json.dumps(answer, default=plain), flush=True)
