--# recency, frequency, money
WITH rfm AS (
    SELECT customer_id,
           DATEDIFF(day, MAX(ordered_at), CURRENT_DATE) AS recency,
           COUNT(*) AS frequency,
           SUM(total_amount) AS money
    FROM sales.orders
    GROUP BY customer_id
)
SELECT customer_id,
       NTILE(5) OVER (ORDER BY recency DESC) AS r,
       NTILE(5) OVER (ORDER BY frequency) AS f,
       NTILE(5) OVER (ORDER BY money) AS m
FROM rfm

--# cohorts by month of the first order
WITH firsts AS (
    SELECT customer_id, DATE_TRUNC('month', MIN(ordered_at)) AS cohort FROM sales.orders GROUP BY customer_id
), activity AS (
    SELECT DISTINCT customer_id, DATE_TRUNC('month', ordered_at) AS month FROM sales.orders
)
SELECT f.cohort::date, DATEDIFF(month, f.cohort, a.month) AS age, COUNT(DISTINCT a.customer_id) AS customers
FROM firsts f
JOIN activity a ON a.customer_id = f.customer_id
GROUP BY 1, 2
ORDER BY 1, 2

--# retention in per cent
WITH sizes AS (SELECT cohort, COUNT(*) AS size FROM crm.cohorts GROUP BY cohort),
     kept AS (SELECT cohort, age, COUNT(DISTINCT customer_id) AS customers FROM crm.activity GROUP BY cohort, age)
SELECT k.cohort, k.age, 100.0 * k.customers / s.size AS retention FROM kept k JOIN sizes s USING (cohort)

--# customers who left
SELECT c.customer_id, c.email
FROM crm.customers c
WHERE c.active AND NOT EXISTS (
    SELECT 1 FROM sales.orders o
    WHERE o.customer_id = c.customer_id AND o.ordered_at > GETDATE() - INTERVAL '90 days'
)

--# new and returning
SELECT DATE_TRUNC('week', ordered_at)::date AS week,
       COUNT(DISTINCT CASE WHEN nr = 1 THEN customer_id END) AS new_customers,
       COUNT(DISTINCT CASE WHEN nr > 1 THEN customer_id END) AS returning_customers
FROM (SELECT customer_id, ordered_at, ROW_NUMBER() OVER (PARTITION BY customer_id ORDER BY ordered_at) AS nr FROM sales.orders) t
GROUP BY 1
ORDER BY 1

--# value of a lifetime
SELECT customer_id, SUM(total_amount) AS value, COUNT(*) AS orders,
       DATEDIFF(month, MIN(ordered_at), MAX(ordered_at)) + 1 AS months,
       SUM(total_amount) / (DATEDIFF(month, MIN(ordered_at), MAX(ordered_at)) + 1) AS per_month
FROM sales.orders GROUP BY customer_id

--# days between orders
SELECT customer_id, AVG(gap) AS average_gap FROM (
    SELECT customer_id, DATEDIFF('day', LAG(ordered_at) OVER (PARTITION BY customer_id ORDER BY ordered_at), ordered_at) AS gap
    FROM sales.orders
) g WHERE gap IS NOT NULL GROUP BY customer_id

--# duplicates by e-mail
SELECT LOWER(TRIM(email)) AS email, COUNT(*) AS times, MIN(customer_id) AS keep
FROM crm.customers
GROUP BY LOWER(TRIM(email))
HAVING COUNT(*) > 1

--# the newest row of each customer
SELECT customer_id, name, email
FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY customer_id ORDER BY updated_at DESC) AS rn FROM crm.customer_history) h
WHERE rn = 1

--# the newest row, with QUALIFY
SELECT customer_id, name FROM crm.customer_history
QUALIFY ROW_NUMBER() OVER (PARTITION BY customer_id ORDER BY updated_at DESC) = 1

--# masked e-mail addresses
SELECT customer_id, LEFT(email, 2) || '***' || SUBSTRING(email, POSITION('@' IN email)) AS masked FROM crm.customers

