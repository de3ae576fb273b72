//! The whole table of states and events, generated, and the properties that it must have.

use std::fmt::Write as _;

use super::*;

fn failure() -> Failure {
    Failure::new(Code::WarehouseUnavailable, "gone")
}

fn statement() -> StatementId {
    StatementId::new("s1")
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_timestamp(seconds, 0).unwrap()
}

/// Every state, `Waiting` both due and not due, `Cancelling` with and without a statement; at the moment 100.
fn states() -> Vec<(&'static str, State)> {
    vec![
        ("pending", State::Pending),
        ("submitting", State::Submitting { attempt: 2 }),
        ("executing", State::Executing { attempt: 2, statement_id: statement() }),
        ("waiting, due", State::Waiting { attempt: 2, until: at(100), failure: failure() }),
        ("waiting, not due", State::Waiting { attempt: 2, until: at(101), failure: failure() }),
        ("finalizing", State::Finalizing { attempt: 2, statement_id: statement(), rows: Some(3) }),
        ("cancelling", State::Cancelling { attempt: 2, statement_id: Some(statement()) }),
        ("cancelling, no statement", State::Cancelling { attempt: 2, statement_id: None }),
        ("done", State::Done { attempt: 2 }),
        ("failed", State::Failed { attempt: 2, failure: failure() }),
        ("cancelled", State::Cancelled { attempt: 2 }),
        ("expired", State::Expired { attempt: 2, reason: ExpiryReason::Retention }),
    ]
}

fn events() -> Vec<(&'static str, Event)> {
    vec![
        ("claimed", Event::Claimed),
        ("submitted", Event::Submitted { statement_id: statement() }),
        ("finished", Event::Finished { rows: Some(3) }),
        ("attempt failed, to be retried", Event::AttemptFailed { failure: failure(), retry_at: Some(at(200)) }),
        ("attempt failed for good", Event::AttemptFailed { failure: failure(), retry_at: None }),
        ("finalized", Event::Finalized),
        ("cancel requested", Event::CancelRequested),
        ("cancel confirmed", Event::CancelConfirmed),
        ("deadline passed, settled", Event::DeadlinePassed { fate: Fate::Settled }),
        ("deadline passed, unknown", Event::DeadlinePassed { fate: Fate::Unknown }),
        ("expired", Event::Expired { reason: ExpiryReason::Deleted }),
    ]
}

/// The place of a state in the list above, by a match that does not compile when one is missing: the list must have them all.
fn place_of_state(state: &State) -> usize {
    match state {
        State::Pending => 0,
        State::Submitting { .. } => 1,
        State::Executing { .. } => 2,
        State::Waiting { until, .. } if *until <= at(100) => 3,
        State::Waiting { .. } => 4,
        State::Finalizing { .. } => 5,
        State::Cancelling { statement_id: Some(_), .. } => 6,
        State::Cancelling { statement_id: None, .. } => 7,
        State::Done { .. } => 8,
        State::Failed { .. } => 9,
        State::Cancelled { .. } => 10,
        State::Expired { .. } => 11,
    }
}

/// The same of events.
fn place_of_event(event: &Event) -> usize {
    match event {
        Event::Claimed => 0,
        Event::Submitted { .. } => 1,
        Event::Finished { .. } => 2,
        Event::AttemptFailed { retry_at: Some(_), .. } => 3,
        Event::AttemptFailed { retry_at: None, .. } => 4,
        Event::Finalized => 5,
        Event::CancelRequested => 6,
        Event::CancelConfirmed => 7,
        Event::DeadlinePassed { fate: Fate::Settled } => 8,
        Event::DeadlinePassed { fate: Fate::Unknown } => 9,
        Event::Expired { .. } => 10,
    }
}

#[test]
fn the_lists_have_every_state_and_every_event() {
    let states: Vec<_> = states().iter().map(|(_, state)| place_of_state(state)).collect();
    assert_eq!(states, (0..12).collect::<Vec<_>>());
    let events: Vec<_> = events().iter().map(|(_, event)| place_of_event(event)).collect();
    assert_eq!(events, (0..11).collect::<Vec<_>>());
}

#[test]
fn the_table_of_states_and_events() {
    let mut table = String::new();
    for (state_name, state) in states() {
        for (event_name, event) in events() {
            let cell = match state.clone().apply(event, at(100)) {
                Err(_) => "-".to_owned(),
                Ok((next, effects)) => {
                    let phase = next.phase().map(|phase| format!(" {}", phase.as_str())).unwrap_or_default();
                    let code = match &next {
                        State::Failed { failure, .. } => format!(" {}", failure.code),
                        _ => String::new(),
                    };
                    format!("{}{phase}{code} attempt {} {effects:?}", next.status().as_str(), next.attempt())
                }
            };
            writeln!(table, "{state_name:25} | {event_name:30} | {cell}").unwrap();
        }
    }
    insta::assert_snapshot!(table);
}

#[test]
fn every_transition_keeps_the_invariants() {
    let allowed = |from: Status, to: Status| match from {
        Status::Pending => true,
        Status::Running => !matches!(to, Status::Pending | Status::Expired),
        Status::Done => to == Status::Expired,
        Status::Failed | Status::Cancelled | Status::Expired => false,
    };
    for (_, state) in states() {
        for (_, event) in events() {
            let Ok((next, effects)) = state.clone().apply(event.clone(), at(100)) else { continue };
            assert!(allowed(state.status(), next.status()), "{state:?} {event:?} {next:?}");
            assert!(next.attempt() >= state.attempt(), "an attempt never goes backwards");
            let announces = effects.iter().filter(|effect| matches!(effect, Effect::Announce(_))).count();
            assert_eq!(announces, usize::from(next.status().is_terminal()), "each terminal state is announced once: {next:?}");
            let discards = effects.contains(&Effect::Discard { attempt: next.attempt() });
            let keeps = matches!(next.status(), Status::Done) || next.is_driven();
            assert_eq!(discards, !keeps && next.attempt() > 0, "whoever ends without files leaves none: {next:?}");
        }
    }
}

#[test]
fn an_attempt_is_raised_only_by_a_claim() {
    for (_, state) in states() {
        for (_, event) in events() {
            let Ok((next, _)) = state.clone().apply(event.clone(), at(100)) else { continue };
            assert_eq!(next.attempt() > state.attempt(), event == Event::Claimed);
        }
    }
}

#[test]
fn a_state_survives_the_store() {
    for (_, state) in states() {
        let text = serde_json::to_string(&state).unwrap();
        assert_eq!(serde_json::from_str::<State>(&text).unwrap(), state);
    }
}
