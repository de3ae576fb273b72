--# every ranking
SELECT name, ROW_NUMBER() OVER (ORDER BY score DESC), RANK() OVER (ORDER BY score DESC), DENSE_RANK() OVER (ORDER BY score DESC), PERCENT_RANK() OVER (ORDER BY score DESC), CUME_DIST() OVER (ORDER BY score DESC), NTILE(10) OVER (ORDER BY score DESC) FROM games.scores

--# a window with a name
SELECT player, score, AVG(score) OVER w AS average, MAX(score) OVER w AS best FROM games.scores WINDOW w AS (PARTITION BY player ORDER BY played_at ROWS BETWEEN 9 PRECEDING AND CURRENT ROW)

--# the third best
SELECT DISTINCT player, NTH_VALUE(score, 3) OVER (PARTITION BY player ORDER BY score DESC ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS third FROM games.scores

--# before and behind
SELECT day, LAG(amount, 7) OVER (ORDER BY day) AS week_ago, LEAD(amount, 1) OVER (ORDER BY day) AS tomorrow, amount - LAG(amount) OVER (ORDER BY day) AS change FROM sales.daily

--# aggregates of every kind over windows
SELECT store, day, COUNT(*) OVER (PARTITION BY store), SUM(amount) OVER (PARTITION BY store), MIN(amount) OVER (PARTITION BY store), MAX(amount) OVER (PARTITION BY store), STDDEV_SAMP(amount) OVER (PARTITION BY store), VAR_SAMP(amount) OVER (PARTITION BY store), MEDIAN(amount) OVER (PARTITION BY store) FROM sales.daily

--# lists over windows
SELECT customer_id, LISTAGG(product, ' > ') WITHIN GROUP (ORDER BY bought_at) OVER (PARTITION BY customer_id) AS history FROM sales.purchases

--# the best row with all its columns
SELECT * FROM (SELECT t.*, RANK() OVER (PARTITION BY game ORDER BY score DESC) AS r FROM games.scores t) x WHERE r = 1

--# a window over groups
SELECT category, SUM(amount) AS amount, SUM(SUM(amount)) OVER (ORDER BY SUM(amount) DESC ROWS UNBOUNDED PRECEDING) AS running FROM sales.movements GROUP BY category

--# several partitions at once
SELECT region, store, amount, amount / SUM(amount) OVER (PARTITION BY region) AS of_region, amount / SUM(amount) OVER () AS of_all, RANK() OVER (PARTITION BY region, year ORDER BY amount DESC) AS r FROM sales.store_year

--# QUALIFY with WHERE, GROUP BY and HAVING
SELECT region, store, SUM(amount) AS amount FROM sales.store_year WHERE year = 2026 GROUP BY region, store HAVING SUM(amount) > 1000 QUALIFY ROW_NUMBER() OVER (PARTITION BY region ORDER BY amount DESC) <= 5 ORDER BY region, amount DESC

--# QUALIFY by a name
SELECT id, ROW_NUMBER() OVER (PARTITION BY id ORDER BY loaded_at DESC) AS nr FROM staging.rows QUALIFY nr = 1

--# forward sums
SELECT day, SUM(amount) OVER (ORDER BY day ROWS BETWEEN CURRENT ROW AND 6 FOLLOWING) AS next_week FROM sales.forecast

--# sums of a centred window
SELECT day, AVG(amount) OVER (ORDER BY day ROWS BETWEEN 3 PRECEDING AND 3 FOLLOWING) AS smoothed FROM sales.daily

--# runs of wins
SELECT team, MIN(day), MAX(day), COUNT(*) AS run FROM (
    SELECT team, day, won, ROW_NUMBER() OVER (PARTITION BY team ORDER BY day) - ROW_NUMBER() OVER (PARTITION BY team, won ORDER BY day) AS grp FROM games.results
) r WHERE won GROUP BY team, grp ORDER BY run DESC

--# leads of leads through CTEs
WITH a AS (SELECT id, t, LEAD(t) OVER (ORDER BY t) AS t2 FROM iot.ticks), b AS (SELECT id, t, t2, t2 - t AS gap FROM a) SELECT id, gap, AVG(gap) OVER (ORDER BY t ROWS 9 PRECEDING) FROM b

--# the difference from the first
SELECT device_id, read_at, value - FIRST_VALUE(value) OVER (PARTITION BY device_id ORDER BY read_at ROWS UNBOUNDED PRECEDING) AS since_start FROM iot.readings

--# GROUPING SETS with windows on top
SELECT region, store, amount, RANK() OVER (PARTITION BY region ORDER BY amount DESC NULLS LAST) FROM (SELECT region, store, SUM(amount) AS amount FROM sales.store_year GROUP BY GROUPING SETS ((region, store), (region))) g

--# RESPECT NULLS said aloud
SELECT LAG(amount, 1) RESPECT NULLS OVER (ORDER BY day), FIRST_VALUE(amount RESPECT NULLS) OVER (ORDER BY day ROWS UNBOUNDED PRECEDING) FROM sales.daily

--# conditions in windows
SELECT user_id, SUM(CASE WHEN kind = 'buy' THEN amount END) OVER (PARTITION BY user_id ORDER BY at_time ROWS UNBOUNDED PRECEDING) AS bought FROM web.steps

--# ordering by an expression and a position
SELECT store, SUM(amount) AS amount FROM sales.daily GROUP BY store ORDER BY SUM(amount) / COUNT(*) DESC, 1 ASC NULLS FIRST
