insert into unload (
    unload_id, owner, request_id, version, status, phase, attempt, state, warehouse, orchestrator, queue_rank,
    created_at, deadline_at, retry_of, is_ordered, is_limited, labels, options, request, sql, bound_sql
) values (
    $1, $2, $3, $4, $5, null, 0, $6, $7, $8, $9,
    $9, $10, $11, $12, $13, $14, $15, $16, $17, $18
)
on conflict (owner, request_id) do nothing
