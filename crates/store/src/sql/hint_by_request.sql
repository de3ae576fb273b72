select unload_id, attempt from unload
where request_id = $1 and status = 'RUNNING' and phase <> 'WAITING'
limit 2
