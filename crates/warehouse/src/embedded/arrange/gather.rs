//! Rows of one folder are brought together by sorting, in temporary files where they do not fit into memory.
//!
//! What is sorted by is one number a row, made of a hash of the folder's values and of the row's place: it is small and quick to compare
//! whatever the values are, and keeps the query's order within a folder. Two folders with one hash would only alternate.
//!
//! The sort gets the rows in small pieces that share no memory with one another, and a share of the memory to itself: so it can tell
//! what it holds, and writes to files in time however long the rows are.

use std::fmt::{self, Debug, Formatter};
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::{Array, ArrayRef, AsArray, Decimal128Array, RecordBatch, UInt64Array};
use arrow::compute::{SortOptions, take};
use arrow::datatypes::{DECIMAL128_MAX_PRECISION, DataType, Field, Schema, SchemaRef};
use datafusion::common::hash_utils::{RandomState, create_hashes};
use datafusion::error::Result;
use datafusion::execution::memory_pool::{MemoryLimit, MemoryPool};
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr::{LexOrdering, PhysicalSortExpr};
use datafusion::physical_plan::sorts::sort::SortExec;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};
use datafusion::physical_plan::{EmptyRecordBatchStream, ExecutionPlan, ExecutionPlanProperties};
use futures::{StreamExt, TryStreamExt, stream};

use super::share::Share;

/// The most bytes of a piece, if it has more than one row.
const PIECE: usize = 1 << 20;
/// The least that a sort can work with.
const LEAST: usize = 4 << 20;
/// How many pieces there are, at least, in as many rows as the engine takes at once.
const PIECES: usize = 8;
/// What a text takes beside its bytes in an array of views.
const VIEW: usize = 16;

/// Each stream of a plan with the rows of the same `keys` one after the other, each folder's in the stream's order. Behind the columns of
/// the plan there is one more then. All streams together take half of the memory there is, at most.
pub(super) fn gathered(plan: Arc<dyn ExecutionPlan>, keys: &[usize]) -> Result<Arc<dyn ExecutionPlan>> {
    let key = Arc::new(Field::new("folder key", DataType::Decimal128(DECIMAL128_MAX_PRECISION, 0), false));
    let schema = Arc::new(Schema::new(plan.schema().fields().iter().cloned().chain([key]).collect::<Vec<_>>()));
    let streams = plan.output_partitioning().partition_count();
    let all = (0..streams).map(|partition| {
        let schema = SchemaRef::clone(&schema);
        Arc::new(Gathered { plan: Arc::clone(&plan), partition, streams, schema, keys: keys.into() }) as Arc<dyn PartitionStream>
    });
    Ok(Arc::new(StreamingTableExec::try_new(SchemaRef::clone(&schema), all.collect(), None, None, false, None)?))
}

/// One stream whose rows are gathered.
#[derive(Debug, Clone)]
struct Gathered {
    plan: Arc<dyn ExecutionPlan>,
    partition: usize,
    /// How many there are.
    streams: usize,
    schema: SchemaRef,
    keys: Arc<[usize]>,
}

impl PartitionStream for Gathered {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, context: Arc<TaskContext>) -> SendableRecordBatchStream {
        let sorted = stream::once(self.clone().sorted(context)).try_flatten();
        Box::pin(RecordBatchStreamAdapter::new(SchemaRef::clone(&self.schema), sorted))
    }
}

impl Gathered {
    async fn sorted(self, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let room = match context.memory_pool().memory_limit() {
            MemoryLimit::Finite(bytes) => (bytes / 2 / self.streams.max(1)).max(LEAST),
            _ => usize::MAX,
        };
        let mut batches = self.plan.execute(self.partition, Arc::clone(&context))?;
        let first = batches.try_next().await?;
        let most = Most::new(first.as_ref(), context.session_config().batch_size(), PIECE.min(room / 16));
        let schema = SchemaRef::clone(&self.schema);
        let mut before = 0;
        let pieces = stream::iter(first.map(Ok)).chain(batches).flat_map(move |batch| {
            let keyed = batch.and_then(|batch| with_key(&batch, &self.keys, before, &self.schema));
            before += keyed.as_ref().map_or(0, RecordBatch::num_rows) as u64;
            match keyed {
                Ok(batch) => stream::iter(most.pieces(batch)).left_stream(),
                Err(error) => stream::iter([Err(error)]).right_stream(),
            }
        });
        let pieces = Once::new(Box::pin(RecordBatchStreamAdapter::new(schema, pieces)));
        pieces.sorted_by_last(&context, most.rows, room)
    }
}

