select created_at from unload where unload_id = $1
