update unload set fence = fence + 1, worker = null, lease_until = {now}
where unload_id = $1 and fence = $2 and worker is not null
