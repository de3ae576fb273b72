//! What a verbose manifest says, and when it is written.

use std::collections::BTreeSet;

use futures::FutureExt;
use outflow_core::key::StorageKey;
use outflow_core::{Code, Error, Result, Timestamp};
use serde_json::Value;

use super::scene::{SAMPLE_ROWS, Scene};
use super::{Probe, Safety};

const MANIFEST: &str = "outputmanifest";
/// The keys of a type beside its base; which of them there are depends on the type.
const DIMENSIONS: [&str; 3] = ["max_length", "precision", "scale"];

pub(super) const PROBES: [Probe; 4] = [
    Probe {
        name: "manifest-last",
        belief: "the manifest is written after the last file",
        source: "not documented",
        safety: Safety::Safe("a manifest alone never ends an unload: the warehouse must say that the statement finished"),
        expected: |beliefs| when(beliefs.manifest_is_last),
        run: |scene, _| {
            async move {
                let sample = scene.sample().await?;
                let manifest = written_at(scene, MANIFEST).await?;
                let mut is_last = true;
                for name in sample.data() {
                    is_last &= written_at(scene, name).await? <= manifest;
                }
                Ok(when(is_last))
            }
            .boxed()
        },
    },
    Probe {
        name: "manifest-keys",
        belief: "a verbose manifest has these keys",
        source: "r_UNLOAD shows an example",
        safety: Safety::Safe(
            "keys that are not known are passed over; without sizes and rows an unload fails rather than be believed",
        ),
        expected: |beliefs| beliefs.manifest_keys.to_owned(),
        run: |scene, _| {
            async move {
                let mut keys = BTreeSet::new();
                collect(&manifest(scene).await?, "", &mut keys);
                let is_dimension = |key: &String| DIMENSIONS.iter().any(|name| key.ends_with(&format!("type.{name}")));
                keys.retain(|key| !is_dimension(key));
                Ok(keys.into_iter().collect::<Vec<_>>().join(" "))
            }
            .boxed()
        },
    },
    Probe {
        name: "manifest-types",
        belief: "a column's type has a base, and `max_length`, or `precision` and `scale`",
        source: "the example of r_UNLOAD is no valid JSON there",
        safety: Safety::Safe("types are read leniently and only shown: an unknown one is shown as it is"),
        expected: |beliefs| beliefs.manifest_types.to_owned(),
        run: |scene, _| {
            async move {
                let manifest = manifest(scene).await?;
                let elements = manifest["schema"]["elements"].as_array().cloned().unwrap_or_default();
                Ok(elements.iter().map(|element| data_type(&element["type"])).collect::<Vec<_>>().join(", "))
            }
            .boxed()
        },
    },
    Probe {
        name: "manifest-header-counted",
        belief: "`record_count` counts header lines",
        source: "r_UNLOAD says so of files with HEADER",
        safety: Safety::Unsafe(
            "rows are what the manifest counts less a header for each file; if it is otherwise, unloads with a header tell one row too few for each file",
        ),
        expected: |beliefs| format!("{} records", SAMPLE_ROWS + u64::from(beliefs.header_is_a_record)),
        run: |scene, _| {
            async move {
                let records = manifest(scene).await?["meta"]["record_count"].as_u64();
                Ok(records.map_or("no number".to_owned(), |records| format!("{records} records")))
            }
            .boxed()
        },
    },
];

/// When a file of the sample was written.
async fn written_at(scene: &Scene<'_>, name: &str) -> Result<Timestamp> {
    let key = StorageKey::File(scene.sample().await?.place.clone(), name.to_owned());
    let stat = scene.storage.stat(&key).await?;
    stat.map(|stat| stat.last_modified).ok_or_else(|| Error::new(Code::NotFound, format!("`{name}` is gone")))
}

async fn manifest(scene: &Scene<'_>) -> Result<Value> {
    let sample = scene.sample().await?;
    let text = scene.read(&sample.place, MANIFEST).await?;
    serde_json::from_slice(&text)
        .map_err(|error| Error::new(Code::VerificationFailed, "the manifest is no JSON").with_source(error))
}

fn when(is_last: bool) -> String {
    if is_last { "not before any file" } else { "before a file" }.to_owned()
}

/// The paths of all values, places in lists left out.
fn collect(value: &Value, path: &str, keys: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                collect(value, &if path.is_empty() { key.clone() } else { format!("{path}.{key}") }, keys);
            }
        }
        Value::Array(list) => list.iter().for_each(|value| collect(value, &format!("{path}[]"), keys)),
        _ => {
            keys.insert(path.to_owned());
        }
    }
}

/// The base with the dimensions; of a length only that there is one, since it is the statement's.
fn data_type(value: &Value) -> String {
    let mut said = value["base"].as_str().unwrap_or("no base").to_owned();
    let others = value.as_object().into_iter().flatten().filter(|(key, _)| *key != "base");
    for (key, value) in others {
        said.push(' ');
        said.push_str(key);
        if key != "max_length" {
            said.push_str(&format!("={value}"));
        }
    }
    said
}
