select count(*) as waiting, min(created_at) as oldest from outbox where published_at is null
