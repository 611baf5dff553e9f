"""psycopg 3 as applications use it; prints one JSON object of answers for psycopg.test.ts."""

import datetime as dt
import decimal
import json
import sys

import psycopg

UTC = dt.timezone.utc
VALUES = {
    "int4": 42,
    "int8": 2**62,
    "float8": 0.1,
    "bool": True,
    "text": "tide ü 'quoted'",
    "numeric": decimal.Decimal("12345.678900"),
    "timestamptz": dt.datetime(2024, 2, 29, 23, 59, 59, 999999, UTC),
    "timestamp": dt.datetime(1969, 12, 31, 23, 59, 59, 1),
    "date": dt.date(2024, 2, 29),
    "interval": dt.timedelta(days=3, seconds=5, microseconds=7),
    "bytea": b"\x00\xff",
}


def round_trips(connection):
    """Every value in text and binary, both as parameter and as result: those that came back changed."""
    changed = []
    for type_name, value in VALUES.items():
        for placeholder in ("%t", "%b"):
            for binary in (False, True):
                with connection.cursor(binary=binary) as cursor:
                    cursor.execute(f"SELECT {placeholder}::{type_name}", (value,))
                    (answer,) = cursor.fetchone()
                if answer != value:
                    changed.append([type_name, placeholder, binary, repr(answer)])
    return changed


BYTES = {
    "int8": ("-1", "ffffffffffffffff"),
    "float8": ("1.5", "3ff8000000000000"),
    "float4": ("NaN", "7fc00000"),
    "bool": ("true", "01"),
    "bytea": ("\\xdeadbeef", "deadbeef"),
    "timestamptz": ("2000-01-01 00:00:01+00", "00000000000f4240"),
    "timestamp": ("1999-12-31 23:59:59", "fffffffffff0bdc0"),
    "date": ("1999-12-31", "ffffffff"),
    "time": ("00:00:01", "00000000000f4240"),
    "uuid": ("0f8fad5b-d9cb-469f-a165-70867728950e", "0f8fad5bd9cb469fa16570867728950e"),
    "numeric": ("-1234.50", "000200004000000204d21388"),
    "interval": ("1 mon 2 days 00:00:03", "00000000002dc6c00000000200000001"),
    "jsonb": ('{"a": 1}', "01" + b'{"a": 1}'.hex()),
    "text[]": ("{a,NULL}", "000000010000000100000019000000020000000100000001" + "61ffffffff"),
}


def wrong_bytes(connection):
    """Binary results that are not the bytes of PostgreSQL's manual."""
    wrong = []
    for type_name, (text, expected) in BYTES.items():
        with connection.cursor(binary=True) as cursor:
            cursor.execute(f"SELECT %s::text::{type_name}", (text,))
            answer = cursor.pgresult.get_value(0, 0).hex()
        if answer != expected:
            wrong.append([type_name, answer, expected])
    return wrong


def by_day(connection, binary):
    with connection.cursor(binary=binary) as cursor:
        cursor.execute(
            "SELECT date_trunc('day', ts) AS day, count(*), max(high) FROM nvda"
            " WHERE ts >= %s AND ts < %s AND symbol = ANY(%s) GROUP BY 1 ORDER BY 1",
            (dt.datetime(2024, 6, 3, tzinfo=UTC), dt.datetime(2024, 6, 5, tzinfo=UTC), ["NVDA"]),
        )
        return [[day.isoformat(), count, high] for day, count, high in cursor.fetchall()]


def states(connection):
    found = []
    for sql in ("SELECT * FROM no_such_table", "SELECT nope FROM nvda", "SELECT 'x'::int"):
        try:
            connection.execute(sql)
        except psycopg.Error as error:
            found.append(error.sqlstate)
    return found


def prepared(connection):
    """Executed often enough that psycopg prepares it on the server."""
    counts = set()
    for _ in range(8):
        sql = "SELECT count(*) FROM nvda WHERE close > %s"
        counts.add(connection.execute(sql, (0.0,), prepare=True).fetchone()[0])
    return sorted(counts)


def main():
    conninfo = f"host=127.0.0.1 port={sys.argv[1]} user=postgres dbname=postgres"
    with psycopg.connect(conninfo, autocommit=True) as connection:
        answers = {
            "changed": round_trips(connection),
            "wrong_bytes": wrong_bytes(connection),
            "text": by_day(connection, False),
            "binary": by_day(connection, True),
            "states": states(connection),
            "prepared": prepared(connection),
            "status": connection.info.transaction_status.name,
        }
        with connection.transaction():
            answers["inside"] = connection.execute("SELECT count(*) FROM nvda").fetchone()[0]
        with connection.cursor() as cursor:
            cursor.executemany("SELECT %s::int", [(1,), (2,), (3,)], returning=True)
            answers["pipelined"] = [cursor.fetchone()[0]]
            while cursor.nextset():
                answers["pipelined"].append(cursor.fetchone()[0])
    json.dump(answers, sys.stdout)


main()
