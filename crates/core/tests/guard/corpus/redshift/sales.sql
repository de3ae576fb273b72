--# revenue by month
-- Revenue per month, cancelled orders left out.
SELECT DATE_TRUNC('month', o.ordered_at)::date AS month,
       COUNT(*) AS orders,
       SUM(o.total_amount)::decimal(18, 2) AS revenue
FROM sales.orders o
WHERE o.status <> 'cancelled'
GROUP BY 1
ORDER BY 1;

--# revenue by day of the last 30 days
SELECT TRUNC(ordered_at) AS day, SUM(total_amount) AS revenue
FROM sales.orders
WHERE ordered_at >= DATEADD(day, -30, CURRENT_DATE)
GROUP BY TRUNC(ordered_at)
ORDER BY day DESC

--# year over year
WITH monthly AS (
    SELECT DATE_PART(year, ordered_at) AS y, DATE_PART(month, ordered_at) AS m, SUM(total_amount) AS revenue
    FROM sales.orders
    GROUP BY 1, 2
)
SELECT cur.y, cur.m, cur.revenue, prev.revenue AS revenue_last_year,
       ROUND(100.0 * (cur.revenue - prev.revenue) / NULLIF(prev.revenue, 0), 1) AS growth_pct
FROM monthly cur
LEFT JOIN monthly prev ON prev.y = cur.y - 1 AND prev.m = cur.m
ORDER BY cur.y, cur.m

--# month over month with LAG
SELECT month, revenue,
       revenue - LAG(revenue) OVER (ORDER BY month) AS change,
       revenue / NULLIF(LAG(revenue, 12) OVER (ORDER BY month), 0) - 1 AS yoy
FROM (SELECT DATE_TRUNC('month', ordered_at) AS month, SUM(total_amount) AS revenue FROM sales.orders GROUP BY 1) m

--# top products by category
SELECT category, product_name, revenue
FROM (
    SELECT p.category, p.product_name, SUM(i.quantity * i.unit_price) AS revenue,
           ROW_NUMBER() OVER (PARTITION BY p.category ORDER BY SUM(i.quantity * i.unit_price) DESC) AS rn
    FROM sales.order_items i
    JOIN sales.products p ON p.product_id = i.product_id
    GROUP BY p.category, p.product_name
) ranked
WHERE rn <= 10

--# top products by QUALIFY
SELECT category, product_name, SUM(revenue) AS revenue
FROM sales.product_daily
GROUP BY category, product_name
QUALIFY RANK() OVER (PARTITION BY category ORDER BY SUM(revenue) DESC) <= 3

--# share of the whole
SELECT region, SUM(amount) AS amount, RATIO_TO_REPORT(SUM(amount)) OVER () AS share
FROM sales.regional
GROUP BY region
ORDER BY share DESC

--# share within the country
SELECT country, city, sales, RATIO_TO_REPORT(sales) OVER (PARTITION BY country) AS share FROM sales.by_city

--# running total of the year
SELECT day, amount,
       SUM(amount) OVER (PARTITION BY DATE_PART(year, day) ORDER BY day ROWS UNBOUNDED PRECEDING) AS year_to_date
FROM sales.daily

--# moving average over seven days
SELECT day, amount, AVG(amount) OVER (ORDER BY day ROWS BETWEEN 6 PRECEDING AND CURRENT ROW) AS avg_7d
FROM sales.daily
ORDER BY day

--# average basket
SELECT channel, ROUND(SUM(total_amount) / NULLIF(COUNT(DISTINCT order_id), 0), 2) AS average_basket,
       MEDIAN(total_amount) AS median_basket
FROM sales.orders
GROUP BY channel

--# discount buckets
SELECT CASE WHEN discount = 0 THEN 'none'
            WHEN discount < 0.1 THEN 'below 10 %'
            WHEN discount BETWEEN 0.1 AND 0.3 THEN '10 to 30 %'
            ELSE 'above 30 %' END AS bucket,
       COUNT(*), SUM(total_amount)
FROM sales.orders
GROUP BY 1

--# orders without items
SELECT o.order_id
FROM sales.orders o
WHERE NOT EXISTS (SELECT 1 FROM sales.order_items i WHERE i.order_id = o.order_id)

--# products never sold
SELECT p.product_id, p.product_name FROM sales.products p
LEFT JOIN sales.order_items i ON i.product_id = p.product_id
WHERE i.product_id IS NULL

--# bought together
SELECT a.product_id AS product_a, b.product_id AS product_b, COUNT(*) AS times
FROM sales.order_items a
JOIN sales.order_items b ON a.order_id = b.order_id AND a.product_id < b.product_id
GROUP BY 1, 2
HAVING COUNT(*) > 100
ORDER BY times DESC
LIMIT 50

--# returns rate
SELECT p.category,
       SUM(CASE WHEN i.returned THEN 1 ELSE 0 END)::float / COUNT(*) AS return_rate
FROM sales.order_items i JOIN sales.products p USING (product_id)
GROUP BY p.category
HAVING COUNT(*) >= 50

