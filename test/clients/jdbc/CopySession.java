import java.io.ByteArrayOutputStream;
import java.io.StringReader;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Statement;
import java.sql.Types;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyIn;
import org.postgresql.copy.CopyManager;

/** Rows in and out through pgjdbc; lines of `table.name=value` for copy-clients.test.ts. */
public class CopySession {
  private static Connection connection;
  private static String table;

  private static void answer(String name, Object value) {
    System.out.println(table + "." + name + "=" + String.valueOf(value).replace("\n", "\\n"));
  }

  private static long count() throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet result = statement.executeQuery("SELECT count(*) FROM " + table)) {
      result.next();
      return result.getLong(1);
    }
  }

  private static int run(String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      return statement.executeUpdate(sql);
    }
  }

  public static void main(String[] arguments) throws Exception {
    String url = "jdbc:postgresql://127.0.0.1:" + arguments[0] + "/postgres?user=postgres";
    connection = DriverManager.getConnection(url + "&reWriteBatchedInserts=true");
    for (int index = 1; index < arguments.length; index += 1) {
      table = arguments[index];
      copies();
      inserts();
      notifications();
    }
    connection.close();
  }

  private static void copies() throws Exception {
    CopyManager manager = connection.unwrap(PGConnection.class).getCopyAPI();
    StringBuilder lines = new StringBuilder();
    for (int n = 0; n < 5000; n += 1) {
      lines.append("2026-01-05 00:00:00.00").append(String.format("%04d", n)).append("+00,d,");
      lines.append(n).append(".5,").append(n).append(n % 2 == 0 ? ",\"a, b\"\n" : ",\n");
    }
    String csv = lines.toString();
    answer("copied", manager.copyIn("COPY " + table + " FROM STDIN (FORMAT csv)", new StringReader(csv)));
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    String query = "(SELECT * FROM " + table + " WHERE n < 2 ORDER BY n)";
    answer("out", manager.copyOut("COPY " + query + " TO STDOUT (FORMAT csv)", out));
    answer("csv", out.toString("UTF-8"));
    try {
      manager.copyIn("COPY " + table + " FROM STDIN", new StringReader("2026-01-05\td\tnope\t1\ta\n"));
    } catch (SQLException failure) {
      answer("failed", failure.getSQLState());
    }
    CopyIn given = manager.copyIn("COPY " + table + " FROM STDIN (FORMAT csv)");
    byte[] line = "2026-01-05,d,1,1,a\n".getBytes("UTF-8");
    given.writeToCopy(line, 0, line.length);
    given.cancelCopy();
    answer("given up", count());
    connection.setAutoCommit(false);
    answer("deleted", run("DELETE FROM " + table));
    manager.copyIn("COPY " + table + " FROM STDIN (FORMAT csv)", new StringReader("2026-01-05,d,1,1,a\n"));
    answer("inside", count());
    connection.rollback();
    answer("rolled back", count());
    run("DELETE FROM " + table);
    connection.commit();
    connection.setAutoCommit(true);
  }

  private static void inserts() throws Exception {
    connection.setAutoCommit(false);
    String sql = "INSERT INTO " + table + " (ts, device, v, n, note) VALUES (?, ?, ?, ?, ?)";
    OffsetDateTime start = OffsetDateTime.of(2026, 1, 5, 0, 0, 0, 0, ZoneOffset.UTC);
    try (PreparedStatement insert = connection.prepareStatement(sql)) {
      for (int n = 0; n < 1000; n += 1) {
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
      answer("batch", sum);
      Savepoint savepoint = connection.setSavepoint();
      try {
        run("INSERT INTO " + table + " VALUES ('x')");
      } catch (SQLException failure) {
        answer("savepoint", failure.getSQLState());
        connection.rollback(savepoint);
      }
      insert.setObject(1, start.minusDays(1));
      insert.setString(2, "d");
      insert.setDouble(3, 1);
      insert.setLong(4, 1000);
      insert.setString(5, null);
      answer("one", insert.executeUpdate());
    }
    connection.commit();
    connection.setAutoCommit(true);
    List<Object> sums = new ArrayList<>();
    String query = "SELECT count(*), count(v), sum(v), sum(n), min(ts), max(note) FROM " + table;
    try (Statement statement = connection.createStatement();
        ResultSet result = statement.executeQuery(query)) {
      result.next();
      for (int column = 1; column <= 4; column += 1) sums.add(result.getObject(column));
      sums.add(result.getObject(5, OffsetDateTime.class).toInstant());
      sums.add(result.getString(6));
    }
    answer("sums", sums);
    answer("cleared", run("DELETE FROM " + table));
  }

  private static void notifications() throws Exception {
    run("LISTEN news");
    try (PreparedStatement call = connection.prepareStatement("SELECT pg_notify(?, ?)")) {
      call.setString(1, "news");
      call.setString(2, "hello");
      call.execute();
    }
    answer("heard", connection.unwrap(PGConnection.class).getNotifications()[0].getParameter());
    run("UNLISTEN *");
  }
}
