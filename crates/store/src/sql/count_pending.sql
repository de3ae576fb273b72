select warehouse, count(*) as unloads from unload {indexed by unload_pending} where status = 'PENDING' group by warehouse
