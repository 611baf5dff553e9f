// lib/pq below database/sql as applications use it.
package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/lib/pq"
	. "pgtide.test/clients/report"
)

var ctx = context.Background()

// connect reads the environment; binary results are lib/pq's own option.
func connect(more string) *sql.DB {
	db, err := sql.Open("postgres", more)
	Check(err)
	db.SetMaxOpenConns(1)
	return db
}

func exec(db interface {
	Exec(string, ...any) (sql.Result, error)
}, query string, args ...any) int64 {
	result, err := db.Exec(query, args...)
	Check(err)
	count, err := result.RowsAffected()
	Check(err)
	return count
}

func stateOf(err error) string {
	var failure *pq.Error
	if errors.As(err, &failure) {
		return string(failure.Code) + " " + failure.Message
	}
	return fmt.Sprint(err)
}

func types(db *sql.DB, feature string) {
	for _, row := range Values {
		for _, literal := range row[1:] {
			rows, err := db.Query("SELECT $1::text::"+row[0]+" AS x, $2::"+row[0]+"::text", literal, literal)
			Check(err)
			kinds, err := rows.ColumnTypes()
			Check(err)
			rows.Next()
			var value any
			var back string
			Check(rows.Scan(&value, &back))
			Check(rows.Close())
			Line(feature, row[0]+" "+literal, []any{value, kinds[0].DatabaseTypeName(), back})
		}
	}
	var ints []int64
	var texts []string
	var floats []float64
	Check(db.QueryRow("SELECT $1::int8[], $2::text[], $3::float8[]", pq.Array([]int64{1, -2}),
		pq.Array([]string{"", "a b", `q"\`, "NULL"}), pq.Array([]float64{0.5})).
		Scan(pq.Array(&ints), pq.Array(&texts), pq.Array(&floats)))
	Line(feature, "arrays", fmt.Sprintf("%v %q %v", ints, texts, floats))
}

func statements(db *sql.DB, plain string) {
	insert, err := db.Prepare("INSERT INTO " + plain + " (id, name, price, tags) VALUES ($1, $2, $3, $4) RETURNING id, price")
	Check(err)
	for id := 1; id <= 3; id++ {
		var got int
		var price string
		Check(insert.QueryRow(id, fmt.Sprint("n", id), "1.5", pq.Array([]string{"a", "ü"})).Scan(&got, &price))
		Line("prepared", "insert", fmt.Sprint(got, price))
	}
	Check(insert.Close())
	rows, err := db.Query("SELECT id, name, price, tags FROM "+plain+" WHERE id = ANY ($1) ORDER BY id", pq.Array([]int{1, 3}))
	Check(err)
	kinds, err := rows.ColumnTypes()
	Check(err)
	for _, kind := range kinds {
		precision, scale, isDecimal := kind.DecimalSize()
		length, hasLength := kind.Length()
		Line("prepared", "column "+kind.Name(), fmt.Sprint(kind.DatabaseTypeName(), precision, scale, isDecimal, length, hasLength))
	}
	for rows.Next() {
		var id int
		var name, price, tags string
		Check(rows.Scan(&id, &name, &price, &tags))
		Line("prepared", "row", fmt.Sprint(id, name, price, tags))
	}
	Check(rows.Err())
	several, err := db.Query("SELECT 1 AS a; SELECT 2 AS b, 3 AS c; SELECT 4 AS d WHERE false")
	Check(err)
	for more := true; more; more = several.NextResultSet() {
		columns, err := several.Columns()
		Check(err)
		count := 0
		for several.Next() {
			count++
		}
		Line("batch", "result", fmt.Sprint(columns, count))
	}
	Check(several.Err())
	_, err = db.Exec("SELECT 1; SELECT 1/0; SELECT 2")
	Line("batch", "failed", stateOf(err))
}

func transactions(db *sql.DB, plain string) {
	tx, err := db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelSerializable})
	Check(err)
	exec(tx, "INSERT INTO "+plain+" (id, name) VALUES (20, 'outer')")
	exec(tx, "SAVEPOINT one")
	_, err = tx.Exec("INSERT INTO "+plain+" (id, name) VALUES ($1, $2)", 20, "twice")
	Line("transactions", "in savepoint", stateOf(err))
	_, err = tx.Exec("SELECT 1")
	Line("transactions", "aborted", stateOf(err))
	exec(tx, "ROLLBACK TO one")
	exec(tx, "INSERT INTO "+plain+" (id, name) VALUES ($1, $2)", 21, "inner")
	Check(tx.Commit())
	tx, err = db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	Check(err)
	_, err = tx.Exec("DELETE FROM " + plain)
	Line("transactions", "refused", stateOf(err))
	Line("transactions", "commit", stateOf(tx.Commit()))
	var count int
	Check(db.QueryRow("SELECT count(*) FROM " + plain + " WHERE id >= 20").Scan(&count))
	Line("transactions", "kept", count)
}

func failures(db *sql.DB, plain string) {
	for _, query := range []string{
		"INSERT INTO " + plain + " (id, name) VALUES (20, 'again')",
		"INSERT INTO " + plain + " (id, name) VALUES (30, '')",
		"INSERT INTO " + plain + " (id) VALUES (30)",
		"SELECT nope FROM " + plain, "SELECT 'ü', FROM", "SELECT 'x'::int", "SELECT 1/0",
	} {
		_, err := db.Exec(query)
		var f *pq.Error
		if !errors.As(err, &f) {
			panic(err)
		}
		Line("errors", query, fmt.Sprintf("%s|%s|%s|%s|%s|%s|%s|%s|%s|%s|%s", f.Severity, f.Code.Name(), f.Message,
			f.Detail, f.Hint, f.Position, f.Schema, f.Table, f.Column, f.DataTypeName, f.Constraint))
	}
	_, err := db.Exec("SELECT $1::int", "x")
	Line("errors", "parameter", stateOf(err))
	_, err = db.Exec("SELECT $1", 1, 2)
	Line("errors", "too many", err)
}

func copies(db *sql.DB, series string) {
	start := time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)
	load := func(value any) error {
		tx, err := db.Begin()
		Check(err)
		defer tx.Rollback()
		in, err := tx.Prepare(pq.CopyIn(series, "ts", "device", "v", "n", "note"))
		Check(err)
		for i := 0; i < 2000; i++ {
			if _, err := in.Exec(start.Add(time.Duration(i)*time.Second), "d\t\\", value, i, nil); err != nil {
				return err
			}
		}
		if _, err := in.Exec(); err != nil {
			return err
		}
		Check(in.Close())
		return tx.Commit()
	}
	Line("copy", "in", load(1.5))
	Line("copy", "failed", stateOf(load("nope")))
	var count, sum int64
	Check(db.QueryRow("SELECT count(*), sum(n) FROM "+series).Scan(&count, &sum))
	Line("copy", "rows", fmt.Sprint(count, sum))
	rows, err := db.Query("SELECT n FROM " + series + " ORDER BY n")
	Check(err)
	for rows.Next() {
		Check(rows.Scan(&sum))
	}
	Line("streaming", "last", sum)
	rows, err = db.Query("SELECT g FROM generate_series(1, 100000) g")
	Check(err)
	rows.Next()
	Check(rows.Close()) // reads to the end
	Check(db.QueryRow("SELECT 1").Scan(&sum))
	Line("streaming", "left early", sum)
}

func cancels(db *sql.DB) {
	short, stop := context.WithTimeout(ctx, 300*time.Millisecond)
	defer stop()
	_, err := db.ExecContext(short, "SELECT pg_sleep(30)")
	Line("cancel", "context", stateOf(err))
	var one int
	Check(db.QueryRow("SELECT 1").Scan(&one))
	Line("cancel", "then", one)
}

func listens(db *sql.DB) {
	listener := pq.NewListener("", time.Second, time.Second, func(event pq.ListenerEventType, err error) { Check(err) })
	Check(listener.Listen("news"))
	Check(listener.Ping())
	exec(db, "NOTIFY news, 'hello ü'")
	heard := <-listener.Notify
	Line("listen", "heard", heard.Channel+" "+heard.Extra)
	Check(listener.UnlistenAll())
	Check(listener.Close())
}

func main() {
	db := connect("")
	Check(db.Ping())
	Connected(os.Getenv("PGSSLMODE") == "verify-full") // else the connection would have failed
	made, series, plain := Tables("pq")
	for _, query := range made {
		exec(db, query)
	}
	types(db, "text")
	binary := connect("binary_parameters=yes")
	types(binary, "binary")
	Check(binary.Close())
	statements(db, plain)
	transactions(db, plain)
	failures(db, plain)
	copies(db, series)
	cancels(db)
	listens(db)
	exec(db, made[0])
	Check(db.Close())
}
