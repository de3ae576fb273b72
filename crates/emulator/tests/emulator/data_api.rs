//! The Data API through the AWS SDK.

use aws_sdk_redshiftdata::error::ProvideErrorMetadata;
use aws_sdk_redshiftdata::types::{Field, SqlParameter, StatusString};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_postgres::SimpleQueryMessage;

use crate::support::{ENDLESS, Place, ended, run, until};

const TODAY: &str = "UNLOAD ('SELECT id, name FROM fruit WHERE name <> ''x'' ORDER BY id') TO 's3://lake/results/abc/output'
    CREDENTIALS 'aws_access_key_id=AKIDEXAMPLE;aws_secret_access_key=hush'
    DELIMITER ',' ADDQUOTES GZIP ALLOWOVERWRITE PARALLEL OFF;";

#[tokio::test]
async fn the_statement_that_people_write_today_makes_output000_gz() {
    let place = Place::new().await;
    let described = run(&place.sdk(), TODAY).await;
    assert_eq!(described.status(), Some(&StatusString::Finished), "{described:?}");
    assert_eq!(place.names("results/abc"), ["output000.gz"]);
    // Without ESCAPE the quotes in a value stay as they are.
    assert_eq!(place.gunzipped("results/abc/output000.gz"), "\"1\",\"apple\"\n\"2\",\"배\"\n\"3\",\"a \"b\"\"\n");
    assert_eq!(described.has_result_set(), Some(false));
    assert!(described.redshift_query_id() > 0 && described.duration() > 0);
    let shown = TODAY.replace("aws_access_key_id=AKIDEXAMPLE;aws_secret_access_key=hush", "");
    assert_eq!(described.query_string(), Some(shown.as_str()));
    // Once more: what is there is overwritten.
    assert_eq!(run(&place.sdk(), TODAY).await.status(), Some(&StatusString::Finished));
}

#[tokio::test]
async fn keys_come_back_by_no_call_and_no_view() {
    let place = Place::new().await;
    let (sdk, client) = (place.sdk(), place.connect().await);
    let unload = |to: &str, keys: &str| format!("UNLOAD ('SELECT id FROM fruit') TO 's3://lake/{to}/output' {keys} CSV");
    let separate = "ACCESS_KEY_ID 'AKIDEXAMPLE' SECRET_ACCESS_KEY AS 'hush' SESSION_TOKEN 'hush'";
    let mut told = Vec::new();
    for sql in
        [TODAY, &unload("a", separate), &unload("b", "CREDENTIALS 'hush' NO SUCH OPTION 'x'"), "COPY fruit CREDENTIALS 'hush'"]
    {
        told.push(format!("{:?}", run(&sdk, sql).await));
    }
    let named = unload("c", "ACCESS_KEY_ID 'AKIDEXAMPLE' SECRET_ACCESS_KEY :key NULL :null");
    let parameter = |name: &str, value: &str| SqlParameter::builder().name(name).value(value).build().unwrap();
    let submit = sdk.execute_statement().workgroup_name("wg").database("dev").sql(named).client_token("t");
    let submitted = submit.parameters(parameter("key", "hush")).parameters(parameter("null", "none")).send().await.unwrap();
    let described = ended(&sdk, submitted.id().unwrap()).await;
    assert_eq!(described.status(), Some(&StatusString::Finished), "{described:?}");
    assert_eq!((described.query_parameters()[0].value(), described.query_parameters()[1].value()), ("", "none"));
    told.push(format!("{described:?}"));
    let batch = sdk.batch_execute_statement().workgroup_name("wg").database("dev").sqls(unload("d", separate)).sqls("SELECT 1");
    let described = ended(&sdk, batch.send().await.unwrap().id().unwrap()).await;
    assert_eq!(described.status(), Some(&StatusString::Finished), "{described:?}");
    told.push(format!("{:?}", sdk.describe_statement().id(described.sub_statements()[0].id()).send().await.unwrap()));
    told.push(format!("{described:?}"));
    told.push(format!("{:?}", sdk.list_statements().status(StatusString::All).send().await.unwrap()));
    client.batch_execute(&unload("e", separate)).await.unwrap();
    let endless = format!("UNLOAD ('{ENDLESS}') TO 's3://lake/f/output' CREDENTIALS 'hush'");
    let running = sdk.execute_statement().workgroup_name("wg").database("dev").sql(endless).send().await.unwrap();
    let id = running.id().unwrap();
    until(|| async { sdk.describe_statement().id(id).send().await.unwrap().status() == Some(&StatusString::Started) }).await;
    for view in [
        "sys_query_history",
        "sys_unload_history",
        "sys_unload_detail",
        "stl_unload_log",
        "stl_query",
        "stv_recents",
        "stv_inflight",
    ] {
        let rows = client.simple_query(&format!("SELECT * FROM {view}")).await.unwrap();
        assert!(rows.iter().any(|row| matches!(row, SimpleQueryMessage::Row(_))), "{view}");
        told.push(format!("{view}: {rows:?}"));
    }
    sdk.cancel_statement().id(id).send().await.unwrap();
    told.push(format!("{:?}", ended(&sdk, id).await));
    for told in told {
        assert!(!told.contains("hush") && !told.contains("AKIDEXAMPLE"), "{told}");
    }
}

