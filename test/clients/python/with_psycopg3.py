"""psycopg 3: both formats, server cursors, pipelines, COPY, cancel, notifications."""

import datetime as dt
import decimal
import threading

import psycopg
from psycopg import sql
from psycopg.rows import dict_row, namedtuple_row
from psycopg.types.json import Jsonb
from report import BEYOND, connected, error_of, line, literals, quoted, tables

UTC = dt.timezone.utc
STATEMENTS, SERIES, PLAIN = tables("psycopg3")


def types(connection, feature, binary):
    """Each value as result, then sent back as parameter in the same format."""
    placeholder = "%b" if binary else "%t"
    for name, literal in literals():
        cursor = connection.cursor(binary=binary)
        value = cursor.execute(f"SELECT {quoted(literal)}::{name}").fetchone()[0]
        oid = cursor.description[0].type_code
        again = value
        if name in ("json", "jsonb"):
            again = psycopg.types.json.Json(value) if name == "json" else Jsonb(value)
        same = cursor.execute(
            f"SELECT {placeholder}::{name}::text IS NOT DISTINCT FROM {quoted(literal)}::{name}::text",
            (again,),
        ).fetchone()[0]
        line(feature, f"{name} {literal!r}", f"{value!r} {oid} {same}")


def beyond(connection):
    for name, literal in literals(BEYOND):
        cursor = connection.cursor()
        query = f"SELECT {quoted(literal)}::{name}"
        error = error_of(lambda: cursor.execute(query).fetchone(), psycopg.DataError)
        value = cursor.execute(f"{query}::text").fetchone()[0]
        line("text", f"{name} {literal!r}", f"{error} {value}")
    info = psycopg.adapters.types["date"]
    line("text", "date by name", (info.oid, info.array_oid))


def stored(connection, binary, feature):
    """Rows of both kinds of table, in and out by parameters and a columns' own types."""
    connection.execute(f"DELETE FROM {SERIES}")
    connection.execute(f"DELETE FROM {PLAIN}")
    start = dt.datetime(2024, 6, 3, tzinfo=UTC)
    for table, columns, row in (
        (SERIES, "ts, device, v, n, note", (start, "d", float("nan"), 2**62, None)),
        (
            PLAIN,
            "id, name, price, made, tags, info",
            (1, "ü", decimal.Decimal("12.50"), start, ["a", None, "b c"], Jsonb({"k": [1]})),
        ),
    ):
        marks = ", ".join(["%b" if binary and column != "info" else "%s" for column in columns.split(", ")])
        cursor = connection.cursor(binary=binary)
        cursor.execute(f"INSERT INTO {table} ({columns}) VALUES ({marks})", row)
        line(feature, f"rows of {table[9:]}, inserted", cursor.statusmessage)
        cursor.execute(f"SELECT * FROM {table}")
        line(feature, f"rows of {table[9:]}", cursor.fetchall())
        line(
            feature,
            f"columns of {table[9:]}",
            [(c.name, c.type_display, c.precision, c.scale) for c in cursor.description],
        )


def prepared(connection):
    query = f"SELECT count(*), sum(n) FROM {SERIES} WHERE device = %s AND n < %s"
    answers = {connection.execute(query, ("d1", n), prepare=True).fetchone() for n in (10, 20, 20, 4000)}
    line("prepared", "asked for", sorted(answers))
    known = "SELECT statement, parameter_types FROM pg_prepared_statements WHERE statement LIKE '%psycopg3_series%device =%'"
    line("prepared", "known to the server", connection.execute(known).fetchall())
    connection.prepare_threshold = 2
    for n in range(5):
        connection.execute("SELECT %s + 1", (n,))
    count = "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE 'SELECT $1 + 1'"
    line("prepared", "by itself", connection.execute(count).fetchone()[0])
    connection.execute(f"ALTER TABLE {PLAIN} ADD COLUMN extra int")
    query = f"SELECT * FROM {PLAIN} WHERE id = %s"
    before = len(connection.execute(query, (1,), prepare=True).description)
    connection.execute(f"ALTER TABLE {PLAIN} DROP COLUMN extra")
    error = error_of(lambda: connection.execute(query, (1,), prepare=True), psycopg.Error)
    line("prepared", "of a changed table", (before, error and error.sqlstate))
    connection.execute("DEALLOCATE ALL")
    connection.prepare_threshold = 5


