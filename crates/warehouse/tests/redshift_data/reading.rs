//! What the warehouse is asked beside statements: columns, tables, whether it is there.

use outflow_core::Code;
use outflow_core::options::Format;
use outflow_core::statement::UnloadStatement;
use outflow_core::warehouse::Warehouse;
use outflow_warehouse::redshift_data::{RedshiftData, RedshiftDataConfig};
use serde_json::json;

use crate::fake::{Fake, Fault};
use crate::statement;

fn two_columns(rows: &serde_json::Value) -> serde_json::Value {
    let column = |name: &str, type_name: &str, precision: i32| json!({ "name": name, "label": name, "typeName": type_name, "precision": precision, "scale": 2, "length": 0, "nullable": 1 });
    json!({ "Records": rows, "ColumnMetadata": [column("id", "int8", 19), column("price", "numeric", 15)], "TotalNumRows": 0 })
}

#[tokio::test]
async fn a_result_of_no_rows_has_its_header_or_its_schema() {
    let fake = Fake::start().await;
    fake.gives(two_columns(&json!([])));
    let warehouse = fake.warehouse();
    let empty = warehouse.empty_result(&statement("SELECT id, price FROM t WHERE false -- none")).await.unwrap();
    assert_eq!(String::from_utf8(empty.bytes).unwrap(), "id,price\n");
    let types: Vec<_> = empty.schema.iter().map(|column| column.data_type.as_str()).collect();
    assert_eq!(types, ["bigint", "numeric(15,2)"]);
    let sent = fake.calls("ExecuteStatement");
    assert!(
        sent[1]["Sql"].as_str().unwrap().contains("WHERE false -- none\n) AS outflow_columns WHERE 1 = 0 LIMIT 0"),
        "{sent:?}"
    );
    let parquet = UnloadStatement { format: Format::Parquet, header: false, ..statement("SELECT 1") };
    assert_eq!(warehouse.empty_result(&parquet).await.unwrap().bytes[..4], *b"PAR1");
}

#[tokio::test]
async fn rows_that_the_warehouse_says_it_wrote_are_not_passed_over() {
    let fake = Fake::start().await;
    fake.gives(two_columns(&json!([[{ "longValue": 7 }, { "isNull": true }]])));
    let error = fake.warehouse().empty_result(&statement("SELECT 1")).await.unwrap_err();
    assert_eq!(error.code(), Code::VerificationFailed);
    assert!(error.message().contains('7'), "{error}");
}

#[tokio::test]
async fn a_record_that_cannot_be_read_does_not_stand_in_the_way() {
    let fake = Fake::start().await;
    fake.gives(two_columns(&json!([])));
    fake.fail("ExecuteStatement", [Fault::Refuse("AccessDeniedException", "no")]);
    assert!(fake.warehouse().empty_result(&statement("SELECT 1")).await.is_ok());
}

#[tokio::test]
async fn tables_come_from_the_catalogue() {
    let fake = Fake::start().await;
    let text = |text: &str| json!({ "stringValue": text });
    let absent = json!({ "isNull": true });
    let row = json!([text("public"), text("fruit"), text("id"), text("bigint"), absent, { "longValue": 64 }, { "longValue": 0 }]);
    fake.gives(json!({ "Records": [row], "ColumnMetadata": [], "TotalNumRows": 1 }));
    let tables = fake.warehouse().tables().await.unwrap();
    assert_eq!((tables[0].name.as_str(), tables[0].columns[0].data_type.as_str()), ("fruit", "bigint"));
}

#[tokio::test]
async fn the_check_wakes_nothing() {
    let fake = Fake::start().await;
    fake.warehouse().check().await.unwrap();
    assert_eq!(fake.order(), ["ListStatements"]);
    fake.fail("ListStatements", [Fault::Refuse("UnrecognizedClientException", "The security token is invalid")]);
    assert_eq!(fake.warehouse().check().await.unwrap_err().code(), Code::WarehouseDenied);
    let mut nowhere = fake.config();
    nowhere.endpoint = Some("http://127.0.0.1:1".into());
    let error = RedshiftData::new(nowhere).unwrap().check().await.unwrap_err();
    assert_eq!(error.code(), Code::WarehouseUnavailable, "{}", error.chain());
}

#[tokio::test]
async fn what_does_not_go_together_is_refused() {
    let fake = Fake::start().await;
    let changes: [fn(&mut RedshiftDataConfig); 4] = [
        |config| config.workgroup = None,
        |config| config.cluster = Some("c".into()),
        |config| config.db_user = Some("u".into()),
        |config| {
            (config.workgroup, config.cluster) = (None, Some("c".into()));
            (config.db_user, config.secret_arn) = (Some("u".into()), Some("arn:aws:secretsmanager:x".into()));
        },
    ];
    for change in changes {
        let mut config = fake.config();
        change(&mut config);
        assert_eq!(RedshiftData::new(config).unwrap_err().code(), Code::ConfigInvalid);
    }
}
