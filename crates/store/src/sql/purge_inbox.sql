delete from inbox
where (consumer, message_id) in (select consumer, message_id from inbox where heard_at < $1 limit $2)
