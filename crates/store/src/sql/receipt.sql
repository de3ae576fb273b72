select document from receipt where unload_id = $1
