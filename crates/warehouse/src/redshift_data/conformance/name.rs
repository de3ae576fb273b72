//! What files are called.

use std::collections::BTreeSet;

use futures::FutureExt;
use futures::future::BoxFuture;
use outflow_core::Result;
use outflow_core::options::{Compression, Format};
use outflow_core::statement::UnloadStatement;

use super::scene::{Scene, Written};
use super::{Beliefs, Probe, Safety};

const SAFETY: Safety = Safety::Safe("files are found by the manifest, whatever they are called");
const QUERY: &str = "SELECT 1 AS n UNION ALL SELECT 2";

const fn probe(
    name: &'static str,
    belief: &'static str,
    source: &'static str,
    of: fn(&Beliefs) -> String,
    run: super::Run,
) -> Probe {
    Probe { name, belief, source, safety: SAFETY, expected: of, run }
}

pub(super) const PROBES: [Probe; 7] = [
    probe(
        "names-serial",
        "with PARALLEL OFF files are numbered from 000",
        "r_UNLOAD says 000; an example of the documentation has 0000",
        |beliefs| beliefs.names.serial.to_owned(),
        |scene, _| named(scene, |statement| statement.compression = Compression::Gzip),
    ),
    probe(
        "names-parallel",
        "with PARALLEL ON names have the slice and the part",
        "r_UNLOAD: <prefix><slice-number>_part_<part-number>",
        |beliefs| beliefs.names.parallel.to_owned(),
        |scene, _| {
            named(scene, |statement| {
                statement.compression = Compression::Gzip;
                statement.parallel = true;
            })
        },
    ),
    probe(
        "names-extension",
        "EXTENSION stands where the compression's own would",
        "r_UNLOAD names EXTENSION; what becomes of .gz is from a page of others",
        |beliefs| beliefs.names.extension.to_owned(),
        |scene, _| {
            named(scene, |statement| {
                statement.compression = Compression::Gzip;
                statement.extension = Some("csv.gz".to_owned());
            })
        },
    ),
    probe(
        "names-bare-extension",
        "EXTENSION without .gz leaves it out, though the file is compressed",
        "from a page of others",
        |beliefs| beliefs.names.bare_extension.to_owned(),
        |scene, _| {
            named(scene, |statement| {
                statement.compression = Compression::Gzip;
                statement.extension = Some("csv".to_owned());
            })
        },
    ),
    probe(
        "names-parquet-serial",
        "Parquet has its ending without a word",
        "r_UNLOAD says so of parallel files",
        |beliefs| beliefs.names.parquet_serial.to_owned(),
        |scene, _| named(scene, |statement| statement.format = Format::Parquet),
    ),
    probe(
        "names-parquet-parallel",
        "Parquet in parallel has slice, part and ending",
        "r_UNLOAD: <slice-number>_part_<part-number>.parquet",
        |beliefs| beliefs.names.parquet_parallel.to_owned(),
        |scene, _| {
            named(scene, |statement| {
                statement.format = Format::Parquet;
                statement.parallel = true;
            })
        },
    ),
    probe(
        "names-partition",
        "PARTITION BY takes the destination for a folder, with the manifest at its root",
        "r_UNLOAD tells of the folders, not of the manifest",
        |beliefs| beliefs.names.partition.to_owned(),
        |scene, _| {
            async move {
                let change = |statement: &mut UnloadStatement| statement.partition_by = vec!["y".to_owned()];
                let written = scene.unload("SELECT 1 AS n, 2026 AS y", change).await?;
                Ok(told(written.files.iter().map(|(name, _)| name.as_str())))
            }
            .boxed()
        },
    ),
];

fn named<'a>(scene: &'a Scene<'_>, change: fn(&mut UnloadStatement)) -> BoxFuture<'a, Result<String>> {
    async move {
        let written: Written = scene.unload(QUERY, change).await?;
        Ok(told(written.data()))
    }
    .boxed()
}

/// Names that differ by their numbers alone are one: how many slices there are is the cluster's.
fn told<'n>(names: impl Iterator<Item = &'n str>) -> String {
    let zeros = |name: &str| {
        name.split('/')
            .map(|part| match part.split_once('=') {
                Some((column, _)) => format!("{column}=0"),
                None => part.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect(),
            })
            .collect::<Vec<String>>()
            .join("/")
    };
    let shapes: BTreeSet<String> = names.map(zeros).collect();
    shapes.into_iter().collect::<Vec<_>>().join(", ")
}
