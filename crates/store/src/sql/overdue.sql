select {unload} from unload
where finished_at is null and deadline_at <= $1 and (lease_until is null or lease_until <= {now})
order by deadline_at
limit $2
