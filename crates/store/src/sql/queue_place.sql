select warehouse, queue_rank from unload where unload_id = $1 and status = 'PENDING'
