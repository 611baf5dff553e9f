"""asyncpg: everything binary, portals paged and moved, executemany, pools, records by COPY."""

import asyncio
import datetime as dt
import decimal
import io
import json

import asyncpg
from report import BEYOND, connected, line, literals, quoted, tables

STATEMENTS, SERIES, PLAIN = tables("asyncpg")
START = dt.datetime(2024, 6, 3, tzinfo=dt.timezone.utc)


async def error_of(awaitable):
    try:
        await awaitable
    except (asyncpg.PostgresError, asyncio.TimeoutError) as error:
        return error
    return None


async def types(connection):
    for name, literal in literals():
        statement = await connection.prepare(f"SELECT {quoted(literal)}::{name} AS x")
        value = await statement.fetchval()
        other = f"{quoted(literal)}::{name}"
        same = await connection.fetchval(f"SELECT $1::{name}::text IS NOT DISTINCT FROM {other}::text", value)
        line("binary", f"{name} {literal!r}", f"{value!r} {statement.get_attributes()[0].type.oid} {same}")
    for name, literal in literals(BEYOND):
        query = f"SELECT {quoted(literal)}::{name}"
        try:
            value = await connection.fetchval(query)
            same = await connection.fetchval(f"SELECT $1::{name} = {quoted(literal)}::{name}", value)
        except (OverflowError, ValueError) as error:
            value, same = type(error).__name__, None
        line("binary", f"{name} {literal!r}", (value, same, await connection.fetchval(f"{query}::text")))
    ranges = "SELECT '[1,5)'::int4range, '(,2024-01-02]'::daterange, '{[1,2),[5,9)}'::int8multirange"
    line("binary", "ranges", list(await connection.fetchrow(ranges)))
    line("binary", "row", await connection.fetchval("SELECT (1, 'x', NULL::int, ARRAY[1.5])"))
    bits = "SELECT 'a'::\"char\", 'name'::name, 23::oid, 'int4'::regtype, pg_typeof(1)"
    line("binary", "of catalogues", list(await connection.fetchrow(bits)))


async def stored(connection):
    row = (START, "d", float("nan"), -(2**63), None)
    line("binary", "inserted", await connection.execute(f"INSERT INTO {SERIES} VALUES ($1, $2, $3, $4, $5)", *row))
    line("binary", "row of series", dict(await connection.fetchrow(f"SELECT * FROM {SERIES}")))
    row = (1, "ü", decimal.Decimal("12.50"), START, ["a", None, "b c"], '{"k": [1]}')
    returned = await connection.fetchrow(f"INSERT INTO {PLAIN} VALUES ($1, $2, $3, $4, $5, $6) RETURNING *", *row)
    line("binary", "row of plain", dict(returned))
    await connection.set_type_codec("jsonb", encoder=json.dumps, decoder=json.loads, schema="pg_catalog")
    line("binary", "jsonb by a codec", await connection.fetchval(f"SELECT info FROM {PLAIN} WHERE info @> $1", {"k": [1]}))
    await connection.reset_type_codec("jsonb", schema="pg_catalog")


async def prepared(connection):
    statement = await connection.prepare(f"SELECT ts, sum(v) AS total FROM {SERIES} WHERE device = ANY($1) AND n < $2 GROUP BY ts ORDER BY ts")
    line("prepared", "parameters", [(p.name, p.oid, p.kind) for p in statement.get_parameters()])
    line("prepared", "columns", [(a.name, a.type.name) for a in statement.get_attributes()])
    answers = [len(await statement.fetch(["d0", "d1"], n)) for n in (1, 100, 2000)]
    line("prepared", "rows", (answers, statement.get_statusmsg()))
    query = "SELECT count(*) FROM pg_prepared_statements WHERE statement = $1"
    line("prepared", "known to the server", await connection.fetchval(query, statement.get_query()))
    await connection.execute(f"ALTER TABLE {PLAIN} ADD COLUMN extra int")
    line("prepared", "a changed table, no cache", len(await connection.fetchrow(f"SELECT * FROM {PLAIN}")))
    await connection.execute(f"ALTER TABLE {PLAIN} DROP COLUMN extra")
    line("prepared", "a changed table, cached", len(await connection.fetchrow(f"SELECT * FROM {PLAIN}")))