def batch(connection):
    start = dt.datetime(2024, 6, 3, tzinfo=UTC)
    rows = [(start + dt.timedelta(seconds=n), f"d{n % 3}", n / 8, n, None) for n in range(3000)]
    cursor = connection.cursor()
    connection.execute(f"DELETE FROM {SERIES}")
    with connection.transaction():
        cursor.executemany(f"INSERT INTO {SERIES} VALUES (%s, %s, %s, %s, %s)", rows)
    line("batch", "executemany", cursor.rowcount)
    cursor.executemany(
        f"INSERT INTO {PLAIN} (id, name) VALUES (%s, %s) RETURNING id, name",
        [(10, "x"), (11, "y")],
        returning=True,
    )
    line("batch", "returning", [one.fetchone() for one in cursor.results()])
    with connection.pipeline() as pipeline:
        cursors = [connection.execute("SELECT %s::int * 2", (n,)) for n in range(4)]
        pipeline.sync()
        line("batch", "pipeline", [one.fetchone()[0] for one in cursors])
        failed = connection.cursor()
        error = error_of(
            lambda: (failed.execute("SELECT 1/0"), pipeline.sync(), failed.fetchone()), psycopg.Error
        )
        line("batch", "pipeline with an error", error and error.sqlstate)
    line("batch", "after it", connection.execute("SELECT 1").fetchone())

    def doomed():
        with connection.pipeline() as pipeline, connection.cursor() as inner:
            inner.execute(f"INSERT INTO {PLAIN} (id, name) VALUES (20, 'kept')")
            pipeline.sync()
            inner.execute(f"INSERT INTO {PLAIN} (id, name) VALUES (21, 'undone')")
            inner.execute(f"INSERT INTO {PLAIN} (id, name) VALUES (20, 'again')")
            pipeline.sync()

    error = error_of(doomed, psycopg.Error)
    ids = connection.execute(f"SELECT array_agg(id ORDER BY id) FROM {PLAIN} WHERE id >= 20")
    line("batch", "an error undoes up to the last sync", (error and error.sqlstate, ids.fetchone()[0]))


def streaming(connection):
    for binary in (False, True):
        with connection.transaction():
            with connection.cursor("seen", binary=binary, row_factory=namedtuple_row) as cursor:
                cursor.execute(f"SELECT ts, device, n FROM {SERIES} ORDER BY n")
                cursor.itersize = 500
                line("streaming", f"server cursor, binary {binary}", (cursor.fetchone(), sum(r.n for r in cursor)))
    with connection.transaction():
        with connection.cursor("scrolled", scrollable=True) as cursor:
            cursor.execute(f"SELECT n FROM {SERIES} ORDER BY n")
            cursor.scroll(100)
            first = cursor.fetchone()
            cursor.scroll(-50)
            second = cursor.fetchone()
            cursor.scroll(2999, mode="absolute")
            line("streaming", "scrolled", (first, second, cursor.fetchall(), cursor.fetchone()))
    held = connection.cursor("held", withhold=True)
    held.execute(f"SELECT n FROM {SERIES} ORDER BY n DESC LIMIT 3")
    line("streaming", "with hold, outside of a block", held.fetchall())
    held.close()
    cursor = connection.cursor()
    rows = cursor.stream(f"SELECT n FROM {SERIES} WHERE n < %s ORDER BY 1", (1500,))
    line("streaming", "row by row", sum(n for (n,) in rows))
    rows = cursor.stream(f"SELECT n FROM {SERIES} ORDER BY 1", size=100)
    line("streaming", "in chunks", sum(n for (n,) in rows))


