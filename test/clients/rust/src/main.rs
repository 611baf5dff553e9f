//! tokio-postgres as applications use it.

use std::env::var;
use std::error::Error;
use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use futures_util::future::{join_all, try_join3};
use futures_util::{pin_mut, SinkExt, TryStreamExt};
use native_tls::{Certificate, TlsConnector};
use postgres_native_tls::MakeTlsConnector;
use tokio_postgres::binary_copy::{BinaryCopyInWriter, BinaryCopyOutStream};
use tokio_postgres::error::DbError;
use tokio_postgres::types::{FromSql, ToSql, Type};
use tokio_postgres::{AsyncMessage, Client, NoTls, SimpleQueryMessage};
use uuid::Uuid;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

const COLUMNS: &str =
    "(ts timestamptz NOT NULL, device text NOT NULL, v float8, n int8, note text)";

fn line(feature: &str, what: &str, value: impl std::fmt::Debug) {
    println!("{feature}: {what} = {value:?}");
}

fn environment(name: &str) -> String {
    var(name).unwrap_or_default()
}

fn tls() -> Outcome<MakeTlsConnector> {
    let root = Certificate::from_pem(&std::fs::read(environment("PGSSLROOTCERT"))?)?;
    Ok(MakeTlsConnector::new(
        TlsConnector::builder().add_root_certificate(root).build()?,
    ))
}

/// Notifications are printed by who drives the connection.
async fn connect() -> Outcome<Client> {
    let is_encrypted = environment("PGSSLMODE") == "verify-full";
    let config = format!(
        "host={} port={} user={} password={} dbname={} sslmode={}",
        environment("PGHOST"),
        environment("PGPORT"),
        environment("PGUSER"),
        environment("PGPASSWORD"),
        environment("PGDATABASE"),
        if is_encrypted { "require" } else { "disable" },
    );
    macro_rules! driven {
        ($pair:expr) => {{
            let (client, mut connection) = $pair;
            tokio::spawn(async move {
                let messages = futures_util::stream::poll_fn(move |cx| connection.poll_message(cx));
                pin_mut!(messages);
                while let Ok(Some(message)) = messages.try_next().await {
                    match message {
                        AsyncMessage::Notification(n) => {
                            line("listen", "heard", (n.channel(), n.payload()))
                        }
                        AsyncMessage::Notice(n) if n.code().code() != "00000" => {
                            line("errors", "notice", (n.code().code(), n.message()))
                        }
                        _ => (),
                    }
                }
            });
            client
        }};
    }
    Ok(if is_encrypted {
        driven!(tokio_postgres::connect(&config, tls()?).await?)
    } else {
        driven!(tokio_postgres::connect(&config, NoTls).await?)
    })
}

fn db(error: &tokio_postgres::Error) -> DbError {
    error.as_db_error().expect("an error of the server").clone()
}

fn state(error: &tokio_postgres::Error) -> String {
    match error.as_db_error() {
        Some(e) => format!("{} {}", e.code().code(), e.message()),
        None => error.to_string(),
    }
}

async fn both<T>(client: &Client, name: &str, literals: &[&str]) -> Outcome<()>
where
    T: for<'a> FromSql<'a> + ToSql + Sync + std::fmt::Debug,
{
    for literal in literals {
        let row = client
            .query_one(&format!("SELECT '{literal}'::{name} AS x"), &[])
            .await?;
        let value: T = row.try_get(0)?;
        let sql = format!("SELECT $1::{name}::text, pg_typeof($1)::text");
        let back = client.query_one(&sql, &[&value]).await?;
        let (text, kind): (String, String) = (back.get(0), back.get(1));
        line(
            "binary",
            &format!("{name} {literal}"),
            (value, row.columns()[0].type_().oid(), text, kind),
        );
    }
    Ok(())
}

