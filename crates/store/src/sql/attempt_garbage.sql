select attempt.unload_id, attempt.attempt, unload.request_id
from attempt
cross join unload
where attempt.discarded_at is null
    and attempt.discard_at <= $1
    and unload.unload_id = attempt.unload_id
    -- Never the attempt that is under way, nor the one that won.
    and not (
        unload.attempt = attempt.attempt
        and (unload.status = 'DONE' or (unload.status = 'RUNNING' and unload.phase <> 'WAITING'))
    )
order by attempt.discard_at, attempt.unload_id, attempt.attempt
limit $2
