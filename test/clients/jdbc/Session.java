import java.io.ByteArrayOutputStream;
import java.io.StringReader;
import java.math.BigDecimal;
import java.sql.Array;
import java.sql.BatchUpdateException;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Statement;
import java.sql.Types;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Properties;
import java.util.TimeZone;
import java.util.UUID;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;
import org.postgresql.PGStatement;
import org.postgresql.copy.CopyManager;
import org.postgresql.util.PSQLException;
import org.postgresql.util.ServerErrorMessage;

/** pgjdbc as applications use it. */
public class Session {
  private static final String[][] VALUES = {
    {"bool", "true", "false"},
    {"int2", "-32768", "32767"},
    {"int4", "-2147483648", "0"},
    {"int8", "-9223372036854775808", "9223372036854775807"},
    {"float4", "0.1", "-3.4028235e38", "NaN"},
    {"float8", "0.1", "-1.7976931348623157e308", "5e-324", "-Infinity"},
    {"numeric", "0", "-12345.678900", "1e20", "0.00000000000000000001"},
    {"text", "", "tide ü 🌊", "a'b\"c\\d\ne\tf"},
    {"bytea", "\\x", "\\x00ff5c27"},
    {"date", "2024-02-29", "0001-01-01", "9999-12-31"},
    {"time", "00:00:00", "23:59:59.999"},
    {"timestamp", "1969-12-31 23:59:59.000001", "2262-04-12 00:00:00"},
    {"timestamptz", "2024-02-29 23:59:59.999999+00", "1900-01-01 00:00:00+05:30"},
    {"interval", "3 days 00:00:05.000007", "1 year 2 mons -1 days +02:00:00"},
    {"uuid", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"},
    {"json", "{\"a\": [1, null, \"x\"],  \"b\":2}"},
    {"jsonb", "{\"b\": 1.50, \"a\": [true, null, \"ü\"]}"},
    {"int4[]", "{}", "{1,NULL,3}", "{{1,2},{3,4}}"},
    {"text[]", "{\"\",NULL,\"a b\",\"NULL\",\"q\\\"\\\\\"}"},
    {"float8[]", "{0.1,NaN,-Infinity}"},
  };
  private static final String COLUMNS =
      "(ts timestamptz NOT NULL, device text NOT NULL, v float8, n int8, note text)";
  private static Connection connection;

  private static String environment(String name) {
    return System.getenv(name) == null ? "" : System.getenv(name);
  }

  private static Connection connect(String... more) throws SQLException {
    Properties properties = new Properties();
    properties.setProperty("user", environment("PGUSER"));
    properties.setProperty("password", environment("PGPASSWORD"));
    properties.setProperty("sslmode", environment("PGSSLMODE"));
    if (!environment("PGSSLROOTCERT").isEmpty()) {
      properties.setProperty("sslrootcert", environment("PGSSLROOTCERT"));
    }
    for (int i = 0; i < more.length; i += 2) properties.setProperty(more[i], more[i + 1]);
    String url = "jdbc:postgresql://" + environment("PGHOST") + ":" + environment("PGPORT") + "/";
    return DriverManager.getConnection(url + environment("PGDATABASE"), properties);
  }

  private static void line(String feature, String what, Object value) {
    String text = feature + ": " + what + " = " + shown(value);
    System.out.println(text.replace("\n", "\\n").replace("\t", "\\t"));
  }

  private static String shown(Object value) {
    try {
      if (value instanceof byte[]) return Arrays.toString((byte[]) value);
      if (value instanceof Array) return Arrays.deepToString((Object[]) ((Array) value).getArray());
      if (value instanceof Object[]) return Arrays.deepToString((Object[]) value);
      return String.valueOf(value);
    } catch (SQLException failure) {
      return failure.getMessage();
    }
  }

  private static int run(String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      return statement.executeUpdate(sql);
    }
  }

  private static String stateOf(SQLException failure) {
    return failure.getSQLState() + " " + failure.getMessage().split("\n")[0];
  }

  private interface Action {
    void run() throws SQLException;
  }

  private static void refused(String feature, String what, Action action) {
    try {
      action.run();
      line(feature, what, "no error");
    } catch (SQLException failure) {
      line(feature, what, stateOf(failure));
    }
  }

  private static void rows(String feature, String what, ResultSet result, int... columns)
      throws SQLException {
    while (result.next()) {
      List<String> cells = new ArrayList<>();
      for (int column : columns) cells.add(result.getString(column));
      line(feature, what, cells);
    }
    result.close();
  }

