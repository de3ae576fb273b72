//! What calls say: of the result of an UNLOAD, of lists, of waiting, of what is not known; and what stands in S3 and in the system views.

use std::time::Duration;

use aws_sdk_redshiftdata::types::StatusString;
use futures::FutureExt;
use outflow_core::key::StorageKey;
use outflow_core::{Code, Error, UnloadId};
use tokio::time::Instant;

use super::literal::taken;
use super::scene::{SAMPLE_ROWS, TYPED, patiently};
use super::{Probe, Safety};
use crate::redshift::empty::{columns_of, rows_at};

/// How long the system views may lag.
const LAG: Duration = Duration::from_secs(30);

pub(super) const PROBES: [Probe; 10] = [
    Probe {
        name: "result-rows",
        belief: "after an UNLOAD `ResultRows` of DescribeStatement tells nothing",
        source: "API_DescribeStatement does not say what it is for UNLOAD",
        safety: Safety::Safe("it is not read: the manifest tells the rows, and they are added up"),
        expected: |beliefs| if beliefs.result_rows_count_unloaded { SAMPLE_ROWS.to_string() } else { "-1".to_owned() },
        run: |scene, _| async move { Ok(scene.sample().await?.ended.rows.to_string()) }.boxed(),
    },
    Probe {
        name: "unload-history",
        belief: "SYS_UNLOAD_HISTORY tells the rows of an UNLOAD by its destination, header lines not counted",
        source: "SYS_UNLOAD_HISTORY names the column, not what it counts",
        safety: Safety::Safe(
            "it can only refuse to believe an empty folder; where it says nothing, the list of the folder stands alone",
        ),
        expected: |beliefs| if beliefs.history_counts_rows { SAMPLE_ROWS } else { SAMPLE_ROWS + 1 }.to_string(),
        run: |scene, _| {
            async move {
                let sample = scene.sample().await?;
                let query = rows_at(&scene.storage.uri(&StorageKey::Output(sample.place.clone())));
                let until = Instant::now() + LAG;
                loop {
                    let value = scene.select(&query).await?.rows.into_iter().flatten().next().flatten();
                    match value.as_deref().and_then(|value| value.parse::<f64>().ok()) {
                        Some(rows) => return Ok(rows.to_string()),
                        None if Instant::now() >= until => return Ok("nothing".to_owned()),
                        None => tokio::time::sleep(Duration::from_secs(2)).await,
                    }
                }
            }
            .boxed()
        },
    },
    Probe {
        name: "crc64nvme",
        belief: "S3 keeps a CRC-64/NVME of every file that UNLOAD wrote",
        source: "S3's documentation says it of uploads that bring no checksum; which those of Redshift are is not said",
        safety: Safety::Safe("where S3 keeps none, the file is read and summed while finalizing, which takes longer"),
        expected: |beliefs| kept(beliefs.keeps_crc64nvme),
        run: |scene, _| {
            async move {
                let sample = scene.sample().await?;
                let mut has_all = true;
                for name in sample.data() {
                    let key = StorageKey::File(sample.place.clone(), name.to_owned());
                    has_all &= scene.storage.kept_checksum(&key).await?.is_some();
                }
                Ok(kept(has_all))
            }
            .boxed()
        },
    },
    Probe {
        name: "existing-files",
        belief: "UNLOAD refuses a prefix at which files are",
        source: "r_UNLOAD: by default UNLOAD fails if it finds files that it would possibly overwrite",
        safety: Safety::Safe("no two attempts share a prefix, and none is used twice"),
        expected: |beliefs| taken(!beliefs.refuses_existing),
        run: |scene, _| {
            async move {
                let sample = scene.sample().await?;
                let statement = scene.statement("SELECT 1 AS n", &sample.place).to_sql();
                Ok(taken(scene.run(&statement).await?.status == StatusString::Finished))
            }
            .boxed()
        },
    },
    Probe {
        name: "column-types",
        belief: "the Data API names the types of a query's columns by their short names",
        source: "API_ColumnMetadata has no list of them",
        safety: Safety::Safe("short and long names are both read; another name is shown as it is in the file for no rows"),
        expected: |beliefs| beliefs.column_types.to_owned(),
        run: |scene, _| {
            async move {
                let answer = scene.select(&columns_of(&format!("SELECT {TYPED}"))).await?;
                Ok(answer.columns.iter().map(|column| column.type_name().unwrap_or("none")).collect::<Vec<_>>().join(", "))
            }
            .boxed()
        },
    },
    Probe {
        name: "list-by-prefix",
        belief: "ListStatements takes a name as a beginning",
        source: "API_ListStatements: you can specify the beginning of the name",
        safety: Safety::Safe("whole names are asked for, and of what is listed only the same name counts"),
        expected: |beliefs| if beliefs.lists_by_prefix { "by its beginning" } else { "by the whole name alone" }.to_owned(),
        run: |scene, beliefs| {
            async move {
                let name = scene.fresh_name();
                scene.submit("SELECT 1 AS n", &name, &[]).await.map_err(|refusal| refusal.error)?;
                let until = Instant::now() + beliefs.listed_within * 5;
                loop {
                    let beginning = &name[..name.len() - 2];
                    let found = |listed: Vec<_>| {
                        listed.iter().any(|one: &aws_sdk_redshiftdata::types::StatementData| one.statement_name() == Some(&name))
                    };
                    if found(patiently(|| scene.api.listed(beginning)).await.map_err(|refusal| refusal.error)?) {
                        return Ok("by its beginning".to_owned());
                    }
                    let is_whole = found(patiently(|| scene.api.listed(&name)).await.map_err(|refusal| refusal.error)?);
                    if is_whole {
                        return Ok("by the whole name alone".to_owned());
                    }
                    if Instant::now() >= until {
                        return Ok("not at all".to_owned());
                    }
                }
            }
            .boxed()
        },
    },
    Probe {
        name: "list-soon",
        belief: "a statement is listed soon after it was accepted",
        source: "not documented",
        safety: Safety::Unsafe(
            "who takes an unload over, or has tried in vain to submit it, looks for its statement and believes after 3 seconds that there is none; within 8 hours the token keeps the same attempt from running twice, but not the next one beside it",
        ),
        expected: |beliefs| soon(beliefs.listed_within, true),
        run: |scene, beliefs| {
            async move {
                let name = scene.fresh_name();
                scene.submit("SELECT 1 AS n", &name, &[]).await.map_err(|refusal| refusal.error)?;
                let accepted = Instant::now();
                loop {
                    let asked = accepted.elapsed();
                    if !patiently(|| scene.api.named(&name)).await.map_err(|refusal| refusal.error)?.is_empty() {
                        return Ok(soon(beliefs.listed_within, asked <= beliefs.listed_within));
                    }
                    if asked > beliefs.listed_within * 10 {
                        return Ok("not at all".to_owned());
                    }
                }
            }
            .boxed()
        },
    },
    Probe {
        name: "wait-time",
        belief: "DescribeStatement takes WaitTimeSeconds",
        source: "in the service model since the SDKs of 2026; not every region may have it",
        safety: Safety::Safe("where it is refused, looks come at a distance that grows, within the quotas"),
        expected: |beliefs| taken(beliefs.takes_wait_time),
        run: |scene, _| {
            async move {
                let sample = scene.sample().await?;
                match patiently(|| scene.api.describe(&sample.ended.id, Some(1))).await {
                    Ok(_) => Ok(taken(true)),
                    Err(refusal) if refusal.is_of_waiting() || refusal.is_validation() => Ok(taken(false)),
                    Err(refusal) => Err(refusal.error),
                }
            }
            .boxed()
        },
    },
    Probe {
        name: "unknown-statement",
        belief: "a statement that the Data API does not know has an error of its own",
        source: "API_DescribeStatement names ResourceNotFoundException",
        safety: Safety::Safe(
            "any other error is asked again until the deadline, and then the outcome is unknown, as it is with this one",
        ),
        expected: |beliefs| beliefs.unknown_statement.to_owned(),
        run: |scene, _| {
            async move {
                let id = UnloadId::generate().to_string();
                match patiently(|| scene.api.describe(&id, None)).await {
                    Ok(_) => Err(Error::new(Code::VerificationFailed, "a statement that never was is described")),
                    Err(refusal) if refusal.name.is_empty() => Err(refusal.error),
                    Err(refusal) => Ok(refusal.name),
                }
            }
            .boxed()
        },
    },
    Probe {
        name: "result-of-failed",
        belief: "who asks for the result of a statement that failed is told that there is none, as of one that is not known",
        source: "API_GetStatementResult names ResourceNotFoundException, and does not say for what",
        safety: Safety::Safe("a result is asked for only of statements that finished"),
        expected: |beliefs| beliefs.no_result.to_owned(),
        run: |scene, _| {
            async move {
                let failed = scene.run("SELECT * FROM outflow_conformance_nowhere").await?;
                match patiently(|| scene.api.result(&failed.id, None)).await {
                    Ok(_) => Ok("an answer".to_owned()),
                    Err(refusal) if refusal.name.is_empty() => Err(refusal.error),
                    Err(refusal) => Ok(refusal.name),
                }
            }
            .boxed()
        },
    },
];

fn kept(is_kept: bool) -> String {
    if is_kept { "kept" } else { "not kept" }.to_owned()
}

fn soon(within: Duration, is_soon: bool) -> String {
    format!("{} {} s", if is_soon { "within" } else { "later than" }, within.as_secs())
}
