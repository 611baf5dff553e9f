"""Rows in and out through psycopg 3, psycopg2 and asyncpg; one JSON object for copy-clients.test.ts."""

import asyncio
import datetime as dt
import io
import json
import sys

import asyncpg
import psycopg
import psycopg2

UTC = dt.timezone.utc
NOTES = ["plain", "", None, "tab\there", "line\nbreak", "back\\slash", "\\N", "\\.", "ü 'q' \"d\"", "\r"]


def row(number):
    when = dt.datetime(2026, 1, 5, tzinfo=UTC) + dt.timedelta(seconds=number, microseconds=number)
    value = None if number % 7 == 3 else number / 8
    return (when, f"d{number % 3}", value, number * 10**12, NOTES[number % len(NOTES)])


ROWS = [row(number) for number in range(1000)]
FEW = ROWS[:100]
SELECT = "SELECT ts, device, v, n, note FROM {} ORDER BY ts"


def state_of(error):
    return error.sqlstate if hasattr(error, "sqlstate") else error.pgcode


def psycopg3(conninfo, table):
    answers = {}
    with psycopg.connect(conninfo, autocommit=True) as connection, connection.cursor() as cursor:

        def stored():
            return cursor.execute(SELECT.format(table)).fetchall()

        def clear():
            cursor.execute(f"DELETE FROM {table}")

        with cursor.copy(f"COPY {table} (ts, device, v, n, note) FROM STDIN") as copy:
            for one in ROWS:
                copy.write_row(one)
        answers["copied"] = cursor.statusmessage
        answers["text in"] = stored() == ROWS
        with cursor.copy(f"COPY (SELECT * FROM {table} ORDER BY ts) TO STDOUT") as copy:
            copy.set_types(["timestamptz", "text", "float8", "int8", "text"])
            answers["text out"] = list(copy.rows()) == ROWS
        clear()
        statement = f"COPY {table} (ts, device, v, n, note) FROM STDIN (FORMAT binary)"
        with cursor.copy(statement) as copy:
            copy.set_types(["timestamptz", "text", "float8", "int8", "text"])
            for one in ROWS:
                copy.write_row(one)
        answers["binary in"] = stored() == ROWS
        statement = f"COPY (SELECT * FROM {table} ORDER BY ts) TO STDOUT (FORMAT binary)"
        with cursor.copy(statement) as copy:
            copy.set_types(["timestamptz", "text", "float8", "int8", "text"])
            answers["binary out"] = list(copy.rows()) == ROWS

        clear()
        for name, line in (("bad value", "x\td\t1\t1\ta\n"), ("missing column", "2026-01-05\td\n")):
            try:
                with cursor.copy(f"COPY {table} FROM STDIN") as copy:
                    copy.write("2026-01-05\td\t1\t1\ta\n" * 500 + line)
            except psycopg.Error as error:
                answers[name] = [error.sqlstate, error.diag.context]
        try:
            with cursor.copy(f"COPY {table} FROM STDIN") as copy:
                copy.write("2026-01-05\td\t1\t1\ta\n")
                raise KeyError("on purpose")
        except KeyError:
            answers["given up"] = stored()
        try:
            with connection.transaction():
                with cursor.copy(f"COPY {table} FROM STDIN") as copy:
                    copy.write("2026-01-05\td\t1\t1\ta\n")
                answers["inside"] = len(stored())
                raise KeyError("on purpose")
        except KeyError:
            answers["rolled back"] = stored()
        with connection.transaction():
            cursor.executemany(
                f"INSERT INTO {table} VALUES (%s, %s, %s, %s, %s)", FEW[:50]
            )
            try:
                with connection.transaction():
                    cursor.execute(f"INSERT INTO {table} VALUES (now(), 'x', 'y'::text::float8)")
            except psycopg.Error as error:
                answers["savepoint"] = error.sqlstate
            cursor.executemany(
                f"INSERT INTO {table} VALUES (%b, %b, %b, %b, %b)", FEW[50:]
            )
        answers["inserted"] = stored() == FEW
        clear()
    return answers


