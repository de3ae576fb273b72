select {unload} from unload
where finished_at is null and deadline_at <= $1 and (lease_until is null or lease_until <= {now})
    and (phase is null or phase = 'WAITING' or deadline_at <= $2)
order by deadline_at
limit $3
