//! The eight tables of TPC-H, for whoever has no tables yet: made on first use, one by one, and kept as Parquet files.
//!
//! The rows are the benchmark's but for the comments: those come from a smaller pool of text, since the official one takes 300 MB of
//! memory for as long as the process lives. A file shows whole or not at all, whoever else makes it at the same time.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex, OnceLock, PoisonError};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use datafusion::datasource::file_format::file_compression_type::FileCompressionType;
use datafusion::execution::SessionState;
use outflow_core::schema::Table;
use outflow_core::{Code, Error, Result};
use outflow_storage::code_of;
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;
use tokio::task::spawn_blocking;
use tpchgen::distribution::Distributions;
use tpchgen::generators::{
    CustomerGenerator, LineItemGenerator, NationGenerator, OrderGenerator, PartGenerator, PartSuppGenerator, RegionGenerator,
    SupplierGenerator,
};
use tpchgen::text::TextPool;
use tpchgen_arrow::{
    CustomerArrow, LineItemArrow, NationArrow, OrderArrow, PartArrow, PartSuppArrow, RegionArrow, SupplierArrow,
};

use super::super::column::described_table;
use super::super::identifier::folded;
use super::file_kind::{FileFormat, FileKind};
use super::{Found, provider};

/// The rows of a row group; with the widest table some 15 MB.
const ROW_GROUP: usize = 128 << 10;
/// The bytes that comments are cut from.
const TEXT_POOL: i32 = 8 << 20;
/// Raised when the files are made another way, so that old ones are not taken for new.
const VERSION: u32 = 1;

static TEXT: LazyLock<TextPool> = LazyLock::new(|| TextPool::new(TEXT_POOL, Distributions::static_default()));

type Batches = Box<dyn Iterator<Item = Result<RecordBatch, ArrowError>> + Send>;

struct SampleTable {
    name: &'static str,
    schema: fn() -> SchemaRef,
    rows: fn(f64) -> Batches,
}

const TABLES: [SampleTable; 8] = [
    SampleTable {
        name: "customer",
        schema: CustomerArrow::schema_ref,
        rows: |scale| {
            let distributions = Distributions::static_default();
            Box::new(CustomerArrow::new(CustomerGenerator::new_with_distributions_and_text_pool(
                scale,
                1,
                1,
                distributions,
                &TEXT,
            )))
        },
    },
    SampleTable {
        name: "lineitem",
        schema: LineItemArrow::schema_ref,
        rows: |scale| {
            let distributions = Distributions::static_default();
            Box::new(LineItemArrow::new(LineItemGenerator::new_with_distributions_and_text_pool(
                scale,
                1,
                1,
                distributions,
                &TEXT,
            )))
        },
    },
    SampleTable {
        name: "nation",
        schema: NationArrow::schema_ref,
        rows: |_| {
            let distributions = Distributions::static_default();
            Box::new(NationArrow::new(NationGenerator::new_with_distributions_and_text_pool(distributions, &TEXT)))
        },
    },
    SampleTable {
        name: "orders",
        schema: OrderArrow::schema_ref,
        rows: |scale| {
            let distributions = Distributions::static_default();
            Box::new(OrderArrow::new(OrderGenerator::new_with_distributions_and_text_pool(scale, 1, 1, distributions, &TEXT)))
        },
    },
    SampleTable {
        name: "part",
        schema: PartArrow::schema_ref,
        rows: |scale| {
            let distributions = Distributions::static_default();
            Box::new(PartArrow::new(PartGenerator::new_with_distributions_and_text_pool(scale, 1, 1, distributions, &TEXT)))
        },
    },
    SampleTable {
        name: "partsupp",
        schema: PartSuppArrow::schema_ref,
        rows: |scale| Box::new(PartSuppArrow::new(PartSuppGenerator::new_with_text_pool(scale, 1, 1, &TEXT))),
    },
    SampleTable {
        name: "region",
        schema: RegionArrow::schema_ref,
        rows: |_| {
            let distributions = Distributions::static_default();
            Box::new(RegionArrow::new(RegionGenerator::new_with_distributions_and_text_pool(distributions, &TEXT)))
        },
    },
    SampleTable {
        name: "supplier",
        schema: SupplierArrow::schema_ref,
        rows: |scale| {
            let distributions = Distributions::static_default();
            Box::new(SupplierArrow::new(SupplierGenerator::new_with_distributions_and_text_pool(
                scale,
                1,
                1,
                distributions,
                &TEXT,
            )))
        },
    },
];

