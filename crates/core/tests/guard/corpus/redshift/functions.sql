--# arrays as sets
SELECT id, array_contains(tags, 'new') AS is_new, array_sort(array_distinct(array_union(tags, other_tags))) AS all_tags,
       array_position(tags, 'sale') AS first_sale, arrays_overlap(tags, other_tags) AS shares
FROM products
WHERE size(tags) > 1 AND get_array_length(array_intersection(tags, other_tags)) > 0

--# arrays put together and cut
SELECT array_concat(array(1, 2), subarray(readings, 0, 3)) AS some, array_flatten(array(array(1), array(2, 3))) AS flat,
       split_to_array(path, '/') AS steps, array_except(tags, array('old')) AS rest
FROM devices

--# what kind of value a super holds
SELECT json_typeof(payload.price) AS kind, count(*) AS n, max(decimal_precision(payload.price)) AS digits, max(decimal_scale(payload.price)) AS scale
FROM events
WHERE is_object(payload) AND NOT is_array(payload.price) AND (is_decimal(payload.price) OR is_integer(payload.price))
GROUP BY 1

--# semi-structured texts parsed and written
SELECT id, json_serialize(json_parse(body)) AS body, json_size(json_parse(body)) AS bytes, can_json_parse(body) AS ok,
       is_valid_json(body) AS valid, is_valid_json_array(items) AS valid_items, json_extract_path_text(body, 'customer', 'name', true) AS name
FROM raw_messages

--# hashes for keys and buckets
SELECT fnv_hash(email, fnv_hash(country)) AS bucket, murmur3_32_hash(email) AS other, farmfingerprint64(email) AS print, crc32(email) AS crc,
       md5(email) AS m, sha(email) AS s, sha1(email) AS s1, func_sha1(email) AS f1, sha2(email, 256) AS s2, checksum(email) AS c
FROM customers

--# percentiles in both ways, as aggregates and as windows
SELECT region, percentile_cont(0.95) WITHIN GROUP (ORDER BY latency) AS p95, percentile_disc(0.5) WITHIN GROUP (ORDER BY latency) AS p50,
       approximate percentile_disc(0.99) WITHIN GROUP (ORDER BY latency) AS p99, median(latency) AS middle
FROM requests
GROUP BY region
UNION ALL
SELECT DISTINCT region, percentile_cont(0.95) WITHIN GROUP (ORDER BY latency) OVER (PARTITION BY region),
       percentile_disc(0.5) WITHIN GROUP (ORDER BY latency) OVER (PARTITION BY region), 0, median(latency) OVER (PARTITION BY region)
FROM requests

--# unnesting two levels, with an alias for each
SELECT o.id, line.sku, tag
FROM orders AS o, o.lines AS line, line.tags AS tag
WHERE line.quantity > 1

--# counting elements of the row around
SELECT c.name, (SELECT count(*) FROM c.orders AS o WHERE o.total > 100) AS large
FROM customers AS c
WHERE EXISTS (SELECT 1 FROM c.addresses AS a WHERE a.country = 'KR')

--# moments compared by function
SELECT id, timestamp_cmp_timestamptz(created_at, seen_at) AS a, timestamptz_cmp(seen_at, left_at) AS b, timestamptz_cmp_date(seen_at, day) AS c,
       date_cmp(day, current_date) AS d, interval_cmp('3 days', '1 week') AS e
FROM visits

--# shops near a place
SELECT name, st_distancesphere(location, st_setsrid(st_point(126.978, 37.5665), 4326)) / 1000 AS km, st_asgeojson(location) AS shape,
       h3_frompoint(location, 8) AS cell
FROM shops
WHERE st_dwithin(location, st_geomfromtext('POINT(126.978 37.5665)', 4326), 0.05) AND NOT st_isempty(location)
ORDER BY km

--# bytes
SELECT to_hex(digest) AS hex, from_varbyte(digest, 'hex') AS same, getbit(digest, 0) AS first_bit, to_varbyte('48656c6c6f', 'hex') AS hello,
       octetindex('l', name) AS place, octet_length(name) AS bytes
FROM files

--# dashes below a title
SELECT title || chr(10) || replicate('-', 20) AS heading, text_to_int_alt(amount) AS whole, text_to_numeric_alt(amount, 10, 2) AS exact
FROM reports
