// Rows in and out through pgx; one JSON object for copy-clients.test.ts.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"reflect"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

var columns = []string{"ts", "device", "v", "n", "note"}

func rows(count int) [][]any {
	var all [][]any
	for i := 0; i < count; i++ {
		when := time.Date(2026, 1, 5, 0, 0, i, i*1000, time.UTC)
		var note any = "line\nbreak\tü\\"
		if i%3 == 0 {
			note = nil
		}
		all = append(all, []any{when, fmt.Sprint("d", i%3), float64(i) / 8, int64(i), note})
	}
	return all
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func stateOf(err error) string {
	var failure *pgconn.PgError
	if errors.As(err, &failure) {
		return failure.Code
	}
	return fmt.Sprint(err)
}

func stored(ctx context.Context, conn *pgx.Conn, table string) [][]any {
	found, err := conn.Query(ctx, "SELECT ts, device, v, n, note FROM "+table+" ORDER BY ts, n")
	check(err)
	var all [][]any
	for found.Next() {
		values, err := found.Values()
		check(err)
		values[0] = values[0].(time.Time).UTC()
		all = append(all, values)
	}
	check(found.Err())
	return all
}

func session(ctx context.Context, conn *pgx.Conn, table string) map[string]any {
	answers := map[string]any{}
	exec := func(sql string, arguments ...any) int64 {
		tag, err := conn.Exec(ctx, sql, arguments...)
		check(err)
		return tag.RowsAffected()
	}
	insert := "INSERT INTO " + table + " VALUES ($1, $2, $3, $4, $5)"
	source := pgx.CopyFromRows(rows(5000))
	copied, err := conn.CopyFrom(ctx, pgx.Identifier{table}, columns, source)
	check(err)
	answers["copied"] = copied
	answers["same"] = reflect.DeepEqual(stored(ctx, conn, table), rows(5000))

	var out bytes.Buffer
	_, err = conn.PgConn().CopyTo(ctx, &out,
		"COPY (SELECT n, note FROM "+table+" WHERE n < 2 ORDER BY n) TO STDOUT")
	check(err)
	answers["text"] = out.String()

	tx, err := conn.Begin(ctx)
	check(err)
	_, err = tx.Exec(ctx, "DELETE FROM "+table)
	check(err)
	_, err = tx.CopyFrom(ctx, pgx.Identifier{table}, columns, pgx.CopyFromRows(rows(10)))
	check(err)
	inner, err := tx.Begin(ctx) // a savepoint
	check(err)
	_, err = inner.Exec(ctx, "SELECT 1/0")
	answers["savepoint"] = stateOf(err)
	check(inner.Rollback(ctx))
	answers["inside"] = len(stored(ctx, conn, table))
	check(tx.Rollback(ctx))
	answers["rolled back"] = len(stored(ctx, conn, table))

	_, err = conn.PgConn().CopyFrom(ctx, bytes.NewBufferString("2026-01-05\td\tnope\t1\ta\n"),
		"COPY "+table+" FROM STDIN")
	answers["failed"] = stateOf(err)
	answers["deleted"] = exec("DELETE FROM " + table)

	batch := &pgx.Batch{}
	for _, one := range rows(100) {
		batch.Queue(insert, one...)
	}
	check(conn.SendBatch(ctx, batch).Close())
	answers["batch"] = reflect.DeepEqual(stored(ctx, conn, table), rows(100))
	failing := &pgx.Batch{}
	failing.Queue(insert, rows(1)[0]...)
	failing.Queue("SELECT 1/0")
	answers["failed batch"] = stateOf(conn.SendBatch(ctx, failing).Close())
	answers["after it"] = len(stored(ctx, conn, table))

	exec("LISTEN news")
	exec("SELECT pg_notify('news', $1)", "hello")
	news, err := conn.WaitForNotification(ctx)
	check(err)
	answers["heard"] = []string{news.Channel, news.Payload}
	exec("UNLISTEN *")
	exec("DELETE FROM " + table)
	return answers
}

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), 90*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, fmt.Sprintf(
		"host=127.0.0.1 port=%s user=postgres database=postgres sslmode=disable", os.Args[1]))
	check(err)
	defer conn.Close(ctx)
	answers := map[string]any{}
	for _, table := range os.Args[2:] {
		answers[table] = session(ctx, conn, table)
	}
	check(json.NewEncoder(os.Stdout).Encode(answers))
}
