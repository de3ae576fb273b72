// Redshift's own JDBC driver, as a service uses it: metadata, prepared statements, transactions, limits, UNLOAD, errors, cancels.
//
// Run with `java -cp DRIVER Jdbc.java URL FOLDER [slow]`: each check is a line, `ok NAME` or `FAILED NAME: why`. The values of the table
// `awkward` go to FOLDER/values, a line each, so that whoever made the table compares them. With `slow` the server is slow on purpose, and
// cancels are checked instead.

import java.io.PrintWriter;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.Date;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Timestamp;
import java.sql.Types;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.Properties;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

public final class Jdbc {
    interface Check {
        void run(Connection connection) throws Exception;
    }

    private final String url;
    private final Path folder;

    private Jdbc(String url, Path folder) {
        this.url = url;
        this.folder = folder;
    }

    public static void main(String[] arguments) {
        Jdbc jdbc = new Jdbc(arguments[0], Path.of(arguments[1]));
        if (arguments.length > 2) {
            jdbc.check("a cancel from another thread", jdbc::cancel);
            jdbc.check("a time-out of a query", jdbc::timeOut);
            return;
        }
        jdbc.check("who is connected", jdbc::who);
        jdbc.check("catalogs and schemas", jdbc::schemas);
        jdbc.check("tables", jdbc::tables);
        jdbc.check("columns", jdbc::columns);
        jdbc.check("keys, procedures and functions", jdbc::nothing);
        jdbc.check("columns of a result", jdbc::described);
        jdbc.check("values of every type", jdbc::values);
        jdbc.check("typed values", jdbc::typed);
        jdbc.check("prepared statements", jdbc::prepared);
        jdbc.check("a statement prepared once and run often", jdbc::often);
        jdbc.check("at most so many rows", jdbc::maxRows);
        jdbc.check("rows in pieces", jdbc::pieces);
        jdbc.check("several statements at once", jdbc::several);
        jdbc.check("transactions", jdbc::transactions);
        jdbc.check("settings", jdbc::settings);
        jdbc.check("errors", jdbc::errors);
        jdbc.check("the unload that people write", jdbc::unload);
    }

    private void check(String name, Check check) {
        try (Connection connection = connect("")) {
            check.run(connection);
            System.out.println("ok " + name);
        } catch (Exception | AssertionError error) {
            StackTraceElement[] trace = error.getStackTrace();
            String place = "";
            for (StackTraceElement element : trace) {
                if (element.getClassName().startsWith("Jdbc") && !element.getMethodName().equals("same")) {
                    place = " (line " + element.getLineNumber() + ")";
                    break;
                }
            }
            System.out.println("FAILED " + name + ": " + String.valueOf(error).replace('\n', ' ') + place);
        }
    }

    private Connection connect(String more) throws SQLException {
        Properties properties = new Properties();
        properties.setProperty("user", "awsuser");
        properties.setProperty("password", Objects.requireNonNullElse(System.getenv("COUNTERPART_PASSWORD"), "any"));
        return DriverManager.getConnection(url + more, properties);
    }

    private static void same(Object expected, Object found) {
        if (!Objects.equals(expected, found)) {
            throw new AssertionError(found + " and not " + expected + (found == null ? "" : " (" + found.getClass().getSimpleName() + ")"));
        }
    }

    private static List<String> all(ResultSet rows, String... columns) throws SQLException {
        List<String> found = new ArrayList<>();
        while (rows.next()) {
            List<String> row = new ArrayList<>();
            for (String column : columns) {
                row.add(rows.getString(column));
            }
            found.add(String.join(" ", row));
        }
        return found;
    }

