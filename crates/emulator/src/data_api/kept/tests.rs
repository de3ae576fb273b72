use arrow::array::{Int64Array, RecordBatch};
use tokio_util::sync::CancellationToken;

use super::*;
use crate::data_api::result::ResultSet;
use crate::data_api::statement::Status;
use crate::engine::session::Session;
use crate::fault::Fault;

fn asked(token: Option<&str>) -> Submit {
    Submit { sql: Some("SELECT 1".to_owned()), client_token: token.map(str::to_owned), ..Submit::default() }
}

/// Enters a statement; gives it where it is new.
fn entered(statements: &Statements, faults: &Faults, asked: &Submit, text: &str) -> Option<Arc<Statement>> {
    let session = Session::new(1, "me".to_owned(), "dev".to_owned(), CancellationToken::new());
    let made = || Ok(Statement::new(asked.clone(), &[text.to_owned()], &session, None));
    match statements.enter(asked, faults, made).unwrap() {
        Entered::New(statement) => Some(statement),
        Entered::Found(_) | Entered::Forgotten(_) => None,
    }
}

fn end(statements: &Statements, faults: &Faults, statement: &Arc<Statement>, numbers: usize) {
    let numbers = Int64Array::from_iter_values((0..numbers).map(|number| number as i64));
    let batch = RecordBatch::try_from_iter([("n", Arc::new(numbers) as _)]).unwrap();
    let result = ResultSet::of(vec![batch]);
    statement.end(0, Status::Finished, |part| {
        part.size = Some(result.bytes);
        part.result = Some(Arc::new(result));
    });
    statement.set_status(Status::Finished);
    statements.ended(statement, faults);
}

#[test]
fn twenty_thousand_statements_take_no_more_than_the_bound() {
    let bounds = Bounds { results: 8 << 20, statements: 4 << 20, tokens: 10_000, ..BOUNDS };
    let (statements, faults) = (Statements { bounds, ..Statements::new(&BELIEVED) }, Faults::default());
    let running = entered(&statements, &faults, &asked(None), "SELECT 0").unwrap();
    let text = format!("SELECT '{}'", "x".repeat(4_000));
    let mut first = None;
    for number in 0..20_000 {
        let asked = asked(Some(&number.to_string()));
        let statement = entered(&statements, &faults, &asked, &text).unwrap();
        end(&statements, &faults, &statement, 4_000);
        first.get_or_insert(statement);
    }
    let inner = statements.lock();
    assert!(inner.bytes <= bounds.statements && inner.bytes > bounds.statements / 2, "{}", inner.bytes);
    assert!(inner.result_bytes <= bounds.results && inner.result_bytes > bounds.results / 2, "{}", inner.result_bytes);
    // What is said to be taken is what there is.
    assert_eq!(inner.bytes, inner.order.iter().map(|statement| statement.weight()).sum::<usize>());
    assert_eq!(inner.result_bytes, inner.order.iter().map(|statement| statement.result_weight()).sum::<usize>());
    assert!(inner.tokens.len() == bounds.tokens && inner.token_order.len() == bounds.tokens);
    assert!(inner.by_id.len() == inner.order.len() && inner.with_results.len() <= inner.order.len());
    drop(inner);
    // The oldest are gone, but what runs is not.
    assert!(statements.find(Some(&first.unwrap().id), &faults).is_err());
    assert!(statements.find(Some(&running.id), &faults).is_ok());
    // A token says which statement it was, until there are too many of them.
    assert!(entered(&statements, &faults, &asked(Some("15000")), &text).is_none());
    assert!(entered(&statements, &faults, &asked(Some("0")), &text).is_some());
}

#[test]
fn results_go_before_statements_and_the_last_one_stays() {
    let faults = Faults::default();
    let statements = Statements { bounds: Bounds { results: 10_000, ..BOUNDS }, ..Statements::new(&BELIEVED) };
    let made: Vec<_> = [100, 1_000, 100_000]
        .map(|numbers| {
            let statement = entered(&statements, &faults, &asked(None), "SELECT 1").unwrap();
            end(&statements, &faults, &statement, numbers);
            statement
        })
        .into();
    let has_result: Vec<bool> = made.iter().map(|statement| statement.parts()[0].result.is_some()).collect();
    assert_eq!(has_result, [false, false, true]);
    assert!(made.iter().all(|statement| statements.find(Some(&statement.id), &faults).is_ok()));
    assert!(made.iter().all(|statement| statement.parts()[0].size.is_some()));
}

#[test]
fn a_token_outlives_its_statement_and_is_forgotten_in_its_time() {
    let forgetful = Faults::new(&[Fault::Expire(Duration::ZERO)]);
    let statements = Statements::new(&BELIEVED);
    let first = entered(&statements, &forgetful, &asked(Some("t")), "SELECT 1").unwrap();
    end(&statements, &forgetful, &first, 1);
    let session = Session::new(1, "me".to_owned(), "dev".to_owned(), CancellationToken::new());
    let make = || Ok(Statement::new(asked(Some("t")), &["SELECT 1".to_owned()], &session, None));
    match statements.enter(&asked(Some("t")), &forgetful, make).unwrap() {
        Entered::Forgotten(answer) => assert_eq!(answer["Id"], first.id.as_str()),
        other => panic!("{other:?}"),
    }
    let other = Submit { sql: Some("SELECT 2".to_owned()), ..asked(Some("t")) };
    assert!(statements.enter(&other, &forgetful, || Err(ApiError::missing("x"))).is_err());
    let forgetful = Faults::new(&[Fault::ForgetToken(Duration::ZERO)]);
    assert!(entered(&statements, &forgetful, &asked(Some("t")), "SELECT 1").is_some());
}
