select pg_advisory_xact_lock(hashtextextended('outflow claims of ' || $1, 0))
