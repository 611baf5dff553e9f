"""psycopg2: simple protocol, named cursors, execute_values, COPY, cancel, notifications."""

import datetime as dt
import decimal
import io
import select
import threading

import psycopg2
import psycopg2.errors
import psycopg2.extras
from psycopg2 import sql
from report import BEYOND, connected, error_of, line, literals, quoted, tables

STATEMENTS, SERIES, PLAIN = tables("psycopg2")
START = dt.datetime(2024, 6, 3, tzinfo=dt.timezone.utc)


def types(connection):
    cursor = connection.cursor()
    for name, literal in literals():
        cursor.execute(f"SELECT {quoted(literal)}::{name}")
        value, oid = cursor.fetchone()[0], cursor.description[0].type_code
        if isinstance(value, dict):
            value = psycopg2.extras.Json(value)
        if isinstance(value, memoryview):
            value = bytes(value)
        other = f"{quoted(literal)}::{name}"
        cursor.execute(f"SELECT (%s)::{name}::text IS NOT DISTINCT FROM {other}::text", (value,))
        line("text", f"{name} {literal!r}", f"{value} {type(value).__name__} {oid} {cursor.fetchone()[0]}")
    for name, literal in literals(BEYOND):
        query = f"SELECT {quoted(literal)}::{name}"
        cursor.execute(query)
        error = error_of(cursor.fetchone, (psycopg2.Error, ValueError, OverflowError))
        cursor.execute(f"{query}::text")
        line("text", f"{name} {literal!r}", f"{type(error).__name__} {cursor.fetchone()[0]}")
    connection.commit()


def stored(connection):
    with connection, connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {SERIES} VALUES (%s, %s, %s, %s, %s)", (START, "d'", float("-inf"), -(2**63), None))
        cursor.execute(
            f"INSERT INTO {PLAIN} VALUES (%s, %s, %s, %s, %s, %s) RETURNING *",
            (1, "ü", decimal.Decimal("12.50"), START, ["a", None, "b c"], psycopg2.extras.Json({"k": [1]})),
        )
        line("text", "returned", cursor.fetchone())
    with connection, connection.cursor(cursor_factory=psycopg2.extras.RealDictCursor) as cursor:
        cursor.execute(f"SELECT * FROM {SERIES}")
        line("text", "columns", [(c.name, c.type_code, c.internal_size, c.precision) for c in cursor.description])
        row = cursor.fetchone()
        line("text", "row", {key: str(value) for key, value in row.items()})


def batch(connection):
    rows = [(START + dt.timedelta(seconds=n), f"d{n % 3}", n / 8, n, None) for n in range(2000)]
    insert = f"INSERT INTO {SERIES} VALUES (%s, %s, %s, %s, %s)"
    with connection, connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {SERIES}")
        cursor.executemany(insert, rows[:200])
        psycopg2.extras.execute_batch(cursor, insert, rows[200:1000], page_size=100)
        psycopg2.extras.execute_values(cursor, f"INSERT INTO {SERIES} VALUES %s", rows[1000:], page_size=500)
        cursor.execute(f"SELECT count(*), sum(n), min(ts), max(v) FROM {SERIES}")
        line("batch", "rows", [str(value) for value in cursor.fetchone()])
        pairs = psycopg2.extras.execute_values(
            cursor,
            f"INSERT INTO {PLAIN} (id, name) VALUES %s ON CONFLICT (id) DO UPDATE SET name = excluded.name RETURNING id, name",
            [(1, "again"), (2, "new")],
            fetch=True,
        )
        line("batch", "upserted", pairs)
        cursor.execute("SELECT 1 AS a; SELECT 2 AS b, 3 AS c")
        line("batch", "several statements", (cursor.fetchall(), [c.name for c in cursor.description], cursor.statusmessage))


def prepared(connection):
    with connection, connection.cursor() as cursor:
        cursor.execute(f"PREPARE of_device (text) AS SELECT count(*), max(n) FROM {SERIES} WHERE device = $1")
        answers = []
        for device in ("d0", "d1", "nobody"):
            cursor.execute("EXECUTE of_device (%s)", (device,))
            answers.append(cursor.fetchone())
        line("prepared", "by PREPARE", answers)
        cursor.execute("SELECT name, parameter_types, from_sql FROM pg_prepared_statements")
        line("prepared", "known to the server", cursor.fetchall())
        cursor.execute("DEALLOCATE of_device")


