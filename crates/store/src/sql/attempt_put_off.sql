update attempt set discard_at = $3 where unload_id = $1 and attempt = $2 and discarded_at is null
