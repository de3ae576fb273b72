--# sessions of thirty minutes
WITH marked AS (
    SELECT user_id, event_time,
           CASE WHEN DATEDIFF(minute, LAG(event_time) OVER (PARTITION BY user_id ORDER BY event_time), event_time) > 30
                  OR LAG(event_time) OVER (PARTITION BY user_id ORDER BY event_time) IS NULL
                THEN 1 ELSE 0 END AS is_new
    FROM web.events
), numbered AS (
    SELECT user_id, event_time,
           SUM(is_new) OVER (PARTITION BY user_id ORDER BY event_time ROWS UNBOUNDED PRECEDING) AS session_nr
    FROM marked
)
SELECT user_id, session_nr, MIN(event_time) AS started, MAX(event_time) AS ended, COUNT(*) AS events
FROM numbered
GROUP BY user_id, session_nr

--# a funnel
SELECT COUNT(DISTINCT CASE WHEN step = 'view' THEN user_id END) AS viewed,
       COUNT(DISTINCT CASE WHEN step = 'cart' THEN user_id END) AS carted,
       COUNT(DISTINCT CASE WHEN step = 'buy' THEN user_id END) AS bought
FROM web.steps
WHERE event_date BETWEEN '2026-01-01' AND '2026-01-31'

--# a funnel in order
WITH v AS (SELECT user_id, MIN(event_time) AS t FROM web.steps WHERE step = 'view' GROUP BY user_id),
     c AS (SELECT s.user_id, MIN(s.event_time) AS t FROM web.steps s JOIN v ON v.user_id = s.user_id AND s.event_time > v.t WHERE s.step = 'cart' GROUP BY s.user_id),
     b AS (SELECT s.user_id, MIN(s.event_time) AS t FROM web.steps s JOIN c ON c.user_id = s.user_id AND s.event_time > c.t WHERE s.step = 'buy' GROUP BY s.user_id)
SELECT (SELECT COUNT(*) FROM v) AS viewed, (SELECT COUNT(*) FROM c) AS carted, (SELECT COUNT(*) FROM b) AS bought

--# daily, weekly and monthly users
SELECT d.day, COUNT(DISTINCT CASE WHEN e.event_date = d.day THEN e.user_id END) AS dau,
       COUNT(DISTINCT CASE WHEN e.event_date > d.day - 7 THEN e.user_id END) AS wau,
       COUNT(DISTINCT e.user_id) AS mau
FROM calendar.days d
JOIN web.events e ON e.event_date BETWEEN d.day - 29 AND d.day
GROUP BY d.day

--# approximate distinct users
SELECT event_date, APPROXIMATE COUNT(DISTINCT user_id) AS users FROM web.events GROUP BY event_date

--# approximate percentiles
SELECT page, APPROXIMATE PERCENTILE_DISC(0.95) WITHIN GROUP (ORDER BY load_ms) AS p95 FROM web.page_loads GROUP BY page

--# distinct users by sketches
SELECT event_date, HLL(user_id) AS users FROM web.events GROUP BY event_date

--# sketches put together
SELECT HLL_CARDINALITY(HLL_COMBINE(sketch)) AS users_of_the_month FROM web.daily_sketches WHERE month = '2026-01'

--# pages and where people leave
SELECT page, COUNT(*) AS views,
       SUM(CASE WHEN next_page IS NULL THEN 1 ELSE 0 END) AS exits
FROM (SELECT page, LEAD(page) OVER (PARTITION BY session_id ORDER BY event_time) AS next_page FROM web.page_views) p
GROUP BY page
ORDER BY exits DESC

--# paths of three pages
SELECT page || ' -> ' || p2 || ' -> ' || p3 AS path, COUNT(*) AS n
FROM (SELECT page, LEAD(page, 1) OVER (PARTITION BY session_id ORDER BY event_time) AS p2,
             LEAD(page, 2) OVER (PARTITION BY session_id ORDER BY event_time) AS p3 FROM web.page_views) x
WHERE p3 IS NOT NULL
GROUP BY 1 ORDER BY n DESC LIMIT 25

--# bounce rate
SELECT landing_page, AVG(CASE WHEN views = 1 THEN 1.0 ELSE 0.0 END) AS bounce_rate
FROM web.sessions GROUP BY landing_page HAVING COUNT(*) > 1000

--# host and path of a URL
SELECT REGEXP_SUBSTR(url, '[^/]+', 1, 2) AS host, REGEXP_REPLACE(url, '\\?.*$', '') AS without_query, SPLIT_PART(SPLIT_PART(url, '?', 1), '/', 4) AS section FROM web.hits

