update unload set lease_until = {now} + $2
where worker = $3 and unload_id in {each $1}
returning unload_id, fence