async fn types(client: &Client) -> Outcome<()> {
    both::<bool>(client, "bool", &["true", "false"]).await?;
    both::<i16>(client, "int2", &["-32768"]).await?;
    both::<i32>(client, "int4", &["-2147483648"]).await?;
    both::<i64>(client, "int8", &["-9223372036854775808"]).await?;
    both::<u32>(client, "oid", &["4294967295"]).await?;
    both::<f32>(client, "float4", &["0.1", "NaN"]).await?;
    both::<f64>(client, "float8", &["5e-324", "-Infinity"]).await?;
    both::<String>(client, "text", &["", "tide ü 🌊"]).await?;
    both::<String>(client, "varchar", &["x"]).await?;
    both::<String>(client, "name", &["x"]).await?;
    both::<Vec<u8>>(client, "bytea", &["\\x", "\\x00ff5c27"]).await?;
    both::<NaiveDate>(client, "date", &["2024-02-29", "0001-01-01"]).await?;
    both::<NaiveTime>(client, "time", &["23:59:59.999999"]).await?;
    both::<NaiveDateTime>(client, "timestamp", &["1969-12-31 23:59:59.000001"]).await?;
    both::<DateTime<Utc>>(client, "timestamptz", &["2024-02-29 23:59:59.999999+01"]).await?;
    both::<Uuid>(client, "uuid", &["a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"]).await?;
    both::<serde_json::Value>(client, "json", &["{\"a\": [1, null]}"]).await?;
    both::<serde_json::Value>(client, "jsonb", &["{\"b\": 1.50, \"a\": \"ü\"}"]).await?;
    both::<Vec<Option<i32>>>(client, "int4[]", &["{}", "{1,NULL,3}"]).await?;
    both::<Vec<String>>(client, "text[]", &["{\"\",\"a b\"}"]).await?;
    both::<Vec<DateTime<Utc>>>(client, "timestamptz[]", &["{2024-02-29 12:00+00}"]).await?;
    both::<Option<f64>>(client, "float8", &["1.5"]).await?;
    for message in client
        .simple_query("SELECT 1.50 AS a, NULL AS b, '\\x01'::bytea; SELECT 2; SET work_mem = '8MB'")
        .await?
    {
        match message {
            SimpleQueryMessage::Row(row) => line(
                "text",
                "row",
                (row.get(0), row.try_get(1).ok().flatten(), row.len()),
            ),
            SimpleQueryMessage::CommandComplete(rows) => line("text", "complete", rows),
            _ => (),
        }
    }
    // Types that the driver looks up in the catalogue by their OIDs.
    for name in [
        "int4range",
        "pg_catalog.pg_class",
        "information_schema.yes_or_no",
        "box[]",
    ] {
        let made = client.prepare(&format!("SELECT NULL::{name}")).await?;
        let kind: &Type = made.columns()[0].type_();
        line(
            "catalogue",
            name,
            (
                kind.name(),
                kind.schema(),
                format!("{:.40}", format!("{:?}", kind.kind())),
            ),
        );
    }
    Ok(())
}

async fn prepared(client: &Client) -> Outcome<()> {
    let insert = client
        .prepare("INSERT INTO tokio_plain (id, name, tags) VALUES ($1, $2, $3) RETURNING id")
        .await?;
    line("prepared", "parameters", insert.params());
    let tags = vec!["a", "ü, x"];
    for id in 1..=3i32 {
        let row = client
            .query_one(&insert, &[&id, &format!("n{id}"), &tags])
            .await?;
        line("prepared", "insert", row.get::<_, i32>(0));
    }
    let typed = client
        .prepare_typed("SELECT name FROM tokio_plain WHERE id > $1", &[Type::INT8])
        .await?;
    line(
        "prepared",
        "typed",
        (typed.params(), client.query(&typed, &[&1i64]).await?.len()),
    );
    let all = client
        .prepare(
            "SELECT * FROM tokio_plain WHERE id = ANY ($1) AND name LIKE $2 ORDER BY 1 LIMIT $3",
        )
        .await?;
    for column in all.columns() {
        line("prepared", column.name(), column.type_().name());
    }
    let rows = client.query(&all, &[&vec![1, 3], &"n%", &5i64]).await?;
    line(
        "prepared",
        "rows",
        rows.iter()
            .map(|r| (r.get::<_, i32>(0), r.get::<_, String>(1)))
            .collect::<Vec<_>>(),
    );
    line(
        "prepared",
        "wrong type",
        client
            .query(&all, &[&"x", &"y", &5i64])
            .await
            .err()
            .map(|e| e.to_string()),
    );
    line(
        "prepared",
        "count",
        client
            .execute("UPDATE tokio_plain SET tags = NULL WHERE id < $1", &[&3])
            .await?,
    );
    line(
        "prepared",
        "none",
        client
            .query_opt("SELECT 1 WHERE $1", &[&false])
            .await?
            .is_none(),
    );
    client
        .batch_execute("ALTER TABLE tokio_plain ADD COLUMN more int DEFAULT 7")
        .await?;
    line(
        "prepared",
        "after ALTER",
        client
            .query(&all, &[&vec![1], &"n%", &5i64])
            .await
            .err()
            .map(|e| state(&e)),
    );
    client
        .batch_execute("ALTER TABLE tokio_plain DROP COLUMN more")
        .await?;
    Ok(())
}

