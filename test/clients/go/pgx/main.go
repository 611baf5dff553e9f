// pgx v5 as applications use it.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"crypto/tls"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
	. "pgtide.test/clients/report"
)

var ctx = context.Background()

func connect() *pgx.Conn {
	conn, err := pgx.Connect(ctx, "")
	Check(err)
	return conn
}

func shown(value any) any {
	switch v := value.(type) {
	case pgtype.Numeric:
		text, err := v.Value()
		Check(err)
		return text
	case pgtype.Interval:
		return fmt.Sprint(v.Months, " mons ", v.Days, " days ", v.Microseconds)
	case pgtype.Time:
		return v.Microseconds
	default:
		return value
	}
}

func types(conn *pgx.Conn, feature string, mode pgx.QueryExecMode) {
	for _, row := range Values {
		name := row[0]
		for _, literal := range row[1:] {
			query := "SELECT " + Quoted(literal) + "::" + name
			rows, err := conn.Query(ctx, query, mode)
			Check(err)
			rows.Next()
			values, err := rows.Values()
			Check(err)
			rows.Close()
			oid := rows.FieldDescriptions()[0].DataTypeOID
			var back string
			sent := values[0]
			// A Go map does not keep the text; without types there is no way back for the others.
			if mode == pgx.QueryExecModeSimpleProtocol || name == "json" || name == "jsonb" {
				sent = literal
			}
			Check(conn.QueryRow(ctx, "SELECT $1::"+name+"::text", mode, sent).Scan(&back))
			Line(feature, name+" "+literal, []any{shown(values[0]), oid, back})
		}
	}
}

func prepared(conn *pgx.Conn, plain string) {
	described, err := conn.Prepare(ctx, "ins", "INSERT INTO "+plain+" VALUES ($1, $2, $3, $4)")
	Check(err)
	Line("prepared", "parameters", fmt.Sprint(described.ParamOIDs, len(described.Fields)))
	for id := 1; id <= 3; id++ {
		tags := []string{fmt.Sprint("t", id), "ü, x"}
		tag, err := conn.Exec(ctx, "ins", id, fmt.Sprint("n", id), float64(id)/4, tags)
		Check(err)
		Line("prepared", "insert", tag)
	}
	described, err = conn.Prepare(ctx, "sel", "SELECT id, name, price, tags FROM "+plain+
		" WHERE id = ANY ($1) OR name LIKE $2 ORDER BY id LIMIT $3 OFFSET $4")
	Check(err)
	Line("prepared", "parameters", described.ParamOIDs)
	for _, field := range described.Fields {
		Line("prepared", "field "+field.Name, fmt.Sprint(field.DataTypeOID, field.TypeModifier,
			field.DataTypeSize, field.TableAttributeNumber))
	}
	rows, err := conn.Query(ctx, "sel", []int32{1, 3}, "%2", 5, 1)
	Check(err)
	for rows.Next() {
		values, err := rows.Values()
		Check(err)
		values[2] = shown(values[2])
		Line("prepared", "row", values)
	}
	Check(rows.Err())
	// The cache of statements finds out that the table has changed.
	Line("prepared", "columns", width(conn, plain))
	_, err = conn.Exec(ctx, "ALTER TABLE "+plain+" ADD COLUMN more int DEFAULT 7")
	Check(err)
	rows, _ = conn.Query(ctx, "SELECT * FROM "+plain+" WHERE id = $1", 1)
	rows.Close()
	Line("prepared", "after ALTER", stateOf(rows.Err()))
	Line("prepared", "columns", width(conn, plain))
	Check(conn.Deallocate(ctx, "sel"))
	_, err = conn.Exec(ctx, "ALTER TABLE "+plain+" DROP COLUMN more")
	Check(err)
	Check(conn.DeallocateAll(ctx))
}

func width(conn *pgx.Conn, plain string) int {
	rows, err := conn.Query(ctx, "SELECT * FROM "+plain+" WHERE id = $1", 1)
	Check(err)
	defer rows.Close()
	return len(rows.FieldDescriptions())
}

func stateOf(err error) string {
	var failure *pgconn.PgError
	if errors.As(err, &failure) {
		return failure.Code + " " + failure.Message
	}
	return fmt.Sprint(err)
}

