--# stock at the end of each day
SELECT d.day, s.sku, SUM(m.quantity) AS stock
FROM calendar.days d
CROSS JOIN (SELECT DISTINCT sku FROM warehouse.movements) s
LEFT JOIN warehouse.movements m ON m.sku = s.sku AND m.moved_on <= d.day
WHERE d.day BETWEEN '2026-01-01' AND '2026-01-31'
GROUP BY d.day, s.sku

--# reach of the stock
SELECT sku, stock / NULLIF(AVG(sold) OVER (PARTITION BY sku ORDER BY day ROWS BETWEEN 27 PRECEDING AND CURRENT ROW), 0) AS days_left FROM warehouse.daily

--# late deliveries by carrier
SELECT carrier, COUNT(*) AS deliveries, SUM((delivered_at > promised_at)::int) AS late
FROM logistics.shipments WHERE delivered_at IS NOT NULL GROUP BY carrier ORDER BY late DESC

--# delivery times in bands
SELECT CASE WHEN h < 24 THEN '1 day' WHEN h < 48 THEN '2 days' ELSE 'longer' END AS band, COUNT(*)
FROM (SELECT DATEDIFF(hour, shipped_at, delivered_at) AS h FROM logistics.shipments) t GROUP BY 1

--# routes
SELECT origin, destination, COUNT(*) AS trips, AVG(km) AS km FROM logistics.trips GROUP BY origin, destination HAVING AVG(km) > 100

--# distance on the globe
SELECT a.city, b.city AS other, 2 * 6371 * ASIN(SQRT(POWER(SIN(RADIANS(b.lat - a.lat) / 2), 2) + COS(RADIANS(a.lat)) * COS(RADIANS(b.lat)) * POWER(SIN(RADIANS(b.lon - a.lon) / 2), 2))) AS km
FROM geo.cities a JOIN geo.cities b ON a.city < b.city

--# machines that stand
SELECT machine_id, SUM(DATEDIFF(second, state_from, state_to)) / 3600.0 AS hours
FROM plant.states WHERE state = 'stopped' AND state_from >= DATE_TRUNC('day', GETDATE()) - INTERVAL '7 days' GROUP BY machine_id

--# gaps in readings
SELECT device_id, read_at, next_at FROM (
    SELECT device_id, read_at, LEAD(read_at) OVER (PARTITION BY device_id ORDER BY read_at) AS next_at FROM iot.readings
) r WHERE DATEDIFF(minute, read_at, next_at) > 15

--# readings every five minutes
SELECT device_id, DATEADD(minute, (DATE_PART(minute, read_at)::int / 5) * 5, DATE_TRUNC('hour', read_at)) AS slot, AVG(value) AS value
FROM iot.readings GROUP BY 1, 2

--# the epoch
SELECT EXTRACT(epoch FROM read_at) AS seconds, TIMESTAMP 'epoch' + unix_seconds * INTERVAL '1 second' AS read_at FROM iot.raw

--# outliers by quartile
WITH q AS (
    SELECT device_id, PERCENTILE_CONT(0.25) WITHIN GROUP (ORDER BY value) AS q1, PERCENTILE_CONT(0.75) WITHIN GROUP (ORDER BY value) AS q3
    FROM iot.readings GROUP BY device_id
)
SELECT r.device_id, r.read_at, r.value FROM iot.readings r JOIN q ON q.device_id = r.device_id
WHERE r.value < q.q1 - 1.5 * (q.q3 - q.q1) OR r.value > q.q3 + 1.5 * (q.q3 - q.q1)

--# bits of a state
SELECT device_id, flags & 1 AS is_on, (flags & 4) >> 2 AS is_hot, flags | 8 AS marked, ~flags AS inverted, BIT_OR(flags) OVER () AS any_flag FROM iot.states

--# all true, any true
SELECT machine_id, BOOL_AND(ok) AS all_ok, BOOL_OR(alarm) AS any_alarm, ANY_VALUE(site) AS site FROM plant.checks GROUP BY machine_id

--# shifts
SELECT CASE WHEN t::time >= '06:00' AND t::time < '14:00' THEN 'early' WHEN t::time >= '14:00' AND t::time < '22:00' THEN 'late' ELSE 'night' END AS shift, SUM(pieces)
FROM (SELECT produced_at AS t, pieces FROM plant.output) o GROUP BY 1

