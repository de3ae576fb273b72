select {unload} from unload where status = 'DONE' and expires_at <= $1 order by expires_at limit $2