func batches(conn *pgx.Conn, plain string) {
	batch := &pgx.Batch{}
	for id := 10; id < 60; id++ {
		batch.Queue("INSERT INTO "+plain+" (id, name) VALUES ($1, $2)", id, fmt.Sprint("b", id))
	}
	batch.Queue("SELECT count(*), max(id) FROM " + plain)
	results := conn.SendBatch(ctx, batch)
	for id := 10; id < 60; id++ {
		_, err := results.Exec()
		Check(err)
	}
	var count, most int64
	Check(results.QueryRow().Scan(&count, &most))
	Check(results.Close())
	Line("batch", "inserted", fmt.Sprint(count, most))
	failing := &pgx.Batch{}
	failing.Queue("INSERT INTO "+plain+" (id, name) VALUES ($1, $2)", 99, "kept?")
	failing.Queue("INSERT INTO "+plain+" (id, name) VALUES ($1, $2)", 10, "again")
	failing.Queue("SELECT 1")
	Line("batch", "failed", stateOf(conn.SendBatch(ctx, failing).Close()))
	Check(conn.QueryRow(ctx, "SELECT count(*) FROM "+plain+" WHERE id = 99").Scan(&count))
	Line("batch", "undone", count)

	pipeline := conn.PgConn().StartPipeline(ctx)
	pipeline.SendPrepare("pip", "SELECT $1::int + 1", nil)
	pipeline.SendQueryPrepared("pip", [][]byte{[]byte("41")}, nil, nil)
	Check(pipeline.Sync())
	pipeline.SendQueryParams("SELECT 1/$1::int", [][]byte{[]byte("0")}, nil, nil, nil)
	pipeline.SendQueryParams("SELECT 5", nil, nil, nil, nil)
	Check(pipeline.Sync())
	pipeline.SendQueryParams("SELECT 6", nil, nil, nil, nil)
	Check(pipeline.Sync())
	for {
		result, err := pipeline.GetResults()
		if err == nil && result == nil {
			break
		}
		switch one := result.(type) {
		case *pgconn.ResultReader:
			read := one.Read()
			Line("batch", "pipeline", fmt.Sprintf("%s %s %v", read.Rows, read.CommandTag, stateOf(read.Err)))
		default:
			Line("batch", "pipeline", fmt.Sprintf("%T %s", result, stateOf(err)))
		}
	}
	Check(pipeline.Close())
}

func streams(conn *pgx.Conn, series string) {
	rows, err := conn.Query(ctx, "SELECT g, repeat('x', 100) FROM generate_series(1, 20000) g")
	Check(err)
	var sum, seen, g int64
	for rows.Next() {
		var text string
		Check(rows.Scan(&g, &text))
		sum, seen = sum+g, seen+int64(len(text))
	}
	Check(rows.Err())
	Line("streaming", "sum", fmt.Sprint(sum, seen, rows.CommandTag()))
	early, err := conn.Query(ctx, "SELECT n FROM "+series+" ORDER BY n")
	Check(err)
	early.Next()
	early.Close()
	Line("streaming", "left early", early.CommandTag())
	tx, err := conn.Begin(ctx)
	Check(err)
	_, err = tx.Exec(ctx, "DECLARE c SCROLL CURSOR FOR SELECT n FROM "+series+" ORDER BY n")
	Check(err)
	for _, fetch := range []string{"FORWARD 3", "LAST", "BACKWARD 2", "ABSOLUTE 2", "ALL"} {
		rows, _ := tx.Query(ctx, "FETCH "+fetch+" FROM c")
		all, err := pgx.CollectRows(rows, pgx.RowTo[int64])
		Check(err)
		Line("streaming", "FETCH "+fetch, fmt.Sprint(len(all), all[0], all[len(all)-1], rows.CommandTag()))
	}
	Check(tx.Commit(ctx))
	_, err = pgx.CollectRows(must(conn.Query(ctx, "SELECT 1/(3-g) FROM generate_series(1,9) g")), pgx.RowTo[int32])
	Line("streaming", "error", stateOf(err))
}

func must(rows pgx.Rows, err error) pgx.Rows { Check(err); return rows }

func transactions(conn *pgx.Conn, plain string) {
	status := func(what string) { Line("transactions", what, string(conn.PgConn().TxStatus())) }
	tx, err := conn.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
	Check(err)
	status("read only")
	_, err = tx.Exec(ctx, "DELETE FROM "+plain)
	Line("transactions", "refused", stateOf(err))
	status("failed")
	_, err = tx.Exec(ctx, "SELECT 1")
	Line("transactions", "aborted", stateOf(err))
	Line("transactions", "commit", tx.Commit(ctx))
	status("after")
	tx, err = conn.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.Serializable, DeferrableMode: pgx.Deferrable})
	Check(err)
	var level string
	Check(tx.QueryRow(ctx, "SHOW transaction_isolation").Scan(&level))
	Line("transactions", "isolation", level)
	_, err = tx.Exec(ctx, "INSERT INTO "+plain+" (id, name) VALUES (200, 'outer')")
	Check(err)
	inner, err := tx.Begin(ctx)
	Check(err)
	_, err = inner.Exec(ctx, "INSERT INTO "+plain+" (id, name) VALUES (201, 'inner')")
	Check(err)
	deeper, err := inner.Begin(ctx)
	Check(err)
	_, err = deeper.Exec(ctx, "INSERT INTO "+plain+" (id, name) VALUES (201, 'twice')")
	Line("transactions", "in savepoint", stateOf(err))
	Check(deeper.Rollback(ctx))
	Check(inner.Commit(ctx))
	Check(tx.Commit(ctx))
	var names []string
	Check(conn.QueryRow(ctx, "SELECT array_agg(name ORDER BY id) FROM "+plain+" WHERE id >= 200").Scan(&names))
	Line("transactions", "kept", names)
}