def transactions(connection):
    count = f"SELECT count(*) FROM {PLAIN} WHERE id >= 100"
    insert = f"INSERT INTO {PLAIN} (id, name) VALUES (%s, 'x')"
    with connection.transaction():
        connection.execute(insert, (100,))
        error = error_of(lambda: nested(connection, insert), ZeroDivisionError)
        line("transactions", "inside", (type(error).__name__, connection.execute(count).fetchone()))
        line("transactions", "status", connection.info.transaction_status.name)
    line("transactions", "after", connection.execute(count).fetchone())
    with connection.transaction(force_rollback=True):
        connection.execute(insert, (102,))
        connection.execute(f"INSERT INTO {SERIES} VALUES ('2024-07-01', 'd', 0, 0, 'x')")
    line("transactions", "rolled back", connection.execute(count).fetchone())
    with psycopg.connect() as other:
        other.isolation_level = psycopg.IsolationLevel.SERIALIZABLE
        other.read_only = True
        error = error_of(lambda: other.execute(insert, (103,)), psycopg.Error)
        line("transactions", "read only", (error.sqlstate, other.info.transaction_status.name))
        failed = error_of(lambda: other.execute("SELECT 1"), psycopg.Error)
        line("transactions", "in failed block", failed.sqlstate)
        other.rollback()
        shown = [other.execute(f"SHOW {what}").fetchone()[0] for what in ("transaction_isolation", "transaction_read_only")]
        line("transactions", "modes", shown)


def nested(connection, insert):
    with connection.transaction():
        connection.execute(insert, (101,))
        raise ZeroDivisionError


def errors(connection):
    for what, query, values in (
        ("unique", f"INSERT INTO {PLAIN} (id, name) VALUES (100, 'y')", None),
        ("check", f"INSERT INTO {PLAIN} (id, name) VALUES (200, '')", None),
        ("not null", f"INSERT INTO {PLAIN} (id, name) VALUES (200, %s)", (None,)),
        ("not null in the series", f"INSERT INTO {SERIES} VALUES (NULL, 'd')", None),
        ("syntax", "SELECT 'é', FROM", None),
        ("column", f"SELECT devise FROM {SERIES}", None),
        ("function", "SELECT no_such(1)", None),
        ("value", "SELECT %s::int", ("zwölf",)),
        ("range", "SELECT %s::int2", (100000,)),
        ("division", f"SELECT n / 0 FROM {SERIES}", None),
        ("numeric overflow", f"INSERT INTO {PLAIN} (id, name, price) VALUES (200, 'x', 1e9)", None),
        ("indeterminate", "SELECT %s IS NULL", ("x",)),
    ):
        error = error_of(lambda: connection.execute(query, values), psycopg.Error)
        d = error.diag
        fields = (d.message_primary, d.message_detail, d.message_hint, d.statement_position, d.schema_name)
        names = (d.table_name, d.column_name, d.constraint_name, d.datatype_name)
        line("errors", what, (type(error).__name__, error.sqlstate, d.severity, *fields, *names))
    notices = []
    connection.add_notice_handler(lambda d: notices.append((d.severity, d.sqlstate, d.message_primary)))
    connection.execute("DROP TABLE IF EXISTS psycopg3_nothing")
    connection.execute("COMMIT")
    line("errors", "notices", notices)


def cancel(connection):
    done = threading.Event()

    def stop():
        while not done.wait(0.05):
            connection.cancel_safe(timeout=10)

    thread = threading.Thread(target=stop)
    thread.start()
    long = f"SELECT count(*) FROM {SERIES} a, {SERIES} b, {SERIES} c, {SERIES} d"
    error = error_of(lambda: connection.execute(long), psycopg.Error)
    done.set()
    thread.join()
    line("cancel", "running statement", (error.sqlstate, str(error)))
    line("cancel", "afterwards", connection.execute("SELECT 1").fetchone())
    connection.execute("SET statement_timeout = '20ms'")
    error = error_of(lambda: connection.execute("SELECT pg_sleep(5)"), psycopg.Error)
    connection.execute("RESET statement_timeout")
    line("cancel", "statement_timeout", (error.sqlstate, str(error)))


