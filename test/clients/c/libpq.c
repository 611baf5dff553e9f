/* libpq as programs in C use it: pipelines, single rows, descriptions, cancel, non-blocking COPY. */

#include <libpq-fe.h>
#include <poll.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static PGconn *conn;

/* One line of what came; breaks of lines are shown. */
static void line(const char *feature, const char *what, const char *format, ...) {
  char text[16384];
  va_list values;
  va_start(values, format);
  vsnprintf(text, sizeof text, format, values);
  va_end(values);
  printf("%s: %s = ", feature, what);
  for (const char *c = text; *c != '\0'; c++) {
    if (*c == '\n') fputs("\\n", stdout);
    else if (*c == '\t') fputs("\\t", stdout);
    else putchar(*c);
  }
  putchar('\n');
  fflush(stdout);
}

static void die(const char *what) {
  fprintf(stderr, "%s: %s\n", what, PQerrorMessage(conn));
  exit(1);
}

static PGresult *exec(const char *sql) {
  PGresult *result = PQexec(conn, sql);
  ExecStatusType status = PQresultStatus(result);
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) die(sql);
  return result;
}

static void run(const char *sql) { PQclear(exec(sql)); }

static void tableName(char *into, size_t size, const char *format) {
  const char *using = getenv("CLIENT_USING");
  snprintf(into, size, format, using == NULL ? "" : using);
}

/* Every field of a result: text, or bytes as digits. */
static void cells(const char *feature, const char *what, PGresult *result) {
  char text[8192];
  for (int row = 0; row < PQntuples(result); row++) {
    size_t used = 0;
    for (int field = 0; field < PQnfields(result); field++) {
      const char *value = PQgetvalue(result, row, field);
      used += snprintf(text + used, sizeof text - used, field == 0 ? "" : "|");
      if (PQgetisnull(result, row, field)) {
        used += snprintf(text + used, sizeof text - used, "null");
      } else if (PQfformat(result, field) == 0) {
        used += snprintf(text + used, sizeof text - used, "%s", value);
      } else {
        for (int i = 0; i < PQgetlength(result, row, field); i++) {
          used += snprintf(text + used, sizeof text - used, "%02x", (unsigned char)value[i]);
        }
      }
    }
    line(feature, what, "%s", text);
  }
}

static void described(const char *feature, const char *what, PGresult *result) {
  for (int i = 0; i < PQnparams(result); i++) line(feature, what, "$%d %u", i + 1, PQparamtype(result, i));
  for (int i = 0; i < PQnfields(result); i++) {
    line(feature, what, "%s type %u modifier %d size %d column %d of a table %d format %d",
         PQfname(result, i), PQftype(result, i), PQfmod(result, i), PQfsize(result, i),
         PQftablecol(result, i), PQftable(result, i) != 0, PQfformat(result, i));
  }
}

static const char *const VALUES[] = {
    "true::bool", "(-32768)::int2", "2147483647::int4", "9223372036854775807::int8", "0.1::float4",
    "'-Infinity'::float8", "'NaN'::numeric", "12345678901234567890.000001::numeric", "0::numeric",
    "'tide ü'::text", "'ab'::char(5)", "'ab'::varchar(9)", "'\\x00ff5c'::bytea", "'2024-02-29'::date",
    "'infinity'::date", "'23:59:59.999999'::time", "'12:00+05:30'::timetz",
    "'1969-12-31 23:59:59.000001'::timestamp", "'2024-02-29 12:00+01'::timestamptz",
    "'-infinity'::timestamptz", "'1 year 2 mons -3 days 04:05:06.7'::interval",
    "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid", "'{\"a\": 1}'::json", "'{\"b\":2, \"a\": 1}'::jsonb",
    "'{1,NULL,3}'::int4[]", "'{}'::text[]", "'{{a,b},{c,d}}'::text[]", "'pg_class'::regclass",
    "'x'::\"char\"", "'tide'::name", "1::oid", NULL};

