//! What UNLOAD leaves of a query without rows.

use futures::FutureExt;
use futures::future::BoxFuture;
use outflow_core::Result;
use outflow_core::options::Format;

use super::scene::{Scene, Written};
use super::{Beliefs, Probe, Safety};

const SOURCE: &str = "not documented";
const BELIEF: &str = "of no rows nothing is written";
const SAFETY: Safety = Safety::Safe(
    "no file, files of nothing and a manifest without rows all end as a file with the header or the schema, made while finalizing",
);

const fn probe(name: &'static str, run: super::Run) -> Probe {
    Probe { name, belief: BELIEF, source: SOURCE, safety: SAFETY, expected: |beliefs| beliefs.of_no_rows.to_owned(), run }
}

pub(super) const PROBES: [Probe; 9] = [
    probe("no-rows-csv-serial", |scene, _| left(scene, Format::Csv, false)),
    probe("no-rows-csv-parallel", |scene, _| left(scene, Format::Csv, true)),
    probe("no-rows-text-serial", |scene, _| left(scene, Format::Text, false)),
    probe("no-rows-text-parallel", |scene, _| left(scene, Format::Text, true)),
    probe("no-rows-json-serial", |scene, _| left(scene, Format::Json, false)),
    probe("no-rows-json-parallel", |scene, _| left(scene, Format::Json, true)),
    probe("no-rows-parquet-serial", |scene, _| left(scene, Format::Parquet, false)),
    probe("no-rows-parquet-parallel", |scene, _| left(scene, Format::Parquet, true)),
    Probe {
        name: "no-rows-header",
        belief: "of no rows nothing is written, with HEADER neither",
        source: SOURCE,
        safety: SAFETY,
        expected: |beliefs: &Beliefs| beliefs.of_no_rows_with_header.to_owned(),
        run: |scene, _| async move { Ok(told(&scene.unload(QUERY, |statement| statement.header = true).await?)) }.boxed(),
    },
];

const QUERY: &str = "SELECT n FROM (SELECT 1 AS n) AS one WHERE n = 2";

fn left<'a>(scene: &'a Scene<'_>, format: Format, parallel: bool) -> BoxFuture<'a, Result<String>> {
    async move {
        let change = |statement: &mut outflow_core::statement::UnloadStatement| {
            statement.format = format;
            statement.parallel = parallel;
        };
        Ok(told(&scene.unload(QUERY, change).await?))
    }
    .boxed()
}

fn told(written: &Written) -> String {
    let mut sizes: Vec<u64> = Vec::new();
    let mut has_manifest = false;
    for (name, size) in &written.files {
        if name.ends_with("manifest") {
            has_manifest = true;
        } else {
            sizes.push(*size);
        }
    }
    let files = match sizes[..] {
        [] => "no file".to_owned(),
        [size] => format!("one file of {size} bytes"),
        _ if sizes.iter().all(|size| *size == sizes[0]) => format!("files of {} bytes", sizes[0]),
        _ => "files of different sizes".to_owned(),
    };
    format!("{files}, {}", if has_manifest { "a manifest" } else { "no manifest" })
}
