insert into attempt (unload_id, attempt, discard_at) values ($1, $2, $3) on conflict (unload_id, attempt) do nothing
