//! The system views and the catalogue, and that both protocols tell of the same.

use crate::support::{Place, run};

#[tokio::test]
async fn the_views_tell_what_both_protocols_ran() {
    let place = Place::new().await;
    let sdk = place.sdk();
    let tagged =
        "/* outflow 0199 1 */ UNLOAD ('SELECT n FROM numbers') TO 's3://lake/v/output' IAM_ROLE default FORMAT CSV GZIP MANIFEST";
    let described = run(&sdk, tagged).await;
    run(&sdk, "UNLOAD ('SELECT x FROM numbers') TO 's3://lake/z/output' IAM_ROLE default").await;
    let client = place.connect().await;
    let found = "SELECT query_id, session_id, status, query_type, error_message FROM sys_query_history
                 WHERE query_text LIKE '/* outflow 0199 1 */%'";
    let rows = client.query(found, &[]).await.unwrap();
    assert_eq!(rows.len(), 1);
    let query_id: i64 = rows[0].get(0);
    assert_eq!(query_id, described.redshift_query_id());
    assert_eq!((i64::from(rows[0].get::<_, i32>(1)), rows[0].get::<_, &str>(2)), (described.redshift_pid(), "success"));

    let history = "SELECT status, unloaded_rows, unloaded_files_count, unloaded_files_size, compression_type, unloaded_location
                   FROM sys_unload_history WHERE query_id = $1";
    let row = client.query_one(history, &[&query_id]).await.unwrap();
    assert_eq!((row.get::<_, &str>(0), row.get::<_, i64>(1), row.get::<_, i64>(2)), ("completed", 2_000, 2));
    assert_eq!((row.get::<_, &str>(4), row.get::<_, &str>(5)), ("gzip", "s3://lake/v/output"));
    let bytes: i64 = row.get(3);

    for view in [
        "SELECT trim(file_name) AS name, line_count, transfer_size FROM sys_unload_detail WHERE query_id = $1 ORDER BY 1",
        "SELECT trim(path) AS name, line_count, transfer_size FROM stl_unload_log WHERE query = $1 ORDER BY 1",
    ] {
        let files = client.query(view, &[&query_id]).await.unwrap();
        let names: Vec<&str> = files.iter().map(|row| row.get(0)).collect();
        assert_eq!(names, ["s3://lake/v/output0000_part_00.gz", "s3://lake/v/output0001_part_00.gz"], "{view}");
        assert_eq!(files.iter().map(|row| row.get::<_, i64>(1)).sum::<i64>(), 2_000);
        assert_eq!(files.iter().map(|row| row.get::<_, i64>(2)).sum::<i64>(), bytes);
    }
    let failed = client.query_one(
        "SELECT status, error_message FROM sys_query_history WHERE query_text LIKE '%/z/%' AND status <> 'running'",
        &[],
    );
    let failed = failed.await.unwrap();
    assert_eq!((failed.get::<_, &str>(0), failed.get::<_, &str>(1)), ("failed", "column \"x\" does not exist"));
}

#[tokio::test]
async fn the_catalogue_is_enough_to_look_round() {
    let place = Place::new().await;
    let client = place.connect().await;
    let columns = "SELECT n.nspname, c.relname, a.attname, t.typname FROM pg_catalog.pg_class c
                   JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                   JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid
                   JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
                   WHERE c.relkind = 'r' AND pg_catalog.pg_table_is_visible(c.oid) AND c.relname = 'fruit' ORDER BY a.attnum";
    let rows = client.query(columns, &[]).await.unwrap();
    let told: Vec<(&str, &str, &str, &str)> = rows.iter().map(|row| (row.get(0), row.get(1), row.get(2), row.get(3))).collect();
    assert_eq!(
        told,
        [("public", "fruit", "id", "int8"), ("public", "fruit", "name", "varchar"), ("public", "fruit", "price", "float8")]
    );
    let tables = client.query("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' ORDER BY 1", &[]);
    let tables: Vec<String> = tables.await.unwrap().iter().map(|row| row.get(0)).collect();
    assert_eq!(tables, ["fruit", "numbers"]);
    let columns = client.query("SELECT column_name FROM svv_columns WHERE table_name = 'numbers'", &[]).await.unwrap();
    assert_eq!(columns[0].get::<_, &str>(0), "n");
}

#[tokio::test]
async fn the_catalogue_names_tables_without_the_quotes_of_a_query() {
    let place = Place::made(|config| {
        for name in ["order", "My Table"] {
            std::fs::write(config.engine.tables.as_ref().unwrap().join(format!("{name}.csv")), "id\n1\n").unwrap();
        }
    })
    .await;
    let client = place.connect().await;
    let tables = client.query("SELECT DISTINCT table_name FROM svv_columns ORDER BY 1", &[]).await.unwrap();
    let names: Vec<&str> = tables.iter().map(|row| row.get(0)).collect();
    assert_eq!(names, ["My Table", "fruit", "numbers", "order"]);
    let listed = place.sdk().list_tables().workgroup_name("wg").database("dev").send().await.unwrap();
    let names: Vec<&str> = listed.tables().iter().filter_map(|table| table.name()).collect();
    assert!(names.contains(&"order") && names.contains(&"My Table"), "{names:?}");
    assert_eq!(client.query("SELECT id FROM \"My Table\"", &[]).await.unwrap().len(), 1);
}
