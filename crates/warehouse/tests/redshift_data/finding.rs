//! No statement is started twice, whatever becomes of an answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use aws_credential_types::credential_fn::provide_credentials_fn;
use aws_credential_types::provider::error::CredentialsError;
use outflow_core::warehouse::Warehouse;
use outflow_core::{AttemptToken, Code, UnloadId};
use outflow_warehouse::redshift_data::{Credentials, RedshiftData, SharedCredentialsProvider};

use crate::fake::{Fake, Fault};
use crate::{statement, token};

#[tokio::test]
async fn a_statement_is_submitted_under_its_token_as_its_name() {
    let fake = Fake::start().await;
    let (warehouse, token) = (fake.warehouse(), token());
    let id = warehouse.start(&statement("SELECT 'it''s'"), &token).await.unwrap();
    let calls = fake.calls("ExecuteStatement");
    assert_eq!(calls.len(), 1);
    let call = &calls[0];
    for (key, expected) in [
        ("ClientToken", token.client_token()),
        ("StatementName", token.client_token()),
        ("WorkgroupName", "wg".to_owned()),
        ("Database", "dev".to_owned()),
        ("Sql", statement("SELECT 'it''s'").to_sql()),
    ] {
        assert_eq!(call[key], expected, "{key}");
    }
    assert_eq!((&call["WithEvent"], call.get("ClusterIdentifier")), (&true.into(), None));
    assert_eq!(fake.statements()[0].id, id.as_str());
    assert_eq!(warehouse.start(&statement("SELECT 'it''s'"), &token).await.unwrap(), id);
    assert_eq!(fake.statements().len(), 1);
}

#[tokio::test]
async fn a_cluster_with_a_user_and_a_query_group_is_told_so() {
    let fake = Fake::start().await;
    let mut config = fake.config();
    config.workgroup = None;
    config.cluster = Some("big".into());
    config.db_user = Some("unloader".into());
    config.query_group = Some("it's".into());
    let warehouse = RedshiftData::new(config).unwrap();
    let token = token();
    let id = warehouse.start(&statement("SELECT 1"), &token).await.unwrap();
    let call = &fake.calls("BatchExecuteStatement")[0];
    assert_eq!((&call["ClusterIdentifier"], &call["DbUser"]), (&"big".into(), &"unloader".into()));
    assert_eq!(call["Sqls"][0], "SET query_group TO 'it''s'");
    assert_eq!(call["Sqls"][1], statement("SELECT 1").to_sql());
    assert_eq!(call["ClientToken"], token.client_token());
    assert_eq!(warehouse.find(&token).await.unwrap(), Some(id));
}

#[tokio::test]
async fn a_lost_answer_is_settled_by_name_before_anything_is_submitted_again() {
    let fake = Fake::start().await;
    fake.fail("ExecuteStatement", [Fault::LoseAnswer]);
    // The token's window has passed: only the name tells.
    let (warehouse, token) = (fake.warehouse(), token());
    let id = warehouse.start(&statement("SELECT 1"), &token).await.unwrap();
    assert_eq!(fake.order(), ["ExecuteStatement", "ListStatements"]);
    assert_eq!(fake.statements().len(), 1);
    assert_eq!(fake.statements()[0].id, id.as_str());
}

#[tokio::test]
async fn after_a_crash_the_name_finds_it_even_when_the_token_is_forgotten() {
    let fake = Fake::start().await;
    let token = token();
    let id = fake.warehouse().start(&statement("SELECT 1"), &token).await.unwrap();
    fake.forget_tokens();
    let after = fake.warehouse();
    fake.add(&format!("{}0", token.client_token()), "STARTED");
    for index in 0..5 {
        fake.add(&format!("{}-{index}", token.client_token()), "FINISHED");
    }
    fake.pages_of(2);
    assert_eq!(after.find(&token).await.unwrap(), Some(id));
    assert!(fake.calls("ListStatements").len() > 2, "the list has pages");
}

#[tokio::test]
async fn another_name_that_begins_alike_is_another_statement() {
    let fake = Fake::start().await;
    let (warehouse, token) = (fake.warehouse(), token());
    fake.add(&format!("{}0", token.client_token()), "STARTED");
    assert_eq!(warehouse.find(&token).await.unwrap(), None);
}

#[tokio::test]
async fn who_lets_go_in_the_middle_finds_it_later_though_the_list_lags() {
    let fake = Fake::start().await;
    let (warehouse, token) = (fake.warehouse(), token());
    fake.fail("ExecuteStatement", [Fault::Hang]);
    let sent = statement("SELECT 1");
    let let_go = tokio::time::timeout(Duration::from_millis(300), warehouse.start(&sent, &token)).await;
    assert!(let_go.is_err());
    fake.fail("ListStatements", [Fault::ShowNothing]);
    let found = warehouse.find(&token).await.unwrap();
    assert_eq!(found.unwrap().as_str(), fake.statements()[0].id);
}

