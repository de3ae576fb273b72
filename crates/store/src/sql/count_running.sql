select warehouse, count(*) as unloads from unload where status = 'RUNNING' group by warehouse