/// The sample tables.
#[derive(Debug)]
pub(in super::super) struct Sample {
    scale: f64,
    folder: PathBuf,
    /// Held while a table is made, so that two queries do not both make it.
    making: Arc<[Mutex<()>; TABLES.len()]>,
    opened: [OnceLock<Found>; TABLES.len()],
}

impl Sample {
    /// The tables at that scale (1 is a gigabyte of text), kept in a folder of their own within `folder`. Nothing is made yet.
    pub(in super::super) fn new(scale: f64, folder: &Path) -> Self {
        Self {
            scale,
            folder: folder.join(format!("tpch-{scale}-v{VERSION}")),
            making: Arc::default(),
            opened: Default::default(),
        }
    }

    pub(super) fn names() -> Vec<String> {
        TABLES.iter().map(|table| table.name.to_owned()).collect()
    }

    pub(super) fn list() -> Vec<Table> {
        let tables = TABLES.iter().map(|table| Table {
            name: table.name.to_owned(),
            columns: described_table(&(table.schema)()),
            error: None,
        });
        tables.collect()
    }

    pub(super) fn check(&self) -> Result<(), Error> {
        fs::create_dir_all(&self.folder).map_err(|error| {
            let message =
                format!("the folder of the sample tables `{}` cannot be made: {}", self.folder.display(), super::reason(&error));
            Error::new(Code::WarehouseUnavailable, message).with_source(error)
        })
    }

    pub(super) async fn find(&self, name: &str, state: &SessionState) -> Result<Option<Found>> {
        let wanted = folded(name);
        let Some(index) = TABLES.iter().position(|table| table.name == wanted) else { return Ok(None) };
        let file = self.folder.join(format!("{wanted}.parquet"));
        if let Some(found) = self.opened[index].get().filter(|_| file.exists()) {
            return Ok(Some(found.clone()));
        }
        let (making, scale, made) = (Arc::clone(&self.making), self.scale, file.clone());
        let making = spawn_blocking(move || {
            if made.exists() {
                return Ok(());
            }
            let _alone = making[index].lock().unwrap_or_else(PoisonError::into_inner);
            if made.exists() { Ok(()) } else { make(&TABLES[index], scale, &made) }
        });
        let made = making.await.map_err(io::Error::other).and_then(|made| made);
        made.map_err(|error| {
            let code = if code_of(&error) == Code::StorageFull { Code::StorageFull } else { Code::WarehouseUnavailable };
            let message =
                format!("the sample table `{wanted}` cannot be made in `{}`: {}", self.folder.display(), super::reason(&error));
            Error::new(code, message).with_source(error)
        })?;
        let kind = FileKind { format: FileFormat::Parquet, compression: FileCompressionType::UNCOMPRESSED };
        let found = provider::open(kind, vec![file], &self.folder, state).await?;
        Ok(Some(self.opened[index].get_or_init(|| found).clone()))
    }
}

/// Makes a table's file, in memory for one row group at a time.
fn make(table: &SampleTable, scale: f64, file: &Path) -> io::Result<()> {
    let folder = file.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut staged = tempfile::Builder::new().prefix(".making-").tempfile_in(folder)?;
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_max_row_group_row_count(Some(ROW_GROUP))
        .set_created_by(format!("outflow {}", env!("CARGO_PKG_VERSION")))
        .build();
    let mut writer = ArrowWriter::try_new(&mut staged, (table.schema)(), Some(properties)).map_err(io::Error::other)?;
    for batch in (table.rows)(scale) {
        writer.write(&batch.map_err(io::Error::other)?).map_err(io::Error::other)?;
    }
    writer.close().map_err(io::Error::other)?;
    staged.as_file().sync_all()?;
    staged.persist(file).map_err(|error| error.error)?;
    tracing::info!(table = table.name, scale, "made a sample table");
    Ok(())
}
