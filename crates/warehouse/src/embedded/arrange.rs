//! How the rows of a query come to the slices that write them.
//!
//! Whole batches go round, but the first are dealt out: a small result is spread over all slices, as Redshift's rows lie on them. For
//! `PARTITION BY`, rows of one folder are brought together. So a slice has one file open at a time, and a folder one file a slice (two
//! where NULL and the empty text share it), however many folders there are and however they alternate.

mod gather;
mod share;

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::error::Result;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::coalesce_partitions::CoalescePartitionsExec;
use datafusion::physical_plan::repartition::RepartitionExec;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties, Partitioning};
use futures::{StreamExt, stream};

use self::gather::gathered;

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
    let dealt = dealt(plan, slices)?;
    let plan: Arc<dyn ExecutionPlan> = Arc::new(RepartitionExec::try_new(dealt, Partitioning::RoundRobinBatch(slices))?);
    if keys.is_empty() { Ok(plan) } else { gathered(plan, keys) }
}

/// A plan whose streams are those of another, the first rows of each in so many pieces.
fn dealt(plan: Arc<dyn ExecutionPlan>, hands: usize) -> Result<Arc<dyn ExecutionPlan>> {
    let schema = plan.schema();
    let streams = (0..plan.output_partitioning().partition_count()).map(|partition| {
        let dealt = Dealt { plan: Arc::clone(&plan), partition, schema: SchemaRef::clone(&schema), hands };
        Arc::new(dealt) as Arc<dyn PartitionStream>
    });
    Ok(Arc::new(StreamingTableExec::try_new(SchemaRef::clone(&schema), streams.collect(), None, None, false, None)?))
}

/// One stream of such a plan.
#[derive(Debug)]
struct Dealt {
    plan: Arc<dyn ExecutionPlan>,
    partition: usize,
    schema: SchemaRef,
    hands: usize,
}

impl PartitionStream for Dealt {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, context: Arc<TaskContext>) -> SendableRecordBatchStream {
        let schema = SchemaRef::clone(&self.schema);
        let batches = match self.plan.execute(self.partition, context) {
            Ok(batches) => batches,
            Err(error) => return Box::pin(RecordBatchStreamAdapter::new(schema, stream::iter([Err(error)]))),
        };
        let (mut is_first, hands) = (true, self.hands);
        let dealt = batches.flat_map(move |batch| {
            stream::iter(match batch {
                Ok(batch) if is_first && batch.num_rows() > 0 => {
                    is_first = false;
                    deal(&batch, hands)
                }
                batch => vec![batch],
            })
        });
        Box::pin(RecordBatchStreamAdapter::new(schema, dealt))
    }
}

/// The rows in as many pieces as there are hands, as long as there are rows.
fn deal(batch: &RecordBatch, hands: usize) -> Vec<Result<RecordBatch>> {
    let (rows, hands) = (batch.num_rows(), hands.max(1));
    let starts = (0..hands).map(|hand| (hand * rows / hands, (hand + 1) * rows / hands));
    starts.filter(|(start, end)| start < end).map(|(start, end)| Ok(batch.slice(start, end - start))).collect()
}

#[cfg(test)]
mod tests {
    use arrow::array::{ArrayRef, Int32Array};

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