--# hashed e-mail addresses
SELECT SHA2(LOWER(email), 256) AS email_hash, MD5(phone) AS phone_hash, FUNC_SHA1(name) FROM crm.customers

--# domains of e-mail addresses
SELECT SPLIT_PART(email, '@', 2) AS domain, COUNT(*) FROM crm.customers GROUP BY 1 ORDER BY 2 DESC LIMIT 20

--# phone numbers made alike
SELECT phone, REGEXP_REPLACE(phone, '[^0-9+]', '') AS digits FROM crm.customers WHERE phone SIMILAR TO '%[0-9]%'

--# names made alike
SELECT INITCAP(LOWER(BTRIM(first_name))) || ' ' || UPPER(last_name) AS name FROM crm.customers

--# ages
SELECT customer_id, DATEDIFF(year, birth_date, CURRENT_DATE) AS age,
       CASE WHEN DATEDIFF(year, birth_date, CURRENT_DATE) < 18 THEN 'minor' ELSE 'adult' END AS grp
FROM crm.customers WHERE birth_date IS NOT NULL

--# birthdays of this month
SELECT customer_id, name FROM crm.customers WHERE EXTRACT(month FROM birth_date) = EXTRACT(month FROM CURRENT_DATE)

--# customers by segment and consent
SELECT segment, consent, COUNT(*) AS n FROM crm.customers WHERE deleted_at IS NULL GROUP BY segment, consent ORDER BY segment, consent

--# hierarchy of accounts
WITH RECURSIVE tree (account_id, parent_id, level, path) AS (
    SELECT account_id, parent_id, 1, account_name::varchar(1000)
    FROM crm.accounts
    WHERE parent_id IS NULL
    UNION ALL
    SELECT a.account_id, a.parent_id, t.level + 1, (t.path || ' > ' || a.account_name)::varchar(1000)
    FROM crm.accounts a
    JOIN tree t ON t.account_id = a.parent_id
    WHERE t.level < 10
)
SELECT account_id, level, path FROM tree ORDER BY path

--# tickets by priority and their medians
SELECT priority, COUNT(*) AS tickets,
       PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY hours_open) AS median_hours,
       PERCENTILE_CONT(0.95) WITHIN GROUP (ORDER BY hours_open) AS p95_hours,
       PERCENTILE_DISC(0.9) WITHIN GROUP (ORDER BY hours_open) AS p90_hours
FROM support.tickets
GROUP BY priority

--# median over a window
SELECT agent, ticket_id, PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY hours_open) OVER (PARTITION BY agent) AS median_of_agent
FROM support.tickets

--# net promoter score
SELECT DATE_TRUNC('quarter', answered_at) AS quarter,
       100.0 * (SUM(CASE WHEN score >= 9 THEN 1 ELSE 0 END) - SUM(CASE WHEN score <= 6 THEN 1 ELSE 0 END)) / COUNT(*) AS nps
FROM survey.answers GROUP BY 1

--# everything in the first order, and null safe
SELECT c.customer_id, NVL2(c.referrer, 'referred', 'organic') AS origin, ISNULL(c.city, 'unknown') AS city FROM crm.customers c

--# slowly changing dimension at a point in time
SELECT o.order_id, d.segment
FROM sales.orders o
JOIN crm.customer_scd d
  ON d.customer_id = o.customer_id
 AND o.ordered_at >= d.valid_from
 AND o.ordered_at < COALESCE(d.valid_to, '9999-12-31'::timestamp)

--# changes between two snapshots
SELECT COALESCE(a.customer_id, b.customer_id) AS customer_id,
       CASE WHEN a.customer_id IS NULL THEN 'added' WHEN b.customer_id IS NULL THEN 'removed' ELSE 'changed' END AS change
FROM crm.snapshot_today a
FULL OUTER JOIN crm.snapshot_yesterday b ON a.customer_id = b.customer_id
WHERE a.customer_id IS NULL OR b.customer_id IS NULL OR a.checksum <> b.checksum

--# a list from several columns
SELECT customer_id, COALESCE(mobile, phone, office_phone, 'none') AS number, GREATEST(last_order, last_visit, last_call) AS last_seen FROM crm.customers
