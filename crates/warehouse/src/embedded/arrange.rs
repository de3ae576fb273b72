//! How the rows of a query come to the slices that write them.
//!
//! Whole batches go round, but the first are dealt out: a small result is spread over all slices, as Redshift's rows lie on them. For
//! `PARTITION BY`, rows of one folder are brought together by sorting, in temporary files where they do not fit into memory. So a slice has
//! one file open at a time, and a folder one file a slice, however many folders there are and however they alternate.
//!
//! What is sorted by is one number a row, made of a hash of the folder's values and of the row's place: it is small and quick to compare
//! whatever the values are, and keeps the query's order within a folder. Two folders with one hash would only alternate.

use std::sync::Arc;

use arrow::array::{ArrayRef, Decimal128Array, RecordBatch};
use arrow::compute::SortOptions;
use arrow::datatypes::{DECIMAL128_MAX_PRECISION, DataType, Field, Schema, SchemaRef};
use datafusion::common::hash_utils::{RandomState, create_hashes};
use datafusion::error::Result;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr::{LexOrdering, PhysicalSortExpr};
use datafusion::physical_plan::coalesce_partitions::CoalescePartitionsExec;
use datafusion::physical_plan::repartition::RepartitionExec;
use datafusion::physical_plan::sorts::sort::SortExec;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties, Partitioning};
use futures::{StreamExt, stream};

/// The plan of one slice that writes everything; rows of the same `keys` come one after the other, each folder's in the query's order.
/// Behind the columns of the plan there is one more then.
pub(super) fn for_one(plan: Arc<dyn ExecutionPlan>, keys: &[usize]) -> Result<Arc<dyn ExecutionPlan>> {
    if keys.is_empty() {
        return Ok(plan);
    }
    let is_one = plan.output_partitioning().partition_count() == 1;
    gathered(if is_one { plan } else { Arc::new(CoalescePartitionsExec::new(plan)) }, keys)
}

/// The plan of several slices, with a stream for each, its rows as of [`for_one`]. Rows go round even where there are streams enough: of
/// several, one may have them all.
pub(super) fn for_slices(plan: Arc<dyn ExecutionPlan>, slices: usize, keys: &[usize]) -> Result<Arc<dyn ExecutionPlan>> {
    let dealt = over(plan, &Change::Deal(slices))?;
    let plan: Arc<dyn ExecutionPlan> = Arc::new(RepartitionExec::try_new(dealt, Partitioning::RoundRobinBatch(slices))?);
    if keys.is_empty() { Ok(plan) } else { gathered(plan, keys) }
}

/// Each stream with the rows of a folder together.
fn gathered(plan: Arc<dyn ExecutionPlan>, keys: &[usize]) -> Result<Arc<dyn ExecutionPlan>> {
    let plan = over(plan, &Change::Key(keys.into()))?;
    let last = plan.schema().fields().len() - 1;
    let key = Column::new(plan.schema().field(last).name(), last);
    Ok(match LexOrdering::new([PhysicalSortExpr::new(Arc::new(key), SortOptions::default())]) {
        Some(ordering) => Arc::new(SortExec::new(ordering, plan).with_preserve_partitioning(true)),
        None => plan,
    })
}

/// What is done to the batches of a stream.
#[derive(Debug, Clone)]
enum Change {
    /// The first that has rows is cut into so many pieces.
    Deal(usize),
    /// A column to sort by is added at the end, made of these columns.
    Key(Arc<[usize]>),
}

/// A plan that changes the batches of another.
fn over(plan: Arc<dyn ExecutionPlan>, change: &Change) -> Result<Arc<dyn ExecutionPlan>> {
    let schema = match change {
        Change::Deal(_) => plan.schema(),
        Change::Key(_) => {
            let key = Arc::new(Field::new("outflow_key", DataType::Decimal128(DECIMAL128_MAX_PRECISION, 0), false));
            Arc::new(Schema::new(plan.schema().fields().iter().cloned().chain([key]).collect::<Vec<_>>()))
        }
    };
    let streams = (0..plan.output_partitioning().partition_count()).map(|partition| {
        let changed = Changed { plan: Arc::clone(&plan), partition, schema: SchemaRef::clone(&schema), change: change.clone() };
        Arc::new(changed) as Arc<dyn PartitionStream>
    });
    Ok(Arc::new(StreamingTableExec::try_new(SchemaRef::clone(&schema), streams.collect(), None, None, false, None)?))
}

/// One stream of such a plan.
#[derive(Debug)]
struct Changed {
    plan: Arc<dyn ExecutionPlan>,
    partition: usize,
    schema: SchemaRef,
    change: Change,
}

impl PartitionStream for Changed {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, context: Arc<TaskContext>) -> SendableRecordBatchStream {
        let (schema, change) = (SchemaRef::clone(&self.schema), self.change.clone());
        let batches = match self.plan.execute(self.partition, context) {
            Ok(batches) => batches,
            Err(error) => return Box::pin(RecordBatchStreamAdapter::new(schema, stream::iter([Err(error)]))),
        };
        let (mut rows, keyed) = (0_u64, SchemaRef::clone(&schema));
        let changed = batches.flat_map(move |batch| {
            let before = rows;
            rows += batch.as_ref().map_or(0, RecordBatch::num_rows) as u64;
            stream::iter(match (batch, &change) {
                (Ok(batch), Change::Key(columns)) => vec![with_key(&batch, columns, before, &keyed)],
                (Ok(batch), Change::Deal(hands)) if before == 0 => deal(&batch, *hands),
                (batch, _) => vec![batch],
            })
        });
        Box::pin(RecordBatchStreamAdapter::new(schema, changed))
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

/// The rows in as many pieces as there are hands, as long as there are rows.
fn deal(batch: &RecordBatch, hands: usize) -> Vec<Result<RecordBatch>> {
    let (rows, hands) = (batch.num_rows(), hands.max(1));
    let starts = (0..hands).map(|hand| (hand * rows / hands, (hand + 1) * rows / hands));
    starts.filter(|(start, end)| start < end).map(|(start, end)| Ok(batch.slice(start, end - start))).collect()
}

#[cfg(test)]
mod tests {
    use arrow::array::{AsArray, Int32Array};
    use arrow::datatypes::Decimal128Type;

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

    #[test]
    fn rows_are_dealt_in_order_and_all() {
        for (rows, hands, sizes) in [(10, 4, vec![2, 3, 2, 3]), (2, 4, vec![1, 1]), (0, 4, vec![]), (5, 1, vec![5])] {
            let numbers = Arc::new(Int32Array::from_iter_values(0..rows)) as ArrayRef;
            let batch = RecordBatch::try_from_iter([("a", numbers)]).unwrap();
            let pieces: Vec<RecordBatch> = deal(&batch, hands).into_iter().map(Result::unwrap).collect();
            assert_eq!(pieces.iter().map(RecordBatch::num_rows).collect::<Vec<_>>(), sizes);
            assert_eq!(arrow::compute::concat_batches(&batch.schema(), &pieces).unwrap(), batch);
        }
    }
}