/// A stream that can be read once, as a part of a plan.
struct Once {
    schema: SchemaRef,
    rows: Mutex<Option<SendableRecordBatchStream>>,
}

impl Once {
    fn new(rows: SendableRecordBatchStream) -> Self {
        Self { schema: rows.schema(), rows: Mutex::new(Some(rows)) }
    }

    /// The rows in the order of their last column, in batches of so many rows and with so much memory.
    fn sorted_by_last(self, context: &TaskContext, rows: usize, room: usize) -> Result<SendableRecordBatchStream> {
        let config = context.session_config().clone();
        let config = config
            .with_batch_size(rows)
            // Each piece is a run for itself. Runs of several batches would have them taken for larger than they are.
            .with_sort_in_place_threshold_bytes(0)
            // So much is there for merging two files, each taken for four times its longest batch.
            .with_sort_spill_reservation_bytes((8 * PIECE).min(room / 2));
        let share: Arc<dyn MemoryPool> = Arc::new(Share::new(context.memory_pool(), room));
        let runtime = RuntimeEnvBuilder::from_runtime_env(&context.runtime_env()).with_memory_pool(share).build_arc()?;
        let context = TaskContext::default().with_session_config(config).with_runtime(runtime);
        let schema = SchemaRef::clone(&self.schema);
        let last = schema.fields().len().saturating_sub(1);
        let key = PhysicalSortExpr::new(Arc::new(Column::new(schema.field(last).name(), last)), SortOptions::default());
        let input = StreamingTableExec::try_new(schema, vec![Arc::new(self)], None, None, false, None)?;
        SortExec::new(LexOrdering::from([key]), Arc::new(input)).execute(0, Arc::new(context))
    }
}

impl Debug for Once {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("Once").field("schema", &self.schema).finish_non_exhaustive()
    }
}

impl PartitionStream for Once {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _: Arc<TaskContext>) -> SendableRecordBatchStream {
        let rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner).take();
        rows.unwrap_or_else(|| Box::pin(EmptyRecordBatchStream::new(SchemaRef::clone(&self.schema))))
    }
}

/// The rows with a number to sort by: above a hash of the folder's values, below how many rows there were before.
fn with_key(batch: &RecordBatch, columns: &[usize], before: u64, schema: &SchemaRef) -> Result<RecordBatch> {
    let mut hashes = vec![0; batch.num_rows()];
    create_hashes(columns.iter().map(|column| batch.column(*column)), &RandomState::with_seed(0), &mut hashes)?;
    let keys = (before..).zip(&hashes).map(|(row, hash)| (i128::from(*hash) << 63) + i128::from(row));
    let keys = Decimal128Array::from_iter_values(keys).with_precision_and_scale(DECIMAL128_MAX_PRECISION, 0)?;
    let columns = batch.columns().iter().cloned().chain([Arc::new(keys) as ArrayRef]).collect();
    Ok(RecordBatch::try_new(SchemaRef::clone(schema), columns)?)
}

/// The most that a piece has.
#[derive(Debug, Clone, Copy)]
struct Most {
    rows: usize,
    bytes: usize,
}

impl Most {
    /// So many bytes, and rows as the first batch has them in so many bytes. Later ones may be longer: a merged batch is no more than a part of
    /// what the engine takes at once.
    fn new(first: Option<&RecordBatch>, engine_rows: usize, bytes: usize) -> Self {
        let average = first.map_or(1, |batch| bytes_of(batch) / batch.num_rows().max(1));
        Self { rows: (bytes / average.max(1)).clamp(1, (engine_rows / PIECES).max(1)), bytes }
    }

    /// A batch in pieces that are copies, each made when it is asked for.
    fn pieces(self, batch: RecordBatch) -> impl Iterator<Item = Result<RecordBatch>> {
        let mut start = 0;
        std::iter::from_fn(move || {
            let mut rows = self.rows.min(batch.num_rows() - start);
            while rows > 1 && bytes_of(&batch.slice(start, rows)) > self.bytes {
                rows = rows.div_ceil(2);
            }
            let piece = (rows > 0).then(|| copied(&batch, start, rows));
            start += rows;
            piece
        })
    }
}

