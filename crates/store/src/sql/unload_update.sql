update unload set
    version = $3, status = $4, phase = $5, attempt = $6, state = $7, statement_id = $8, row_count = $9, byte_count = $10,
    file_count = $11, file_url = $12, started_at = $13, finished_at = $14, expires_at = $15, next_at = $16, error = $17,
    fence = $18, worker = $19, lease_until = $20
where unload_id = $1 and version = $2 and fence = $21
