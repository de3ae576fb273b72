insert into label (unload_id, key, value, owner, status, created_at) values ($1, $2, $3, $4, $5, $6)
