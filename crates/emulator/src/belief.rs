//! What the emulator takes Redshift to be where nobody probes it: sizes, versions, quotas. Each is in this place alone. What the conformance
//! kit holds against a real cluster is in [`outflow_warehouse::belief`], and the emulator reads it there.

use std::time::Duration;

/// What the Data API says of a number that is null.
pub(crate) const NULL_NUMBER: i64 = -1;

/// How long a statement of the Data API is remembered after it was accepted.
pub(crate) const REMEMBERED: Duration = Duration::from_secs(24 * 3_600);

/// The most bytes of a statement of the Data API.
pub(crate) const STATEMENT_BYTES: usize = 100 * 1024;

/// The most bytes of a result that the Data API keeps.
pub(crate) const RESULT_BYTES: usize = 500 << 20;

/// The rows on a page of a result.
pub(crate) const PAGE_ROWS: usize = 1_000;

/// How many statements run at a time; the others wait as `PICKED`.
pub(crate) const RUNNING: usize = 50;

/// How many statements of the Data API may be active at a time when no fault says otherwise.
pub(crate) const ACTIVE: usize = 500;

/// How many sessions of the Data API may be kept at a time.
pub(crate) const SESSIONS: usize = 500;

/// How many requests may wait for one statement of the Data API at a time.
pub(crate) const WAITING: usize = 10;

/// What the wire protocol says of itself.
pub(crate) const SERVER_VERSION: &str = "8.0.2";

/// What `version()` says.
pub(crate) const VERSION: &str = "PostgreSQL 8.0.2 on i686-pc-linux-gnu, compiled by GCC gcc (GCC) 3.4.2 20041017 (Red Hat 3.4.2-6.fc3), \
     Redshift 1.0.118943";

/// Which version of the SHOW commands for the catalogue drivers are told that there is; from 4 on they use them.
pub(crate) const SHOW_DISCOVERY: &str = "4";

/// The type of SUPER.
pub(crate) const SUPER_OID: u32 = 4_000;

/// The type of VARBYTE.
pub(crate) const VARBYTE_OID: u32 = 6_551;

/// How many characters of a statement `SYS_QUERY_HISTORY` keeps.
pub(crate) const QUERY_TEXT: usize = 4_000;

/// What an UNLOAD says when its bucket is in another region than the cluster, or than `REGION`.
pub(crate) const OTHER_REGION: &str = "The S3 bucket addressed by the query is in a different region from this cluster.";

/// The quota of an operation of the Data API.
pub(crate) fn calls_per_second(operation: &str) -> Option<f64> {
    match operation {
        "ExecuteStatement" => Some(30.0),
        "DescribeStatement" => Some(100.0),
        "GetStatementResult" | "GetStatementResultV2" | "BatchExecuteStatement" => Some(20.0),
        "CancelStatement" | "ListStatements" => Some(3.0),
        _ => None,
    }
}