  private static void types(String feature, int runs) throws SQLException {
    for (String[] row : VALUES) {
      for (int i = 1; i < row.length; i += 1) {
        String sql = "SELECT ?::" + row[0] + " AS x, '" + row[i].replace("'", "''") + "'::" + row[0];
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
          statement.unwrap(PGStatement.class).setPrepareThreshold(runs > 1 ? 1 : 0);
          for (int n = 0; n < runs; n += 1) {
            if (row[0].equals("bytea")) statement.setBytes(1, new byte[] {0, -1, 92});
            else statement.setObject(1, row[i], Types.OTHER);
            ResultSet result = statement.executeQuery();
            result.next();
            if (n < runs - 1) continue;
            ResultSetMetaData meta = result.getMetaData();
            String text = row[0].equals("bytea") ? "" : result.getString(2);
            line(feature, row[0] + " " + row[i], new Object[] {result.getObject(1), result.getObject(2),
              text, meta.getColumnTypeName(2), meta.getColumnClassName(2)});
          }
        }
      }
    }
    try (PreparedStatement statement =
        connection.prepareStatement("SELECT ?, ?, ?, ?, ?, ?::float8, ?, ?, ?::text")) {
      statement.setObject(1, LocalDate.of(2024, 2, 29));
      statement.setObject(2, OffsetDateTime.parse("2024-02-29T12:00:00.5+02:00"));
      statement.setBigDecimal(3, new BigDecimal("1.50"));
      statement.setObject(4, UUID.fromString("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"));
      statement.setBoolean(5, true);
      statement.setDouble(6, 0.1);
      statement.setArray(7, connection.createArrayOf("text", new Object[] {"a b", null, "q\""}));
      statement.setLong(8, 9007199254740993L);
      statement.setNull(9, Types.VARCHAR);
      ResultSet result = statement.executeQuery();
      result.next();
      for (int i = 1; i <= 9; i += 1) {
        line(feature, "object " + i, new Object[] {result.getObject(i), result.wasNull()});
      }
    }
  }

  private static void prepared() throws SQLException {
    String sql = "INSERT INTO jdbc_plain (id, name, price) VALUES (?, ?, ?)";
    try (PreparedStatement insert = connection.prepareStatement(sql, Statement.RETURN_GENERATED_KEYS)) {
      for (int id = 1; id <= 7; id += 1) { // from the fifth on it has a name
        insert.setInt(1, id);
        insert.setString(2, "n" + id);
        insert.setBigDecimal(3, new BigDecimal(id).movePointLeft(1));
        insert.executeUpdate();
        rows("prepared", "generated", insert.getGeneratedKeys(), 1, 2, 3, 4);
      }
    }
    try (PreparedStatement insert = connection.prepareStatement(
        "INSERT INTO jdbc_plain (id, name) VALUES (8, ?)", new String[] {"id", "price"})) {
      insert.setString(1, "n8");
      insert.executeUpdate();
      rows("prepared", "generated", insert.getGeneratedKeys(), 1, 2);
    }
    try (PreparedStatement select =
        connection.prepareStatement("SELECT * FROM jdbc_plain WHERE id > ? AND name LIKE ? ORDER BY id")) {
      line("prepared", "parameters", select.getParameterMetaData().getParameterTypeName(1));
      ResultSetMetaData meta = select.getMetaData();
      for (int i = 1; i <= meta.getColumnCount(); i += 1) {
        line("prepared", "column", new Object[] {meta.getColumnName(i), meta.getColumnTypeName(i),
          meta.getPrecision(i), meta.getScale(i), meta.getTableName(i), meta.isNullable(i),
          meta.isAutoIncrement(i), meta.getColumnDisplaySize(i)});
      }
      for (int i = 0; i < 8; i += 1) {
        if (i == 6) run("ALTER TABLE jdbc_plain ADD COLUMN more int DEFAULT 7"); // prepares anew
        select.setInt(1, 6);
        select.setString(2, "n%");
        ResultSet result = select.executeQuery();
        result.next();
        line("prepared", "run " + i, result.getMetaData().getColumnCount() + " " + result.getString(2));
      }
      run("ALTER TABLE jdbc_plain DROP COLUMN more");
    }
    refused("prepared", "call", () -> connection.prepareCall("{call nothing(?)}").execute());
    refused("prepared", "function", () -> {
      java.sql.CallableStatement call = connection.prepareCall("{? = call upper(?)}");
      call.registerOutParameter(1, Types.VARCHAR);
      call.setString(2, "tide");
      call.execute();
      line("prepared", "function", call.getString(1));
    });
    refused("prepared", "several", () -> {
      Statement statement = connection.createStatement();
      boolean isRows = statement.execute("SELECT 1 AS a; UPDATE jdbc_plain SET price = 2 WHERE id < 3; SELECT 2, 3");
      do {
        if (isRows) rows("prepared", "result", statement.getResultSet(), 1);
        else line("prepared", "count", statement.getUpdateCount());
        isRows = statement.getMoreResults();
      } while (isRows || statement.getUpdateCount() != -1);
    });
  }

  private static void batches() throws SQLException {
    for (String rewrite : new String[] {"false", "true"}) {
      try (Connection other = connect("reWriteBatchedInserts", rewrite)) {
        String sql = "INSERT INTO jdbc_series (ts, device, v, n, note) VALUES (?, ?, ?, ?, ?)";
        OffsetDateTime start = OffsetDateTime.parse("2026-01-05T00:00:00Z");
        other.setAutoCommit(false);
        PreparedStatement insert = other.prepareStatement(sql);
        for (int n = 0; n < 700; n += 1) {
          insert.setObject(1, start.plusSeconds(n));
          insert.setString(2, "d" + n % 3);
          if (n % 5 == 0) insert.setNull(3, Types.DOUBLE);
          else insert.setDouble(3, n / 8.0);
          insert.setLong(4, n);
          insert.setString(5, "é\t" + n);
          insert.addBatch();
        }
        int sum = 0;
        for (int one : insert.executeBatch()) sum += one < 0 ? 1 : one;
        line("batch", "inserted, rewritten " + rewrite, sum);
        other.commit();
        Statement mixed = other.createStatement();
        mixed.addBatch("INSERT INTO jdbc_plain (id, name) VALUES (100, 'a')");
        mixed.addBatch("INSERT INTO jdbc_plain (id, name) VALUES (1, 'twice')");
        mixed.addBatch("INSERT INTO jdbc_plain (id, name) VALUES (101, 'b')");
        try {
          mixed.executeBatch();
        } catch (BatchUpdateException failure) {
          line("batch", "failed", Arrays.toString(failure.getUpdateCounts()) + stateOf(failure.getNextException()));
        }
        other.rollback();
      }
    }
    rows("batch", "rows", connection.createStatement().executeQuery(
        "SELECT count(*), count(v), sum(v), sum(n), min(ts), max(note) FROM jdbc_series"), 1, 2, 3, 4, 5, 6);
  }

  private static void streams() throws SQLException {
    connection.setAutoCommit(false);
    try (PreparedStatement select =
        connection.prepareStatement("SELECT n, note FROM jdbc_series WHERE n >= ? ORDER BY n, ts")) {
      for (int i = 0; i < 7; i += 1) {
        select.setFetchSize(100);
        select.setLong(1, i);
        long count = 0;
        long sum = 0;
        ResultSet result = select.executeQuery();
        while (result.next()) {
          count += 1;
          sum += result.getLong(1);
          if (count == 50) run("UPDATE jdbc_plain SET price = price WHERE id = 1"); // between two pages
        }
        line("streaming", "rows", count + " " + sum);
      }
      select.setMaxRows(150);
      ResultSet some = select.executeQuery();
      int count = 0;
      while (some.next()) count += 1;
      line("streaming", "most", count);
    }
    ResultSet scroll = connection
        .createStatement(ResultSet.TYPE_SCROLL_INSENSITIVE, ResultSet.CONCUR_READ_ONLY)
        .executeQuery("SELECT g FROM generate_series(1, 50) g");
    scroll.last();
    line("streaming", "last", scroll.getInt(1) + " " + scroll.getRow());
    scroll.absolute(7);
    line("streaming", "absolute", scroll.getInt(1));
    connection.commit();
    connection.setAutoCommit(true);
    Statement updatable =
        connection.createStatement(ResultSet.TYPE_SCROLL_SENSITIVE, ResultSet.CONCUR_UPDATABLE);
    ResultSet row = updatable.executeQuery("SELECT id, name, price FROM jdbc_plain WHERE id = 3");
    row.next();
    row.updateString("name", "changed");
    row.updateRow();
    row.refreshRow();
    line("streaming", "updated", row.getString("name"));
    row.moveToInsertRow();
    row.updateInt("id", 50);
    row.updateString("name", "inserted");
    row.insertRow();
    row.moveToCurrentRow();
    row.deleteRow();
    rows("streaming", "table", connection.createStatement().executeQuery(
        "SELECT id, name FROM jdbc_plain WHERE id IN (3, 50)"), 1, 2);
  }

  private static void transactions() throws SQLException {
    connection.setAutoCommit(false);
    connection.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
    line("transactions", "isolation", connection.getTransactionIsolation());
    run("INSERT INTO jdbc_plain (id, name) VALUES (200, 'outer')");
    Savepoint savepoint = connection.setSavepoint("s \"x\"");
    refused("transactions", "in savepoint", () -> run("INSERT INTO jdbc_plain (id, name) VALUES (200, 'x')"));
    refused("transactions", "aborted", () -> run("SELECT 1"));
    connection.rollback(savepoint);
    Savepoint unnamed = connection.setSavepoint();
    run("INSERT INTO jdbc_plain (id, name) VALUES (201, 'inner')");
    connection.releaseSavepoint(unnamed);
    connection.commit();
    refused("transactions", "failed", () -> run("SELECT 1/0"));
    refused("transactions", "commit", () -> connection.commit());
    connection.rollback();
    connection.setTransactionIsolation(Connection.TRANSACTION_READ_COMMITTED);
    connection.setReadOnly(true);
    refused("transactions", "read only", () -> run("DELETE FROM jdbc_plain"));
    connection.rollback();
    connection.setReadOnly(false);
    connection.setAutoCommit(true);
    try (Connection careful = connect("autosave", "always")) {
      careful.setAutoCommit(false);
      Statement statement = careful.createStatement();
      statement.executeUpdate("INSERT INTO jdbc_plain (id, name) VALUES (202, 'kept')");
      refused("transactions", "autosave", () -> statement.executeUpdate("SELECT nope"));
      careful.commit();
    }
    rows("transactions", "kept", connection.createStatement().executeQuery(
        "SELECT id, name FROM jdbc_plain WHERE id >= 200 ORDER BY id"), 1, 2);
  }

  private static void failures() {
    String[] statements = {
      "INSERT INTO jdbc_plain (id, name) VALUES (200, 'again')",
      "INSERT INTO jdbc_plain (id, name) VALUES (300, '')",
      "INSERT INTO jdbc_plain (id) VALUES (300)",
      "SELECT nope FROM jdbc_plain", "SELECT 'ü', FROM", "SELECT 'x'::int", "SELECT 1/0",
      "DROP TABLE no_such_table",
    };
    for (String sql : statements) {
      try {
        run(sql);
      } catch (SQLException failure) {
        ServerErrorMessage m = ((PSQLException) failure).getServerErrorMessage();
        line("errors", sql, new Object[] {m.getSeverity(), m.getSQLState(), m.getMessage(), m.getDetail(),
          m.getHint(), m.getPosition(), m.getSchema(), m.getTable(), m.getColumn(), m.getDatatype(),
          m.getConstraint()});
      }
    }
    refused("errors", "warning", () -> {
      Statement statement = connection.createStatement();
      statement.execute("DROP TABLE IF EXISTS no_such_table");
      line("errors", "warning", statement.getWarnings().getMessage());
    });
  }

  private static void cancels() throws SQLException {
    Statement slow = connection.createStatement();
    Thread thread = new Thread(() -> {
      try {
        Thread.sleep(300);
        slow.cancel();
      } catch (InterruptedException | SQLException failure) {
        line("cancel", "cancel", failure.getMessage());
      }
    });
    thread.start();
    refused("cancel", "cancel", () -> slow.execute("SELECT pg_sleep(30)"));
    slow.setQueryTimeout(1);
    refused("cancel", "timeout", () -> slow.execute("SELECT pg_sleep(30)"));
    line("cancel", "valid", connection.isValid(5));
  }

  private static void copies() throws Exception {
    CopyManager manager = connection.unwrap(PGConnection.class).getCopyAPI();
    String csv = "2026-01-06 00:00:00+00,d,0.5,1,\"a, b\"\n2026-01-06 00:00:01+00,d,,2,\n";
    line("copy", "in", manager.copyIn("COPY jdbc_series FROM STDIN (FORMAT csv)", new StringReader(csv)));
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    String query = "(SELECT * FROM jdbc_series WHERE ts >= '2026-01-06' ORDER BY n)";
    line("copy", "out", manager.copyOut("COPY " + query + " TO STDOUT (FORMAT csv)", out));
    line("copy", "text", out.toString("UTF-8"));
    refused("copy", "failed", () -> {
      try {
        manager.copyIn("COPY jdbc_series FROM STDIN", new StringReader("2026-01-05\td\tnope\t1\ta\n"));
      } catch (java.io.IOException impossible) {
        throw new SQLException(impossible);
      }
    });
  }

  private static void catalogue() throws SQLException {
    DatabaseMetaData meta = connection.getMetaData();
    rows("catalogue", "table", meta.getTables(null, "public", "jdbc\\_%", null), 2, 3, 4, 5);
    rows("catalogue", "types of tables", meta.getTableTypes(), 1);
    rows("catalogue", "schema", meta.getSchemas(null, "publi%"), 1);
    rows("catalogue", "catalog", meta.getCatalogs(), 1);
    rows("catalogue", "column", meta.getColumns(null, null, "jdbc_%", "%"), 3, 4, 5, 6, 7, 9, 11, 12, 13, 16, 17, 18, 23, 24);
    rows("catalogue", "primary key", meta.getPrimaryKeys(null, null, "jdbc_plain"), 3, 4, 5, 6);
    rows("catalogue", "imported key", meta.getImportedKeys(null, null, "jdbc_child"), 3, 4, 7, 8, 9, 10, 11, 12, 13, 14);
    rows("catalogue", "exported key", meta.getExportedKeys(null, null, "jdbc_plain"), 3, 4, 7, 8, 9, 12);
    rows("catalogue", "reference", meta.getCrossReference(null, null, "jdbc_plain", null, null, "jdbc_child"), 3, 7, 12);
    rows("catalogue", "index", meta.getIndexInfo(null, null, "jdbc_plain", false, true), 3, 4, 6, 7, 8, 9, 10, 13);
    rows("catalogue", "right", meta.getTablePrivileges(null, null, "jdbc_child"), 3, 4, 5, 6, 7);
    rows("catalogue", "right on column", meta.getColumnPrivileges(null, null, "jdbc_child", "id"), 3, 4, 6, 7);
    rows("catalogue", "row identifier", meta.getBestRowIdentifier(null, null, "jdbc_plain", 2, true), 2, 3, 4);
    rows("catalogue", "version column", meta.getVersionColumns(null, null, "jdbc_plain"), 2, 3, 4);
    rows("catalogue", "function", meta.getFunctions(null, "pg_catalog", "date\\_trunc"), 2, 3, 5);
    rows("catalogue", "procedure", meta.getProcedures(null, "public", "%"), 3);
    rows("catalogue", "user type", meta.getUDTs(null, "public", "jdbc%", null), 3);
    rows("catalogue", "client info", meta.getClientInfoProperties(), 1);
    ResultSet info = meta.getTypeInfo();
    while (info.next()) {
      String name = info.getString(1);
      if (Arrays.asList("bool", "int4", "numeric", "text", "timestamptz", "_int4").contains(name)) {
        line("catalogue", "type", name + info.getInt(2) + " " + info.getInt(3) + info.getBoolean(8));
      }
    }
    line("catalogue", "keywords", meta.getSQLKeywords().length() > 200);
    line("catalogue", "user", meta.getUserName() + meta.getMaxColumnNameLength());
    line("catalogue", "schema", connection.getSchema() + connection.getCatalog());
  }

  public static void main(String[] arguments) throws Exception {
    TimeZone.setDefault(TimeZone.getTimeZone("UTC"));
    connection = connect();
    System.out.println("connected: encrypted = " + environment("PGSSLMODE").equals("verify-full"));
    run("DROP TABLE IF EXISTS jdbc_series, jdbc_child, jdbc_plain");
    run("CREATE TABLE jdbc_series " + COLUMNS + " " + environment("CLIENT_USING"));
    run("CREATE TABLE jdbc_plain (id int PRIMARY KEY, name text NOT NULL CONSTRAINT jdbc_named"
        + " CHECK (name <> ''), price numeric(10,2), size int GENERATED ALWAYS AS (id * 2) STORED)");
    run("CREATE UNIQUE INDEX jdbc_by_name ON jdbc_plain (lower(name), price DESC) WHERE price > 100");
    run("CREATE TABLE jdbc_child (id serial, plain int DEFAULT 5 REFERENCES jdbc_plain ON DELETE CASCADE,"
        + " code varchar(7) UNIQUE DEFERRABLE)");
    run("COMMENT ON TABLE jdbc_child IS 'a child'");
    run("COMMENT ON COLUMN jdbc_child.code IS 'a code'");
    types("text", 1);
    types("binary", 3);
    prepared();
    batches();
    streams();
    transactions();
    failures();
    cancels();
    copies();
    run("LISTEN news");
    try (PreparedStatement call = connection.prepareStatement("SELECT pg_notify(?, ?)")) {
      call.setString(1, "news");
      call.setString(2, "hello ü");
      call.execute();
    }
    for (PGNotification news : connection.unwrap(PGConnection.class).getNotifications(1000)) {
      line("listen", "heard", news.getName() + " " + news.getParameter());
    }
    catalogue();
    run("DROP TABLE jdbc_series, jdbc_child, jdbc_plain");
    connection.close();
  }
}
