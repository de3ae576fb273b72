select {unload} from unload {indexed by unload_expires} where status = 'DONE' and expires_at <= $1 order by expires_at limit $2
