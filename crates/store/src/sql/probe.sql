update probe set probed_at = {now} where probe_id = 1
