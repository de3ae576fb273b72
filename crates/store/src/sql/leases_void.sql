update unload set fence = fence + 1, worker = null, lease_until = 0 where lease_until is not null
