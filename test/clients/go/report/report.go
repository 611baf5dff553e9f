// Package report is what the Go programs share: how they print, what types they try.
package report

import (
	"encoding/hex"
	"fmt"
	"os"
	"strings"
	"time"
)

// Using makes CREATE TABLE one of a time series, where there are such.
var Using = os.Getenv("CLIENT_USING")

// Values are literals by type: every driver reads them and sends back what it made of them.
var Values = [][]string{
	{"bool", "true", "false"},
	{"int2", "-32768", "32767"},
	{"int4", "-2147483648", "0"},
	{"int8", "-9223372036854775808", "9223372036854775807"},
	{"float4", "0.1", "-3.4028235e38", "NaN"},
	{"float8", "0.1", "-1.7976931348623157e308", "5e-324", "-Infinity"},
	{"numeric", "0", "-12345.678900", "1e20", "0.00000000000000000001", "NaN"},
	{"text", "", "tide ü 🌊", "a'b\"c\\d\ne\tf"},
	{"bytea", "\\x", "\\x00ff5c27"},
	{"date", "2024-02-29", "0001-01-01", "9999-12-31"},
	{"time", "00:00:00", "23:59:59.999999"},
	{"timestamp", "1969-12-31 23:59:59.000001", "0001-01-01 00:00:00"},
	{"timestamptz", "2024-02-29 23:59:59.999999+00", "1900-01-01 00:00:00+05:30"},
	{"interval", "3 days 00:00:05.000007", "1 year 2 mons -1 days +02:00:00"},
	{"uuid", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"},
	{"json", `{"a": [1, null, "x"],  "b":2}`},
	{"jsonb", `{"b": 1.50, "a": [true, null, "ü"]}`},
	{"int4[]", "{}", "{1,NULL,3}", "{{1,2},{3,4}}"},
	{"text[]", `{"",NULL,"a b","NULL","q\"\\"}`},
	{"float8[]", "{0.1,NaN,-Infinity}"},
}

// Columns of the series; the ordinary table has something to violate.
const Columns = "(ts timestamptz NOT NULL, device text NOT NULL, v float8, n int8, note text)"

// Tables are statements that make this program's tables, and the names of both.
func Tables(prefix string) (statements []string, series, plain string) {
	series, plain = prefix+"_series", prefix+"_plain"
	return []string{
		"DROP TABLE IF EXISTS " + series + ", " + plain,
		"CREATE TABLE " + series + " " + Columns + " " + Using,
		"CREATE TABLE " + plain + " (id int PRIMARY KEY, name text NOT NULL CONSTRAINT " + prefix +
			"_named CHECK (name <> ''), price numeric(10,2), tags text[])",
	}, series, plain
}

// Quoted is a literal for SQL text.
func Quoted(literal string) string {
	return "'" + strings.ReplaceAll(literal, "'", "''") + "'"
}

// Connected must be the first line.
func Connected(isEncrypted bool) { fmt.Printf("connected: encrypted = %t\n", isEncrypted) }

// Line prints one thing that was seen, on one line.
func Line(feature, what string, value any) {
	one := strings.NewReplacer("\n", "\\n", "\t", "\\t")
	fmt.Printf("%s: %s = %s\n", feature, one.Replace(what), one.Replace(Shown(value)))
}

// Shown is a value's text, the same on every run.
func Shown(value any) string {
	switch v := value.(type) {
	case nil:
		return "nil"
	case time.Time:
		return v.UTC().Format(time.RFC3339Nano)
	case []byte:
		return "bytes " + hex.EncodeToString(v)
	case [16]byte:
		return "uuid " + hex.EncodeToString(v[:])
	case []any:
		all := make([]string, len(v))
		for i, one := range v {
			all[i] = Shown(one)
		}
		return "[" + strings.Join(all, ", ") + "]"
	default:
		return fmt.Sprintf("%v", v)
	}
}

// Check ends the program with an error that nothing expects.
func Check(err error) {
	if err != nil {
		panic(err)
	}
}