def streaming(connection):
    with connection, connection.cursor("named") as cursor:
        cursor.itersize = 300
        cursor.execute(f"SELECT ts, n FROM {SERIES} WHERE n >= %s ORDER BY n", (0,))
        line("streaming", "named cursor", (sum(n for _, n in cursor), cursor.rownumber))
    with connection, connection.cursor("scrolled", scrollable=True) as cursor:
        cursor.execute(f"SELECT n FROM {SERIES} ORDER BY n")
        cursor.scroll(100)
        first = cursor.fetchone()
        cursor.scroll(-50)
        line("streaming", "scrolled", (first, cursor.fetchmany(2)))
        cursor.scroll(1999, mode="absolute")
        line("streaming", "to the end", (cursor.fetchall(), cursor.fetchone()))
    with connection:
        held = connection.cursor("held", withhold=True)
        held.execute(f"SELECT n FROM {SERIES} ORDER BY n DESC LIMIT 3")
    with connection:
        line("streaming", "with hold", held.fetchall())
        held.close()
    cursor = connection.cursor("forward", scrollable=False)
    cursor.execute(f"SELECT n FROM {SERIES} ORDER BY n")
    cursor.fetchmany(3)
    error = error_of(lambda: cursor.scroll(-2), psycopg2.Error)
    line("streaming", "backward without scroll", (error.pgcode, error.pgerror))
    connection.rollback()


def transactions(connection):
    count = f"SELECT count(*) FROM {PLAIN}"
    with connection, connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {PLAIN} (id, name) VALUES (100, 'x')")
        cursor.execute("SAVEPOINT a")
        error = error_of(lambda: cursor.execute(f"INSERT INTO {PLAIN} (id, name) VALUES (100, 'x')"), psycopg2.Error)
        in_error = connection.info.transaction_status
        cursor.execute("ROLLBACK TO SAVEPOINT a")
        cursor.execute("RELEASE SAVEPOINT a")
        line("transactions", "savepoint", (error.pgcode, in_error, connection.info.transaction_status))

    def failing():
        with connection, connection.cursor() as cursor:
            cursor.execute(f"INSERT INTO {PLAIN} (id, name) VALUES (101, 'x')")
            cursor.execute(f"INSERT INTO {SERIES} VALUES (%s, 'x')", (START,))
            raise ZeroDivisionError

    error_of(failing, ZeroDivisionError)
    with connection, connection.cursor() as cursor:
        cursor.execute(count)
        line("transactions", "rows", cursor.fetchone())
        cursor.execute("SELECT current_setting('transaction_isolation')")
        line("transactions", "usual isolation", cursor.fetchone())
    connection.set_session(isolation_level="SERIALIZABLE", readonly=True, deferrable=True)
    with connection, connection.cursor() as cursor:
        cursor.execute("SHOW transaction_isolation")
        modes = [cursor.fetchone()[0]]
        cursor.execute("SHOW transaction_deferrable")
        modes.append(cursor.fetchone()[0])
        line("transactions", "modes", modes)
    error = error_of(lambda: connection.cursor().execute(f"DELETE FROM {SERIES}"), psycopg2.Error)
    connection.rollback()
    line("transactions", "read only", error.pgcode)
    connection.set_session(isolation_level="DEFAULT", readonly="DEFAULT", deferrable="DEFAULT")
    connection.autocommit = True
    connection.cursor().execute("SET TIME ZONE 'Asia/Kolkata'")
    shown = connection.cursor()
    shown.execute(f"SELECT min(ts) FROM {SERIES}")
    line("transactions", "zone of the session", shown.fetchone()[0].isoformat())
    connection.autocommit = False
    connection.reset()
    line("transactions", "after reset", connection.info.parameter_status("TimeZone"))


def errors(connection):
    cursor = connection.cursor()
    for what, query, values in (
        ("unique", f"INSERT INTO {PLAIN} (id, name) VALUES (100, 'y')", None),
        ("check", f"UPDATE {PLAIN} SET name = '' WHERE id = 100", None),
        ("not null", f"UPDATE {PLAIN} SET name = %s WHERE id = 100", (None,)),
        ("syntax", "SELEC 1", None),
        ("column", f"SELECT 'ü', devise FROM {SERIES}", None),
        ("table", "SELECT * FROM psycopg2_nothing", None),
        ("schema", "SELECT * FROM nowhere.psycopg2_nothing", None),
        ("type", "SELECT 1::nothing", None),
        ("value", "SELECT %s::timestamptz", ("morgen",)),
        ("operator", "SELECT 1 + 'x'::text", None),
        ("grouping", f"SELECT device, n FROM {SERIES} GROUP BY device", None),
        ("division", f"SELECT 1 / (n - n) FROM {SERIES}", None),
        ("array", "SELECT %s::int[]", ("{1,2",)),
        ("json", "SELECT %s::json", ("{a",)),
    ):
        error = error_of(lambda: cursor.execute(query, values), psycopg2.Error)
        connection.rollback()
        d = error.diag
        fields = (d.severity, d.message_primary, d.message_detail, d.message_hint, d.statement_position)
        names = (d.context, d.schema_name, d.table_name, d.column_name, d.constraint_name, d.datatype_name)
        line("errors", what, (type(error).__name__, error.pgcode, *fields, *names))
    cursor.execute("DROP TABLE IF EXISTS psycopg2_nothing")
    connection.rollback()
    line("errors", "notices", connection.notices)