    private static Object one(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement(); ResultSet rows = statement.executeQuery(sql)) {
            same(true, rows.next());
            return rows.getObject(1);
        }
    }

    private void who(Connection connection) throws Exception {
        DatabaseMetaData metadata = connection.getMetaData();
        same("Redshift", metadata.getDatabaseProductName());
        same("8.0.2", metadata.getDatabaseProductVersion());
        same("awsuser", metadata.getUserName());
        same("dev", connection.getCatalog());
        same("public", connection.getSchema());
        same(true, connection.isValid(5));
        same(true, connection.getAutoCommit());
    }

    private void schemas(Connection connection) throws Exception {
        DatabaseMetaData metadata = connection.getMetaData();
        same(List.of("dev"), all(metadata.getCatalogs(), "TABLE_CAT"));
        same(true, all(metadata.getSchemas(), "TABLE_SCHEM").contains("public"));
        same(List.of("public dev"), all(metadata.getSchemas("dev", "pub%"), "TABLE_SCHEM", "TABLE_CATALOG"));
        same(true, all(metadata.getTableTypes(), "TABLE_TYPE").contains("TABLE"));
    }

    private void tables(Connection connection) throws Exception {
        DatabaseMetaData metadata = connection.getMetaData();
        String[] names = {"TABLE_CAT", "TABLE_SCHEM", "TABLE_NAME", "TABLE_TYPE"};
        List<String> both = List.of("dev public awkward TABLE", "dev public numbers TABLE");
        same(both, all(metadata.getTables(null, "public", "%", new String[] {"TABLE"}), names));
        same(both, all(metadata.getTables("dev", null, null, new String[] {"TABLE"}), names));
        same(both.subList(1, 2), all(metadata.getTables("dev", "public", "num%", null), names));
        same(List.of(), all(metadata.getTables(null, "public", "%", new String[] {"VIEW"}), names));
        same(List.of(), all(metadata.getTables(null, "public", "nothing", null), names));
    }

    private void columns(Connection connection) throws Exception {
        DatabaseMetaData metadata = connection.getMetaData();
        String[] names = {"TABLE_NAME", "COLUMN_NAME", "DATA_TYPE", "TYPE_NAME", "ORDINAL_POSITION", "IS_NULLABLE"};
        List<String> numbers = List.of("numbers n 4 int4 1 YES", "numbers square -5 int8 2 YES");
        same(numbers, all(metadata.getColumns(null, "public", "numbers", "%"), names));
        same(numbers.subList(1, 2), all(metadata.getColumns("dev", "public", "numbers", "sq%"), names));
        List<String> types = all(metadata.getColumns(null, "public", "awkward", null), "COLUMN_NAME", "TYPE_NAME", "COLUMN_SIZE", "DECIMAL_DIGITS");
        for (String type : List.of("id int8 19 0", "word varchar 65535 null", "flag bool 1 null", "price numeric 18 4", "day date 13 null")) {
            same(true, types.stream().anyMatch(found -> found.startsWith(type.substring(0, type.indexOf(' ', type.indexOf(' ') + 1)))));
        }
        same(14, types.size());
    }

    private void nothing(Connection connection) throws Exception {
        DatabaseMetaData metadata = connection.getMetaData();
        same(false, metadata.getPrimaryKeys(null, "public", "numbers").next());
        same(false, metadata.getImportedKeys(null, "public", "numbers").next());
        same(false, metadata.getExportedKeys(null, "public", "numbers").next());
        same(false, metadata.getProcedures(null, "public", "%").next());
        same(false, metadata.getFunctions(null, "public", "%").next());
        same(false, metadata.getIndexInfo(null, "public", "numbers", false, true).next());
    }

    private void described(Connection connection) throws Exception {
        try (PreparedStatement statement = connection.prepareStatement("SELECT n AS number, word, price, moment FROM numbers JOIN awkward ON n = id")) {
            ResultSetMetaData metadata = statement.getMetaData();
            same(4, metadata.getColumnCount());
            same("number", metadata.getColumnLabel(1));
            same(Types.INTEGER, metadata.getColumnType(1));
            same(Types.VARCHAR, metadata.getColumnType(2));
            same(Types.NUMERIC, metadata.getColumnType(3));
            same(18, metadata.getPrecision(3));
            same(4, metadata.getScale(3));
            same(Types.TIMESTAMP, metadata.getColumnType(4));
        }
    }

    private void values(Connection connection) throws Exception {
        HexFormat hex = HexFormat.of();
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("SELECT * FROM awkward ORDER BY id");
                PrintWriter out = new PrintWriter(Files.newBufferedWriter(folder.resolve("values")))) {
            int count = rows.getMetaData().getColumnCount();
            while (rows.next()) {
                for (int column = 1; column <= count; column++) {
                    String value = rows.getString(column);
                    out.println(value == null ? "null" : "=" + hex.formatHex(value.getBytes(StandardCharsets.UTF_8)));
                }
            }
        }
    }

    private void typed(Connection connection) throws Exception {
        String sql = "SELECT CAST(1 AS SMALLINT), CAST(2 AS INTEGER), CAST(3 AS BIGINT), CAST(1.5 AS REAL), CAST(2.5 AS DOUBLE PRECISION), CAST(9.99 AS NUMERIC(10,2)), TRUE,"
            + " 'text', CAST('2026-03-29' AS DATE), CAST('2026-03-29 01:30:00.25' AS TIMESTAMP), CAST(NULL AS INTEGER)";
        try (Statement statement = connection.createStatement(); ResultSet rows = statement.executeQuery(sql)) {
            same(true, rows.next());
            same((short) 1, rows.getShort(1));
            same(2, rows.getObject(2));
            same(3L, rows.getObject(3));
            same(1.5f, rows.getObject(4));
            same(2.5d, rows.getObject(5));
            same(new BigDecimal("9.99"), rows.getBigDecimal(6));
            same(true, rows.getObject(7));
            same("text", rows.getObject(8));
            same(Date.valueOf("2026-03-29"), rows.getDate(9));
            same(LocalDate.of(2026, 3, 29), rows.getDate(9).toLocalDate());
            same(Timestamp.valueOf("2026-03-29 01:30:00.25"), rows.getTimestamp(10));
            same(0, rows.getInt(11));
            same(true, rows.wasNull());
        }
    }

    private void prepared(Connection connection) throws Exception {
        try (PreparedStatement statement = connection.prepareStatement("SELECT square FROM numbers WHERE n = ? AND square < ?")) {
            statement.setInt(1, 12);
            statement.setLong(2, 1_000_000_000_000L);
            try (ResultSet rows = statement.executeQuery()) {
                same(List.of("144"), all(rows, "square"));
            }
            same(2, statement.getParameterMetaData().getParameterCount());
        }
        String sql = "SELECT count(*) AS rows FROM awkward WHERE word = ? AND (flag = ? OR flag IS NULL)";
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setString(1, "a'b\\");
            statement.setBoolean(2, true);
            try (ResultSet rows = statement.executeQuery()) {
                same(List.of("0"), all(rows, "rows"));
            }
        }
        found(connection, "day", statement -> statement.setDate(1, Date.valueOf("2024-02-29")));
        found(connection, "day", statement -> statement.setObject(1, LocalDate.of(2024, 2, 29)));
        found(connection, "moment", statement -> statement.setTimestamp(1, Timestamp.valueOf("1969-12-31 23:59:59.999999")));
        found(connection, "price", statement -> statement.setBigDecimal(1, new BigDecimal("1.5")));
        found(connection, "ratio", statement -> statement.setDouble(1, 0.1));
        found(connection, "large", statement -> statement.setLong(1, Long.MAX_VALUE));
        found(connection, "word", statement -> statement.setString(1, "한국어"));
        try (PreparedStatement statement = connection.prepareStatement("SELECT count(*) AS rows FROM awkward WHERE word = ?")) {
            statement.setNull(1, Types.VARCHAR);
            try (ResultSet rows = statement.executeQuery()) {
                same(List.of("0"), all(rows, "rows"));
            }
        }
    }

    interface Binding {
        void bind(PreparedStatement statement) throws SQLException;
    }

    private static void found(Connection connection, String column, Binding binding) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement("SELECT count(*) FROM awkward WHERE " + column + " = ?")) {
            binding.bind(statement);
            try (ResultSet rows = statement.executeQuery()) {
                same(true, rows.next());
                if (rows.getInt(1) == 0) {
                    throw new AssertionError("no `" + column + "` is found");
                }
            }
        }
    }

    private void often(Connection connection) throws Exception {
        try (PreparedStatement statement = connection.prepareStatement("SELECT square FROM numbers WHERE n = ?")) {
            for (int number = 1; number <= 12; number++) {
                statement.setInt(1, number);
                try (ResultSet rows = statement.executeQuery()) {
                    same(List.of(String.valueOf(number * number)), all(rows, "square"));
                }
            }
        }
    }

    private void maxRows(Connection connection) throws Exception {
        try (Statement statement = connection.createStatement()) {
            statement.setMaxRows(10);
            try (ResultSet rows = statement.executeQuery("SELECT n FROM numbers ORDER BY n")) {
                same(10, all(rows, "n").size());
            }
        }
        same(5000L, one(connection, "SELECT count(*) FROM numbers"));
    }

    private void pieces(Connection plain) throws Exception {
        for (String more : List.of("", "&enableFetchRingBuffer=false")) {
            try (Connection connection = connect(more)) {
                connection.setAutoCommit(false);
                try (Statement statement = connection.createStatement()) {
                    statement.setFetchSize(700);
                    try (ResultSet rows = statement.executeQuery("SELECT n FROM numbers ORDER BY n")) {
                        for (int number = 1; number <= 5000; number++) {
                            same(true, rows.next());
                            same(number, rows.getInt(1));
                        }
                        same(false, rows.next());
                    }
                    try (ResultSet rows = statement.executeQuery("SELECT n FROM numbers ORDER BY n")) {
                        same(true, rows.next());
                    }
                    try (ResultSet rows = statement.executeQuery("SELECT 'after'")) {
                        same(true, rows.next());
                    }
                }
                connection.commit();
            }
        }
    }

    private void several(Connection connection) throws Exception {
        try (Statement statement = connection.createStatement()) {
            same(false, statement.execute("SET query_group TO 'reports'; SHOW query_group"));
            same(true, statement.getMoreResults());
            same(List.of("reports"), all(statement.getResultSet(), "query_group"));
        }
    }

    private void transactions(Connection connection) throws Exception {
        connection.setAutoCommit(false);
        same(5000L, one(connection, "SELECT count(*) FROM numbers"));
        connection.commit();
        fails(connection, "SELECT * FROM nowhere", "42P01");
        fails(connection, "SELECT 1", "25P02");
        connection.rollback();
        same(1L, ((Number) one(connection, "SELECT 1")).longValue());
        connection.rollback();
        connection.setReadOnly(true);
        same(1L, ((Number) one(connection, "SELECT 1")).longValue());
        connection.setAutoCommit(true);
        same(1L, ((Number) one(connection, "SELECT 1")).longValue());
    }

    private void settings(Connection connection) throws Exception {
        try (Statement statement = connection.createStatement()) {
            statement.execute("SET search_path TO public");
        }
        same("public", one(connection, "SHOW search_path"));
        connection.setSchema("public");
        connection.setNetworkTimeout(Runnable::run, 60_000);
        same("dev", one(connection, "SELECT current_database()"));
        same("awsuser", one(connection, "SELECT current_user"));
    }

    private void errors(Connection connection) throws Exception {
        fails(connection, "SELECT * FROM nowhere", "42P01");
        fails(connection, "SELECT nothing FROM numbers", "42703");
        fails(connection, "SELEC 1", "42601");
        fails(connection, "CREATE TABLE t (a int)", "0A000");
        fails(connection, "SELECT 1 / 0", "22012");
        fails(connection, "UNLOAD ('SELECT 1') TO 's3://nowhere/a' IAM_ROLE default", "XX000");
        try (PreparedStatement statement = connection.prepareStatement("SELECT n FROM numbers WHERE n = ?")) {
            statement.setString(1, "a word");
            try {
                statement.executeQuery();
                throw new AssertionError("a word is taken for a number");
            } catch (SQLException error) {
                same("22P02", error.getSQLState());
            }
        }
        same(1L, ((Number) one(connection, "SELECT 1")).longValue());
    }

    private static void fails(Connection connection, String sql, String state) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        } catch (SQLException error) {
            same(state, error.getSQLState());
            return;
        }
        throw new AssertionError("`" + sql + "` succeeds");
    }

    private void unload(Connection connection) throws Exception {
        String sql = "UNLOAD ('SELECT n, square FROM numbers WHERE n <= 3 ORDER BY n') TO 's3://lake/jdbc/output'"
            + " CREDENTIALS 'aws_access_key_id=AKIAEXAMPLE;aws_secret_access_key=wJalrEXAMPLEKEY' DELIMITER ',' ADDQUOTES GZIP ALLOWOVERWRITE PARALLEL OFF";
        try (Statement statement = connection.createStatement()) {
            same(false, statement.execute(sql));
            same(true, String.valueOf(statement.getWarnings()).contains("3 record(s) unloaded successfully"));
        }
        same(3L, ((Number) one(connection, "SELECT pg_last_unload_count()")).longValue());
        same("s3://lake/jdbc/output000.gz", one(connection, "SELECT trim(path) FROM stl_unload_log WHERE query = pg_last_query_id()"));
        String detail = "SELECT line_count FROM sys_unload_detail WHERE query_id = pg_last_query_id()";
        same(3L, ((Number) one(connection, detail)).longValue());
    }

    private void cancel(Connection connection) throws Exception {
        try (Statement statement = connection.createStatement()) {
            CompletableFuture<String> ended = CompletableFuture.supplyAsync(() -> {
                try {
                    statement.executeQuery("SELECT count(*) FROM numbers");
                    return "it is not cancelled";
                } catch (SQLException error) {
                    return error.getSQLState();
                }
            });
            try (Connection other = connect("")) {
                String running = "SELECT count(*) FROM stv_inflight WHERE trim(text) = 'SELECT count(*) FROM numbers'";
                while (((Number) one(other, running)).intValue() == 0 && !ended.isDone()) {
                    Thread.onSpinWait();
                }
            }
            statement.cancel();
            same("57014", ended.get(60, TimeUnit.SECONDS));
        }
        same(1L, ((Number) one(connection, "SELECT 1")).longValue());
    }

    private void timeOut(Connection connection) throws Exception {
        try (Statement statement = connection.createStatement()) {
            statement.setQueryTimeout(1);
            statement.executeQuery("SELECT count(*) FROM numbers");
            throw new AssertionError("it is not timed out");
        } catch (SQLException error) {
            same("57014", error.getSQLState());
        }
    }
}