#[tokio::test]
async fn what_waited_long_to_be_sent_is_not_thought_absent_at_once() {
    let fake = Fake::start().await;
    let mut config = fake.config();
    // The second submit waits for its turn longer than a list may lag.
    config.pace.executes_per_second = 2.0;
    let (settle, token) = (config.pace.settle, token());
    let warehouse = RedshiftData::new(config).unwrap();
    warehouse.start(&statement("SELECT 1"), &crate::token()).await.unwrap();
    fake.fail("ExecuteStatement", [Fault::Hang]);
    let sent = statement("SELECT 2");
    let let_go = tokio::time::timeout(Duration::from_secs(1), warehouse.start(&sent, &token)).await;
    assert!(let_go.is_err());
    fake.fail("ListStatements", [Fault::ShowNothing]);
    let begun = Instant::now();
    let found = warehouse.find(&token).await.unwrap();
    assert_eq!(found.unwrap().as_str(), fake.statements()[1].id);
    assert!(begun.elapsed() >= settle, "a list may lag that long behind what was just sent: {:?}", begun.elapsed());
}

#[tokio::test]
async fn what_cannot_be_told_is_an_error_and_not_an_absence() {
    let fake = Fake::start().await;
    let (warehouse, token) = (fake.warehouse(), token());
    fake.fail("ListStatements", [Fault::Refuse("AccessDeniedException", "User: arn:aws:iam::1:user/x is not authorized")]);
    let error = warehouse.find(&token).await.unwrap_err();
    assert_eq!(error.code(), Code::WarehouseDenied);
    assert!(error.message().contains("redshift-data:ListStatements") && !error.message().contains("arn:"), "{error}");
}

#[tokio::test]
async fn a_refusal_that_passes_is_waited_out_and_one_that_stays_starts_nothing() {
    let fake = Fake::start().await;
    let (warehouse, first) = (fake.warehouse(), token());
    let busy = Fault::Refuse("ActiveStatementsExceededException", "Active statements exceeded");
    let throttled = Fault::Refuse("ThrottlingException", "Rate exceeded");
    fake.fail("ExecuteStatement", [busy.clone(), throttled, busy.clone()]);
    warehouse.start(&statement("SELECT 1"), &first).await.unwrap();
    assert_eq!((fake.calls("ExecuteStatement").len(), fake.statements().len()), (4, 1));

    let mut config = fake.config();
    config.pace.patience = Duration::ZERO;
    let (hasty, second) = (RedshiftData::new(config).unwrap(), token());
    fake.fail("ExecuteStatement", [busy]);
    let error = hasty.start(&statement("SELECT 1"), &second).await.unwrap_err();
    assert_eq!((error.code(), error.kind().is_retryable()), (Code::WarehouseThrottled, true));
    let lists = fake.calls("ListStatements").len();
    assert_eq!(hasty.find(&second).await.unwrap(), None);
    assert_eq!(fake.calls("ListStatements").len(), lists, "a refusal is certain, and nothing need be looked up");
}

#[tokio::test]
async fn credentials_that_cannot_be_had_now_are_asked_for_again() {
    let fake = Fake::start().await;
    let start = async |failures: usize, why: fn() -> CredentialsError| {
        let asked = Arc::new(AtomicUsize::new(0));
        let mut config = fake.config();
        config.credentials = Some(SharedCredentialsProvider::new(provide_credentials_fn(move || {
            let asked = Arc::clone(&asked);
            async move {
                match asked.fetch_add(1, Ordering::SeqCst) {
                    times if times < failures => Err(why()),
                    _ => Ok(Credentials::new("key", "secret", None, None, "test")),
                }
            }
        })));
        RedshiftData::new(config).unwrap().start(&statement("SELECT 1"), &token()).await
    };
    start(2, || CredentialsError::provider_error("the service that gives them is busy")).await.unwrap();
    assert_eq!(fake.statements().len(), 1);
    let error = start(1, || CredentialsError::not_loaded("nobody has any")).await.unwrap_err();
    assert_eq!((error.code(), error.kind().is_retryable()), (Code::WarehouseDenied, false), "{}", error.chain());
    assert!(error.message().contains("AWS_PROFILE"), "{error}");
}

