insert into receipt (unload_id, document) values ($1, $2)