func failures(conn *pgx.Conn, plain string) {
	for _, sql := range []string{
		"INSERT INTO " + plain + " (id, name) VALUES (200, 'again')",
		"INSERT INTO " + plain + " (id, name) VALUES (300, '')",
		"INSERT INTO " + plain + " (id) VALUES (300)",
		"SELECT nope FROM " + plain,
		"SELECT 'ü', FROM",
		"SELECT 'x'::int",
		"SELECT 1/0",
		"DROP TABLE no_such_table",
		"SELECT * FROM no_such_table",
		"SELECT nothing(1)",
	} {
		_, err := conn.Exec(ctx, sql)
		var f *pgconn.PgError
		if !errors.As(err, &f) {
			panic(err)
		}
		Line("errors", sql, fmt.Sprintf("%s|%s|%s|%s|%s|%d|%s|%s|%s|%s|%s", f.Severity, f.Code, f.Message,
			f.Detail, f.Hint, f.Position, f.SchemaName, f.TableName, f.ColumnName, f.DataTypeName, f.ConstraintName))
	}
}

func cancels(conn *pgx.Conn) {
	time.AfterFunc(300*time.Millisecond, func() { Check(conn.PgConn().CancelRequest(ctx)) })
	_, err := conn.Exec(ctx, "SELECT pg_sleep(30)")
	Line("cancel", "request", stateOf(err))
	other := connect()
	short, stop := context.WithTimeout(ctx, 300*time.Millisecond)
	defer stop()
	_, err = other.Exec(short, "SELECT pg_sleep(30)")
	Line("cancel", "context", fmt.Sprint(errors.Is(err, context.DeadlineExceeded), other.IsClosed()))
	_, err = conn.Exec(ctx, "SET statement_timeout = 100; SELECT pg_sleep(30)")
	Line("cancel", "timeout", stateOf(err))
	_, err = conn.Exec(ctx, "RESET statement_timeout")
	Check(err)
}

func copies(conn *pgx.Conn, series string) {
	start := time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)
	source := pgx.CopyFromSlice(5000, func(i int) ([]any, error) {
		var note any = "line\nbreak\tü\\"
		if i%3 == 0 {
			note = nil
		}
		return []any{start.Add(time.Duration(i) * time.Second), fmt.Sprint("d", i%3), float64(i) / 8, int64(i), note}, nil
	})
	columns := []string{"ts", "device", "v", "n", "note"}
	copied, err := conn.CopyFrom(ctx, pgx.Identifier{series}, columns, source)
	Check(err)
	Line("copy", "in", copied)
	var out bytes.Buffer
	tag, err := conn.PgConn().CopyTo(ctx, &out, "COPY (SELECT * FROM "+series+" WHERE n < 3 ORDER BY n) TO STDOUT (FORMAT csv)")
	Check(err)
	Line("copy", "out", fmt.Sprint(tag, out.String()))
	_, err = conn.PgConn().CopyFrom(ctx, bytes.NewBufferString("2026-01-05\td\tnope\t1\ta\n"), "COPY "+series+" FROM STDIN")
	var f *pgconn.PgError
	errors.As(err, &f)
	Line("copy", "failed", f.Code+" "+f.Where)
	bad := pgx.CopyFromRows([][]any{{start, nil, 1.0, int64(1), nil}})
	_, err = conn.CopyFrom(ctx, pgx.Identifier{series}, columns, bad)
	Line("copy", "null", stateOf(err))
	_, err = conn.CopyFrom(ctx, pgx.Identifier{"no_such_table"}, columns, bad)
	Line("copy", "no table", stateOf(err))
}

func main() {
	conn := connect()
	_, isEncrypted := conn.PgConn().Conn().(*tls.Conn)
	Connected(isEncrypted)
	Check(conn.Ping(ctx))
	statements, series, plain := Tables("pgx")
	for _, sql := range statements {
		_, err := conn.Exec(ctx, sql)
		Check(err)
	}
	types(conn, "text", pgx.QueryExecModeSimpleProtocol)
	types(conn, "binary", pgx.QueryExecModeCacheStatement)
	prepared(conn, plain)
	copies(conn, series)
	batches(conn, plain)
	streams(conn, series)
	transactions(conn, plain)
	failures(conn, plain)
	cancels(conn)
	_, err := conn.Exec(ctx, "LISTEN news")
	Check(err)
	other := connect()
	_, err = other.Exec(ctx, "SELECT pg_notify('news', $1)", "hello ü")
	Check(err)
	news, err := conn.WaitForNotification(ctx)
	Check(err)
	Line("listen", "heard", fmt.Sprint(news.Channel, news.Payload, news.PID == other.PgConn().PID()))
	loaded, err := conn.LoadType(ctx, "_uuid")
	Check(err)
	Line("catalogue", "type", fmt.Sprint(loaded.Name, loaded.OID))
	for _, name := range statements[:1] {
		_, err := conn.Exec(ctx, name)
		Check(err)
	}
	Check(conn.Close(ctx))
}
