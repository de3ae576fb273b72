delete from unload where unload_id in (
    select old.unload_id from unload as old {indexed by unload_finished}
    where old.status in ('FAILED', 'CANCELLED', 'EXPIRED')
        and old.finished_at < $1
        and not exists (select 1 from attempt where attempt.unload_id = old.unload_id and attempt.discarded_at is null)
        and not exists (select 1 from outbox where outbox.unload_id = old.unload_id and outbox.published_at is null)
    order by old.finished_at
    limit $2
)
