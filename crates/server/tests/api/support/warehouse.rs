//! The warehouses that a test's service can have. Each has the table `numbers`, with `n` from 0 to 9,999, and what a test brings.

use std::collections::HashMap;
use std::fmt::Write;
use std::fs;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use outflow_core::warehouse::Warehouse;
use outflow_storage::Storage;
use outflow_warehouse::embedded::{Embedded, EmbeddedConfig};

/// Which warehouse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TestWarehouse {
    /// The embedded engine.
    Embedded,
}

impl TestWarehouse {
    /// The warehouse, writing into that storage, with further files of tables by their names.
    pub(crate) fn open(self, folder: &Path, storage: &Storage, files: &[(&'static str, Vec<u8>)]) -> Arc<dyn Warehouse> {
        match self {
            Self::Embedded => {
                let tables = folder.join("tables");
                fs::create_dir_all(&tables).unwrap();
                fs::write(tables.join("numbers.csv"), csv(0..10_000)).unwrap();
                for (name, bytes) in files {
                    let file = tables.join(name);
                    fs::create_dir_all(file.parent().unwrap()).unwrap();
                    fs::write(file, bytes).unwrap();
                }
                let buckets = HashMap::from([(storage.bucket().to_owned(), storage.object_store())]);
                let config = EmbeddedConfig { tables: Some(tables), buckets, ..EmbeddedConfig::default() };
                Arc::new(Embedded::new(config).unwrap())
            }
        }
    }
}

/// Rows of `numbers` as CSV with a header.
pub(crate) fn csv(rows: Range<u64>) -> String {
    rows.fold("n\n".to_owned(), |mut text, n| {
        writeln!(text, "{n}").unwrap();
        text
    })
}