#[tokio::test]
async fn pages_in_a_browser_and_other_hosts_are_refused() {
    let place = Place::new().await;
    let status = async |headers: &str| {
        let mut stream = TcpStream::connect(place.data_api).await.unwrap();
        let request = format!(
            "POST / HTTP/1.1\r\n{headers}\r\nConnection: close\r\nX-Amz-Target: RedshiftData.ListStatements\r\nContent-Length: 2\r\n\r\n{{}}"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer.split(' ').nth(1).unwrap().to_owned()
    };
    assert_eq!(status("Host: localhost:8439").await, "200");
    assert_eq!(status("Host: example.com").await, "403");
    assert_eq!(status("Host: localhost:8439\r\nOrigin: http://localhost:8439").await, "403");
}

#[tokio::test]
async fn a_query_has_its_rows_in_pages() {
    let place = Place::new().await;
    let sdk = place.sdk();
    let described = run(&sdk, "SELECT n, n * 1.5 AS more FROM numbers ORDER BY n LIMIT 1500").await;
    assert_eq!((described.has_result_set(), described.result_rows()), (Some(true), 1_500));
    let id = described.id();
    let first = sdk.get_statement_result().id(id).send().await.unwrap();
    assert_eq!((first.records().len(), first.total_num_rows()), (1_000, 1_500));
    let names: Vec<_> =
        first.column_metadata().iter().map(|column| (column.name().unwrap(), column.type_name().unwrap())).collect();
    assert_eq!(names, [("n", "int8"), ("more", "numeric")]);
    let last = sdk.get_statement_result().id(id).next_token(first.next_token().unwrap()).send().await.unwrap();
    assert_eq!((last.records().len(), last.next_token()), (500, None));
    assert_eq!(last.records()[499][0], Field::LongValue(1_499));
    let wrong = sdk.get_statement_result().id(id).next_token("x").send().await.unwrap_err();
    assert_eq!(wrong.code(), Some("ValidationException"));
}

#[tokio::test]
async fn where_there_is_no_result_that_is_said_under_one_name() {
    let place = Place::new().await;
    let sdk = place.sdk();
    let asked = async |id: &str| {
        let refused = sdk.get_statement_result().id(id).send().await.unwrap_err();
        (refused.code().unwrap().to_owned(), refused.message().unwrap().to_owned())
    };
    let unload = "UNLOAD ('SELECT id FROM fruit') TO 's3://lake/a/output' IAM_ROLE default FORMAT CSV";
    for sql in ["SELECT * FROM nowhere", unload, "SET query_group TO 'night'"] {
        let (name, said) = asked(run(&sdk, sql).await.id()).await;
        assert_eq!(name, "ResourceNotFoundException", "{sql}");
        assert_eq!(said, "Query does not have result. Please check query status with DescribeStatement.");
    }
    let submit = sdk.batch_execute_statement().workgroup_name("wg").database("dev");
    let batch = submit.sqls("SELECT 1").sqls("SELECT * FROM nowhere").send().await.unwrap();
    let id = batch.id().unwrap();
    ended(&sdk, id).await;
    let (name, said) = asked(id).await;
    assert!(name == "ValidationException" && said.contains("sub-statement id"), "{name}: {said}");
    let (name, _) = asked(&format!("{id}:2")).await;
    assert_eq!(name, "ResourceNotFoundException");
}

#[tokio::test]
async fn a_token_names_one_request() {
    let place = Place::new().await;
    let sdk = place.sdk();
    let submit = |sql: &str| sdk.execute_statement().workgroup_name("wg").database("dev").client_token("token-1").sql(sql).send();
    let first = submit("SELECT 1").await.unwrap();
    let again = submit("SELECT 1").await.unwrap();
    assert_eq!(first.id(), again.id());
    let conflict = submit("SELECT 2").await.unwrap_err();
    assert_eq!(conflict.code(), Some("ValidationException"), "{conflict:?}");
    ended(&sdk, first.id().unwrap()).await;
    let all = sdk.list_statements().status(StatusString::All).send().await.unwrap();
    assert_eq!(all.statements().len(), 1);
}

#[tokio::test]
async fn a_running_statement_is_cancelled_once() {
    let place = Place::new().await;
    let sdk = place.sdk();
    let sql = format!("UNLOAD ('{ENDLESS}') TO 's3://lake/never/output' IAM_ROLE default");
    let submitted = sdk.execute_statement().cluster_identifier("c1").db_user("me").database("dev").sql(sql).send().await.unwrap();
    let id = submitted.id().unwrap();
    until(|| async { sdk.describe_statement().id(id).send().await.unwrap().status() == Some(&StatusString::Started) }).await;
    assert_eq!(sdk.cancel_statement().id(id).send().await.unwrap().status(), Some(true));
    let described = ended(&sdk, id).await;
    assert_eq!(described.status(), Some(&StatusString::Aborted));
    assert!(described.error().unwrap().contains("cancelled on user's request"), "{described:?}");
    assert_eq!((described.cluster_identifier(), described.db_user()), (Some("c1"), Some("me")));
    let late = sdk.cancel_statement().id(id).send().await.unwrap_err();
    assert_eq!(late.code(), Some("ValidationException"));
}

#[tokio::test]
async fn statements_are_listed_by_the_beginning_of_their_name() {
    let place = Place::new().await;
    let sdk = place.sdk();
    for (name, sql) in [("a-1", "SELECT 1"), ("a-2", "SELECT nothing FROM fruit"), ("b-1", "SELECT 3")] {
        let submit = sdk.execute_statement().workgroup_name("wg").database("dev").statement_name(name).sql(sql);
        ended(&sdk, submit.send().await.unwrap().id().unwrap()).await;
    }
    let names = |listed: &[aws_sdk_redshiftdata::types::StatementData]| {
        listed.iter().map(|statement| statement.statement_name().unwrap().to_owned()).collect::<Vec<_>>()
    };
    // What has not finished is told of only where that is asked for.
    let finished = sdk.list_statements().statement_name("a-").send().await.unwrap();
    assert_eq!(names(finished.statements()), ["a-1"]);
    let page = sdk.list_statements().statement_name("a-").status(StatusString::All).max_results(1).send().await.unwrap();
    assert_eq!(names(page.statements()), ["a-2"]);
    let next = page.next_token().unwrap();
    let rest = sdk.list_statements().statement_name("a-").status(StatusString::All).next_token(next).send().await.unwrap();
    assert_eq!((names(rest.statements()), rest.next_token()), (vec!["a-1".to_owned()], None));
}

#[tokio::test]
async fn what_the_api_refuses_never_runs() {
    let place = Place::new().await;
    let sdk = place.sdk();
    let base = || sdk.execute_statement().workgroup_name("wg").database("dev");
    let long = format!("SELECT '{}'", "x".repeat(100 * 1024));
    let parameter = |name: &str, value: &str| SqlParameter::builder().name(name).value(value).build().unwrap();
    let refused = [
        base().sql("SELECT 1; SELECT 2").send().await.unwrap_err(),
        base().sql(long).send().await.unwrap_err(),
        base().sql(" -- nothing").send().await.unwrap_err(),
        base().sql("SELECT 1").cluster_identifier("c1").send().await.unwrap_err(),
        base().sql("SELECT 1").client_token("x".repeat(65)).send().await.unwrap_err(),
        base().sql("SELECT 1").wait_time_seconds(31).send().await.unwrap_err(),
        base().sql("SELECT 1").statement_name("x".repeat(2_049)).send().await.unwrap_err(),
        base().sql("SELECT 1").session_keep_alive_seconds(86_401).send().await.unwrap_err(),
        base().sql("SELECT 1").set_parameters(Some(Vec::new())).send().await.unwrap_err(),
        base().sql("SELECT :a").parameters(parameter("a", "")).send().await.unwrap_err(),
        base().sql("SELECT 1").parameters(parameter("a b", "1")).send().await.unwrap_err(),
        sdk.execute_statement().cluster_identifier("Prod_1").database("dev").sql("SELECT 1").send().await.unwrap_err(),
        base().sql("SELECT 1").parameters(parameter("unused", "1")).send().await.unwrap_err(),
        sdk.execute_statement().database("dev").sql("SELECT 1").send().await.unwrap_err(),
        sdk.execute_statement().workgroup_name("wg").sql("SELECT 1").send().await.unwrap_err(),
    ];
    for error in refused {
        assert_eq!(error.code(), Some("ValidationException"), "{error:?}");
    }
    let unknown = sdk.describe_statement().id("d9b6c0c9-0747-4bf4-b142-e8883122f766").send().await.unwrap_err();
    assert_eq!(unknown.code(), Some("ResourceNotFoundException"));
    assert!(unknown.into_service_error().is_resource_not_found_exception());
    assert_eq!(sdk.describe_statement().id("x").send().await.unwrap_err().code(), Some("ValidationException"));
    assert_eq!(sdk.list_statements().status(StatusString::All).send().await.unwrap().statements().len(), 0);
}

#[tokio::test]
async fn a_statement_that_fails_says_why_in_redshifts_words() {
    let place = Place::new().await;
    let sdk = place.sdk();
    let unload = |query: &str, to: &str| format!("UNLOAD ('{query}') TO '{to}' IAM_ROLE default FORMAT CSV");
    for (sql, words) in [
        ("SELECT * FROM nowhere".to_owned(), "ERROR: relation \"nowhere\" does not exist"),
        ("SELECT nothing FROM fruit".to_owned(), "ERROR: column \"nothing\" does not exist"),
        ("SELEC 1".to_owned(), "ERROR: syntax error at or near \"selec\""),
        ("DROP TABLE fruit".to_owned(), "ERROR: the emulator does not run DROP"),
        (unload("SELECT 1", "s3://other/x"), "The specified bucket does not exist"),
        (unload("SELECT 1", "s3://../x"), "The specified bucket does not exist"),
        (unload("SELECT * FROM fruit LIMIT 1", "s3://lake/x"), "LIMIT"),
    ] {
        let described = run(&sdk, &sql).await;
        assert_eq!(described.status(), Some(&StatusString::Failed), "{sql}");
        assert!(described.error().unwrap().contains(words), "{sql}: {described:?}");
    }
    let there = unload("SELECT id FROM fruit", "s3://lake/there/output");
    assert_eq!(run(&sdk, &there).await.status(), Some(&StatusString::Finished));
    let again = run(&sdk, &there).await;
    assert!(again.error().unwrap().contains("unload destination on S3 is not empty"), "{again:?}");
}

#[tokio::test]
async fn a_batch_runs_one_after_the_other_in_one_session() {
    let place = Place::new().await;
    let sdk = place.sdk();
    let batch = || sdk.batch_execute_statement().workgroup_name("wg").database("dev");
    let unload = "UNLOAD ('SELECT id FROM fruit') TO 's3://lake/batch/output' IAM_ROLE default FORMAT CSV PARALLEL OFF";
    let submitted = batch().sqls(unload).sqls("SELECT pg_last_unload_count() AS rows").send().await.unwrap();
    let described = ended(&sdk, submitted.id().unwrap()).await;
    assert_eq!(described.status(), Some(&StatusString::Finished), "{described:?}");
    let second = described.sub_statements()[1].id();
    let result = sdk.get_statement_result().id(second).send().await.unwrap();
    assert_eq!(result.records(), [[Field::LongValue(3)]]);
    assert_eq!(sdk.describe_statement().id(second).send().await.unwrap().id(), second);

    let failing = batch().sqls("SELECT 1").sqls("SELECT x").sqls("SELECT 3").send().await.unwrap();
    let described = ended(&sdk, failing.id().unwrap()).await;
    let statuses: Vec<_> = described.sub_statements().iter().map(|sub| sub.status().unwrap().as_str()).collect();
    assert_eq!((described.status(), statuses), (Some(&StatusString::Failed), vec!["FINISHED", "FAILED", "ABORTED"]));
}

#[tokio::test]
async fn parameters_are_values_and_sessions_are_kept() {
    let place = Place::new().await;
    let sdk = place.sdk();
    let parameter = SqlParameter::builder().name("name").value("a \"b\"' OR 1=1 --").build().unwrap();
    let base = sdk.execute_statement().workgroup_name("wg").database("dev").session_keep_alive_seconds(60);
    let submitted = base.sql("SELECT count(*) AS n FROM fruit WHERE name = :name").parameters(parameter).send().await.unwrap();
    let described = ended(&sdk, submitted.id().unwrap()).await;
    let result = sdk.get_statement_result().id(described.id()).send().await.unwrap();
    assert_eq!(result.records(), [[Field::LongValue(0)]]);
    let session = submitted.session_id().unwrap();
    let next = sdk.execute_statement().session_id(session).sql("SELECT pg_last_query_id() AS id").send().await.unwrap();
    let next = ended(&sdk, next.id().unwrap()).await;
    let result = sdk.get_statement_result().id(next.id()).send().await.unwrap();
    assert_eq!(result.records(), [[Field::LongValue(described.redshift_query_id())]]);
}

#[tokio::test]
async fn tables_and_columns_can_be_browsed() {
    let place = Place::new().await;
    let sdk = place.sdk();
    let tables = sdk.list_tables().workgroup_name("wg").database("dev").table_pattern("fr%").send().await.unwrap();
    let names: Vec<_> = tables.tables().iter().map(|table| (table.schema().unwrap(), table.name().unwrap())).collect();
    assert_eq!(names, [("public", "fruit")]);
    let table = sdk.describe_table().workgroup_name("wg").database("dev").schema("public").table("fruit").send().await.unwrap();
    let columns: Vec<_> = table.column_list().iter().map(|column| column.name().unwrap()).collect();
    assert_eq!(columns, ["id", "name", "price"]);
    assert_eq!(sdk.list_databases().workgroup_name("wg").database("dev").send().await.unwrap().databases(), ["dev"]);
    let schemas = sdk.list_schemas().workgroup_name("wg").database("dev").schema_pattern("pub%").send().await.unwrap();
    assert_eq!(schemas.schemas(), ["public"]);
}
