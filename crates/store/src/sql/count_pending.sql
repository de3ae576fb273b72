select warehouse, count(*) as unloads from unload where status = 'PENDING' group by warehouse