--# pivot by hand
SELECT store,
       SUM(CASE WHEN DATE_PART(quarter, day) = 1 THEN amount ELSE 0 END) AS q1,
       SUM(CASE WHEN DATE_PART(quarter, day) = 2 THEN amount ELSE 0 END) AS q2,
       SUM(CASE WHEN DATE_PART(quarter, day) = 3 THEN amount ELSE 0 END) AS q3,
       SUM(CASE WHEN DATE_PART(quarter, day) = 4 THEN amount ELSE 0 END) AS q4
FROM sales.daily
GROUP BY store

--# pivot with DECODE
SELECT store, SUM(DECODE(kind, 'sale', amount, 'refund', -amount, 0)) AS net FROM sales.movements GROUP BY store

--# ABC analysis
WITH r AS (SELECT product_id, SUM(revenue) AS revenue FROM sales.product_daily GROUP BY product_id),
     c AS (SELECT product_id, revenue,
                  SUM(revenue) OVER (ORDER BY revenue DESC ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS running,
                  SUM(revenue) OVER () AS total
           FROM r)
SELECT product_id, revenue,
       CASE WHEN running <= 0.8 * total THEN 'A' WHEN running <= 0.95 * total THEN 'B' ELSE 'C' END AS class
FROM c

--# subtotals with ROLLUP
SELECT NVL(region, 'all') AS region, NVL(country, 'all') AS country, SUM(amount) AS amount
FROM sales.regional
GROUP BY ROLLUP (region, country)
ORDER BY 1, 2

--# all combinations with CUBE
SELECT region, channel, SUM(amount), GROUPING(region) AS all_regions, GROUPING(channel) AS all_channels
FROM sales.regional
GROUP BY CUBE (region, channel)

--# chosen combinations with GROUPING SETS
SELECT region, channel, product_line, SUM(amount) AS amount
FROM sales.regional
GROUP BY GROUPING SETS ((region, channel), (region, product_line), (region), ())

--# filtered aggregates
SELECT store, COUNT(*) FILTER (WHERE amount > 100) AS large, COUNT(*) FILTER (WHERE amount <= 100) AS small
FROM sales.movements
GROUP BY store

--# the list of products in an order
SELECT order_id, LISTAGG(DISTINCT product_name, ', ') WITHIN GROUP (ORDER BY product_name) AS products
FROM sales.order_lines
GROUP BY order_id

--# first and last order
SELECT DISTINCT customer_id,
       FIRST_VALUE(order_id) OVER (PARTITION BY customer_id ORDER BY ordered_at ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS first_order,
       LAST_VALUE(order_id) OVER (PARTITION BY customer_id ORDER BY ordered_at ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS last_order
FROM sales.orders

--# the ten largest orders
SELECT TOP 10 order_id, total_amount FROM sales.orders ORDER BY total_amount DESC

--# the currency of the day
SELECT o.order_id, o.total_amount * COALESCE(r.rate, 1.0) AS amount_eur
FROM sales.orders o
LEFT JOIN finance.rates r ON r.currency = o.currency AND r.day = o.ordered_at::date

--# the latest rate before the order
SELECT o.order_id, o.total_amount,
       (SELECT MAX(r.rate) FROM finance.rates r WHERE r.currency = o.currency AND r.day = (
           SELECT MAX(x.day) FROM finance.rates x WHERE x.currency = o.currency AND x.day <= o.ordered_at::date)) AS rate
FROM sales.orders AS o

--# prices in bands of ten
SELECT FLOOR(unit_price / 10) * 10 AS band, COUNT(*) FROM sales.order_items GROUP BY 1 ORDER BY 1

--# deviations from the mean
SELECT store, amount, (amount - AVG(amount) OVER (PARTITION BY store)) / NULLIF(STDDEV_POP(amount) OVER (PARTITION BY store), 0) AS z
FROM sales.daily

--# quartiles
SELECT product_id, NTILE(4) OVER (ORDER BY revenue DESC) AS quartile FROM sales.product_totals

--# tax by state
SELECT ship_state, SUM(ROUND(total_amount * tax_rate / 100.0, 2)) AS tax FROM sales.orders
WHERE ship_country = 'US' AND ship_state IN ('CA', 'NY', 'TX', 'WA') GROUP BY ship_state

--# more than one payment
SELECT order_id, COUNT(DISTINCT payment_id) AS payments, MIN(paid_at), MAX(paid_at)
FROM sales.payments GROUP BY order_id HAVING COUNT(DISTINCT payment_id) > 1

--# open amounts
SELECT o.order_id, o.total_amount - COALESCE(SUM(p.amount), 0) AS open_amount
FROM sales.orders o LEFT OUTER JOIN sales.payments p ON p.order_id = o.order_id
GROUP BY o.order_id, o.total_amount
HAVING o.total_amount - COALESCE(SUM(p.amount), 0) > 0

--# a union of channels
SELECT 'web' AS channel, order_id, total_amount FROM web.orders
UNION ALL
SELECT 'store', receipt_id, amount FROM store.receipts
UNION ALL
SELECT 'phone', call_id, amount FROM phone.orders
ORDER BY total_amount DESC
LIMIT 1000

--# what is in one list and not in the other
SELECT sku FROM sales.products EXCEPT SELECT sku FROM warehouse.stock

--# the same, in the words of Oracle
SELECT sku FROM sales.products MINUS SELECT sku FROM warehouse.stock