async def batch(connection):
    await connection.execute(f"DELETE FROM {SERIES}")
    rows = [(START + dt.timedelta(seconds=n), f"d{n % 3}", n / 8, n, None) for n in range(3000)]
    await connection.executemany(f"INSERT INTO {SERIES} VALUES ($1, $2, $3, $4, $5)", rows)
    line("batch", "executemany", dict(await connection.fetchrow(f"SELECT count(*), sum(n), max(ts) FROM {SERIES}")))
    doomed = connection.executemany(f"INSERT INTO {PLAIN} (id, name) VALUES ($1, $2)", [(10, "a"), (11, "b"), (10, "c")])
    error = await error_of(doomed)
    line("batch", "all or nothing", (error.sqlstate, await connection.fetchval(f"SELECT count(*) FROM {PLAIN}")))
    upsert = f"INSERT INTO {PLAIN} (id, name) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET name = excluded.name"
    await connection.executemany(upsert, [(n % 5, f"v{n}") for n in range(20)])
    line("batch", "upserts", [tuple(r) for r in await connection.fetch(f"SELECT id, name FROM {PLAIN} ORDER BY id")])
    line("batch", "script", await connection.execute("SELECT 1; CREATE TABLE asyncpg_x (a int); DROP TABLE asyncpg_x"))
    many = await connection.fetchmany(f"INSERT INTO {PLAIN} (id, name) VALUES ($1, $2) RETURNING id", [(50, "x"), (51, "y")])
    line("batch", "fetchmany", [tuple(r) for r in many])


async def streaming(connection):
    async with connection.transaction():
        total = 0
        async for row in connection.cursor(f"SELECT n FROM {SERIES} WHERE n >= $1 ORDER BY n", 10, prefetch=100):
            total += row["n"]
        line("streaming", "prefetched", total)
        cursor = await connection.cursor(f"SELECT n FROM {SERIES} ORDER BY n")
        first = await cursor.fetch(2)
        moved = await cursor.forward(100)
        second = await cursor.fetchrow()
        rest = await cursor.fetch(5000)
        line("streaming", "moved", ([r[0] for r in first], moved, second[0], len(rest), await cursor.fetchrow()))
        statement = await connection.prepare(f"SELECT ts, v FROM {SERIES} WHERE device = $1 ORDER BY ts")
        cursor = await statement.cursor("d1")
        line("streaming", "of a prepared statement", [tuple(r) for r in await cursor.fetch(2)])
        line("streaming", "in pg_cursors", await connection.fetchval("SELECT count(*) FROM pg_cursors"))
    async def outside():
        async for _ in connection.cursor("SELECT 1"):
            pass

    try:
        await outside()
    except asyncpg.NoActiveSQLTransactionError as error:
        line("streaming", "outside of a block", type(error).__name__)


async def transactions(connection):
    count = f"SELECT count(*) FROM {PLAIN} WHERE id >= 100"
    async with connection.transaction():
        await connection.execute(f"INSERT INTO {PLAIN} (id, name) VALUES (100, 'x')")
        await connection.execute(f"INSERT INTO {SERIES} VALUES ($1, 'other')", START)
        try:
            async with connection.transaction():
                await connection.execute(f"INSERT INTO {PLAIN} (id, name) VALUES (101, 'x')")
                await connection.execute(f"INSERT INTO {PLAIN} (id, name) VALUES (100, 'x')")
        except asyncpg.UniqueViolationError as error:
            line("transactions", "nested", (error.sqlstate, await connection.fetchval(count)))
    line("transactions", "kept", await connection.fetchval(count))
    transaction = connection.transaction(isolation="serializable", readonly=True, deferrable=True)
    await transaction.start()
    modes = [await connection.fetchval(f"SHOW transaction_{m}") for m in ("isolation", "read_only", "deferrable")]
    error = await error_of(connection.execute(f"DELETE FROM {SERIES}"))
    failed = await error_of(connection.fetch("SELECT 1"))
    await transaction.rollback()
    line("transactions", "modes", (modes, error.sqlstate, failed.sqlstate, connection.is_in_transaction()))


async def errors(connection):
    for what, query, values in (
        ("unique", f"INSERT INTO {PLAIN} (id, name) VALUES ($1, 'y')", (100,)),
        ("check", f"INSERT INTO {PLAIN} (id, name) VALUES (200, $1)", ("",)),
        ("not null", f"INSERT INTO {SERIES} (ts, device) VALUES ($1, $2)", (START, None)),
        ("syntax", "SELECT * FORM x", ()),
        ("column", f"SELECT devise FROM {SERIES} WHERE n = $1", (1,)),
        ("ambiguous", f"SELECT n FROM {SERIES} a, {SERIES} b", ()),
        ("parameter types", "SELECT $1", ("x",)),
        ("undetermined", "SELECT $1 IS NULL", ("x",)),
        ("division", "SELECT $1::int / $2::int", (1, 0)),
        ("range", f"SELECT n::int2 FROM {SERIES} ORDER BY n DESC", ()),
        ("time", "SELECT $1::text::timestamptz", ("2024-02-30",)),
        ("several", "SELECT 1; SELECT $1::int", (1,)),
        ("transaction", "SAVEPOINT x", ()),
    ):
        error = await error_of(connection.fetch(query, *values))
        shown = None if error is None else sorted(error.as_dict().items())
        hidden = ("server_source_filename", "server_source_line", "server_source_function", "query")
        line("errors", what, shown and [(key, value) for key, value in shown if key not in hidden])
    messages = []
    connection.add_log_listener(lambda _, message: messages.append((message.sqlstate, message.message)))
    await connection.execute("DROP TABLE IF EXISTS asyncpg_nothing")
    await asyncio.sleep(0)
    line("errors", "notices", messages)


