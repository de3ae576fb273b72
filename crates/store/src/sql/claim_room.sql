select
    (select count(*) from unload where warehouse = $1 and status = 'RUNNING' and phase <> 'WAITING') as driven,
    (select count(*) from unload where warehouse = $1 and lease_until > $2) as held