static void types(void) {
  char sql[256];
  for (int i = 0; VALUES[i] != NULL; i++) {
    snprintf(sql, sizeof sql, "SELECT %s", VALUES[i]);
    for (int format = 0; format < 2; format++) {
      PGresult *result = PQexecParams(conn, sql, 0, NULL, NULL, NULL, NULL, format);
      if (PQresultStatus(result) != PGRES_TUPLES_OK) die(sql);
      cells(format == 0 ? "text" : "binary", VALUES[i], result);
      if (format == 1) { /* and back as a binary parameter */
        const char *value = PQgetvalue(result, 0, 0);
        Oid oid = PQftype(result, 0);
        int length = PQgetlength(result, 0, 0), binary = 1;
        PGresult *back = PQexecParams(conn, "SELECT $1::text", 1, &oid, &value, &length, &binary, 0);
        if (PQresultStatus(back) == PGRES_TUPLES_OK) cells("binary", "and back", back);
        else line("binary", "and back", "%s", PQresultErrorField(back, PG_DIAG_SQLSTATE));
        PQclear(back);
      }
      PQclear(result);
    }
  }
}

static void prepared(void) {
  PGresult *result = PQprepare(conn, "one",
      "SELECT id, name, price, $2::text || name AS x FROM pq_plain WHERE id = ANY ($1) ORDER BY id", 0, NULL);
  PQclear(result);
  result = PQdescribePrepared(conn, "one");
  described("prepared", "statement", result);
  PQclear(result);
  run("INSERT INTO pq_plain (id, name, price) VALUES (1, 'a', 1.5), (2, 'b', NULL), (3, 'ü', 3)");
  const char *values[2] = {"{1,3}", "> "};
  for (int format = 0; format < 2; format++) {
    result = PQexecPrepared(conn, "one", 2, values, NULL, NULL, format);
    described("prepared", "result", result);
    cells("prepared", "row", result);
    PQclear(result);
  }
  run("BEGIN");
  run("DECLARE c SCROLL CURSOR WITH HOLD FOR SELECT id, name FROM pq_plain ORDER BY id");
  result = PQdescribePortal(conn, "c");
  described("prepared", "portal", result);
  PQclear(result);
  result = exec("FETCH BACKWARD ALL FROM c");
  line("streaming", "FETCH", "%s %s %s", PQcmdStatus(result), PQcmdTuples(result), PQresStatus(PQresultStatus(result)));
  PQclear(result);
  run("COMMIT");
  result = exec("FETCH ABSOLUTE 2 FROM c");
  cells("streaming", "FETCH ABSOLUTE 2", result);
  PQclear(result);
  run("CLOSE c");
  result = PQdescribePrepared(conn, "none");
  line("prepared", "unknown", "%s", PQresultErrorField(result, PG_DIAG_SQLSTATE));
  PQclear(result);
  result = PQdescribePortal(conn, "none");
  line("prepared", "no portal", "%s", PQresultErrorField(result, PG_DIAG_SQLSTATE));
  PQclear(result);
}

static void pipelines(void) {
  const char *zero[1] = {"0"}, *two[1] = {"2"};
  if (!PQenterPipelineMode(conn)) die("pipeline");
  PQsendPrepare(conn, "div", "SELECT 10 / $1::int AS d", 1, NULL);
  PQsendDescribePrepared(conn, "div");
  PQsendQueryPrepared(conn, "div", 1, two, NULL, NULL, 0);
  PQsendFlushRequest(conn);
  PQsendQueryPrepared(conn, "div", 1, zero, NULL, NULL, 0);
  PQsendQueryPrepared(conn, "div", 1, two, NULL, NULL, 0);
  PQpipelineSync(conn);
  PQsendQueryParams(conn, "INSERT INTO pq_plain (id, name) VALUES (10, 'x')", 0, NULL, NULL, NULL, NULL, 0);
  PQsendQueryParams(conn, "INSERT INTO pq_plain (id, name) VALUES (10, 'y')", 0, NULL, NULL, NULL, NULL, 0);
  PQpipelineSync(conn);
  PQsendQueryParams(conn, "SELECT count(*) FROM pq_plain WHERE id = 10", 0, NULL, NULL, NULL, NULL, 0);
  PQsendQueryParams(conn, "BEGIN", 0, NULL, NULL, NULL, NULL, 0);
  PQpipelineSync(conn);
  PQsendQueryParams(conn, "COMMIT", 0, NULL, NULL, NULL, NULL, 0);
  PQpipelineSync(conn);
  for (int syncs = 0; syncs < 4;) {
    PGresult *result = PQgetResult(conn);
    if (result == NULL) continue;
    ExecStatusType status = PQresultStatus(result);
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    line("batch", "pipeline", "%s %s %s %d %d", PQresStatus(status), PQcmdStatus(result),
         state == NULL ? "" : state, PQntuples(result), PQpipelineStatus(conn));
    if (status == PGRES_PIPELINE_SYNC) syncs++;
    PQclear(result);
  }
  while (PQgetResult(conn) != NULL) continue;
  line("batch", "left", "%d %d", PQexitPipelineMode(conn), PQtransactionStatus(conn));
}

