update outbox set claimed_until = {now} + $2 where event_id in {each $1} and published_at is null