--# working days between
SELECT o.order_id, COUNT(d.day) AS working_days FROM sales.orders o JOIN calendar.days d ON d.day > o.ordered_at AND d.day <= o.shipped_at AND d.is_working_day GROUP BY o.order_id

--# weekdays
SELECT DATE_PART(dow, day) AS dow, DATE_PART(week, day) AS week, TO_CHAR(day, 'Day') AS name, EXTRACT(doy FROM day) AS doy FROM calendar.days

--# employees and their managers
SELECT e.name, m.name AS manager, e.salary, RANK() OVER (PARTITION BY e.department ORDER BY e.salary DESC) AS rank_in_department
FROM hr.employees e LEFT JOIN hr.employees m ON m.employee_id = e.manager_id

--# above the average of the department
SELECT e.name FROM hr.employees e WHERE e.salary > (SELECT AVG(x.salary) FROM hr.employees x WHERE x.department = e.department)

--# heads at the end of the month
SELECT m.month_end, COUNT(*) AS heads FROM calendar.months m JOIN hr.employments e ON e.hired_on <= m.month_end AND COALESCE(e.left_on, '2999-12-31') > m.month_end GROUP BY 1

--# overlapping bookings
SELECT a.booking_id, b.booking_id AS clash FROM rooms.bookings a JOIN rooms.bookings b ON a.room_id = b.room_id AND a.booking_id < b.booking_id AND a.from_time < b.to_time AND b.from_time < a.to_time

--# events at once
SELECT MAX(running) AS at_once FROM (
    SELECT t, SUM(delta) OVER (ORDER BY t, delta ROWS UNBOUNDED PRECEDING) AS running
    FROM (SELECT started_at AS t, 1 AS delta FROM calls.log UNION ALL SELECT ended_at, -1 FROM calls.log) x
) y

--# missing numbers
SELECT prev + 1 AS missing_from, number - 1 AS missing_to FROM (SELECT number, LAG(number) OVER (ORDER BY number) AS prev FROM finance.receipts) r WHERE number - prev > 1

--# quality of the data
SELECT COUNT(*) AS rows_total, COUNT(email) AS with_email, COUNT(*) - COUNT(email) AS without_email, COUNT(DISTINCT email) AS emails,
       MIN(LEN(email)) AS shortest, MAX(LENGTH(email)) AS longest, SUM(CASE WHEN email NOT LIKE '%_@_%._%' THEN 1 ELSE 0 END) AS odd
FROM crm.customers

--# keys that point nowhere
SELECT i.order_id FROM sales.order_items i WHERE i.order_id NOT IN (SELECT o.order_id FROM sales.orders o WHERE o.order_id IS NOT NULL)

--# rows that are twice
SELECT order_id, line_no, COUNT(*) FROM sales.order_items GROUP BY order_id, line_no HAVING COUNT(*) > 1

--# two tables compared
(SELECT * FROM staging.orders EXCEPT SELECT * FROM sales.orders)
UNION ALL
(SELECT * FROM sales.orders EXCEPT SELECT * FROM staging.orders)

--# a sample
SELECT * FROM web.events WHERE RANDOM() < 0.01 LIMIT 10000

--# the second page
SELECT order_id, ordered_at FROM sales.orders ORDER BY ordered_at DESC, order_id LIMIT 50 OFFSET 50

--# names of three parts, and quoted ones
SELECT o."Order ID", o."Net amount (EUR)" FROM analytics.mart."Order Report 2026" AS o WHERE o."Order ID" > 1000

--# words that are also keywords
SELECT o.date, o.year, o.type, o.value, o.status, o.name, o."order", o."group", o.timestamp, o.level, o.position, o.count FROM mart.oddly_named o

--# one row
SELECT 1 AS one, 'a''b' AS quote, '100%' AS pct, '--' AS dashes, '/* no comment */' AS c, ';' AS semi, '' AS empty_text

--# who asks
SELECT CURRENT_USER AS me, SESSION_USER AS session, CURRENT_DATE AS today, GETDATE() AS now_

--# everything in comments
/* Report: stock
   Owner: logistics; ask before changing.
   select * from old_table; -- not this one */
SELECT sku, /* the sum */ SUM(quantity) AS quantity -- in pieces
FROM warehouse.movements -- all of them
/* WHERE site = 'A' */
GROUP BY sku -- ;

--# tabs, long lines and no line at the end
SELECT	sku,	SUM(quantity)	AS	quantity	FROM	warehouse.movements	GROUP	BY	sku
