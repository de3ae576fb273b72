select event_id, announced, body from outbox
where published_at is null
    and (claimed_until is null or claimed_until <= $1)
    -- One unload's entries go one after the other, in the order of their versions.
    and not exists (
        select 1 from outbox as earlier
        where earlier.unload_id = outbox.unload_id and earlier.version < outbox.version and earlier.published_at is null
    )
order by created_at, event_id
limit $2
{for update skip locked}
