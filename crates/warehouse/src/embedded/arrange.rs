//! How the rows of a query come to the slices that write them.
//!
//! Whole batches go round, but the first are dealt out: a small result is spread over all slices, as Redshift's rows lie on them. For
//! `PARTITION BY`, rows of one folder are brought together by sorting, in temporary files where they do not fit into memory. So a slice has
//! one file open at a time, and a folder one file a slice, however many folders there are and however they alternate.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, UInt64Array};
use arrow::compute::SortOptions;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::error::Result;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr::{LexOrdering, PhysicalSortExpr};
use datafusion::physical_plan::repartition::RepartitionExec;
use datafusion::physical_plan::sorts::sort::SortExec;
use datafusion::physical_plan::sorts::sort_preserving_merge::SortPreservingMergeExec;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties, Partitioning};
use futures::{StreamExt, stream};

/// The plan of one slice that writes everything; rows of the same `keys` come one after the other, each folder's in the query's order.
pub(super) fn for_one(plan: Arc<dyn ExecutionPlan>, keys: &[usize]) -> Result<Arc<dyn ExecutionPlan>> {
    if keys.is_empty() {
        return Ok(plan);
    }
    if plan.output_partitioning().partition_count() > 1 {
        // Several streams are in no order.
        let sorted = sorted(plan, keys)?;
        return Ok(match ordering(&sorted.schema(), keys) {
            Some(ordering) => Arc::new(SortPreservingMergeExec::new(ordering, sorted)),
            None => sorted,
        });
    }
    let numbered = over(plan, Change::Number)?;
    let last = numbered.schema().fields().len() - 1;
    sorted(numbered, &[keys, &[last]].concat())
}

/// The plan of several slices, with at least one stream for each.
pub(super) fn for_slices(plan: Arc<dyn ExecutionPlan>, slices: usize, keys: &[usize]) -> Result<Arc<dyn ExecutionPlan>> {
    let plan = if plan.output_partitioning().partition_count() >= slices {
        plan
    } else {
        let dealt = over(plan, Change::Deal(slices))?;
        Arc::new(RepartitionExec::try_new(dealt, Partitioning::RoundRobinBatch(slices))?)
    };
    if keys.is_empty() { Ok(plan) } else { sorted(plan, keys) }
}

/// Each stream sorted by itself.
fn sorted(plan: Arc<dyn ExecutionPlan>, keys: &[usize]) -> Result<Arc<dyn ExecutionPlan>> {
    Ok(match ordering(&plan.schema(), keys) {
        Some(ordering) => Arc::new(SortExec::new(ordering, plan).with_preserve_partitioning(true)),
        None => plan,
    })
}

fn ordering(schema: &Schema, keys: &[usize]) -> Option<LexOrdering> {
    LexOrdering::new(keys.iter().map(|key| {
        let column = Column::new(schema.field(*key).name(), *key);
        PhysicalSortExpr::new(Arc::new(column), SortOptions::default())
    }))
}

/// What is done to the batches of a stream.
#[derive(Debug, Clone, Copy)]
enum Change {
    /// The first that has rows is cut into so many pieces.
    Deal(usize),
    /// A column with the numbers of the rows is added at the end.
    Number,
}

/// A plan that changes the batches of another.
fn over(plan: Arc<dyn ExecutionPlan>, change: Change) -> Result<Arc<dyn ExecutionPlan>> {
    let schema = match change {
        Change::Deal(_) => plan.schema(),
        Change::Number => {
            let number = Arc::new(Field::new("outflow_number", DataType::UInt64, false));
            Arc::new(Schema::new(plan.schema().fields().iter().cloned().chain([number]).collect::<Vec<_>>()))
        }
    };
    let streams = (0..plan.output_partitioning().partition_count()).map(|partition| {
        let changed = Changed { plan: Arc::clone(&plan), partition, schema: SchemaRef::clone(&schema), change };
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
        let (schema, change) = (SchemaRef::clone(&self.schema), self.change);
        let batches = match self.plan.execute(self.partition, context) {
            Ok(batches) => batches,
            Err(error) => return Box::pin(RecordBatchStreamAdapter::new(schema, stream::iter([Err(error)]))),
        };
        let (mut rows, numbered) = (0_u64, SchemaRef::clone(&schema));
        let changed = batches.flat_map(move |batch| {
            let before = rows;
            rows += batch.as_ref().map_or(0, RecordBatch::num_rows) as u64;
            stream::iter(match (batch, change) {
                (Ok(batch), Change::Number) => vec![number(&batch, before, &numbered)],
                (Ok(batch), Change::Deal(hands)) if before == 0 => deal(&batch, hands),
                (batch, _) => vec![batch],
            })
        });
        Box::pin(RecordBatchStreamAdapter::new(schema, changed))
    }
}

fn number(batch: &RecordBatch, before: u64, schema: &SchemaRef) -> Result<RecordBatch> {
    let numbers: ArrayRef = Arc::new(UInt64Array::from_iter_values(before..before + batch.num_rows() as u64));
    let columns = batch.columns().iter().cloned().chain([numbers]).collect();
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
    use arrow::array::Int32Array;

    use super::*;

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