static void singleRows(void) {
  int rows = 0, others = 0;
  PQsendQuery(conn, "SELECT g, 10 / (500 - g) FROM generate_series(1, 400) g; SELECT 1; SELECT 1/0; SELECT 2");
  PQsetSingleRowMode(conn);
  for (PGresult *result; (result = PQgetResult(conn)) != NULL; PQclear(result)) {
    ExecStatusType status = PQresultStatus(result);
    if (status == PGRES_SINGLE_TUPLE) rows++;
    else line("streaming", "then", "%s %s %d", PQresStatus(status), PQcmdStatus(result), ++others);
  }
  line("streaming", "single rows", "%d", rows);
  PQsendQueryParams(conn, "SELECT g FROM generate_series(1, 100000) g", 0, NULL, NULL, NULL, NULL, 1);
  PQsetSingleRowMode(conn);
  rows = 0;
  for (PGresult *result; (result = PQgetResult(conn)) != NULL; PQclear(result)) rows += PQntuples(result);
  line("streaming", "binary rows", "%d", rows);
}

static void failure(const char *sql) {
  static const char FIELDS[] = {PG_DIAG_SEVERITY, PG_DIAG_SEVERITY_NONLOCALIZED, PG_DIAG_SQLSTATE,
      PG_DIAG_MESSAGE_PRIMARY, PG_DIAG_MESSAGE_DETAIL, PG_DIAG_MESSAGE_HINT, PG_DIAG_STATEMENT_POSITION,
      PG_DIAG_INTERNAL_POSITION, PG_DIAG_INTERNAL_QUERY, PG_DIAG_CONTEXT, PG_DIAG_SCHEMA_NAME,
      PG_DIAG_TABLE_NAME, PG_DIAG_COLUMN_NAME, PG_DIAG_DATATYPE_NAME, PG_DIAG_CONSTRAINT_NAME, 0};
  PGresult *result = PQexec(conn, sql);
  char text[4096];
  size_t used = 0;
  for (const char *field = FIELDS; *field != 0; field++) {
    const char *value = PQresultErrorField(result, *field);
    used += snprintf(text + used, sizeof text - used, "%s|", value == NULL ? "" : value);
  }
  line("errors", sql, "%s", text);
  line("errors", "message", "%s", PQresultErrorMessage(result));
  PQclear(result);
}

static void onNotice(void *unused, const PGresult *notice) {
  (void)unused;
  line("errors", "notice", "%s %s", PQresultErrorField(notice, PG_DIAG_SQLSTATE),
       PQresultErrorField(notice, PG_DIAG_MESSAGE_PRIMARY));
}

static void failures(void) {
  PQsetNoticeReceiver(conn, onNotice, NULL);
  run("DROP TABLE IF EXISTS no_such_table");
  run("BEGIN");
  run("BEGIN");
  run("COMMIT");
  run("COMMIT");
  failure("INSERT INTO pq_plain (id, name) VALUES (1, 'again')");
  failure("INSERT INTO pq_plain (id, name) VALUES (300, '')");
  failure("INSERT INTO pq_plain (id) VALUES (300)");
  failure("SELECT nope FROM pq_plain");
  failure("SELECT 'ü', FROM");
  failure("SELECT 'x'::int");
  failure("SELECT 1/0");
  failure("COPY no_such_table FROM STDIN");
}