def copy(connection):
    cursor = connection.cursor()
    connection.execute(f"DELETE FROM {SERIES}")
    start = dt.datetime(2024, 6, 3, tzinfo=UTC)
    with cursor.copy(f"COPY {SERIES} FROM STDIN") as into:
        for n in range(1000):
            into.write_row((start + dt.timedelta(minutes=n), "d", n / 4, n, None if n % 2 else "a\tb\\"))
    line("copy", "text in", (cursor.rowcount, cursor.statusmessage))
    with cursor.copy(f"COPY {SERIES} FROM STDIN (FORMAT binary)") as into:
        into.set_types(["timestamptz", "text", "float8", "int8", "text"])
        for n in range(1000):
            into.write_row((start + dt.timedelta(days=9, minutes=n), "e", float("inf"), -n, "ü"))
    line("copy", "binary in", cursor.rowcount)
    query = f"SELECT ts, device, v, n, note FROM {SERIES} WHERE abs(n) < 2 ORDER BY ts"
    for form in ("text", "binary"):
        with cursor.copy(f"COPY ({query}) TO STDOUT (FORMAT {form})") as out:
            out.set_types(["timestamptz", "text", "float8", "int8", "text"])
            line("copy", f"{form} out", list(out.rows()))
    with cursor.copy(f"COPY ({query}) TO STDOUT (FORMAT csv, HEADER)") as out:
        line("copy", "csv out", b"".join(bytes(piece) for piece in out))

    def broken():
        with cursor.copy(f"COPY {SERIES} FROM STDIN") as into:
            into.write("2024-06-03\td\t1\tx\t\\N\n")

    error = error_of(broken, psycopg.Error)
    line("copy", "bad value", (error.sqlstate, error.diag.message_primary, error.diag.context))

    def given_up():
        with cursor.copy(f"COPY {SERIES} FROM STDIN") as into:
            into.write_row((start, "gone", 0, 0, ""))
            raise ZeroDivisionError

    line("copy", "given up", type(error_of(given_up, ZeroDivisionError)).__name__)
    line("copy", "rows", connection.execute(f"SELECT count(*), sum(n) FROM {SERIES}").fetchone())


def listen(connection):
    connection.execute("LISTEN psycopg3_news")
    with psycopg.connect(autocommit=True) as other:
        other.execute("SELECT pg_notify('psycopg3_news', 'hello ' || %s)", ("ü",))
        other.execute("NOTIFY psycopg3_news")
    heard = connection.notifies(timeout=10, stop_after=2)
    line("listen", "heard", [(one.channel, one.payload) for one in heard])


def catalogue(connection):
    line("catalogue", "no such type", psycopg.types.TypeInfo.fetch(connection, "hstore"))
    info = psycopg.types.TypeInfo.fetch(connection, "timestamptz")
    line("catalogue", "timestamptz", (info.name, info.oid, info.array_oid, info.regtype, info.delimiter))
    columns = sql.SQL("SELECT {} FROM {} LIMIT 1").format(sql.Identifier("device"), sql.Identifier(SERIES))
    row = connection.cursor(row_factory=dict_row).execute(columns).fetchone()
    line("catalogue", "names quoted by it", row)
    info = connection.info
    line("catalogue", "connection", (info.dbname, info.user, info.encoding, str(info.timezone), info.status.name))
    names = ("server_encoding", "standard_conforming_strings", "integer_datetimes", "DateStyle", "IntervalStyle")
    line("catalogue", "parameters", [info.parameter_status(name) for name in names])


with psycopg.connect(autocommit=True) as main:
    connected(main.pgconn.ssl_in_use)
    for statement in STATEMENTS:
        main.execute(statement)
    types(main, "text", False)
    beyond(main)
    types(main, "binary", True)
    stored(main, False, "text")
    stored(main, True, "binary")
    batch(main)
    prepared(main)
    streaming(main)
    transactions(main)
    errors(main)
    cancel(main)
    copy(main)
    listen(main)
    catalogue(main)
    main.execute(f"DROP TABLE {SERIES}, {PLAIN}")
