//! Storage: where result files land, a local folder or S3, behind one type.
//!
//! [`Storage`] knows keys, never paths: it publishes, reads, lists, sums, joins and deletes, and makes the links that people click. What
//! a web server needs to hand a file out (byte ranges, a file name in any script) is in [`range`] and [`disposition`], as pure functions.
//! How AWS is called is in [`aws`], for whoever else calls it.
//! It does not know what an unload is, when a file is ready or who may have it.

pub mod aws;
mod checksum;
pub mod disposition;
mod error;
mod fitness;
mod join;
mod link;
mod local;
pub mod range;
mod read;
mod s3;
mod storage;
mod summing;
#[cfg(feature = "testing")]
pub mod testing;
#[cfg(test)]
mod world;

pub use error::{code_of, from_object_store, refusal_of};
pub use fitness::{BucketEncryption, BucketFacts, LifecycleRule, Told};
pub use join::{JoinPart, compress};
pub use link::{LinkKeys, LinkTarget, SignedLink};
pub use local::make_private;
pub use read::FileStat;
pub use s3::{S3Refusal, open_bucket};
pub use storage::{Encryption, S3Options, Storage, StorageOptions};