async def cancel(connection):
    error = await error_of(connection.fetch("SELECT pg_sleep(60)", timeout=0.2))
    line("cancel", "by timeout", (type(error).__name__, await connection.fetchval("SELECT 1")))
    task = asyncio.create_task(connection.fetch(f"SELECT count(*) FROM {SERIES} a, {SERIES} b, {SERIES} c, {SERIES} d"))
    await asyncio.sleep(0.2)
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        line("cancel", "of a task", await connection.fetchval("SELECT 1"))


async def copy(connection):
    await connection.execute(f"DELETE FROM {SERIES}")
    records = [(START + dt.timedelta(minutes=n), "d", n / 4, n, None if n % 2 else "a\tb\\") for n in range(1000)]
    line("copy", "records", await connection.copy_records_to_table(SERIES, records=records))
    made = await connection.copy_records_to_table(PLAIN, columns=["id", "name", "price"], records=[(300, "x", decimal.Decimal("1.5"))])
    line("copy", "records into some columns", made)
    text = io.BytesIO(b"ts|device|n\n2024-07-01|e|-5\n2024-07-02|\"e, |\"|\n")
    line("copy", "csv in", await connection.copy_to_table(SERIES, source=text, columns=["ts", "device", "n"], format="csv", delimiter="|", header=True))
    for form in ("text", "csv", "binary"):
        out = io.BytesIO()
        query = f"SELECT * FROM {SERIES} WHERE n < $1 OR n IS NULL ORDER BY ts"
        done = await connection.copy_from_query(query, 2, output=out, format=form)
        line("copy", f"{form} out", (done, out.getvalue()))
    out = io.BytesIO()
    done = await connection.copy_from_table(PLAIN, columns=["id"], output=out, format="csv", header=True)
    line("copy", "table out", (done, sorted(out.getvalue().split())))
    error = await error_of(connection.copy_records_to_table(SERIES, records=[(START, None, 1.0, 1, "x")]))
    line("copy", "not null", (error.sqlstate, error.message, error.context))
    line("copy", "rows", await connection.fetchval(f"SELECT count(*) FROM {SERIES}"))


async def listen(connection):
    heard = asyncio.Queue()
    await connection.add_listener("asyncpg_news", lambda c, pid, channel, payload: heard.put_nowait((channel, payload)))
    other = await asyncpg.connect()
    await other.execute("SELECT pg_notify($1, $2)", "asyncpg_news", "hello")
    async with other.transaction():
        await other.execute("NOTIFY asyncpg_news, 'of a block'")
        await other.execute("NOTIFY asyncpg_news, 'of a block'")
    await other.close()
    line("listen", "heard", [await asyncio.wait_for(heard.get(), 10) for _ in range(2)])


async def catalogue(connection):
    await connection.reset()
    line("catalogue", "after reset", await connection.fetch("SELECT * FROM pg_listening_channels()"))
    version = connection.get_server_version()
    line("catalogue", "version", (version.major >= 15, connection.get_settings().DateStyle, connection.get_settings().TimeZone))
    async with asyncpg.create_pool(min_size=2, max_size=3) as pool:
        values = await asyncio.gather(*(pool.fetchval("SELECT $1::int", n) for n in range(12)))
        line("catalogue", "pool", values)
        async with pool.acquire() as one:
            await one.execute("SET application_name = 'mine'; CREATE TEMP TABLE mine (a int)")
        shown = await asyncio.gather(*(pool.fetchval("SHOW application_name") for _ in range(4)))
        line("catalogue", "connections are reset", set(shown))
    whole = await connection.fetchval(f"SELECT p FROM {PLAIN} p WHERE id = 100")
    line("catalogue", "whole row", whole)


async def main():
    connection = await asyncpg.connect()
    connected(connection._transport.get_extra_info("ssl_object") is not None)
    for statement in STATEMENTS:
        await connection.execute(statement)
    for part in (types, stored, batch, prepared, streaming, transactions, errors, cancel, copy, listen, catalogue):
        await part(connection)
    await connection.execute(f"DROP TABLE {SERIES}, {PLAIN}")
    await connection.close()


asyncio.run(main())
