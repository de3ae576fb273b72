select {unload}, unload.fence from unload
where warehouse = $1 and status = 'RUNNING' and phase = 'WAITING' and next_at <= $2 and deadline_at > $2
order by next_at, unload_id
limit $3
{for update skip locked}