static void transactions(void) {
  line("transactions", "idle", "%d", PQtransactionStatus(conn));
  run("BEGIN ISOLATION LEVEL REPEATABLE READ");
  line("transactions", "in", "%d", PQtransactionStatus(conn));
  run("INSERT INTO pq_plain (id, name) VALUES (20, 'outer')");
  run("SAVEPOINT s");
  PQclear(PQexec(conn, "SELECT nope"));
  line("transactions", "failed", "%d", PQtransactionStatus(conn));
  PGresult *result = PQexec(conn, "SELECT 1");
  line("transactions", "aborted", "%s", PQresultErrorField(result, PG_DIAG_SQLSTATE));
  PQclear(result);
  run("ROLLBACK TO s");
  run("COMMIT");
  result = exec("SELECT count(*) FROM pq_plain WHERE id = 20");
  cells("transactions", "kept", result);
  PQclear(result);
  result = PQexec(conn, "BEGIN; SELECT 1/0; COMMIT");
  line("transactions", "several", "%s %d", PQresultErrorField(result, PG_DIAG_SQLSTATE), PQtransactionStatus(conn));
  PQclear(result);
  result = exec("COMMIT");
  line("transactions", "commit", "%s", PQcmdStatus(result));
  PQclear(result);
}

static void cancels(void) {
  char message[256];
  PGcancel *cancel = PQgetCancel(conn);
  PQsendQuery(conn, "SELECT pg_sleep(30)");
  while (PQflush(conn) > 0) continue;
  struct pollfd none = {.fd = PQsocket(conn), .events = POLLIN};
  poll(&none, 1, 300);
  line("cancel", "sent", "%d", PQcancel(cancel, message, sizeof message));
  PGresult *result = PQgetResult(conn);
  line("cancel", "state", "%s %s", PQresultErrorField(result, PG_DIAG_SQLSTATE),
       PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY));
  PQclear(result);
  while ((result = PQgetResult(conn)) != NULL) PQclear(result);
  line("cancel", "when idle", "%d", PQcancel(cancel, message, sizeof message));
  PQfreeCancel(cancel);
  poll(&none, 1, 100);
  result = exec("SELECT 1");
  cells("cancel", "then", result);
  PQclear(result);
}

static void waitFor(short events) {
  struct pollfd socket = {.fd = PQsocket(conn), .events = events};
  poll(&socket, 1, -1);
}

static void copies(void) {
  PQsetnonblocking(conn, 1);
  if (!PQsendQuery(conn, "COPY pq_series FROM STDIN")) die("copy");
  while (PQflush(conn) > 0) waitFor(POLLOUT);
  PGresult *result = PQgetResult(conn);
  line("copy", "in", "%s %d %d", PQresStatus(PQresultStatus(result)), PQnfields(result), PQbinaryTuples(result));
  PQclear(result);
  for (int n = 0; n < 20000; n++) {
    char row[128];
    int length = snprintf(row, sizeof row, "2026-01-05 00:%02d:%02d.%06d+00\td%d\t%d.5\t%d\t\\N\n",
                          n / 60 % 60, n % 60, n, n % 3, n, n);
    for (int sent; (sent = PQputCopyData(conn, row, length)) != 1;) {
      if (sent < 0) die("data");
      waitFor(POLLOUT);
    }
  }
  while (PQputCopyEnd(conn, NULL) == 0) waitFor(POLLOUT);
  while (PQflush(conn) > 0) waitFor(POLLOUT);
  while (PQconsumeInput(conn) && PQisBusy(conn)) waitFor(POLLIN);
  for (; (result = PQgetResult(conn)) != NULL; PQclear(result)) line("copy", "done", "%s", PQcmdStatus(result));
  PQsetnonblocking(conn, 0);
  for (int binary = 0; binary < 2; binary++) {
    char sql[128], *row;
    long rows = 0, bytes = 0;
    snprintf(sql, sizeof sql, "COPY (SELECT * FROM pq_series ORDER BY n) TO STDOUT%s", binary ? " BINARY" : "");
    PQclear(PQexec(conn, sql));
    for (int length; (length = PQgetCopyData(conn, &row, 0)) > 0; PQfreemem(row)) rows++, bytes += length;
    result = PQgetResult(conn);
    line("copy", "out", "%ld %ld %s", rows, bytes, PQcmdStatus(result));
    PQclear(result);
    PQgetResult(conn);
  }
  PQclear(PQexec(conn, "COPY pq_series FROM STDIN"));
  PQputCopyData(conn, "2026-01-05\td\t1\t1\ta\n", 20);
  PQputCopyEnd(conn, "given up");
  result = PQgetResult(conn);
  line("copy", "given up", "%s %s", PQresultErrorField(result, PG_DIAG_SQLSTATE),
       PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY));
  PQclear(result);
  PQgetResult(conn);
  PQclear(PQexec(conn, "COPY pq_series FROM STDIN"));
  PQputCopyData(conn, "2026-01-05\td\tnope\t1\ta\n", 23);
  PQputCopyEnd(conn, NULL);
  result = PQgetResult(conn);
  line("copy", "bad", "%s %s", PQresultErrorField(result, PG_DIAG_SQLSTATE), PQresultErrorField(result, PG_DIAG_CONTEXT));
  PQclear(result);
  PQgetResult(conn);
}

