//! Where things lie in storage: every key is a [`StorageKey`], nobody formats paths elsewhere.

use crate::{RequestId, UnloadId};

/// The folder of all results, under the storage's own prefix.
pub const RESULTS: &str = "unload-results";

/// The place of one attempt: no two attempts, and no two unloads, ever share one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AttemptPlace {
    /// The caller's name, which a person recognises.
    pub request_id: RequestId,
    /// Our name, which makes the place unique.
    pub unload_id: UnloadId,
    /// Which try, from 1.
    pub attempt: u32,
}

/// The name of an object, relative to the storage's own prefix.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum StorageKey {
    /// The folder of an attempt, with a slash at its end so that no other attempt's begins with it.
    Attempt(AttemptPlace),
    /// What UNLOAD is given: the beginning of the names of the files it writes.
    Output(AttemptPlace),
    /// The manifest that UNLOAD writes beside the files.
    Manifest(AttemptPlace),
    /// The manifest that UNLOAD writes above the folders of a partitioned result.
    PartitionManifest(AttemptPlace),
    /// One file, by its name within the folder of the attempt.
    File(AttemptPlace, String),
    /// The receipt, written last.
    Receipt(AttemptPlace),
}

impl StorageKey {
    /// The manifest of an attempt: with `PARTITION BY`, UNLOAD takes what it is given for a folder.
    pub fn manifest(place: AttemptPlace, is_partitioned: bool) -> Self {
        if is_partitioned { Self::PartitionManifest(place) } else { Self::Manifest(place) }
    }

    /// The attempt that it belongs to.
    pub fn place(&self) -> &AttemptPlace {
        match self {
            Self::Attempt(place)
            | Self::Output(place)
            | Self::Manifest(place)
            | Self::PartitionManifest(place)
            | Self::File(place, _)
            | Self::Receipt(place) => place,
        }
    }

    /// The key as text; no slash at its beginning.
    pub fn path(&self) -> String {
        match self {
            Self::Attempt(place) => format!("{}/", folder(place)),
            Self::Output(place) => format!("{}/output", folder(place)),
            Self::Manifest(place) => format!("{}/outputmanifest", folder(place)),
            Self::PartitionManifest(place) => format!("{}/output/manifest", folder(place)),
            Self::File(place, name) => format!("{}/{name}", folder(place)),
            Self::Receipt(place) => format!("{}/receipt.json", folder(place)),
        }
    }
}

fn folder(place: &AttemptPlace) -> String {
    format!("{RESULTS}/{}/{}-{}", place.request_id, place.unload_id, place.attempt)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_those_of_the_contract_and_never_prefixes_of_another_attempts() {
        let unload_id = UnloadId::parse("01990000-0000-7000-8000-000000000001").unwrap();
        let place = |attempt| AttemptPlace { request_id: RequestId::parse("abc123").unwrap(), unload_id, attempt };
        assert_eq!(StorageKey::Output(place(1)).path(), "unload-results/abc123/01990000-0000-7000-8000-000000000001-1/output");
        for (is_partitioned, name) in [(false, "outputmanifest"), (true, "output/manifest")] {
            let key = StorageKey::manifest(place(1), is_partitioned);
            assert_eq!(key.path(), StorageKey::File(place(1), name.to_owned()).path());
            assert_eq!(*key.place(), place(1));
        }
        assert!(!StorageKey::Attempt(place(11)).path().starts_with(&StorageKey::Attempt(place(1)).path()));
    }
}
