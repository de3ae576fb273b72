--# fields of a SUPER column
SELECT e.event_id, e.payload.device.os, e.payload.device.version::varchar AS version, e.payload.amount::decimal(12, 2) AS amount
FROM web.raw_events e

--# an element of an array
SELECT o.order_id, o.items[0].sku::varchar AS first_sku, o.items[0].price::float AS first_price FROM sales.raw_orders o

--# a field by its name in brackets
SELECT e.payload['user']['id']::bigint AS user_id FROM web.raw_events e

--# an array as rows
SELECT o.order_id, i.sku, i.quantity
FROM sales.raw_orders o, o.items i
WHERE i.quantity > 1

--# an array within an array as rows
SELECT o.order_id, i.sku, t
FROM sales.raw_orders AS o, o.items AS i, i.tags AS t

--# an array as rows, and nothing where it is empty
SELECT o.order_id, i.sku FROM sales.raw_orders o LEFT JOIN o.items i ON TRUE

--# sql_not_allowed: an array as rows with their numbers
-- Refused: PostgreSQL has no AT behind an alias, and the second reading must agree.
SELECT o.order_id, i.sku, nr FROM sales.raw_orders o, o.items AS i AT nr WHERE nr < 3

--# only where it is an array
SELECT o.order_id, GET_ARRAY_LENGTH(o.items) AS lines FROM sales.raw_orders o WHERE IS_ARRAY(o.items) AND NOT IS_OBJECT(o.items)

--# kinds of values
SELECT JSON_TYPEOF(payload.value) AS kind, COUNT(*) FROM web.raw_events GROUP BY 1

--# kinds of values, one by one
SELECT SUM(IS_VARCHAR(payload.id)::int), SUM(IS_INTEGER(payload.id)::int), SUM(IS_BIGINT(payload.id)::int), SUM(IS_DECIMAL(payload.id)::int), SUM(IS_BOOLEAN(payload.id)::int), SUM(IS_SCALAR(payload.id)::int) FROM web.raw_events

--# text to SUPER and back
SELECT JSON_PARSE('{"a": [1, 2, {"b": null}]}') AS parsed, JSON_SERIALIZE(payload) AS text, JSON_SIZE(payload) AS bytes FROM web.raw_events

--# a path in a text
SELECT JSON_EXTRACT_PATH_TEXT(body, 'user', 'address', 'city') AS city, JSON_EXTRACT_PATH_TEXT(body, 'user', 'id', true)::bigint AS user_id FROM api.requests WHERE IS_VALID_JSON(body)

--# an element in a text
SELECT JSON_EXTRACT_ARRAY_ELEMENT_TEXT(tags, 0) AS first_tag, JSON_ARRAY_LENGTH(tags, true) AS tags FROM cms.articles WHERE IS_VALID_JSON_ARRAY(tags)

--# only what can be parsed
SELECT CASE WHEN CAN_JSON_PARSE(body) THEN JSON_PARSE(body) END AS body FROM api.requests

--# an object made of columns
SELECT JSON_SERIALIZE(OBJECT('id', customer_id, 'name', name, 'tags', SPLIT_TO_ARRAY(tags, ','))) FROM crm.customers

--# an array made of columns
SELECT ARRAY(first_name, last_name, email) AS parts FROM crm.customers

--# arrays put together
SELECT ARRAY_CONCAT(SPLIT_TO_ARRAY(a, ','), SPLIT_TO_ARRAY(b, ',')), SUBARRAY(SPLIT_TO_ARRAY(a, ','), 0, 2), ARRAY_FLATTEN(nested) FROM cms.lists

--# sums over an array
SELECT o.order_id, (SELECT SUM(i.price * i.quantity) FROM o.items i) AS total FROM sales.raw_orders o

--# groups by a field
SELECT e.payload.country::varchar AS country, COUNT(*) AS n, AVG(e.payload.ms::int) AS ms
FROM web.raw_events e
WHERE e.payload.kind = 'load' AND e.payload.ms IS NOT NULL
GROUP BY 1 ORDER BY n DESC

--# a field in a window
SELECT e.event_id, ROW_NUMBER() OVER (PARTITION BY e.payload.session ORDER BY e.event_time) AS nr FROM web.raw_events e

--# fields whose names need quotes
SELECT e.payload."User-Agent"::varchar AS agent, e.payload."eventType" FROM web.raw_events e

--# names of fields in lower case
SELECT LOWER_ATTRIBUTE_NAMES(payload) FROM web.raw_events

--# bytes
SELECT FROM_HEX('6162'), TO_VARBYTE('abc', 'utf8'), FROM_VARBYTE(b, 'hex'), b::varbyte, TO_HEX(255) FROM raw.blobs

--# a CTE over an array
WITH lines AS (SELECT o.order_id, i.sku::varchar AS sku, i.quantity::int AS quantity FROM sales.raw_orders o, o.items i)
SELECT sku, SUM(quantity) FROM lines GROUP BY sku HAVING SUM(quantity) > 10

--# sql_syntax: the keys of an object as rows
-- Refused: UNPIVOT is not on the list, as nobody else has it in this form.
SELECT attr, val FROM web.raw_events e, UNPIVOT e.payload AS val AT attr
