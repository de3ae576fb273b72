update outbox set claimed_until = $2 where event_id in {each $1}
