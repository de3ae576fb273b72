update label set status = $2 where unload_id = $1
