select request_id, status, phase, attempt from unload where unload_id = $1
