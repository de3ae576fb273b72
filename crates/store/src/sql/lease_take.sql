update unload set fence = $2, worker = $3, lease_until = $4 where unload_id = $1
