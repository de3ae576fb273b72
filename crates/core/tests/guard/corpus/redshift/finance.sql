--# trial balance
SELECT a.code, a.title,
       SUM(CASE WHEN e.side = 'D' THEN e.amount ELSE 0 END) AS debit,
       SUM(CASE WHEN e.side = 'C' THEN e.amount ELSE 0 END) AS credit,
       SUM(CASE e.side WHEN 'D' THEN e.amount WHEN 'C' THEN -e.amount END) AS balance
FROM ledger.accounts a LEFT JOIN ledger.entries e ON e.account_id = a.account_id AND e.booked_on <= '2026-03-31'
GROUP BY a.code, a.title
ORDER BY a.code

--# running balance
SELECT account_id, booked_on, amount, SUM(amount) OVER (PARTITION BY account_id ORDER BY booked_on, entry_id ROWS UNBOUNDED PRECEDING) AS balance FROM ledger.entries

--# aging of invoices
SELECT customer_id,
       SUM(CASE WHEN CURRENT_DATE - due_date <= 0 THEN amount ELSE 0 END) AS not_due,
       SUM(CASE WHEN CURRENT_DATE - due_date BETWEEN 1 AND 30 THEN amount ELSE 0 END) AS d30,
       SUM(CASE WHEN CURRENT_DATE - due_date BETWEEN 31 AND 60 THEN amount ELSE 0 END) AS d60,
       SUM(CASE WHEN CURRENT_DATE - due_date > 60 THEN amount ELSE 0 END) AS older
FROM finance.invoices WHERE paid_on IS NULL GROUP BY customer_id

--# days sales outstanding
SELECT DATE_TRUNC('month', issued_on) AS month, AVG(DATEDIFF(day, issued_on, COALESCE(paid_on, CURRENT_DATE))) AS days FROM finance.invoices GROUP BY 1

--# monthly recurring revenue
SELECT d.month_start, SUM(s.price) AS mrr
FROM calendar.months d
JOIN billing.subscriptions s ON s.started_on <= d.month_end AND (s.ended_on IS NULL OR s.ended_on > d.month_end)
GROUP BY d.month_start ORDER BY d.month_start

--# movements of recurring revenue
WITH m AS (
    SELECT customer_id, month, mrr, NVL(LAG(mrr) OVER (PARTITION BY customer_id ORDER BY month), 0) AS before
    FROM billing.mrr_by_customer
)
SELECT month,
       SUM(CASE WHEN before = 0 AND mrr > 0 THEN mrr ELSE 0 END) AS added,
       SUM(CASE WHEN before > 0 AND mrr > before THEN mrr - before ELSE 0 END) AS expanded,
       SUM(CASE WHEN mrr > 0 AND mrr < before THEN before - mrr ELSE 0 END) AS contracted,
       SUM(CASE WHEN before > 0 AND mrr = 0 THEN before ELSE 0 END) AS churned
FROM m GROUP BY month

--# budget against actual
SELECT COALESCE(b.cost_center, a.cost_center) AS cost_center, b.amount AS budget, a.amount AS actual, a.amount - b.amount AS variance
FROM finance.budget b FULL JOIN finance.actuals a USING (cost_center, month)
WHERE b.month = '2026-01' OR a.month = '2026-01'

--# interest by the day
SELECT loan_id, principal * POWER(1 + rate / 365.0, DATEDIFF(day, start_date, SYSDATE)) - principal AS interest FROM finance.loans

--# depreciation
SELECT asset_id, cost, LEAST(cost, cost / life_months * MONTHS_BETWEEN(CURRENT_DATE, bought_on)) AS depreciated FROM finance.assets

--# end of the month
SELECT invoice_id, LAST_DAY(issued_on) AS month_end, ADD_MONTHS(issued_on, 1) AS due, NEXT_DAY(issued_on, 'Friday') AS pay_run FROM finance.invoices

--# the fiscal year that begins in April
SELECT CASE WHEN EXTRACT(month FROM booked_on) >= 4 THEN EXTRACT(year FROM booked_on) ELSE EXTRACT(year FROM booked_on) - 1 END AS fiscal_year, SUM(amount)
FROM ledger.entries GROUP BY 1

--# amounts as text
SELECT TO_CHAR(amount, 'FM999,999,990.00') AS shown, TO_CHAR(booked_on, 'YYYY-MM-DD') AS day, TO_CHAR(booked_at, 'HH24:MI:SS') FROM ledger.entries

--# text as amounts
SELECT TO_NUMBER(REPLACE(raw_amount, ',', ''), '999999999.99') AS amount, TO_DATE(raw_day, 'DD.MM.YYYY') AS day, TO_TIMESTAMP(raw_time, 'YYYY-MM-DD HH24:MI:SS') FROM staging.bank_lines

--# text that may be no number
SELECT raw, CASE WHEN raw ~ '^-?[0-9]+([.][0-9]+)?$' THEN raw::decimal(18, 4) END AS amount FROM staging.lines

--# rounding
SELECT ROUND(x, 2), TRUNC(x, 2), CEIL(x), CEILING(x), FLOOR(x), SIGN(x), ABS(-x), MOD(x::int, 7), x::int % 7, -x, +x FROM finance.numbers

--# payments matched to invoices
SELECT p.payment_id, i.invoice_id
FROM finance.payments p
JOIN finance.invoices i ON i.customer_id = p.customer_id AND ABS(i.amount - p.amount) < 0.01 AND p.paid_on BETWEEN i.issued_on AND i.issued_on + 90
QUALIFY ROW_NUMBER() OVER (PARTITION BY p.payment_id ORDER BY ABS(p.paid_on - i.due_date)) = 1

--# fraud: many cards of one device
SELECT device_id, COUNT(DISTINCT card_hash) AS cards, LISTAGG(DISTINCT country, '/') AS countries
FROM payments.attempts WHERE attempted_at > SYSDATE - INTERVAL '1 day'
GROUP BY device_id HAVING COUNT(DISTINCT card_hash) > 5

--# first digits (Benford)
SELECT LEFT(ABS(amount)::varchar, 1) AS digit, COUNT(*) AS n, 100.0 * COUNT(*) / SUM(COUNT(*)) OVER () AS pct
FROM ledger.entries WHERE amount <> 0 GROUP BY 1 ORDER BY 1

--# exchange differences
SELECT e.entry_id, e.amount * (r2.rate - r1.rate) AS difference
FROM ledger.entries e, finance.rates r1, finance.rates r2
WHERE r1.day = e.booked_on AND r2.day = LAST_DAY(e.booked_on) AND r1.currency = e.currency AND r2.currency = e.currency

--# nothing but constants
SELECT 'total' AS label, 0::decimal(18, 2) AS amount, NULL::date AS day, TRUE AS is_total, CAST(NULL AS varchar(10)) AS note
