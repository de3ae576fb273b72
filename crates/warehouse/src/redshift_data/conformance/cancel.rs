//! A cancel in the middle of an UNLOAD: its status, what it leaves, and a cancel that comes too late.

use std::time::Duration;

use aws_sdk_redshiftdata::types::StatusString;
use futures::FutureExt;
use outflow_core::{Code, Error, Result};
use tokio::time::Instant;

use super::literal::taken;
use super::scene::{Ended, Scene, patiently};
use super::{Probe, Safety};
use crate::belief::DIGITS;

/// How long it may take until a slice writes its second file.
const UNDER_WAY: Duration = Duration::from_secs(60);
/// Files of this size are finished long before the statement.
const FILE_BYTES: u64 = 5_000_000;

/// What became of an UNLOAD that was cancelled.
#[derive(Debug, Clone)]
pub(super) struct Cancelled {
    ended: Ended,
    left: String,
}

pub(super) const PROBES: [Probe; 3] = [
    Probe {
        name: "cancel-status",
        belief: "a statement that is cancelled ends as ABORTED",
        source: "the Data API's list of statuses",
        safety: Safety::Safe("one that ends as FAILED with Redshift's words for a cancel is read as cancelled too"),
        expected: |beliefs| beliefs.cancelled_status.to_owned(),
        run: |scene, _| async move { Ok(cancelled(scene).await?.ended.status.as_str().to_owned()) }.boxed(),
    },
    Probe {
        name: "cancel-leaves",
        belief: "an UNLOAD that is cancelled leaves the files that it had finished, and no manifest",
        source: "not documented",
        safety: Safety::Safe("whatever lies at the prefix of an attempt that did not win is deleted, open uploads too"),
        expected: |beliefs| beliefs.cancel_leaves.to_owned(),
        run: |scene, _| async move { Ok(cancelled(scene).await?.left.clone()) }.boxed(),
    },
    Probe {
        name: "cancel-too-late",
        belief: "a cancel of a statement that has ended is refused",
        source: "API_CancelStatement: to be canceled, a query must be running",
        safety: Safety::Safe("a refusal and an answer are the same to whoever cancels: the status tells how it ended"),
        expected: |beliefs| taken(!beliefs.refuses_cancel_of_ended),
        run: |scene, _| {
            async move {
                let sample = scene.sample().await?;
                match patiently(|| scene.api.cancel(&sample.ended.id)).await {
                    Ok(()) => Ok(taken(true)),
                    Err(refusal) if refusal.is_validation() => Ok(taken(false)),
                    Err(refusal) => Err(refusal.error),
                }
            }
            .boxed()
        },
    },
];

/// Begins an UNLOAD of many rows in small files, and cancels it when a slice has finished one of them.
async fn cancelled<'a>(scene: &'a Scene<'_>) -> Result<&'a Cancelled> {
    let work = || async {
        let place = scene.place();
        let three = format!("(WITH d AS ({DIGITS}) SELECT x.n + 10 * y.n + 100 * z.n AS n FROM d x, d y, d z)");
        // Long rows, so that a file is soon full, and a gigabyte in all, so that it is not the last one.
        let query = format!("SELECT a.n AS a, b.n AS b, repeat('outflow conformance ', 50) AS t FROM {three} AS a, {three} AS b");
        let mut statement = scene.statement(&query, &place);
        statement.parallel = true;
        statement.max_file_size = Some(FILE_BYTES);
        let id = scene.submit(&statement.to_sql(), &scene.fresh_name(), &[]).await.map_err(|refusal| refusal.error)?;
        let until = Instant::now() + UNDER_WAY;
        while !is_under_way(&scene.storage.list(&place).await?) && Instant::now() < until {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let refused = patiently(|| scene.api.cancel(&id)).await.err();
        let ended = scene.end(&id).await?;
        if ended.status == StatusString::Finished {
            let error = Error::new(Code::VerificationFailed, "the statement ended before it was cancelled");
            return Err(match refused {
                Some(refusal) => error.with_source(refusal.said),
                None => error,
            });
        }
        let mut names = scene.storage.list(&place).await?;
        names.retain(is_of_unload);
        let (manifests, files): (Vec<_>, Vec<_>) = names.iter().partition(|(name, _)| name.ends_with("manifest"));
        let uploads = scene.storage.open_uploads(&place).await?.unwrap_or(0);
        let left = format!(
            "{}, {}{}",
            if files.is_empty() { "no file" } else { "files" },
            if manifests.is_empty() { "no manifest" } else { "a manifest" },
            if uploads > 0 { ", open uploads" } else { "" }
        );
        Ok(Cancelled { ended, left })
    };
    scene.cancelled.get_or_try_init(work).await
}

/// Whether a file is UNLOAD's: some that speak S3 list what is still being written under a name of their own.
fn is_of_unload((name, _): &(String, u64)) -> bool {
    name.starts_with("output")
}

/// Whether a slice writes its second file: then the first is finished, whatever becomes of what is being finished just now.
fn is_under_way(listed: &[(String, u64)]) -> bool {
    listed.iter().filter(|file| is_of_unload(file)).any(|(name, _)| name.contains("_part_01"))
}