def psycopg2_session(conninfo, table):
    answers = {}
    connection = psycopg2.connect(conninfo)
    with connection, connection.cursor() as cursor:
        lines = "".join(f"2026-01-05 00:00:{n:02d}+00,d{n},{n}.5,{n},\"a, \"\"b\"\"\"\n" for n in range(60))
        statement = f"COPY {table} FROM STDIN WITH (FORMAT csv, HEADER)"
        cursor.copy_expert(statement, io.StringIO("ts,device,v,n,note\n" + lines))
        answers["rows"] = cursor.rowcount
        out = io.StringIO()
        cursor.copy_expert(f"COPY (SELECT * FROM {table} ORDER BY ts) TO STDOUT WITH CSV", out)
        answers["csv"] = out.getvalue() == lines
    with connection, connection.cursor() as cursor:
        cursor.copy_from(io.StringIO("2026-01-06\td\n2026-01-07\t\\N\n"), table, columns=("ts", "device"))
        out = io.StringIO()
        cursor.execute(f"SELECT count(*), count(device), count(note) FROM {table}")
        answers["copy_from"] = cursor.fetchone()
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(f"DELETE FROM {table}")
            cursor.copy_expert(f"COPY {table} FROM STDIN", io.StringIO("2026-01-06\td\tnope\n"))
    except psycopg2.Error as error:
        answers["failed"] = error.pgcode
    with connection, connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")
        answers["undone"] = cursor.fetchone()[0]
        cursor.execute(f"DELETE FROM {table}")
        answers["deleted"] = cursor.rowcount
    connection.close()
    return answers


async def asyncpg_session(port, table):
    answers = {}
    columns = ["ts", "device", "v", "n", "note"]
    options = {"host": "127.0.0.1", "port": port, "user": "postgres", "database": "postgres"}
    async with asyncpg.create_pool(min_size=1, max_size=2, **options) as pool:
        async with pool.acquire() as connection:
            tag = await connection.copy_records_to_table(table, records=ROWS, columns=columns)
            answers["copied"] = tag
            stored = [tuple(one) for one in await connection.fetch(SELECT.format(table))]
            answers["records"] = stored == ROWS
        # The pool has reset the connection: it must still be good.
        async with pool.acquire() as connection:
            out = io.BytesIO()
            query = f"SELECT n, note FROM {table} WHERE n < $1 ORDER BY n"
            tag = await connection.copy_from_query(query, 5 * 10**12, output=out, format="csv")
            answers["query"] = [tag, out.getvalue().decode()]
            await connection.execute(f"DELETE FROM {table}")
            source = io.BytesIO(b"2026-01-05,d,1,2,three\n")
            answers["csv"] = await connection.copy_to_table(table, source=source, format="csv")
            try:
                async with connection.transaction():
                    await connection.execute(f"DELETE FROM {table}")
                    await connection.copy_records_to_table(table, records=ROWS[:10], columns=columns)
                    raise KeyError("on purpose")
            except KeyError:
                answers["rolled back"] = await connection.fetchval(f"SELECT count(*) FROM {table}")
            await connection.execute(f"DELETE FROM {table}")
            try:
                await connection.copy_records_to_table(table, records=[(ROWS[0][0], 5)], columns=columns)
            except Exception as error:  # raised by asyncpg's own encoder: it gives the COPY up
                answers["given up"] = type(error).__name__
            await connection.executemany(f"INSERT INTO {table} VALUES ($1, $2, $3, $4, $5)", FEW)
            stored = [tuple(one) for one in await connection.fetch(SELECT.format(table))]
            answers["inserted"] = stored == FEW
            heard = asyncio.get_running_loop().create_future()

            def hear(*message):
                heard.set_result(message[2:])

            await connection.add_listener("news", hear)
            async with pool.acquire() as other:
                await other.execute("SELECT pg_notify('news', $1)", "hello")
            answers["heard"] = await asyncio.wait_for(heard, 30)
            await connection.remove_listener("news", hear)
            await connection.execute(f"DELETE FROM {table}")
    return answers


def main():
    port = int(sys.argv[1])
    conninfo = f"host=127.0.0.1 port={port} user=postgres dbname=postgres"
    answers = {}
    for table in sys.argv[2:]:
        answers[table] = {
            "psycopg": psycopg3(conninfo, table),
            "psycopg2": psycopg2_session(conninfo, table),
            "asyncpg": asyncio.run(asyncpg_session(port, table)),
        }
    json.dump(answers, sys.stdout)


main()
