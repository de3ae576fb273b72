update outbox set claimed_until = null where published_at is null and claimed_until is not null