/// How many bytes the rows are, whatever else the memory holds that they lie in.
fn bytes_of(batch: &RecordBatch) -> usize {
    let of = |column: &ArrayRef| match column.data_type() {
        DataType::Utf8View => column.as_string_view().lengths().map(|length| length as usize + VIEW).sum(),
        DataType::BinaryView => column.as_binary_view().lengths().map(|length| length as usize + VIEW).sum(),
        _ => column.to_data().get_slice_memory_size().unwrap_or_else(|_| column.get_array_memory_size()),
    };
    batch.columns().iter().map(of).sum()
}

/// Rows that hold nothing of the batch that they were in.
fn copied(batch: &RecordBatch, start: usize, rows: usize) -> Result<RecordBatch> {
    let places = UInt64Array::from_iter_values(start as u64..(start + rows) as u64);
    let columns = batch.columns().iter().map(|column| {
        Ok(match column.data_type() {
            DataType::Utf8View => Arc::new(column.slice(start, rows).as_string_view().gc()) as ArrayRef,
            DataType::BinaryView => Arc::new(column.slice(start, rows).as_binary_view().gc()),
            _ => take(column, &places, None)?,
        })
    });
    Ok(RecordBatch::try_new(batch.schema(), columns.collect::<Result<_>>()?)?)
}

#[cfg(test)]
mod tests {
    use arrow::array::{Int32Array, StringArray, StringViewArray};
    use arrow::datatypes::Decimal128Type;
    use datafusion::common::utils::memory::get_record_batch_memory_size;

    use super::*;

    #[test]
    fn keys_bring_folders_together_and_keep_the_order_in_them() {
        let folders = Arc::new(Int32Array::from(vec![Some(1), None, Some(2), Some(1), None])) as ArrayRef;
        let batch = RecordBatch::try_from_iter([("a", folders)]).unwrap();
        let key = Field::new("key", DataType::Decimal128(DECIMAL128_MAX_PRECISION, 0), false);
        let schema = Arc::new(Schema::new(vec![batch.schema().field(0).clone().with_nullable(true), key]));
        let key = |before: u64, row: usize| {
            let keyed = with_key(&batch, &[0], before, &schema).unwrap();
            keyed.column(1).as_primitive::<Decimal128Type>().value(row)
        };
        let hash = |key: i128| key >> 63;
        assert_eq!((hash(key(0, 0)), hash(key(0, 1))), (hash(key(7, 3)), hash(key(7, 4))));
        assert!(hash(key(0, 0)) != hash(key(0, 2)) && hash(key(0, 0)) != hash(key(0, 1)));
        assert!(key(0, 0) < key(0, 3) && key(0, 3) < key(5, 0));
    }

    /// Short rows, and long ones in the midst of them.
    fn rows() -> RecordBatch {
        let text = |row: i32| "x".repeat(if (300..310).contains(&row) { 60_000 } else { 50 });
        let texts: Vec<String> = (0..2000).map(text).collect();
        RecordBatch::try_from_iter([
            ("n", Arc::new(Int32Array::from_iter_values(0..2000)) as ArrayRef),
            ("t", Arc::new(StringArray::from_iter_values(&texts))),
            ("v", Arc::new(StringViewArray::from_iter_values(&texts))),
        ])
        .unwrap()
    }

    #[test]
    fn pieces_are_small_whatever_the_rows_and_hold_nothing_else() {
        let batch = rows();
        let most = Most { rows: 500, bytes: 200_000 };
        let pieces: Vec<RecordBatch> = most.pieces(batch.clone()).collect::<Result<_>>().unwrap();
        assert_eq!(arrow::compute::concat_batches(&batch.schema(), &pieces).unwrap(), batch);
        assert!(pieces.len() < 50, "{}", pieces.len());
        for piece in &pieces {
            assert!(piece.num_rows() <= 500 && bytes_of(piece) <= 200_000, "{}", bytes_of(piece));
            assert!(get_record_batch_memory_size(piece) < 300_000, "{}", get_record_batch_memory_size(piece));
        }
        let one = Most { rows: 500, bytes: 10 };
        assert_eq!(one.pieces(batch.slice(290, 20)).map(|piece| piece.unwrap().num_rows()).sum::<usize>(), 20);
        assert_eq!(one.pieces(batch.slice(0, 0)).count(), 0);
    }

    #[test]
    fn the_first_rows_say_how_many_are_merged_at_once() {
        let most = |first: Option<&RecordBatch>| Most::new(first, 8_192, PIECE).rows;
        let batch = rows();
        assert_eq!((most(None), most(Some(&batch.slice(0, 100)))), (1_024, 1_024));
        assert_eq!(most(Some(&batch.slice(300, 10))), 8);
    }
}
