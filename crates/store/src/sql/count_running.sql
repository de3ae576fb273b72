select warehouse, count(*) as unloads from unload {indexed by unload_running} where status = 'RUNNING' group by warehouse
