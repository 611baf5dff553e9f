"""What the Python programs share: how they print, what types they try, which tables they use."""

import os
import sys

USING = os.environ["CLIENT_USING"]

# Type, literals. Every driver reads them and sends back what it made of them.
VALUES = [
    ("bool", ["true", "false"]),
    ("int2", ["-32768", "32767"]),
    ("int4", ["-2147483648", "0"]),
    ("int8", ["-9223372036854775808", "9223372036854775807"]),
    ("float4", ["0.1", "-3.4028235e38", "NaN", "Infinity"]),
    ("float8", ["0.1", "-1.7976931348623157e308", "5e-324", "NaN", "-Infinity"]),
    ("numeric", ["0", "-12345.678900", "1e20", "0.00000000000000000001", "NaN"]),
    ("text", ["", "tide ü 🌊", "a'b\"c\\d\ne\tf"]),
    ("varchar", ["NULL"]),
    ("bytea", ["\\x", "\\x00ff5c27"]),
    ("date", ["2024-02-29", "0001-01-01", "9999-12-31"]),
    ("time", ["00:00:00", "23:59:59.999999"]),
    ("timestamp", ["1969-12-31 23:59:59.000001", "2262-04-12 00:00:00", "0001-01-01 00:00:00"]),
    ("timestamptz", ["2024-02-29 23:59:59.999999+00", "1900-01-01 00:00:00+05:30"]),
    ("interval", ["3 days 00:00:05.000007", "-1 days +02:00:00", "400 days"]),
    ("uuid", ["a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"]),
    ("json", ['{"a": [1, null, "x"],  "b":2}']),
    ("jsonb", ['{"b": 1.50, "a": [true, null, "ü"]}']),
    ("int4[]", ["{}", "{1,NULL,3}", "{{1,2},{3,4}}"]),
    ("text[]", ['{"",NULL,"a b","NULL","q\\"\\\\"}']),
    ("float8[]", ["{0.1,NaN,-Infinity}"]),
    ("timestamptz[]", ['{"2024-02-29 12:00:00+00",NULL}']),
    ("numeric[]", ["{1.10,NaN}"]),
]

# Values that have no Python object: read as text.
BEYOND = [
    ("date", ["infinity", "4713-01-01 BC", "5874897-12-31"]),
    ("timestamp", ["-infinity", "0044-03-15 12:00:00 BC", "99999-01-01 00:00:00"]),
    ("timestamptz", ["infinity", "0044-03-15 12:00:00+00 BC", "294276-12-31 23:59:59+00"]),
    ("interval", ["1 year 2 mons 3 days -04:05:06.7", "178000000 years"]),
    ("numeric", ["Infinity", "1" + 40 * "0" + ".5"]),
]


def literals(values=VALUES):
    return [(name, one) for name, several in values for one in several]


def quoted(literal):
    return "NULL" if literal == "NULL" else "'" + literal.replace("'", "''") + "'"


def connected(is_encrypted):
    print(f"connected: encrypted = {'true' if is_encrypted else 'false'}")


def line(feature, what, value):
    """One line of what came; text as it is when it has no line breaks, anything else by repr."""
    shown = value if isinstance(value, str) and value.isprintable() else repr(value)
    print(f"{feature}: {what} = {shown}")
    sys.stdout.flush()


def error_of(action, kinds):
    """The error that an action raises, which must be one of these kinds."""
    try:
        action()
    except kinds as error:
        return error
    return None


# A time series (here), and an ordinary table with something to violate.
COLUMNS = "(ts timestamptz NOT NULL, device text NOT NULL, v float8, n int8, note text)"


def tables(prefix):
    """Statements that make this program's tables, and the names of both."""
    series, plain = f"{prefix}_series", f"{prefix}_plain"
    statements = [
        f"DROP TABLE IF EXISTS {series}, {plain}",
        f"CREATE TABLE {series} {COLUMNS} {USING}",
        f"CREATE TABLE {plain} (id int PRIMARY KEY, name text NOT NULL CONSTRAINT {prefix}_named"
        " CHECK (name <> ''), price numeric(10,2), made timestamptz, tags text[], info jsonb)",
    ]
    return statements, series, plain
