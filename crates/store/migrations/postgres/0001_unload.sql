-- Moments are microseconds since 1970. What changes stands before what does not, so that a small read stays small.
create table unload (
    unload_id text collate "C" not null primary key,
    owner text collate "C" not null,
    request_id text collate "C" not null,
    version bigint not null check (version >= 1),
    status text collate "C" not null check (status in ('PENDING', 'RUNNING', 'DONE', 'FAILED', 'CANCELLED', 'EXPIRED')),
    phase text collate "C" check (phase in ('SUBMITTING', 'EXECUTING', 'WAITING', 'FINALIZING', 'CANCELLING')),
    attempt bigint not null check (attempt >= 0),
    -- The state in full, as JSON; status, phase, attempt, next_at and error repeat what is searched by.
    state text not null,
    fence bigint not null default 0,
    worker text collate "C",
    lease_until bigint,
    next_at bigint,
    warehouse text collate "C" not null,
    orchestrator text collate "C" not null check (orchestrator in ('scheduler', 'step-functions', 's3-events')),
    -- What claims are ordered by: the time of acceptance, until turns between owners are dealt.
    queue_rank bigint not null,
    statement_id text collate "C",
    row_count bigint not null default 0,
    byte_count bigint not null default 0,
    file_count bigint,
    file_url text,
    error text,
    created_at bigint not null,
    deadline_at bigint not null,
    started_at bigint,
    finished_at bigint,
    expires_at bigint,
    retry_of text collate "C",
    is_ordered bigint not null check (is_ordered in (0, 1)),
    is_limited bigint not null check (is_limited in (0, 1)),
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
);

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
    unload_id text collate "C" not null references unload (unload_id) on delete cascade,
    key text collate "C" not null,
    value text collate "C" not null,
    owner text collate "C" not null,
    status text collate "C" not null,
    created_at bigint not null,
    primary key (unload_id, key)
);
create index label_value on label (key, value, created_at, unload_id);
create index label_owner on label (owner, key, value, created_at, unload_id);
create index label_status on label (key, value, status, created_at, unload_id);
create index label_owner_status on label (owner, key, value, status, created_at, unload_id);

-- Attempts whose files are to be deleted, or were.
create table attempt (
    unload_id text collate "C" not null references unload (unload_id) on delete cascade,
    attempt bigint not null check (attempt >= 1),
    discard_at bigint not null,
    discarded_at bigint,
    primary key (unload_id, attempt)
);
create index attempt_garbage on attempt (discard_at, unload_id, attempt) where discarded_at is null;

create table receipt (
    unload_id text collate "C" not null primary key references unload (unload_id) on delete cascade,
    document text not null
);

create table outbox (
    event_id text collate "C" not null primary key,
    unload_id text collate "C" not null references unload (unload_id) on delete cascade,
    version bigint not null,
    announced text collate "C" not null check (announced in ('complete', 'failed', 'expired')),
    body text not null,
    created_at bigint not null,
    claimed_until bigint,
    published_at bigint,
    constraint outbox_version unique (unload_id, version)
);
create index outbox_waiting on outbox (created_at, event_id) where published_at is null;
create index outbox_published on outbox (published_at) where published_at is not null;

create table inbox (
    consumer text collate "C" not null,
    message_id text collate "C" not null,
    heard_at bigint not null,
    primary key (consumer, message_id)
);
create index inbox_heard on inbox (heard_at);

-- One row, written to find out whether writing works.
create table probe (
    probe_id bigint not null primary key check (probe_id = 1),
    probed_at bigint not null
);
insert into probe (probe_id, probed_at) values (1, 0);
