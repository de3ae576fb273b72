select min(due_at) as due_at from (
    select min(next_at) as due_at from unload
    where warehouse = $1 and status = 'RUNNING' and phase = 'WAITING' and deadline_at > {now}
    union all
    select min(lease_until) as due_at from unload where warehouse = $1 and lease_until is not null
) as due
