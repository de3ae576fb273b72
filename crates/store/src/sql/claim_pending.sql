select {unload}, unload.fence from unload
where warehouse = $1 and status = 'PENDING' and deadline_at > $2
order by queue_rank, unload_id
limit $3
{for update skip locked}
