//! Values of every kind: what the protocols tell is what UNLOAD writes.

use tokio_postgres::SimpleQueryMessage;

use crate::support::{Place, ended, run};

const VALUES: &str = "SELECT CAST('1e15' AS float8) AS a, CAST('1e300' AS float8) AS b, CAST('0.1' AS real) AS c, CAST(DATEADD(day, -1, DATE '0001-01-01') AS date) AS d,
    CAST(DATEADD(day, 1, DATE '9999-12-31') AS date) AS e, DATEADD(day, -1, TIMESTAMP '0001-01-01 00:00:00') AS f,
    CAST(-12.340 AS numeric(10,3)) AS g, doc AS h, true AS j, 'a,\"b' AS k, NULL AS l FROM nested";

#[tokio::test]
async fn text_is_what_unload_writes() {
    let place = Place::made(|config| {
        let tables = config.engine.tables.as_ref().unwrap();
        std::fs::write(tables.join("nested.jsonl"), "{\"doc\": {\"a\": {\"x\": 1.50, \"y\": \"z\"}, \"b\": [1, 2]}}\n").unwrap();
    })
    .await;
    let sdk = place.sdk();
    let unload = format!(
        "UNLOAD ('{}') TO 's3://lake/v/output' IAM_ROLE default FORMAT CSV PARALLEL OFF",
        VALUES.replace('\\', "\\\\").replace('\'', "''")
    );
    let described = run(&sdk, &unload).await;
    assert_eq!(described.status().unwrap().as_str(), "FINISHED", "{described:?}");
    let written = std::fs::read_to_string(place.file("v/output000")).unwrap();

    let submitted = sdk.execute_statement().workgroup_name("wg").database("dev").sql(VALUES).result_format("CSV".into());
    let submitted = submitted.send().await.unwrap();
    ended(&sdk, submitted.id().unwrap()).await;
    let told = sdk.get_statement_result_v2().id(submitted.id().unwrap()).send().await.unwrap();
    let told = told.records()[0].as_csv_records().unwrap();
    let line = written.trim_end();
    assert_eq!(*told, format!("a,b,c,d,e,f,g,h,j,k,l\r\n{line}\r\n"));

    let messages = place.connect().await.simple_query(VALUES).await.unwrap();
    let row = messages.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some((0..row.len()).map(|at| row.get(at)).collect::<Vec<_>>()),
        _ => None,
    });
    let expected = [
        Some("1e+15"),
        Some("1e+300"),
        Some("0.1"),
        Some("0001-12-31 BC"),
        Some("10000-01-01"),
        Some("0001-12-31 00:00:00 BC"),
        Some("-12.340"),
        Some("{\"a\":{\"x\":1.5,\"y\":\"z\"},\"b\":[1,2]}"),
        Some("t"),
        Some("a,\"b"),
        None,
    ];
    assert_eq!(row.unwrap(), expected);
    assert!(line.starts_with("1e+15,1e+300,0.1,0001-12-31 BC,10000-01-01,0001-12-31 00:00:00 BC,-12.340,"), "{line}");
}
