insert into inbox (consumer, message_id, heard_at) values ($1, $2, {now}) on conflict (consumer, message_id) do nothing