--# campaign parameters
SELECT REGEXP_SUBSTR(url, 'utm_source=[^&]*') AS source, REGEXP_COUNT(url, '&') AS parameters, REGEXP_INSTR(url, 'utm_') AS at FROM web.hits WHERE url LIKE '%utm\\_%'

--# campaign by channel
SELECT CASE WHEN utm_medium ILIKE '%cpc%' THEN 'paid' WHEN utm_medium = 'email' THEN 'email' WHEN referrer ~ 'google|bing|naver' THEN 'organic' ELSE 'direct' END AS channel,
       COUNT(*) AS visits
FROM web.sessions GROUP BY 1

--# last touch
SELECT o.order_id, t.channel
FROM sales.orders o
LEFT JOIN (
    SELECT s.user_id, s.channel, s.started_at, x.order_id,
           ROW_NUMBER() OVER (PARTITION BY x.order_id ORDER BY s.started_at DESC) AS rn
    FROM web.sessions s JOIN sales.orders x ON x.user_id = s.user_id AND s.started_at <= x.ordered_at
) t ON t.order_id = o.order_id AND t.rn = 1

--# first touch that is not direct
SELECT user_id, FIRST_VALUE(NULLIF(channel, 'direct') IGNORE NULLS) OVER (PARTITION BY user_id ORDER BY started_at ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS first_channel FROM web.sessions

--# the last known value, outside of the arguments
SELECT device_id, read_at, LAST_VALUE(temperature) IGNORE NULLS OVER (PARTITION BY device_id ORDER BY read_at ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS filled FROM iot.readings

--# an A/B test
SELECT variant, COUNT(DISTINCT user_id) AS users, SUM(converted::int) AS conversions,
       SUM(converted::int)::float / COUNT(DISTINCT user_id) AS rate,
       SQRT(SUM(converted::int)::float / COUNT(*) * (1 - SUM(converted::int)::float / COUNT(*)) / COUNT(*)) AS standard_error
FROM experiments.exposures
WHERE experiment = 'checkout_v2' AND exposed_at BETWEEN '2026-02-01' AND '2026-02-14 23:59:59'
GROUP BY variant

--# buckets by hash
SELECT MOD(STRTOL(LEFT(MD5(user_id::varchar), 8), 16), 100) AS bucket, COUNT(*) FROM web.users GROUP BY 1

--# buckets by another hash
SELECT user_id, ABS(FNV_HASH(user_id)) % 10 AS bucket, CHECKSUM(user_id), FARMFINGERPRINT64(user_id::varchar), CRC32(user_id::varchar) FROM web.users

--# hours of the day in local time
SELECT EXTRACT(hour FROM CONVERT_TIMEZONE('UTC', 'Asia/Seoul', event_time)) AS hour, COUNT(*) FROM web.events GROUP BY 1 ORDER BY 1

--# local time with AT TIME ZONE
SELECT (event_time AT TIME ZONE 'UTC') AT TIME ZONE 'Europe/Berlin' AS berlin FROM web.events

--# islands of active days
SELECT user_id, MIN(day) AS from_day, MAX(day) AS to_day, COUNT(*) AS days
FROM (SELECT user_id, day, DATEADD(day, -ROW_NUMBER() OVER (PARTITION BY user_id ORDER BY day)::int, day) AS island FROM web.active_days) i
GROUP BY user_id, island
HAVING COUNT(*) >= 7

--# browsers
SELECT CASE WHEN user_agent LIKE '%Edg/%' THEN 'Edge' WHEN user_agent LIKE '%Chrome/%' THEN 'Chrome' WHEN user_agent LIKE '%Safari/%' THEN 'Safari' ELSE 'other' END browser, COUNT(*) cnt
FROM web.hits GROUP BY 1

--# errors in the log
SELECT status, COUNT(*) AS n FROM web.access_log WHERE status / 100 = 5 AND path NOT ILIKE '/health%' GROUP BY status

--# addresses of the internal network
SELECT client_ip, COUNT(*) FROM web.access_log WHERE client_ip ~ '^10[.]' OR client_ip !~ '^[0-9.]+$' GROUP BY client_ip

--# response times
SELECT DATE_TRUNC('hour', logged_at) AS hour, MIN(ms), MAX(ms), AVG(ms::float), STDDEV_SAMP(ms), VAR_POP(ms), PERCENTILE_CONT(0.99) WITHIN GROUP (ORDER BY ms)
FROM web.access_log GROUP BY 1

--# one column less
SELECT * EXCLUDE (ip, user_agent) FROM web.hits LIMIT 100
