"""pg8000: its native interface and the DB-API, Flush after every message, text only."""

import datetime as dt
import decimal
import io
import os
import ssl
import threading

import pg8000.dbapi
import pg8000.native
from report import BEYOND, connected, error_of, line, literals, quoted, tables

STATEMENTS, SERIES, PLAIN = tables("pg8000")
START = dt.datetime(2024, 6, 3, tzinfo=dt.timezone.utc)


def options():
    context = False  # None: TLS where the server has it
    if os.environ["PGSSLMODE"] != "disable":
        context = ssl.create_default_context(cafile=os.environ["PGSSLROOTCERT"])
    return {
        "user": os.environ["PGUSER"],
        "host": os.environ["PGHOST"],
        "port": int(os.environ["PGPORT"]),
        "password": os.environ["PGPASSWORD"],
        "database": os.environ["PGDATABASE"],
        "ssl_context": context,
    }


def types(connection):
    for name, literal in literals():
        value = connection.run(f"SELECT {quoted(literal)}::{name}")[0][0]
        oid = connection.columns[0]["type_oid"]
        if name in ("json", "jsonb"):
            line("text", f"{name} {literal!r}", f"{value!r} {oid}")
            continue
        other = f"{quoted(literal)}::{name}"
        asked = f"SELECT CAST(:v AS {name})::text IS NOT DISTINCT FROM {other}::text"
        line("text", f"{name} {literal!r}", f"{value!r} {oid} {connection.run(asked, v=value)[0][0]}")
    for name, literal in literals(BEYOND):
        value = connection.run(f"SELECT {quoted(literal)}::{name}")[0][0]
        line("text", f"{name} {literal!r}", value)
    line("text", "ranges", connection.run("SELECT '[1,5)'::int4range, tsrange('2024-01-01', NULL)")[0])
    point = connection.run("SELECT '1.5'::money, '10.0.0.1/8'::inet, B'101', (1, 'x y')")
    line("text", "others", [str(value) for value in point[0]])


def stored(connection):
    row = {"ts": START, "device": "d", "v": float("nan"), "n": -(2**63), "note": None}
    connection.run(f"INSERT INTO {SERIES} VALUES (:ts, :device, :v, :n, :note)", **row)
    line("text", "inserted", connection.row_count)
    line("text", "row of series", connection.run(f"SELECT * FROM {SERIES}"))
    row = {"id": 1, "name": "ü", "price": decimal.Decimal("12.50"), "made": START, "tags": ["a", None], "info": '{"k": [1]}'}
    line("text", "row of plain", connection.run(f"INSERT INTO {PLAIN} VALUES (:id, :name, :price, :made, :tags, :info) RETURNING *", **row))
    line("text", "columns", [(c["name"], c["type_oid"], c["type_size"], c["type_modifier"], c["column_attrnum"], c["format"]) for c in connection.columns])


def prepared(connection):
    statement = connection.prepare(f"SELECT count(*), max(n) FROM {SERIES} WHERE device = :d AND n <= CAST(:n AS bigint)")
    line("prepared", "rows", [statement.run(d="d1", n=n) for n in (1, 10, 1000)])
    statement.close()


def batch(dbapi):
    cursor = dbapi.cursor()
    cursor.execute(f"DELETE FROM {SERIES}")
    rows = [(START + dt.timedelta(seconds=n), f"d{n % 3}", n / 8, n, None) for n in range(300)]
    cursor.executemany(f"INSERT INTO {SERIES} VALUES (%s, %s, %s, %s, %s)", rows)
    line("batch", "executemany", cursor.rowcount)
    cursor.execute(f"INSERT INTO {PLAIN} (id, name) VALUES (%s, %s), (%s, %s) RETURNING id", (2, "a", 3, "b"))
    line("batch", "returning", cursor.fetchall())
    cursor.execute(f"SELECT ts, n FROM {SERIES} ORDER BY n")
    line("batch", "fetchmany", ([str(ts) for ts, _ in cursor.fetchmany(2)], len(cursor.fetchall()), [d[0] for d in cursor.description]))
    dbapi.commit()


def transactions(dbapi):
    cursor = dbapi.cursor()
    cursor.execute(f"INSERT INTO {PLAIN} (id, name) VALUES (100, 'x')")
    cursor.execute("SAVEPOINT a")
    error = error_of(lambda: cursor.execute(f"INSERT INTO {PLAIN} (id, name) VALUES (100, 'x')"), pg8000.dbapi.DatabaseError)
    line("transactions", "in a failed block", error_of(lambda: cursor.execute("SELECT 1"), pg8000.dbapi.DatabaseError).args[0]["C"])
    cursor.execute("ROLLBACK TO SAVEPOINT a")
    dbapi.commit()
    cursor.execute(f"DELETE FROM {PLAIN}")
    cursor.execute(f"DELETE FROM {SERIES}")
    dbapi.rollback()
    cursor.execute(f"SELECT (SELECT count(*) FROM {PLAIN}), (SELECT count(*) FROM {SERIES})")
    line("transactions", "rows", (error.args[0]["C"], cursor.fetchall()))
    dbapi.rollback()
    dbapi.tpc_begin(dbapi.xid(1, "global", "branch"))
    cursor.execute("SELECT 1")
    dbapi.tpc_rollback()


