//! Every query there is, by name. The text lies in `sql/`, one query a file; the dialect fills in the words in braces, once.

use std::sync::OnceLock;

use sqlx::SqlStr;

use crate::dialect::Dialect;

/// One query, for both dialects.
#[derive(Debug)]
pub(crate) struct Statement {
    template: &'static str,
    sqlite: OnceLock<&'static str>,
    postgres: OnceLock<&'static str>,
}

impl Statement {
    pub(crate) const fn new(template: &'static str) -> Self {
        Self { template, sqlite: OnceLock::new(), postgres: OnceLock::new() }
    }

    /// The text that a dialect is sent.
    pub(crate) fn text(&self, dialect: Dialect) -> SqlStr {
        SqlStr::from_static(self.filled(dialect))
    }

    fn filled(&self, dialect: Dialect) -> &'static str {
        let filled = match dialect {
            Dialect::Sqlite => &self.sqlite,
            Dialect::Postgres => &self.postgres,
        };
        filled.get_or_init(|| dialect.fill_in(self.template).leak())
    }
}

macro_rules! statements {
    ($($name:ident = $file:literal;)*) => {
        $(pub(crate) static $name: Statement = Statement::new(include_str!(concat!("sql/", $file, ".sql")));)*

        /// All that both dialects understand, by file.
        #[cfg(test)]
        pub(crate) static SHARED: &[(&str, &Statement)] = &[$(($file, &$name),)*];
    };
}

statements! {
    ATTEMPT_DISCARD = "attempt_discard";
    ATTEMPT_DISCARDED = "attempt_discarded";
    ATTEMPT_GARBAGE = "attempt_garbage";
    ATTEMPT_PUT_OFF = "attempt_put_off";
    CLAIM_DUE = "claim_due";
    CLAIM_LAPSED = "claim_lapsed";
    CLAIM_PENDING = "claim_pending";
    CLAIM_ROOM = "claim_room";
    CLOCK = "clock";
    COUNT_PENDING = "count_pending";
    COUNT_RUNNING = "count_running";
    CREATED_AT = "created_at";
    EXPIRABLE = "expirable";
    HINT_BY_ID = "hint_by_id";
    HINT_BY_REQUEST = "hint_by_request";
    INBOX_INSERT = "inbox_insert";
    LABEL_INSERT = "label_insert";
    LABEL_STATUS = "label_status";
    LEASE_PROLONG = "lease_prolong";
    LEASE_RELEASE = "lease_release";
    LEASE_TAKE = "lease_take";
    LEASES_VOID = "leases_void";
    NEXT_DEADLINE = "next_deadline";
    NEXT_DUE = "next_due";
    OUTBOX_BACKLOG = "outbox_backlog";
    OUTBOX_HOLD = "outbox_hold";
    OUTBOX_INSERT = "outbox_insert";
    OUTBOX_PUBLISHED = "outbox_published";
    OUTBOX_RELEASE = "outbox_release";
    OUTBOX_VOID = "outbox_void";
    OUTBOX_WAITING = "outbox_waiting";
    OVERDUE = "overdue";
    PROBE = "probe";
    PURGE_INBOX = "purge_inbox";
    PURGE_OUTBOX = "purge_outbox";
    PURGE_UNLOADS = "purge_unloads";
    QUEUE_PLACE = "queue_place";
    QUEUE_POSITION = "queue_position";
    RECEIPT = "receipt";
    RECEIPT_INSERT = "receipt_insert";
    UNLOAD_BY_ID = "unload_by_id";
    UNLOAD_BY_REQUEST = "unload_by_request";
    UNLOAD_INSERT = "unload_insert";
    UNLOAD_PROGRESS = "unload_progress";
    UNLOAD_TO_CHANGE = "unload_to_change";
    UNLOAD_UPDATE = "unload_update";
}

/// Lets one claim of a warehouse through at a time, so that two never count the same room; a single writer does anyway.
pub(crate) static LOCK_CLAIMS: Statement = Statement::new(include_str!("sql/postgres/lock_claims.sql"));