static void listens(void) {
  run("LISTEN news");
  run("NOTIFY news, 'hello ü'");
  PQconsumeInput(conn);
  PGnotify *news = PQnotifies(conn);
  if (news == NULL) die("news");
  line("listen", "heard", "%s %s %d", news->relname, news->extra, news->be_pid == PQbackendPID(conn));
  PQfreemem(news);
}

static void facts(void) {
  static const char *const NAMES[] = {"client_encoding", "server_encoding", "DateStyle", "IntervalStyle",
      "TimeZone", "integer_datetimes", "standard_conforming_strings", "is_superuser",
      "session_authorization", "in_hot_standby", "default_transaction_read_only", NULL};
  for (int i = 0; NAMES[i] != NULL; i++) line("catalogue", NAMES[i], "%s", PQparameterStatus(conn, NAMES[i]));
  run("SET DateStyle = 'SQL, DMY'; SET TimeZone = 'Europe/Berlin'");
  line("catalogue", "changed", "%s %s", PQparameterStatus(conn, "DateStyle"), PQparameterStatus(conn, "TimeZone"));
  run("RESET ALL");
  line("catalogue", "reset", "%s %s", PQparameterStatus(conn, "DateStyle"), PQparameterStatus(conn, "TimeZone"));
  line("catalogue", "protocol", "%d %d", PQprotocolVersion(conn), PQclientEncoding(conn));
  char *hashed = PQencryptPasswordConn(conn, "secret", "someone", NULL);
  line("catalogue", "password", "%.14s", hashed == NULL ? PQerrorMessage(conn) : hashed);
  PQfreemem(hashed);
}

int main(void) {
  char sql[512];
  conn = PQconnectdb("");
  if (PQstatus(conn) != CONNECTION_OK) die("connect");
  printf("connected: encrypted = %s\n", PQsslInUse(conn) ? "true" : "false");
  run("SET client_min_messages = warning; DROP TABLE IF EXISTS pq_series, pq_plain; RESET client_min_messages");
  tableName(sql, sizeof sql, "CREATE TABLE pq_series (ts timestamptz NOT NULL, device text NOT NULL, v float8, n int8, note text) %s");
  run(sql);
  run("CREATE TABLE pq_plain (id int PRIMARY KEY, name text NOT NULL CONSTRAINT pq_named CHECK (name <> ''), price numeric(10,2))");
  types();
  prepared();
  pipelines();
  singleRows();
  transactions();
  failures();
  cancels();
  copies();
  listens();
  facts();
  run("DROP TABLE pq_series, pq_plain");
  PQfinish(conn);
  return 0;
}
