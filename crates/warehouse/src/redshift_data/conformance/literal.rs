//! How texts are read: backslashes, `$$`, an outer `LIMIT`, parameters.

use aws_sdk_redshiftdata::types::StatusString;
use futures::FutureExt;
use outflow_core::{Code, Error};

use super::{Probe, Safety};

const DOUBLED: &str = "the query becomes a literal with every backslash and quote doubled, which is read back as it was sent only if a \
     backslash escapes; if not, keep backslashes out of queries until it is mended";

pub(super) const PROBES: [Probe; 5] = [
    Probe {
        name: "backslash-in-string",
        belief: "in a string two backslashes are one",
        source: "not documented; PostgreSQL 8.0, which Redshift comes from, reads strings so",
        safety: Safety::Unsafe(DOUBLED),
        expected: |beliefs| characters(beliefs.backslash_escapes),
        run: |scene, _| {
            async move {
                let answer = scene.select(r"SELECT CHAR_LENGTH('a\\b') AS n").await?;
                let value = answer.rows.into_iter().flatten().next().flatten();
                value.map(|n| format!("{n} characters")).ok_or_else(|| Error::new(Code::QueryFailed, "there is no row"))
            }
            .boxed()
        },
    },
    Probe {
        name: "backslash-in-unload",
        belief: "a query with backslashes means in UNLOAD what it means by itself",
        source: "not documented; an older page of the documentation escapes quotes by a backslash",
        safety: Safety::Unsafe(DOUBLED),
        expected: |beliefs| characters(beliefs.backslash_escapes),
        run: |scene, _| {
            async move {
                let text = scene.csv(r"SELECT CHAR_LENGTH('a\\b') AS n").await?;
                Ok(format!("{} characters", text.trim_end()))
            }
            .boxed()
        },
    },
    Probe {
        name: "dollar-quotes",
        belief: "UNLOAD takes its query between `$$`",
        source: "not documented; widely used",
        safety: Safety::Safe("our own statements never say `$$`"),
        expected: |beliefs| taken(beliefs.takes_dollar_quotes),
        run: |scene, _| {
            async move {
                let statement = scene.statement("", &scene.place()).to_sql();
                let (_, rest) = statement.split_once("')\nTO ").unwrap_or_default();
                let ended = scene.run(&format!("UNLOAD ($$SELECT 'a' AS v$$)\nTO {rest}")).await?;
                Ok(taken(ended.status == StatusString::Finished))
            }
            .boxed()
        },
    },
    Probe {
        name: "outer-limit",
        belief: "UNLOAD refuses a query with an outer LIMIT",
        source: "r_UNLOAD: the SELECT cannot use a LIMIT clause in the outer SELECT",
        safety: Safety::Safe("a query with an outer LIMIT is always put into a derived table, where it is allowed"),
        expected: |beliefs| taken(!beliefs.refuses_outer_limit),
        run: |scene, _| {
            async move {
                let statement = scene.statement("SELECT 1 AS n LIMIT 1", &scene.place());
                Ok(taken(scene.run(&statement.to_sql()).await?.status == StatusString::Finished))
            }
            .boxed()
        },
    },
    Probe {
        name: "parameters-in-unload",
        belief: "parameters of the Data API are not found inside UNLOAD's query",
        source: "not documented",
        safety: Safety::Safe("parameters are bound into the query before it is sent"),
        expected: |beliefs| taken(beliefs.binds_inside_unload),
        run: |scene, _| {
            async move {
                let statement = scene.statement("SELECT :n AS n", &scene.place()).to_sql();
                match scene.submit(&statement, &scene.fresh_name(), &[("n", "1")]).await {
                    Err(refusal) if refusal.is_validation() => Ok(taken(false)),
                    Err(refusal) => Err(refusal.error),
                    Ok(id) => Ok(taken(scene.end(&id).await?.status == StatusString::Finished)),
                }
            }
            .boxed()
        },
    },
];

fn characters(escapes: bool) -> String {
    format!("{} characters", if escapes { 3 } else { 4 })
}

pub(super) fn taken(is_taken: bool) -> String {
    if is_taken { "taken" } else { "refused" }.to_owned()
}