/// Many statements under way at once on one connection.
async fn pipelines(client: &Client) -> Outcome<()> {
    let statement = client.prepare("SELECT $1::int * 2").await?;
    let numbers: Vec<i32> = (0..200).collect();
    let answers = join_all(numbers.iter().map(|n| {
        client.query_one(
            &statement,
            std::slice::from_ref(n)
                .iter()
                .map(|n| n as &(dyn ToSql + Sync))
                .collect::<Vec<_>>()
                .leak(),
        )
    }))
    .await;
    let sum: i32 = answers
        .into_iter()
        .map(|row| row.map(|r| r.get::<_, i32>(0)))
        .sum::<Result<_, _>>()?;
    line("batch", "pipelined", sum);
    let mixed = try_join3(
        client.query("SELECT 1", &[]),
        client.query("SELECT 1/0", &[]),
        client.query("SELECT 3", &[]),
    )
    .await;
    line("batch", "failed", mixed.err().map(|e| state(&e)));
    line(
        "batch",
        "after it",
        client.query_one("SELECT 4", &[]).await?.get::<_, i32>(0),
    );
    line(
        "batch",
        "several",
        client
            .batch_execute("INSERT INTO tokio_plain (id, name) VALUES (50, 'x'); SELECT 1/0")
            .await
            .err()
            .map(|e| state(&e)),
    );
    line(
        "batch",
        "undone",
        client
            .query("SELECT FROM tokio_plain WHERE id = 50", &[])
            .await?
            .len(),
    );
    Ok(())
}

async fn streams(client: &mut Client) -> Outcome<()> {
    let rows = client
        .query_raw(
            "SELECT g, repeat('x', 50) FROM generate_series(1, $1::int) g",
            &[20000],
        )
        .await?;
    pin_mut!(rows);
    let (mut sum, mut bytes) = (0i64, 0);
    while let Some(row) = rows.try_next().await? {
        sum += i64::from(row.get::<_, i32>(0));
        bytes += row.get::<_, &str>(1).len();
    }
    line("streaming", "sum", (sum, bytes));
    let tx = client.transaction().await?;
    let portal = tx
        .bind("SELECT n FROM tokio_series ORDER BY n", &[])
        .await?;
    loop {
        let page = tx.query_portal(&portal, 700).await?;
        line(
            "streaming",
            "page",
            (page.len(), page.last().map(|r| r.get::<_, i64>(0))),
        );
        if page.len() < 700 {
            break;
        }
        tx.execute("UPDATE tokio_plain SET name = name WHERE id = 1", &[])
            .await?;
    }
    tx.commit().await?;
    Ok(())
}

async fn transactions(client: &mut Client) -> Outcome<()> {
    let mut tx = client
        .build_transaction()
        .isolation_level(tokio_postgres::IsolationLevel::Serializable)
        .start()
        .await?;
    line(
        "transactions",
        "isolation",
        tx.query_one("SHOW transaction_isolation", &[])
            .await?
            .get::<_, String>(0),
    );
    tx.execute(
        "INSERT INTO tokio_plain (id, name) VALUES (200, 'outer')",
        &[],
    )
    .await?;
    let inner = tx.savepoint("one").await?;
    let twice = inner
        .execute("INSERT INTO tokio_plain (id, name) VALUES (200, 'x')", &[])
        .await;
    line(
        "transactions",
        "in savepoint",
        twice.err().map(|e| state(&e)),
    );
    line(
        "transactions",
        "aborted",
        inner.query("SELECT 1", &[]).await.err().map(|e| state(&e)),
    );
    inner.rollback().await?;
    let kept = tx.transaction().await?;
    kept.execute(
        "INSERT INTO tokio_plain (id, name) VALUES (201, 'inner')",
        &[],
    )
    .await?;
    kept.commit().await?;
    tx.commit().await?;
    let tx = client.build_transaction().read_only(true).start().await?;
    line(
        "transactions",
        "read only",
        tx.execute("DELETE FROM tokio_plain", &[])
            .await
            .err()
            .map(|e| state(&e)),
    );
    drop(tx);
    line(
        "transactions",
        "kept",
        client
            .query("SELECT FROM tokio_plain WHERE id >= 200", &[])
            .await?
            .len(),
    );
    Ok(())
}

async fn failures(client: &Client) -> Outcome<()> {
    for sql in [
        "INSERT INTO tokio_plain (id, name) VALUES (200, 'again')",
        "INSERT INTO tokio_plain (id, name) VALUES (300, '')",
        "INSERT INTO tokio_plain (id) VALUES (300)",
        "SELECT nope FROM tokio_plain",
        "SELECT 'ü', FROM",
        "SELECT 'x'::int",
        "SELECT 1/0",
    ] {
        let e = db(&client.execute(sql, &[]).await.expect_err(sql));
        line(
            "errors",
            sql,
            (
                e.severity(),
                e.code().code(),
                e.message(),
                e.detail(),
                e.hint(),
                e.position(),
                e.schema(),
                e.table(),
                e.column(),
                e.datatype(),
                e.constraint(),
            ),
        );
    }
    client
        .batch_execute("DROP TABLE IF EXISTS no_such_table; BEGIN; BEGIN; COMMIT")
        .await?;
    Ok(())
}

