--# the last full month
SELECT SUM(amount) FROM sales.daily
WHERE day >= DATE_TRUNC('month', DATEADD(month, -1, CURRENT_DATE)) AND day < DATE_TRUNC('month', CURRENT_DATE)

--# the last full week
SELECT COUNT(*) FROM web.events WHERE event_time >= DATE_TRUNC('week', SYSDATE) - INTERVAL '1 week' AND event_time < DATE_TRUNC('week', SYSDATE)

--# the last day of the month before
SELECT DATE_TRUNC('month', CURRENT_DATE) - INTERVAL '1 day' AS day, (DATE_TRUNC('month', CURRENT_DATE) - 1)::date

--# differences in every part
SELECT DATEDIFF(year, a, b), DATEDIFF(qtr, a, b), DATEDIFF(month, a, b), DATEDIFF(week, a, b), DATEDIFF(day, a, b), DATEDIFF(hour, a, b), DATEDIFF(min, a, b), DATEDIFF(sec, a, b), DATEDIFF('millisecond', a, b), DATE_DIFF('day', a, b) FROM calendar.pairs

--# sums in every part
SELECT DATEADD(year, 1, a), DATEADD('month', -1, a), DATEADD(week, 2, a), DATEADD(d, 1, a), DATEADD(hour, 1, a), DATEADD(ms, 100, a), DATE_ADD('day', 3, a) FROM calendar.pairs

--# intervals
SELECT a + INTERVAL '1 day', a - INTERVAL '2 hours 30 minutes', a + INTERVAL '1' MONTH, a + INTERVAL '3' DAY * 2, a + 7 FROM calendar.pairs

--# literals
SELECT DATE '2026-02-28', TIMESTAMP '2026-02-28 12:00:00', TIMESTAMPTZ '2026-02-28 12:00:00+09', TIME '12:00', '2026-02-28'::date, CAST('2026-02-28' AS timestamp)

--# parts
SELECT EXTRACT(year FROM a), EXTRACT(quarter FROM a), EXTRACT(week FROM a), EXTRACT(dow FROM a), EXTRACT(hour FROM a), EXTRACT(milliseconds FROM a), EXTRACT(timezone FROM a), DATE_PART('day', a), DATE_PART(epoch, a), DATE_PART_YEAR(a::date) FROM calendar.pairs

--# time zones
SELECT CONVERT_TIMEZONE('America/New_York', a), CONVERT_TIMEZONE('UTC', 'PST', a), TIMEZONE('UTC', a), a AT TIME ZONE 'KST', a::timestamptz, a::timestamp with time zone, a::timestamp without time zone FROM calendar.pairs

--# formats
SELECT TO_CHAR(a, 'YYYYMMDD"T"HH24MISS'), TO_CHAR(a, 'Mon DD, YYYY'), TO_CHAR(a, 'IYYY-IW'), TO_DATE('20260228', 'YYYYMMDD'), TO_TIMESTAMP('28/02/2026', 'DD/MM/YYYY') FROM calendar.pairs

--# comparisons
SELECT DATE_CMP(a::date, b::date), DATE_CMP_TIMESTAMP(a::date, b), TIMESTAMP_CMP(a, b), INTERVAL_CMP('1 day', '24 hours'), TIMESTAMP_CMP_DATE(a, b::date) FROM calendar.pairs

--# days without sales
SELECT d.day FROM calendar.days d LEFT JOIN sales.daily s ON s.day = d.day WHERE s.day IS NULL AND d.day BETWEEN DATE '2026-01-01' AND CURRENT_DATE - 1

--# a calendar made by recursion
WITH RECURSIVE days (day) AS (
    SELECT '2026-01-01'::date
    UNION ALL
    SELECT (day + INTERVAL '1 day')::date FROM days WHERE day < '2026-12-31'
)
SELECT day, TO_CHAR(day, 'DY') AS weekday FROM days

--# a calendar made of digits
WITH digits AS (SELECT 0 AS d UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4 UNION ALL SELECT 5 UNION ALL SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8 UNION ALL SELECT 9)
SELECT DATEADD(day, (a.d + 10 * b.d + 100 * c.d)::int, '2026-01-01'::date) AS day FROM digits a CROSS JOIN digits b CROSS JOIN digits c WHERE a.d + 10 * b.d + 100 * c.d < 365

--# weeks by ISO
SELECT TO_CHAR(DATE_TRUNC('week', day), 'IYYY"-W"IW') AS week, SUM(amount) FROM sales.daily GROUP BY 1

--# an hour and its name
SELECT LPAD(EXTRACT(hour FROM event_time)::varchar, 2, '0') || ':00' AS hour, COUNT(*) FROM web.events GROUP BY 1

--# rolling twelve months
SELECT month, SUM(revenue) OVER (ORDER BY month ROWS BETWEEN 11 PRECEDING AND CURRENT ROW) AS ttm FROM sales.monthly

--# a quarter behind
SELECT * FROM sales.monthly WHERE month BETWEEN DATEADD(quarter, -1, DATE_TRUNC('quarter', GETDATE())) AND LAST_DAY(DATEADD(month, -1, DATE_TRUNC('quarter', GETDATE())))

--# local time and the time now
SELECT LOCALTIME, LOCALTIMESTAMP, CURRENT_TIME, CURRENT_TIMESTAMP, NOW(), TIMEOFDAY()
