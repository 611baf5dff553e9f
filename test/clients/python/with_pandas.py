"""pandas over SQLAlchemy: tables in and out, with its own types, in chunks and appended."""

import datetime as dt
import io

import numpy as np
import pandas as pd
import sqlalchemy as sa
from report import USING, connected, line

engine = sa.create_engine("postgresql+psycopg2://")
START = pd.Timestamp("2024-06-03", tz="UTC")
FRAME = pd.DataFrame(
    {
        "ts": pd.date_range(START, periods=1000, freq="min"),
        "device": [f"d{n % 3}" for n in range(1000)],
        "v": np.where(np.arange(1000) % 7 == 0, np.nan, np.arange(1000) / 8),
        "n": np.arange(1000, dtype="int64"),
        "flag": np.arange(1000) % 2 == 0,
    }
)


def shown(frame):
    """The frame as csv, and the types of its columns."""
    return frame.to_csv(index=False), [str(one) for one in frame.dtypes]


def by_copy(table, connection, keys, rows):
    """The callable that pandas' manual gives for to_sql(method=...)."""
    text = io.StringIO()
    pd.DataFrame(rows).to_csv(text, index=False, header=False)
    text.seek(0)
    names = ", ".join(f'"{key}"' for key in keys)
    with connection.connection.cursor() as cursor:
        cursor.copy_expert(f"COPY {table.name} ({names}) FROM STDIN WITH CSV", text)


def columns(connection, table):
    query = sa.text(
        "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = :name ORDER BY ordinal_position"
    )
    return [tuple(row) for row in connection.execute(query, {"name": table})]


with engine.begin() as connection:
    connected(connection.connection.driver_connection.info.ssl_in_use)
    for table in ("pandas_series", "pandas_plain", "pandas_other"):
        connection.execute(sa.text(f"DROP TABLE IF EXISTS {table}"))
    connection.execute(sa.text(f"CREATE TABLE pandas_series (ts timestamptz NOT NULL, device text, v float8, n int8, flag bool) {USING}"))

line("batch", "to_sql, appended to the series", FRAME.to_sql("pandas_series", engine, if_exists="append", index=False, method="multi", chunksize=300))
line("copy", "to_sql by COPY", FRAME.assign(ts=FRAME.ts + pd.Timedelta(days=1)).to_sql("pandas_series", engine, if_exists="append", index=False, method=by_copy))
line("batch", "to_sql, a new table", FRAME.head(200).to_sql("pandas_plain", engine, index=True, index_label="row"))
line("batch", "to_sql, appended", FRAME.iloc[200:250].to_sql("pandas_plain", engine, if_exists="append", index=True, index_label="row"))
with engine.connect() as connection:
    line("catalogue", "columns made", columns(connection, "pandas_plain"))
try:
    FRAME.to_sql("pandas_plain", engine, index=False)
except ValueError as error:
    line("catalogue", "exists already", str(error))
types = {"device": sa.String(10), "v": sa.Numeric(10, 3), "ts": sa.TIMESTAMP(timezone=True)}
line("batch", "to_sql, replaced", FRAME.head(20).to_sql("pandas_plain", engine, if_exists="replace", index=False, dtype=types, method="multi"))
with engine.connect() as connection:
    line("catalogue", "columns replaced", columns(connection, "pandas_plain"))

line("text", "read_sql_table", shown(pd.read_sql_table("pandas_plain", engine).head(3)))
line("text", "read_sql_table, some", shown(pd.read_sql_table("pandas_series", engine, columns=["n", "flag"], index_col="n").sort_index().head(3)))
query = "SELECT date_trunc('hour', ts) AS hour, device, avg(v) AS mean, sum(n) AS total, count(*) AS n FROM pandas_series WHERE ts >= %(since)s AND device = %(device)s GROUP BY 1, 2 ORDER BY 1"
line("built", "read_sql_query", shown(pd.read_sql_query(query, engine, params={"since": dt.datetime(2024, 6, 4, tzinfo=dt.timezone.utc), "device": "d1"}, parse_dates=["hour"]).head(4)))
typed = "SELECT 1::int2 AS a, NULL::int4 AS b, 1.50::numeric AS c, '2024-02-29'::date AS d, '1 day 02:00'::interval AS e, ARRAY['x', NULL] AS f, '{\"k\": 1}'::jsonb AS g, 'infinity'::float8 AS h, NULL AS i"
line("text", "types", shown(pd.read_sql(typed, engine)))
line("text", "nullable types", shown(pd.read_sql("SELECT n, v, flag, device FROM pandas_series ORDER BY ts LIMIT 3", engine, dtype_backend="numpy_nullable")))
line("text", "arrow types", shown(pd.read_sql("SELECT n, v, flag, device FROM pandas_series ORDER BY ts LIMIT 3", engine, dtype_backend="pyarrow")))
with engine.connect().execution_options(stream_results=True, max_row_buffer=100) as connection:
    chunks = pd.read_sql("SELECT ts, n FROM pandas_series ORDER BY ts", connection, chunksize=700)
    line("streaming", "in chunks", [(len(chunk), int(chunk.n.sum())) for chunk in chunks])

wide = pd.read_sql("SELECT ts, device, v FROM pandas_series WHERE ts < '2024-06-03 00:05' ORDER BY ts", engine, index_col="ts")
line("text", "index of times", (str(wide.index.dtype), wide.v.tolist()))
nothing = pd.read_sql("SELECT * FROM pandas_series WHERE false", engine)
line("text", "no rows", (len(nothing), list(nothing.columns)))
odd = pd.DataFrame({"say \"x\"": [1, 2], "Größe": ["ü", None], "when": [dt.date(2024, 2, 29), None], "took": pd.to_timedelta([1, None], unit="h"), "raw": [b"\x00", None]})
line("batch", "odd names and types", odd.to_sql("pandas_other", engine, index=False))
with engine.connect() as connection:
    line("catalogue", "odd columns", columns(connection, "pandas_other"))
line("text", "odd names and types", shown(pd.read_sql('SELECT "say ""x""", "Größe", "when", took FROM pandas_other ORDER BY 1', engine)))
with engine.begin() as connection:
    try:
        FRAME.head(2).assign(ts=None).to_sql("pandas_series", connection, if_exists="append", index=False)
    except pd.errors.DatabaseError as error:
        orig = error.__cause__.orig
        line("errors", "not null", (orig.pgcode, orig.diag.column_name))
        connection.rollback()
line("transactions", "rows", pd.read_sql("SELECT count(*) FROM pandas_series", engine).iloc[0, 0].item())
with engine.begin() as connection:
    connection.execute(sa.text("DROP TABLE pandas_series, pandas_plain, pandas_other"))
