select count(*) as ahead from (
    select 1 from unload
    where warehouse = $1 and status = 'PENDING' and (queue_rank, unload_id) < ($2, $3)
    limit $4
) as earlier
