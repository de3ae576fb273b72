update attempt set discarded_at = {now} where unload_id = $1 and attempt = $2 and discarded_at is null
