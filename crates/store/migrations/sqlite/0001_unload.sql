-- Moments are microseconds since 1970. What changes stands before what does not, so that a small read stays small.
create table unload (
    unload_id text not null primary key,
    owner text not null,
    request_id text not null,
    version integer not null check (version >= 1),
    status text not null check (status in ('PENDING', 'RUNNING', 'DONE', 'FAILED', 'CANCELLED', 'EXPIRED')),
    phase text check (phase in ('SUBMITTING', 'EXECUTING', 'WAITING', 'FINALIZING', 'CANCELLING')),
    attempt integer not null check (attempt >= 0),
    -- The state in full, as JSON; status, phase, attempt, next_at and error repeat what is searched by.
    state text not null,
    fence integer not null default 0,
    worker text,
    lease_until integer,
    next_at integer,
    warehouse text not null,
    orchestrator text not null check (orchestrator in ('scheduler', 'step-functions', 's3-events')),
    -- What claims are ordered by: the time of acceptance, until turns between owners are dealt.
    queue_rank integer not null,
    statement_id text,
    row_count integer not null default 0,
    byte_count integer not null default 0,
    file_count integer,
    file_url text,
    error text,
    created_at integer not null,
    deadline_at integer not null,
    started_at integer,
    finished_at integer,
    expires_at integer,
    retry_of text,
    is_ordered integer not null check (is_ordered in (0, 1)),
    is_limited integer not null check (is_limited in (0, 1)),
    labels text not null,
    options text not null,
    request text not null,
    sql text not null,
    bound_sql text not null,
    constraint unload_request unique (owner, request_id),
    constraint unload_phase check ((status = 'RUNNING') = (phase is not null)),
    constraint unload_next check ((coalesce(phase, '') = 'WAITING') = (next_at is not null)),
    constraint unload_lease check (lease_until is null or (status = 'RUNNING' and phase <> 'WAITING')),
    constraint unload_worker check (worker is null or lease_until is not null),
    constraint unload_error check ((status = 'FAILED') = (error is not null)),
    constraint unload_ended check ((status in ('PENDING', 'RUNNING')) = (finished_at is null)),
    constraint unload_files check (
        status <> 'DONE' or (file_count is not null and file_url is not null and expires_at is not null)
    )
) strict;

-- Lists, newest first: one for each way to ask, so that none reads what it does not show.
create index unload_created on unload (created_at, unload_id);
create index unload_owner on unload (owner, created_at, unload_id);
create index unload_status on unload (status, created_at, unload_id);
create index unload_owner_status on unload (owner, status, created_at, unload_id);

-- What is to be done; each holds only the few rows that it is about.
create index unload_pending on unload (warehouse, queue_rank, unload_id) where status = 'PENDING';
create index unload_running on unload (warehouse, phase, next_at, unload_id) where status = 'RUNNING';
create index unload_leased on unload (warehouse, lease_until) where lease_until is not null;
create index unload_heard on unload (request_id) where status = 'RUNNING';
create index unload_deadline on unload (deadline_at) where finished_at is null;
create index unload_expires on unload (expires_at) where status = 'DONE';
create index unload_finished on unload (finished_at) where status in ('FAILED', 'CANCELLED', 'EXPIRED');

-- owner, status and created_at repeat the unload's, so that lists by label are read off an index too.
create table label (
    unload_id text not null references unload (unload_id) on delete cascade,
    key text not null,
    value text not null,
    owner text not null,
    status text not null,
    created_at integer not null,
    primary key (unload_id, key)
) strict;
create index label_value on label (key, value, created_at, unload_id);
create index label_owner on label (owner, key, value, created_at, unload_id);
create index label_status on label (key, value, status, created_at, unload_id);
create index label_owner_status on label (owner, key, value, status, created_at, unload_id);

-- Attempts whose files are to be deleted, or were.
create table attempt (
    unload_id text not null references unload (unload_id) on delete cascade,
    attempt integer not null check (attempt >= 1),
    discard_at integer not null,
    discarded_at integer,
    primary key (unload_id, attempt)
) strict;
create index attempt_garbage on attempt (discard_at, unload_id, attempt) where discarded_at is null;

create table receipt (
    unload_id text not null primary key references unload (unload_id) on delete cascade,
    document text not null
) strict;

create table outbox (
    event_id text not null primary key,
    unload_id text not null references unload (unload_id) on delete cascade,
    version integer not null,
    announced text not null check (announced in ('complete', 'failed', 'expired')),
    body text not null,
    created_at integer not null,
    claimed_until integer,
    published_at integer,
    constraint outbox_version unique (unload_id, version)
) strict;
create index outbox_waiting on outbox (created_at, event_id) where published_at is null;
create index outbox_published on outbox (published_at) where published_at is not null;

create table inbox (
    consumer text not null,
    message_id text not null,
    heard_at integer not null,
    primary key (consumer, message_id)
) strict;
create index inbox_heard on inbox (heard_at);

-- One row, written to find out whether writing works.
create table probe (
    probe_id integer not null primary key check (probe_id = 1),
    probed_at integer not null
) strict;
insert into probe (probe_id, probed_at) values (1, 0);