def cancel(connection):
    done = threading.Event()

    def stop():
        while not done.wait(0.05):
            connection.cancel()

    thread = threading.Thread(target=stop)
    thread.start()
    long = f"SELECT count(*) FROM {SERIES} a, {SERIES} b, {SERIES} c, {SERIES} d"
    error = error_of(lambda: connection.cursor().execute(long), psycopg2.Error)
    done.set()
    thread.join()
    line("cancel", "running statement", (type(error).__name__, error.pgcode, error.pgerror))
    connection.rollback()


def copy(connection):
    with connection, connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {SERIES}")
        text = "".join(f"2024-06-03 00:00:{n:02}+00\td\t{n}.5\t{n}\t\\N\n" for n in range(60))
        cursor.copy_from(io.StringIO(text), SERIES)
        line("copy", "copy_from", cursor.rowcount)
        csv = "ts,device,note\n2024-06-04,e,\"say \"\"ü\"\",\nthen go\"\n"
        cursor.copy_expert(f"COPY {SERIES} (ts, device, note) FROM STDIN (FORMAT csv, HEADER)", io.StringIO(csv))
        line("copy", "copy_expert", cursor.rowcount)
        out = io.StringIO()
        cursor.copy_to(out, SERIES, columns=("device", "n"), null="nothing", sep="|")
        line("copy", "copy_to", sorted(out.getvalue().split("\n"))[-3:])
        out = io.BytesIO()
        cursor.copy_expert(f"COPY (SELECT n, v FROM {SERIES} WHERE n < 2 ORDER BY n) TO STDOUT (FORMAT binary)", out)
        line("copy", "binary", out.getvalue().hex())
    cursor = connection.cursor()
    bad = io.StringIO("1\tx\n2\n")
    error = error_of(lambda: cursor.copy_from(bad, PLAIN, columns=("id", "name")), psycopg2.Error)
    connection.rollback()
    line("copy", "too few columns", (error.pgcode, error.diag.message_primary, error.diag.context))


def listen(connection):
    connection.autocommit = True
    connection.cursor().execute("LISTEN psycopg2_news")
    with connection.cursor() as cursor:
        cursor.execute("NOTIFY psycopg2_news, 'hello'; SELECT pg_notify('psycopg2_news', 'again')")
    select.select([connection], [], [], 10)
    connection.poll()
    heard = [(one.channel, one.payload, one.pid == connection.info.backend_pid) for one in connection.notifies]
    line("listen", "heard", heard)


def catalogue(connection):
    cursor = connection.cursor()
    query = sql.SQL("SELECT count(*), count({}) FROM {}").format(sql.Identifier("note"), sql.Identifier("public", SERIES))
    cursor.execute(query)
    line("catalogue", "names quoted by it", cursor.fetchone())
    line("catalogue", "hstore", psycopg2.extras.HstoreAdapter.get_oids(connection))
    info = connection.info
    line("catalogue", "connection", (info.dbname, info.user, info.protocol_version, connection.encoding))
    cursor.execute("SELECT '[1,5)'::int4range, '{\"(2024-01-01,2024-01-02]\"}'::daterange[]")
    line("catalogue", "ranges", cursor.fetchone())


main = psycopg2.connect("")
connected(main.info.ssl_in_use)
with main, main.cursor() as made:
    for statement in STATEMENTS:
        made.execute(statement)
main.notices.clear()
types(main)
stored(main)
batch(main)
prepared(main)
streaming(main)
transactions(main)
errors(main)
cancel(main)
copy(main)
listen(main)
catalogue(main)
main.cursor().execute(f"DROP TABLE {SERIES}, {PLAIN}")
main.close()
