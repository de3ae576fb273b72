//! What drivers ask for beside queries: lists of the catalogue, cursors, and words of PostgreSQL's clients. The drivers themselves are met
//! in `.ci/counterparts`.

use tokio_postgres::SimpleQueryMessage;
use tokio_postgres::types::Type;

use crate::support::Place;

/// The values of a simple query, as text; null is `-`.
async fn texts(client: &tokio_postgres::Client, sql: &str) -> Vec<Vec<String>> {
    let messages = client.simple_query(sql).await.unwrap();
    let rows = messages.into_iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some((0..row.len()).map(|index| row.get(index).unwrap_or("-").to_owned()).collect()),
        _ => None,
    });
    rows.collect()
}

async fn state_of(client: &tokio_postgres::Client, sql: &str) -> String {
    client.batch_execute(sql).await.unwrap_err().code().unwrap().code().to_owned()
}

#[tokio::test]
async fn the_catalogue_is_listed_by_show() {
    let place = Place::new().await;
    let client = place.connect().await;
    assert_eq!(texts(&client, "SHOW DATABASES").await[0][..3], ["dev", "100", "local"]);
    let schemas = texts(&client, "SHOW SCHEMAS FROM DATABASE dev LIKE 'p%'").await;
    assert_eq!(schemas.iter().map(|row| row[1].as_str()).collect::<Vec<_>>(), ["pg_catalog", "public"]);
    let tables = texts(&client, "SHOW TABLES FROM SCHEMA dev.public").await;
    assert_eq!(tables.iter().map(|row| row[2].as_str()).collect::<Vec<_>>(), ["fruit", "numbers"]);
    assert_eq!(texts(&client, "SHOW TABLES FROM SCHEMA public LIMIT 1").await.len(), 1);
    let columns = texts(&client, "SHOW COLUMNS FROM TABLE dev.public.fruit").await;
    let told: Vec<String> = columns.iter().map(|row| row[3..11].join(" ")).collect();
    assert_eq!(told[0], "id 1 - YES bigint - 64 0");
    assert_eq!(told[1], "name 2 - YES character varying 65535 - -");
    assert!(texts(&client, "SHOW CONSTRAINTS PRIMARY KEYS FROM TABLE dev.public.fruit").await.is_empty());
    assert_eq!(state_of(&client, "SHOW TABLES FROM SCHEMA other.public").await, "3D000");
    assert_eq!(state_of(&client, "SHOW TABLES FROM SCHEMA dev.nothing").await, "3F000");
    assert_eq!(state_of(&client, "SHOW COLUMNS FROM TABLE dev.public.nothing").await, "42P01");
}

#[tokio::test]
async fn views_of_the_catalogue_have_the_columns_that_older_drivers_read() {
    let place = Place::new().await;
    let client = place.connect().await;
    let tables = "SELECT database_name, schema_name, table_name, table_type, remarks FROM pg_catalog.svv_all_tables ORDER BY 3";
    assert_eq!(texts(&client, tables).await[0], ["dev", "public", "fruit", "TABLE", "-"]);
    let tables = "SELECT table_schema, table_name, table_type, remarks FROM svv_tables ORDER BY 2";
    assert_eq!(texts(&client, tables).await[1], ["public", "numbers", "BASE TABLE", "-"]);
    let sizes = "data_type, character_maximum_length, numeric_precision, numeric_scale, column_default, remarks";
    for (view, database) in [("svv_columns", "table_catalog"), ("svv_all_columns", "database_name")] {
        let sql = format!("SELECT {database}, {sizes} FROM {view} WHERE table_name = 'fruit' ORDER BY ordinal_position");
        let columns = texts(&client, &sql).await;
        assert_eq!(columns[0], ["dev", "bigint", "-", "64", "0", "-", "-"], "{view}");
        assert_eq!(columns[1], ["dev", "character varying", "65535", "-", "-", "-", "-"], "{view}");
    }
}

#[tokio::test]
async fn names_of_a_list_may_be_parameters() {
    let place = Place::new().await;
    let client = place.connect().await;
    let statement = client.prepare("SHOW TABLES FROM SCHEMA $1.$2 LIKE $3;").await.unwrap();
    assert_eq!(statement.params(), [Type::VARCHAR, Type::VARCHAR, Type::VARCHAR]);
    assert_eq!(statement.columns()[2].name(), "table_name");
    let rows = client.query(&statement, &[&"dev", &"public", &"num%"]).await.unwrap();
    assert_eq!(rows.iter().map(|row| row.get::<_, String>(2)).collect::<Vec<_>>(), ["numbers"]);
}

#[tokio::test]
async fn a_cursor_gives_its_rows_in_pieces_until_the_transaction_ends() {
    let place = Place::new().await;
    let client = place.connect().await;
    assert_eq!(state_of(&client, "DECLARE c CURSOR FOR SELECT 1").await, "25P01");
    client.batch_execute("BEGIN; DECLARE c CURSOR FOR SELECT n FROM numbers ORDER BY n").await.unwrap();
    assert_eq!(texts(&client, "FETCH NEXT FROM c").await, [["0"]]);
    assert_eq!(texts(&client, "FETCH FORWARD 2 FROM c").await, [["1"], ["2"]]);
    let statement = client.prepare("FETCH 1500 FROM c").await.unwrap();
    assert_eq!(statement.columns()[0].name(), "n");
    let rows = client.query(&statement, &[]).await.unwrap();
    assert_eq!((rows.len(), rows[1_499].get::<_, i64>(0)), (1_500, 1_502));
    assert_eq!(texts(&client, "FETCH ALL FROM c").await.len(), 497);
    assert!(texts(&client, "FETCH ALL FROM c").await.is_empty());
    client.batch_execute("COMMIT; BEGIN").await.unwrap();
    assert_eq!(state_of(&client, "FETCH ALL FROM c").await, "34000");
    assert_eq!(state_of(&client, "CLOSE c").await, "25P02");
    client.batch_execute("ROLLBACK; BEGIN; DECLARE c CURSOR FOR SELECT 1").await.unwrap();
    assert_eq!(state_of(&client, "DECLARE c CURSOR FOR SELECT 1").await, "42P03");
    client.batch_execute("ROLLBACK").await.unwrap();
    // Parameters are those of the query.
    client.batch_execute("BEGIN").await.unwrap();
    client.execute("DECLARE c CURSOR FOR SELECT n FROM numbers WHERE n < $1 ORDER BY n", &[&2_i64]).await.unwrap();
    assert_eq!(texts(&client, "FETCH ALL FROM c; CLOSE c").await, [["0"], ["1"]]);
    assert_eq!(state_of(&client, "CLOSE c").await, "34000");
}

#[tokio::test]
async fn clients_of_postgresql_are_understood() {
    let place = Place::new().await;
    let client = place.connect().await;
    let named = "SELECT relname FROM pg_catalog.pg_class c WHERE c.relname OPERATOR(pg_catalog.~) '^(num.*)$'";
    assert_eq!(texts(&client, named).await, [["numbers"]]);
    assert_eq!(texts(&client, "SELECT current_database AS table_cat FROM current_database()").await, [["dev"]]);
    assert_eq!(state_of(&client, "SELECT 1 / 0").await, "22012");
    assert_eq!(state_of(&client, "SAVEPOINT a").await, "0A000");
    let settings = texts(&client, "SHOW ALL").await;
    assert!(!settings.iter().any(|row| row[0] == "user" || row[0] == "database"), "{settings:?}");
}
