update outbox set claimed_until = null where event_id in {each $1} and published_at is null
