select {unload}, unload.fence, unload.worker, unload.lease_until from unload where unload_id = $1 {for update}