#[tokio::test]
async fn what_waits_too_long_for_its_turn_is_not_sent() {
    let fake = Fake::start().await;
    let mut config = fake.config();
    (config.pace.executes_per_second, config.pace.patience) = (0.1, Duration::from_millis(100));
    let warehouse = RedshiftData::new(config).unwrap();
    warehouse.start(&statement("SELECT 1"), &token()).await.unwrap();
    let second = AttemptToken::new(UnloadId::generate(), 1);
    let error = warehouse.start(&statement("SELECT 2"), &second).await.unwrap_err();
    assert_eq!((error.code(), fake.calls("ExecuteStatement").len()), (Code::WarehouseThrottled, 1));
    assert_eq!(warehouse.find(&second).await.unwrap(), None);
    assert_eq!(fake.calls("ListStatements").len(), 0, "what was not sent need not be looked up");
}

#[tokio::test]
async fn a_refusal_after_a_lost_answer_says_nothing_about_the_first() {
    let fake = Fake::start().await;
    let (warehouse, token) = (fake.warehouse(), token());
    fake.fail("ExecuteStatement", [Fault::LoseAnswer, Fault::Refuse("AccessDeniedException", "no")]);
    fake.fail("ListStatements", [Fault::ShowNothing, Fault::ShowNothing]);
    let error = warehouse.start(&statement("SELECT 1"), &token).await.unwrap_err();
    assert!(error.kind().is_retryable(), "a statement may run: {error}");
    assert_eq!(warehouse.find(&token).await.unwrap().unwrap().as_str(), fake.statements()[0].id);
}

#[tokio::test]
async fn a_token_that_was_used_for_another_text_names_what_was_started() {
    let fake = Fake::start().await;
    let (warehouse, token) = (fake.warehouse(), token());
    let id = warehouse.start(&statement("SELECT 1"), &token).await.unwrap();
    fake.fail("ExecuteStatement", [Fault::Refuse("ValidationException", "The client token was used with other parameters.")]);
    assert_eq!(warehouse.start(&statement("SELECT 2"), &token).await.unwrap(), id);
}

#[tokio::test]
async fn whatever_words_refuse_a_token_what_was_started_is_found() {
    let fake = Fake::start().await;
    let (warehouse, token) = (fake.warehouse(), token());
    let id = warehouse.start(&statement("SELECT 1"), &token).await.unwrap();
    fake.fail("ExecuteStatement", [Fault::Refuse("ValidationException", "The request was sent before with other parameters.")]);
    assert_eq!(warehouse.start(&statement("SELECT 2"), &token).await.unwrap(), id);
    // What nothing was started for stays refused.
    fake.fail("ExecuteStatement", [Fault::Refuse("ValidationException", "no such workgroup")]);
    let error = warehouse.start(&statement("SELECT 1"), &crate::token()).await.unwrap_err();
    assert_eq!(error.code(), Code::ConfigInvalid);
}

#[tokio::test]
async fn more_than_the_quota_lets_look_in_time_all_find_out() {
    // As after a restart: who takes an unload over is cut off after a while, and asks again.
    const CUT_OFF: Duration = Duration::from_millis(800);
    let fake = Fake::start().await;
    let mut config = fake.config();
    config.pace.others_per_second = 20.0;
    config.pace.settle = Duration::from_millis(100);
    let warehouse = RedshiftData::new(config).unwrap();
    let mut looking: Vec<AttemptToken> = (0..40).map(|_| AttemptToken::new(UnloadId::generate(), 1)).collect();
    for _ in 0..20 {
        let searches = looking.iter().map(|token| tokio::time::timeout(CUT_OFF, warehouse.find(token)));
        let outcomes = futures::future::join_all(searches).await;
        let mut outcomes = outcomes.into_iter();
        looking.retain(|_| match outcomes.next().unwrap() {
            Ok(found) => {
                assert_eq!(found.unwrap(), None);
                false
            }
            Err(_) => true,
        });
        if looking.is_empty() {
            return;
        }
    }
    panic!("{} never find out, after {} lists", looking.len(), fake.calls("ListStatements").len());
}

#[tokio::test]
async fn a_statement_that_is_too_long_is_not_sent() {
    let fake = Fake::start().await;
    let error = fake.warehouse().start(&statement(&"'".repeat(60_000)), &token()).await.unwrap_err();
    assert_eq!((error.code(), fake.order().len()), (Code::SqlTooLarge, 0));
}

#[tokio::test]
async fn nothing_there_is_believed_only_after_a_while() {
    let fake = Fake::start().await;
    let begun = Instant::now();
    assert_eq!(fake.warehouse().find(&token()).await.unwrap(), None);
    assert!(begun.elapsed() >= fake.config().pace.settle);
    assert_eq!(fake.calls("ListStatements").len(), 2);
}
