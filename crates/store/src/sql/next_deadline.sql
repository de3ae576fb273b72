select min(deadline_at) as due_at from unload where finished_at is null and deadline_at > $1
