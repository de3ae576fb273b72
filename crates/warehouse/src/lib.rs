//! Where queries run: the implementations of [`outflow_core::warehouse::Warehouse`], each behind a cargo feature of its own.
//!
//! A back end lives in one module and maps its errors to [`outflow_core::Code`] in one place; callers never see a vendor's error.

pub mod belief;
#[cfg(feature = "embedded")]
pub mod embedded;
#[cfg(any(feature = "redshift", feature = "redshift-data"))]
mod redshift;
#[cfg(feature = "redshift-data")]
pub mod redshift_data;
#[cfg(feature = "redshift")]
pub mod redshift_wire;
