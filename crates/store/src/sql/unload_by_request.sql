select {unload} from unload where owner = $1 and request_id = $2
