select {unload} from unload where unload_id = $1