def errors(connection):
    for what, query, values in (
        ("unique", f"INSERT INTO {PLAIN} (id, name) VALUES (100, 'y')", {}),
        ("check", f"INSERT INTO {PLAIN} (id, name) VALUES (200, :v)", {"v": ""}),
        ("not null", f"INSERT INTO {SERIES} (ts, device) VALUES (:a, :b)", {"a": START, "b": None}),
        ("syntax", "SELECT 1 +", {}),
        ("column", f"SELECT devise FROM {SERIES} WHERE n = :v", {"v": 1}),
        ("types", f"SELECT n + :v FROM {SERIES} LIMIT 1", {"v": "x"}),
        ("division", "SELECT 1 / :v ::int", {"v": 0}),
    ):
        error = error_of(lambda: connection.run(query, **values), pg8000.native.DatabaseError)
        shown = {key: value for key, value in error.args[0].items() if key not in "FLR"}
        line("errors", what, sorted(shown.items()))
    connection.run("DROP TABLE IF EXISTS pg8000_nothing")
    line("errors", "notices", [{k: v for k, v in one.items() if k not in (b"F", b"L", b"R")} for one in connection.notices])


def cancel(connection):
    pid = connection.run("SELECT pg_backend_pid()")[0][0]
    done = threading.Event()

    def stop():
        with pg8000.native.Connection(**options()) as other:
            while not done.wait(0.05):
                other.run("SELECT pg_cancel_backend(:pid)", pid=pid)

    thread = threading.Thread(target=stop)
    thread.start()
    long = f"SELECT count(*) FROM {SERIES} a, {SERIES} b, {SERIES} c, {SERIES} d, {SERIES} e"
    error = error_of(lambda: connection.run(long), pg8000.native.DatabaseError)
    done.set()
    thread.join()
    line("cancel", "by another session", (error.args[0]["C"], error.args[0]["M"]))


def copy(connection):
    rows = [["2024-07-01", "e", "1.5", "7", ""], ["2024-07-02", 'x "y"', None, None, "a,b"]]
    connection.run(f"COPY {SERIES} FROM STDIN (FORMAT csv, DELIMITER '|', NULL 'nothing')", stream=["2024-07-01|e|1.5|7|\n", "2024-07-02|\"x\n\"|nothing|-1|a,b\n"])
    line("copy", "csv in", connection.row_count)
    into = io.StringIO("2024-07-03\tf\t2\t8\t\\N\n")
    connection.run(f"COPY {SERIES} FROM STDIN", stream=into)
    out = io.BytesIO()
    connection.run(f"COPY (SELECT * FROM {SERIES} WHERE ts >= '2024-07-01' ORDER BY ts) TO STDOUT (FORMAT csv, HEADER)", stream=out)
    line("copy", "csv out", (out.getvalue(), len(rows)))
    bad = io.StringIO("then?\tf\t2\t8\t\\N\n")
    error = error_of(lambda: connection.run(f"COPY {SERIES} FROM STDIN", stream=bad), pg8000.native.DatabaseError)
    line("copy", "bad value", (error.args[0]["C"], error.args[0]["M"], error.args[0]["W"]))


def listen(connection):
    connection.run("LISTEN pg8000_news")
    connection.run("NOTIFY pg8000_news, 'hello'")
    connection.run("SELECT 1")
    line("listen", "heard", [(channel, payload) for _, channel, payload in connection.notifications])


def catalogue(connection):
    statuses = connection.parameter_statuses
    line("catalogue", "parameters", [statuses[name] for name in ("server_encoding", "client_encoding", "DateStyle", "TimeZone", "is_superuser")])
    line("catalogue", "identifiers", pg8000.native.identifier('say "x"'))
    columns = "SELECT column_name, data_type, is_nullable, column_default FROM information_schema.columns WHERE table_name = :t ORDER BY ordinal_position"
    line("catalogue", "columns", connection.run(columns, t=SERIES))


with pg8000.native.Connection(**options()) as main:
    connected(isinstance(main._usock, ssl.SSLSocket))
    for statement in STATEMENTS:
        main.run(statement)
    main.notices.clear()
    types(main)
    stored(main)
    with pg8000.dbapi.connect(**options()) as second:
        batch(second)
        transactions(second)
    prepared(main)
    errors(main)
    cancel(main)
    copy(main)
    listen(main)
    catalogue(main)
    main.run(f"DROP TABLE {SERIES}, {PLAIN}")
