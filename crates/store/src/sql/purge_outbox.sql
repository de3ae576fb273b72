delete from outbox where event_id in (select event_id from outbox where published_at < $1 limit $2)