async fn cancels(client: &Client) -> Outcome<()> {
    let token = client.cancel_token();
    let sleeping = client.query("SELECT pg_sleep(30)", &[]);
    let cancelling = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        if environment("PGSSLMODE") == "verify-full" {
            token.cancel_query(tls().expect("a certificate")).await
        } else {
            token.cancel_query(NoTls).await
        }
    };
    let (slept, cancelled) = futures_util::future::join(sleeping, cancelling).await;
    line(
        "cancel",
        "cancelled",
        (cancelled.is_ok(), slept.err().map(|e| state(&e))),
    );
    line(
        "cancel",
        "then",
        client.query_one("SELECT 1", &[]).await?.get::<_, i32>(0),
    );
    Ok(())
}

async fn copies(client: &Client) -> Outcome<()> {
    let sink = client
        .copy_in("COPY tokio_series (ts, device, v, n) FROM STDIN BINARY")
        .await?;
    let writer = BinaryCopyInWriter::new(
        sink,
        &[Type::TIMESTAMPTZ, Type::TEXT, Type::FLOAT8, Type::INT8],
    );
    pin_mut!(writer);
    let start = DateTime::<Utc>::from_timestamp(1_767_571_200, 0).expect("a time");
    for n in 0..3000i64 {
        let at = start + Duration::from_secs(n as u64);
        writer
            .as_mut()
            .write(&[
                &at,
                &format!("d{}", n % 3),
                &(n % 5 != 0).then_some(n as f64),
                &n,
            ])
            .await?;
    }
    line("copy", "binary in", writer.finish().await?);
    let out = client
        .copy_out("COPY (SELECT ts, n FROM tokio_series ORDER BY n) TO STDOUT BINARY")
        .await?;
    let rows = BinaryCopyOutStream::new(out, &[Type::TIMESTAMPTZ, Type::INT8]);
    pin_mut!(rows);
    let (mut count, mut sum, mut last) = (0, 0, start);
    while let Some(row) = rows.try_next().await? {
        count += 1;
        sum += row.get::<i64>(1);
        last = row.get(0);
    }
    line("copy", "binary out", (count, sum, last));
    let sink = client
        .copy_in("COPY tokio_series FROM STDIN (FORMAT csv)")
        .await?;
    pin_mut!(sink);
    sink.send(Bytes::from_static(b"2026-01-06 00:00:00+00,d,0.5,1,\"a,"))
        .await?;
    sink.send(Bytes::from_static(b" b\"\n")).await?;
    line("copy", "csv in", sink.finish().await?);
    let text = client
        .copy_out("COPY (SELECT * FROM tokio_series WHERE ts >= '2026-01-06') TO STDOUT")
        .await?;
    let all: Vec<Bytes> = text.try_collect().await?;
    line("copy", "text out", String::from_utf8(all.concat())?);
    let sink = client.copy_in("COPY tokio_series FROM STDIN").await?;
    pin_mut!(sink);
    sink.send(Bytes::from_static(b"2026-01-05\td\tnope\t1\ta\n"))
        .await?;
    let e = db(&sink.finish().await.expect_err("a bad value"));
    line("copy", "failed", (e.code().code(), e.where_()));
    {
        let dropped = client
            .copy_in::<_, Bytes>("COPY tokio_series FROM STDIN")
            .await?;
        drop(dropped);
    }
    line(
        "copy",
        "rows",
        client
            .query_one("SELECT count(*) FROM tokio_series", &[])
            .await?
            .get::<_, i64>(0),
    );
    Ok(())
}

#[tokio::main]
async fn main() -> Outcome<()> {
    let mut client = connect().await?;
    println!(
        "connected: encrypted = {}",
        environment("PGSSLMODE") == "verify-full"
    );
    let using = environment("CLIENT_USING");
    client
        .batch_execute(&format!(
            "SET client_min_messages = warning; DROP TABLE IF EXISTS tokio_series, tokio_plain;
         CREATE TABLE tokio_series {COLUMNS} {using}; RESET client_min_messages;
         CREATE TABLE tokio_plain (id int PRIMARY KEY, name text NOT NULL
           CONSTRAINT tokio_named CHECK (name <> ''), tags text[])"
        ))
        .await?;
    types(&client).await?;
    prepared(&client).await?;
    copies(&client).await?;
    pipelines(&client).await?;
    streams(&mut client).await?;
    transactions(&mut client).await?;
    failures(&client).await?;
    cancels(&client).await?;
    client
        .batch_execute("LISTEN news; NOTIFY news, 'hello ü'")
        .await?;
    client
        .batch_execute("DROP TABLE tokio_series, tokio_plain")
        .await?;
    Ok(())
}
