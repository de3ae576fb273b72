insert into outbox (event_id, unload_id, version, announced, body, created_at) values ($1, $2, $3, $4, $5, $6)
