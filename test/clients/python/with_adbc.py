"""ADBC's driver for PostgreSQL: Arrow in and out, both by binary COPY, and what it says of tables."""

import os

import adbc_driver_postgresql.dbapi as dbapi
import pyarrow as pa
from report import USING, connected, line, literals, quoted

START = 1_717_372_800_000_000
MINUTE = 60_000_000
READINGS = pa.table(
    {
        "ts": pa.array([START + n * MINUTE for n in range(1000)], pa.timestamp("us", "UTC")),
        "device": [f"d{n % 3}" for n in range(1000)],
        "v": [None if n % 7 == 0 else n / 8 for n in range(1000)],
        "n": pa.array(range(1000), pa.int64()),
    }
)


def connect(**options):
    mode = os.environ["PGSSLMODE"]
    return dbapi.connect(f"postgresql:///?sslmode={mode}", **options)


def fetched(cursor, sql, parameters=None):
    """Types of the columns, and the rows."""
    cursor.execute(sql, parameters)
    table = cursor.fetch_arrow_table()
    return [str(one.type) for one in table.schema], table.to_pylist()


def failing(act):
    try:
        act()
    except dbapi.Error as error:
        return [type(error).__name__, error.sqlstate, str(error).splitlines()[0]]
    return None


def tables(cursor):
    for name in ("adbc_series", "adbc_made"):
        cursor.execute(f"DROP TABLE IF EXISTS {name}")
    columns = "ts timestamptz NOT NULL, device text NOT NULL, v float8, n int8"
    cursor.execute(f"CREATE TABLE adbc_series ({columns}, PRIMARY KEY (device, ts)) {USING}")


def copied(cursor):
    line("copy", "into the series", cursor.adbc_ingest("adbc_series", READINGS, mode="append"))
    line("copy", "a new table", cursor.adbc_ingest("adbc_made", READINGS, mode="create"))
    small = READINGS.slice(0, 10)
    line("copy", "in its place", cursor.adbc_ingest("adbc_made", small, mode="replace"))
    line("copy", "appended", cursor.adbc_ingest("adbc_made", small, mode="create_append"))
    batches = READINGS.slice(10).to_reader(max_chunksize=100)
    line("batch", "batches", cursor.adbc_ingest("adbc_made", batches, mode="append"))
    for name in ("adbc_series", "adbc_made"):
        sql = f"SELECT count(*), min(ts), max(n), sum(v) FROM {name}"
        line("copy", f"what is in {name}", fetched(cursor, sql))
    repeated = failing(lambda: cursor.adbc_ingest("adbc_series", small, mode="append"))
    line("errors", "a key that is there", repeated[:2])


def queried(cursor):
    rows = fetched(cursor, "SELECT * FROM adbc_series WHERE n % 100 = 7 ORDER BY ts")
    line("binary", "rows", rows)
    grouped = "SELECT date_trunc('hour', ts), device, avg(v), count(*), sum(n)"
    line("binary", "grouped", fetched(cursor, f"{grouped} FROM adbc_series GROUP BY 1, 2 ORDER BY 1, 2"))
    cursor.execute("SELECT v FROM adbc_series ORDER BY ts")
    total = sum(one for batch in cursor.fetch_record_batch() for one in batch["v"].to_pylist() if one)
    line("streaming", "in batches", total)
    by = "SELECT device, max(v) FROM adbc_series WHERE n > $1 AND device <> $2 GROUP BY 1 ORDER BY 1"
    line("prepared", "parameters", fetched(cursor, by, (5, "d1")))
    cursor.executemany("INSERT INTO adbc_made (device, n) VALUES ($1, $2)", [("x", 7), (None, 8)])
    line("prepared", "many", cursor.rowcount)
    for name, literal in literals():
        if name not in ("int4[]",):
            line("binary", f"{name} {literal!r}", fetched(cursor, f"SELECT {quoted(literal)}::{name} AS c"))


def described(connection):
    schema = connection.adbc_get_table_schema("adbc_series")
    line("catalogue", "schema", [(one.name, str(one.type)) for one in schema])
    found = connection.adbc_get_objects(depth="columns", table_name_filter="adbc_series")
    schemas = found.read_all().to_pylist()[0]["catalog_db_schemas"]
    for schema in schemas:
        for table in schema["db_schema_tables"] or []:
            columns = [(c["column_name"], c["xdbc_type_name"]) for c in table["table_columns"]]
            line("catalogue", schema["db_schema_name"], [table["table_type"], columns])
    line("catalogue", "kinds", connection.adbc_get_table_types())


def transactions(cursor):
    other = connect()
    within = other.cursor()
    within.execute("DELETE FROM adbc_series")
    within.execute("SELECT count(*) FROM adbc_series")
    line("transactions", "deleted", within.fetchone())
    other.rollback()
    within.adbc_ingest("adbc_made", READINGS, mode="append")
    within.close()
    other.rollback()
    other.close()
    line("transactions", "rolled back", fetched(cursor, "SELECT count(*) FROM adbc_series"))
    line("transactions", "and the copy", fetched(cursor, "SELECT count(*) FROM adbc_made"))
    line("errors", "no table", failing(lambda: cursor.execute("SELECT * FROM adbc_nowhere"))[:2])


with connect(autocommit=True) as connection, connection.cursor() as cursor:
    cursor.execute("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
    connected(cursor.fetchone()[0])
    tables(cursor)
    copied(cursor)
    queried(cursor)
    described(connection)
    transactions(cursor)
    for name in ("adbc_series", "adbc_made"):
        cursor.execute(f"DROP TABLE {name}")
