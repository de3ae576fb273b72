//! The token that makes a submit idempotent: the same again, another text, and how long it is remembered.

use std::time::{Duration, SystemTime};

use aws_sdk_redshiftdata::types::StatementData;
use futures::FutureExt;
use outflow_core::{Code, Error, Result};

use super::scene::{Scene, patiently};
use super::{Beliefs, Probe, Safety};
use crate::belief::TokenReused;

/// What the tokens begin with that a later run asks about. The Data API remembers their statements for a day.
const LEFT: &str = "outflow-conformance-window-";
/// The text of their statements.
const TEXT: &str = "SELECT 1 AS n";
/// How near to its end the window is not believed either way.
const MARGIN: Duration = Duration::from_secs(900);

pub(super) const PROBES: [Probe; 3] = [
    Probe {
        name: "token-again",
        belief: "the same token with the same text is the same statement",
        source: "API_ExecuteStatement, ClientToken",
        safety: Safety::Unsafe("within seconds of a lost answer a statement is submitted again under its token"),
        expected: |_| "the same statement".to_owned(),
        run: |scene, _| {
            async move {
                let token = scene.fresh_name();
                let first = scene.submit(TEXT, &token, &[]).await.map_err(|refusal| refusal.error)?;
                let second = scene.submit(TEXT, &token, &[]).await.map_err(|refusal| refusal.error)?;
                Ok(if first == second { "the same statement" } else { "another statement" }.to_owned())
            }
            .boxed()
        },
    },
    Probe {
        name: "token-with-another-text",
        belief: "the same token with another text is refused",
        source: "not documented",
        safety: Safety::Safe("whatever it is answered with, the statement is looked up by its name"),
        expected: |beliefs| match beliefs.token_reused {
            TokenReused::Refused => "refused with ValidationException".to_owned(),
            TokenReused::First => "the first statement".to_owned(),
        },
        run: |scene, _| {
            async move {
                let token = scene.fresh_name();
                let first = scene.submit(TEXT, &token, &[]).await.map_err(|refusal| refusal.error)?;
                match scene.submit("SELECT 2 AS n", &token, &[]).await {
                    Ok(second) if second == first => Ok("the first statement".to_owned()),
                    Ok(_) => Ok("another statement".to_owned()),
                    Err(refusal) if refusal.name.is_empty() => Err(refusal.error),
                    Err(refusal) => Ok(format!("refused with {}", refusal.name)),
                }
            }
            .boxed()
        },
    },
    Probe {
        name: "token-window",
        belief: "a token is remembered for 8 hours: each run leaves one and asks about those of the runs before, within a day",
        source: "the Data API's limits name 8 hours",
        safety: Safety::Safe(
            "whoever takes an unload over later than within seconds looks up the statement's name before anything else",
        ),
        expected: |beliefs| window(beliefs, true),
        run: |scene, beliefs| async move { Ok(window(beliefs, holds(scene, beliefs).await?)) }.boxed(),
    },
];

fn window(beliefs: &Beliefs, holds: bool) -> String {
    let hours = beliefs.token_window.as_secs() / 3_600;
    format!("{} of {hours} hours", if holds { "nothing against a window" } else { "not the window" })
}

/// Whether every token that an earlier run left, and the one that this run leaves, is remembered as it should be.
async fn holds(scene: &Scene<'_>, beliefs: &Beliefs) -> Result<bool> {
    let listed = patiently(|| scene.api.listed(LEFT)).await.map_err(|refusal| refusal.error)?;
    let token = format!("{LEFT}{}", &scene.fresh_name()[scene.name().len() + 1..]);
    let id = scene.submit(TEXT, &token, &[]).await.map_err(|refusal| refusal.error)?;
    let is_alone =
        |one: &&StatementData| listed.iter().filter(|other| other.statement_name() == one.statement_name()).count() == 1;
    let mut holds = scene.submit(TEXT, &token, &[]).await.map_err(|refusal| refusal.error)? == id;
    // The oldest and the youngest tell the most.
    let mut left: Vec<&StatementData> = listed.iter().filter(is_alone).collect();
    left.sort_by_key(|one| one.created_at().map_or(0, |at| at.secs()));
    let ends = left.first().into_iter().chain(left.last().filter(|_| left.len() > 1));
    for one in ends {
        let (Some(name), Some(created)) = (one.statement_name(), one.created_at()) else { continue };
        let created = SystemTime::try_from(*created)
            .map_err(|error| Error::new(Code::VerificationFailed, "a statement was made at no time").with_source(error))?;
        let age = SystemTime::now().duration_since(created).unwrap_or_default();
        let again = scene.submit(TEXT, name, &[]).await.map_err(|refusal| refusal.error)?;
        let is_remembered = again == one.id();
        holds &= match age {
            _ if age + MARGIN < beliefs.token_window => is_remembered,
            _ if age > beliefs.token_window + MARGIN => !is_remembered,
            _ => true,
        };
    }
    Ok(holds)
}
