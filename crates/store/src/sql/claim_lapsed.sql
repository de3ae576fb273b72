select {unload}, unload.fence from unload
where warehouse = $1 and lease_until <= $2
order by lease_until
limit $3
{for update skip locked}
