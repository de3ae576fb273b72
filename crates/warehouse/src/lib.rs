//! Where queries run: the implementations of [`outflow_core::warehouse::Warehouse`], each behind a cargo feature of its own.
//!
//! A back end lives in one module and maps its errors to [`outflow_core::Code`] in one place; callers never see a vendor's error.

#[cfg(feature = "embedded")]
pub mod embedded;
#[cfg(feature = "redshift-data")]
pub mod redshift_data;
