update unload set
    version = version + 1,
    row_count = case when $4 > row_count then $4 else row_count end,
    byte_count = case when $5 > byte_count then $5 else byte_count end
where unload_id = $1 and version = $2 and fence = $3 and worker is not null
returning {unload}
