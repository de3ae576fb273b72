--# in the shape of query 1: returns above the average of the store
with customer_total_return as (
    select sr_customer_sk as ctr_customer_sk, sr_store_sk as ctr_store_sk, sum(sr_return_amt) as ctr_total_return
    from store_returns, date_dim
    where sr_returned_date_sk = d_date_sk and d_year = 2000
    group by sr_customer_sk, sr_store_sk
)
select c_customer_id
from customer_total_return ctr1, store, customer
where ctr1.ctr_total_return > (select avg(ctr_total_return) * 1.2 from customer_total_return ctr2 where ctr1.ctr_store_sk = ctr2.ctr_store_sk)
  and s_store_sk = ctr1.ctr_store_sk and s_state = 'TN' and ctr1.ctr_customer_sk = c_customer_sk
order by c_customer_id
limit 100;

--# in the shape of query 2: weekdays a year apart
with wscs as (
    select sold_date_sk, sales_price from (select ws_sold_date_sk as sold_date_sk, ws_ext_sales_price as sales_price from web_sales
        union all select cs_sold_date_sk as sold_date_sk, cs_ext_sales_price as sales_price from catalog_sales) x
), wswscs as (
    select d_week_seq,
           sum(case when (d_day_name = 'Sunday') then sales_price else null end) sun_sales,
           sum(case when (d_day_name = 'Monday') then sales_price else null end) mon_sales,
           sum(case when (d_day_name = 'Saturday') then sales_price else null end) sat_sales
    from wscs, date_dim where d_date_sk = sold_date_sk group by d_week_seq
)
select d_week_seq1, round(sun_sales1 / sun_sales2, 2), round(mon_sales1 / mon_sales2, 2), round(sat_sales1 / sat_sales2, 2)
from (select wswscs.d_week_seq d_week_seq1, sun_sales sun_sales1, mon_sales mon_sales1, sat_sales sat_sales1 from wswscs, date_dim
      where date_dim.d_week_seq = wswscs.d_week_seq and d_year = 2001) y,
     (select wswscs.d_week_seq d_week_seq2, sun_sales sun_sales2, mon_sales mon_sales2, sat_sales sat_sales2 from wswscs, date_dim
      where date_dim.d_week_seq = wswscs.d_week_seq and d_year = 2001 + 1) z
where d_week_seq1 = d_week_seq2 - 53
order by d_week_seq1

--# in the shape of query 3: brands of a manufacturer
select dt.d_year, item.i_brand_id brand_id, item.i_brand brand, sum(ss_ext_sales_price) sum_agg
from date_dim dt, store_sales, item
where dt.d_date_sk = store_sales.ss_sold_date_sk and store_sales.ss_item_sk = item.i_item_sk and item.i_manufact_id = 128 and dt.d_moy = 11
group by dt.d_year, item.i_brand, item.i_brand_id
order by dt.d_year, sum_agg desc, brand_id
limit 100

--# in the shape of query 5: three channels rolled up
with ssr as (
    select s_store_id, sum(sales_price) as sales, sum(profit) as profit, sum(return_amt) as returns, sum(net_loss) as profit_loss
    from (select ss_store_sk as store_sk, ss_sold_date_sk as date_sk, ss_ext_sales_price as sales_price, ss_net_profit as profit, cast(0 as decimal(7, 2)) as return_amt, cast(0 as decimal(7, 2)) as net_loss from store_sales
          union all
          select sr_store_sk, sr_returned_date_sk, cast(0 as decimal(7, 2)), cast(0 as decimal(7, 2)), sr_return_amt, sr_net_loss from store_returns) salesreturns, date_dim, store
    where date_sk = d_date_sk and d_date between cast('2000-08-23' as date) and (cast('2000-08-23' as date) + 14) and store_sk = s_store_sk
    group by s_store_id
)
select channel, id, sum(sales) as sales, sum(returns) as returns, sum(profit) as profit
from (select 'store channel' as channel, 'store' || s_store_id as id, sales, returns, (profit - profit_loss) as profit from ssr) x
group by rollup (channel, id)
order by channel, id
limit 100

--# in the shape of query 6: prices above the average of the category
select a.ca_state state, count(*) cnt
from customer_address a, customer c, store_sales s, date_dim d, item i
where a.ca_address_sk = c.c_current_addr_sk and c.c_customer_sk = s.ss_customer_sk and s.ss_sold_date_sk = d.d_date_sk and s.ss_item_sk = i.i_item_sk
  and d.d_month_seq = (select distinct (d_month_seq) from date_dim where d_year = 2001 and d_moy = 1)
  and i.i_current_price > 1.2 * (select avg(j.i_current_price) from item j where j.i_category = i.i_category)
group by a.ca_state
having count(*) >= 10
order by cnt, a.ca_state
limit 100

--# in the shape of query 9: one of two averages for each band
select case when (select count(*) from store_sales where ss_quantity between 1 and 20) > 74129
            then (select avg(ss_ext_discount_amt) from store_sales where ss_quantity between 1 and 20)
            else (select avg(ss_net_paid) from store_sales where ss_quantity between 1 and 20) end bucket1,
       case when (select count(*) from store_sales where ss_quantity between 21 and 40) > 122840
            then (select avg(ss_ext_discount_amt) from store_sales where ss_quantity between 21 and 40)
            else (select avg(ss_net_paid) from store_sales where ss_quantity between 21 and 40) end bucket2
from reason
where r_reason_sk = 1

--# in the shape of query 10: customers of one county with any sale
select cd_gender, cd_marital_status, count(*) cnt1, cd_dep_count, count(*) cnt2
from customer c, customer_address ca, customer_demographics
where c.c_current_addr_sk = ca.ca_address_sk and ca_county in ('Rush County', 'Toole County') and cd_demo_sk = c.c_current_cdemo_sk
  and exists (select * from store_sales, date_dim where c.c_customer_sk = ss_customer_sk and ss_sold_date_sk = d_date_sk and d_year = 2002 and d_moy between 1 and 4)
  and (exists (select * from web_sales, date_dim where c.c_customer_sk = ws_bill_customer_sk and ws_sold_date_sk = d_date_sk and d_year = 2002)
       or exists (select * from catalog_sales, date_dim where c.c_customer_sk = cs_ship_customer_sk and cs_sold_date_sk = d_date_sk and d_year = 2002))
group by cd_gender, cd_marital_status, cd_dep_count
order by cd_gender, cd_marital_status, cd_dep_count
limit 100

--# in the shape of query 12: revenue ratio within the class
select i_item_id, i_item_desc, i_category, i_class, i_current_price, sum(ws_ext_sales_price) as itemrevenue,
       sum(ws_ext_sales_price) * 100 / sum(sum(ws_ext_sales_price)) over (partition by i_class) as revenueratio
from web_sales, item, date_dim
where ws_item_sk = i_item_sk and i_category in ('Sports', 'Books', 'Home') and ws_sold_date_sk = d_date_sk
  and d_date between cast('1999-02-22' as date) and dateadd(day, 30, cast('1999-02-22' as date))
group by i_item_id, i_item_desc, i_category, i_class, i_current_price
order by i_category, i_class, i_item_id, i_item_desc, revenueratio
limit 100

--# in the shape of query 14: items of all channels
with cross_items as (
    select i_item_sk ss_item_sk from item, (
        select iss.i_brand_id brand_id, iss.i_class_id class_id from store_sales, item iss where ss_item_sk = iss.i_item_sk
        intersect
        select ics.i_brand_id, ics.i_class_id from catalog_sales, item ics where cs_item_sk = ics.i_item_sk
        intersect
        select iws.i_brand_id, iws.i_class_id from web_sales, item iws where ws_item_sk = iws.i_item_sk) x
    where i_brand_id = brand_id and i_class_id = class_id
), avg_sales as (
    select avg(quantity * list_price) average_sales from (
        select ss_quantity quantity, ss_list_price list_price from store_sales
        union all select cs_quantity, cs_list_price from catalog_sales
        union all select ws_quantity, ws_list_price from web_sales) y
)
select channel, i_brand_id, sum(sales), sum(number_sales)
from (select 'store' channel, i_brand_id, sum(ss_quantity * ss_list_price) sales, count(*) number_sales
      from store_sales, item where ss_item_sk in (select ss_item_sk from cross_items) and ss_item_sk = i_item_sk
      group by i_brand_id having sum(ss_quantity * ss_list_price) > (select average_sales from avg_sales)
      union all
      select 'web', i_brand_id, sum(ws_quantity * ws_list_price), count(*)
      from web_sales, item where ws_item_sk in (select ss_item_sk from cross_items) and ws_item_sk = i_item_sk
      group by i_brand_id having sum(ws_quantity * ws_list_price) > (select average_sales from avg_sales)) z
group by rollup (channel, i_brand_id)
order by channel, i_brand_id
limit 100

--# in the shape of query 16: orders from one warehouse, never returned
select count(distinct cs_order_number) as "order count", sum(cs_ext_ship_cost) as "total shipping cost", sum(cs_net_profit) as "total net profit"
from catalog_sales cs1, date_dim, customer_address, call_center
where d_date between '2002-02-01' and (cast('2002-02-01' as date) + interval '60 days')
  and cs1.cs_ship_date_sk = d_date_sk and cs1.cs_ship_addr_sk = ca_address_sk and ca_state = 'GA' and cs1.cs_call_center_sk = cc_call_center_sk
  and exists (select * from catalog_sales cs2 where cs1.cs_order_number = cs2.cs_order_number and cs1.cs_warehouse_sk <> cs2.cs_warehouse_sk)
  and not exists (select * from catalog_returns cr1 where cs1.cs_order_number = cr1.cr_order_number)
order by count(distinct cs_order_number)
limit 100

--# in the shape of query 18: averages over a rollup with casts
select i_item_id, ca_country, ca_state, avg(cast(cs_quantity as decimal(12, 2))) agg1, avg(cast(c_birth_year as decimal(12, 2))) agg6
from catalog_sales, customer_demographics cd1, customer, customer_address, date_dim, item
where cs_sold_date_sk = d_date_sk and cs_item_sk = i_item_sk and cs_bill_cdemo_sk = cd1.cd_demo_sk and cs_bill_customer_sk = c_customer_sk
  and c_current_addr_sk = ca_address_sk and c_birth_month in (1, 6, 8, 9, 12, 2) and d_year = 1998
group by rollup (i_item_id, ca_country, ca_state)
order by ca_country, ca_state, i_item_id
limit 100

--# in the shape of query 21: stock before and after a day
select * from (
    select w_warehouse_name, i_item_id,
           sum(case when (cast(d_date as date) < cast('2000-03-11' as date)) then inv_quantity_on_hand else 0 end) as inv_before,
           sum(case when (cast(d_date as date) >= cast('2000-03-11' as date)) then inv_quantity_on_hand else 0 end) as inv_after
    from inventory, warehouse, item, date_dim
    where i_current_price between 0.99 and 1.49 and i_item_sk = inv_item_sk and inv_warehouse_sk = w_warehouse_sk and inv_date_sk = d_date_sk
      and d_date between (cast('2000-03-11' as date) - 30) and (cast('2000-03-11' as date) + 30)
    group by w_warehouse_name, i_item_id) x
where (case when inv_before > 0 then inv_after / inv_before else null end) between 2.0 / 3.0 and 3.0 / 2.0
order by w_warehouse_name, i_item_id
limit 100

--# in the shape of query 23: the best customers
with frequent_ss_items as (
    select substring(i_item_desc, 1, 30) itemdesc, i_item_sk item_sk, d_date solddate, count(*) cnt
    from store_sales, date_dim, item where ss_sold_date_sk = d_date_sk and ss_item_sk = i_item_sk and d_year in (2000, 2000 + 1, 2000 + 2)
    group by substring(i_item_desc, 1, 30), i_item_sk, d_date having count(*) > 4
), max_store_sales as (
    select max(csales) tpcds_cmax from (select c_customer_sk, sum(ss_quantity * ss_sales_price) csales from store_sales, customer where ss_customer_sk = c_customer_sk group by c_customer_sk) x
), best_ss_customer as (
    select c_customer_sk, sum(ss_quantity * ss_sales_price) ssales from store_sales, customer where ss_customer_sk = c_customer_sk
    group by c_customer_sk having sum(ss_quantity * ss_sales_price) > (50 / 100.0) * (select * from max_store_sales)
)
select sum(sales) from (
    select cs_quantity * cs_list_price sales from catalog_sales where cs_item_sk in (select item_sk from frequent_ss_items) and cs_bill_customer_sk in (select c_customer_sk from best_ss_customer)
    union all
    select ws_quantity * ws_list_price from web_sales where ws_item_sk in (select item_sk from frequent_ss_items) and ws_bill_customer_sk in (select c_customer_sk from best_ss_customer)) y
limit 100

--# in the shape of query 27: grouping in the output
select i_item_id, s_state, grouping(s_state) g_state, avg(ss_quantity) agg1, avg(ss_list_price) agg2
from store_sales, customer_demographics, date_dim, store, item
where ss_sold_date_sk = d_date_sk and ss_item_sk = i_item_sk and ss_store_sk = s_store_sk and ss_cdemo_sk = cd_demo_sk and cd_gender = 'M' and d_year = 2002
group by rollup (i_item_id, s_state)
order by i_item_id, s_state
limit 100

--# in the shape of query 28: six bands side by side
select * from (select avg(ss_list_price) b1_lp, count(ss_list_price) b1_cnt, count(distinct ss_list_price) b1_cntd from store_sales
               where ss_quantity between 0 and 5 and (ss_list_price between 8 and 8 + 10 or ss_coupon_amt between 459 and 459 + 1000)) b1,
              (select avg(ss_list_price) b2_lp, count(ss_list_price) b2_cnt, count(distinct ss_list_price) b2_cntd from store_sales
               where ss_quantity between 6 and 10 and (ss_list_price between 90 and 90 + 10 or ss_wholesale_cost between 31 and 31 + 20)) b2
limit 100

--# in the shape of query 34: households with many tickets
select c_last_name, c_first_name, c_salutation, ss_ticket_number, cnt
from (select ss_ticket_number, ss_customer_sk, count(*) cnt
      from store_sales, date_dim, store, household_demographics
      where store_sales.ss_sold_date_sk = date_dim.d_date_sk and (date_dim.d_dom between 1 and 3 or date_dim.d_dom between 25 and 28)
        and (household_demographics.hd_buy_potential = '>10000' or household_demographics.hd_buy_potential = 'Unknown')
        and (case when household_demographics.hd_vehicle_count > 0 then household_demographics.hd_dep_count / household_demographics.hd_vehicle_count else null end) > 1.2
      group by ss_ticket_number, ss_customer_sk) dn, customer
where ss_customer_sk = c_customer_sk and cnt between 15 and 20
order by c_last_name, c_first_name, c_salutation desc, ss_ticket_number

--# in the shape of query 36: ranks within a hierarchy
select sum(ss_net_profit) / sum(ss_ext_sales_price) as gross_margin, i_category, i_class, grouping(i_category) + grouping(i_class) as lochierarchy,
       rank() over (partition by grouping(i_category) + grouping(i_class), case when grouping(i_class) = 0 then i_category end order by sum(ss_net_profit) / sum(ss_ext_sales_price) asc) as rank_within_parent
from store_sales, date_dim d1, item, store
where d1.d_year = 2001 and d1.d_date_sk = ss_sold_date_sk and i_item_sk = ss_item_sk and s_store_sk = ss_store_sk
group by rollup (i_category, i_class)
order by lochierarchy desc, case when grouping(i_category) + grouping(i_class) = 0 then i_category end, rank_within_parent
limit 100

--# in the shape of query 38: customers of all channels
select count(*) from (
    select distinct c_last_name, c_first_name, d_date from store_sales, date_dim, customer where ss_sold_date_sk = d_date_sk and ss_customer_sk = c_customer_sk and d_month_seq between 1200 and 1200 + 11
    intersect
    select distinct c_last_name, c_first_name, d_date from catalog_sales, date_dim, customer where cs_sold_date_sk = d_date_sk and cs_bill_customer_sk = c_customer_sk and d_month_seq between 1200 and 1200 + 11
    intersect
    select distinct c_last_name, c_first_name, d_date from web_sales, date_dim, customer where ws_sold_date_sk = d_date_sk and ws_bill_customer_sk = c_customer_sk and d_month_seq between 1200 and 1200 + 11
) hot_cust
limit 100

--# in the shape of query 39: variation of the stock
with inv as (
    select w_warehouse_sk, i_item_sk, d_moy, stdev, mean, case mean when 0 then null else stdev / mean end cov
    from (select w_warehouse_sk, i_item_sk, d_moy, stddev_samp(inv_quantity_on_hand) stdev, avg(inv_quantity_on_hand) mean
          from inventory, item, warehouse, date_dim where inv_item_sk = i_item_sk and inv_warehouse_sk = w_warehouse_sk and inv_date_sk = d_date_sk and d_year = 2001
          group by w_warehouse_sk, i_item_sk, d_moy) foo
    where case mean when 0 then 0 else stdev / mean end > 1
)
select inv1.w_warehouse_sk, inv1.i_item_sk, inv1.d_moy, inv1.mean, inv1.cov, inv2.d_moy, inv2.mean, inv2.cov
from inv inv1, inv inv2
where inv1.i_item_sk = inv2.i_item_sk and inv1.w_warehouse_sk = inv2.w_warehouse_sk and inv1.d_moy = 1 and inv2.d_moy = 1 + 1
order by inv1.w_warehouse_sk, inv1.i_item_sk

--# in the shape of query 44: best and worst
select asceding.rnk, i1.i_product_name best_performing, i2.i_product_name worst_performing
from (select * from (select item_sk, rank() over (order by rank_col asc) rnk from (select ss_item_sk item_sk, avg(ss_net_profit) rank_col from store_sales ss1 where ss_store_sk = 4 group by ss_item_sk
        having avg(ss_net_profit) > 0.9 * (select avg(ss_net_profit) rank_col from store_sales where ss_store_sk = 4 and ss_addr_sk is null group by ss_store_sk)) v1) v11 where rnk < 11) asceding,
     (select * from (select item_sk, rank() over (order by rank_col desc) rnk from (select ss_item_sk item_sk, avg(ss_net_profit) rank_col from store_sales ss1 where ss_store_sk = 4 group by ss_item_sk) v2) v21 where rnk < 11) descending,
     item i1, item i2
where asceding.rnk = descending.rnk and i1.i_item_sk = asceding.item_sk and i2.i_item_sk = descending.item_sk
order by asceding.rnk
limit 100

--# in the shape of query 47: the month before and behind
with v1 as (
    select i_category, i_brand, s_store_name, d_year, d_moy, sum(ss_sales_price) sum_sales,
           avg(sum(ss_sales_price)) over (partition by i_category, i_brand, s_store_name, d_year) avg_monthly_sales,
           rank() over (partition by i_category, i_brand, s_store_name order by d_year, d_moy) rn
    from item, store_sales, date_dim, store
    where ss_item_sk = i_item_sk and ss_sold_date_sk = d_date_sk and ss_store_sk = s_store_sk and (d_year = 1999 or (d_year = 1999 - 1 and d_moy = 12) or (d_year = 1999 + 1 and d_moy = 1))
    group by i_category, i_brand, s_store_name, d_year, d_moy
), v2 as (
    select v1.i_category, v1.d_year, v1.d_moy, v1.avg_monthly_sales, v1.sum_sales, v1_lag.sum_sales psum, v1_lead.sum_sales nsum
    from v1, v1 v1_lag, v1 v1_lead
    where v1.i_category = v1_lag.i_category and v1.i_category = v1_lead.i_category and v1.rn = v1_lag.rn + 1 and v1.rn = v1_lead.rn - 1
)
select * from v2
where d_year = 1999 and avg_monthly_sales > 0 and case when avg_monthly_sales > 0 then abs(sum_sales - avg_monthly_sales) / avg_monthly_sales else null end > 0.1
order by sum_sales - avg_monthly_sales, 3
limit 100

--# in the shape of query 51: sums that run, joined
with web_v1 as (
    select ws_item_sk item_sk, d_date, sum(sum(ws_sales_price)) over (partition by ws_item_sk order by d_date rows between unbounded preceding and current row) cume_sales
    from web_sales, date_dim where ws_sold_date_sk = d_date_sk and d_month_seq between 1200 and 1200 + 11 and ws_item_sk is not null group by ws_item_sk, d_date
), store_v1 as (
    select ss_item_sk item_sk, d_date, sum(sum(ss_sales_price)) over (partition by ss_item_sk order by d_date rows between unbounded preceding and current row) cume_sales
    from store_sales, date_dim where ss_sold_date_sk = d_date_sk and d_month_seq between 1200 and 1200 + 11 and ss_item_sk is not null group by ss_item_sk, d_date
)
select * from (
    select item_sk, d_date, web_sales, store_sales, max(web_sales) over (partition by item_sk order by d_date rows between unbounded preceding and current row) web_cumulative
    from (select case when web.item_sk is not null then web.item_sk else store.item_sk end item_sk, case when web.d_date is not null then web.d_date else store.d_date end d_date, web.cume_sales web_sales, store.cume_sales store_sales
          from web_v1 web full outer join store_v1 store on (web.item_sk = store.item_sk and web.d_date = store.d_date)) x) y
where web_cumulative > 10
order by item_sk, d_date
limit 100

--# in the shape of query 58: the same revenue in every channel
with ss_items as (
    select i_item_id item_id, sum(ss_ext_sales_price) ss_item_rev from store_sales, item, date_dim
    where ss_item_sk = i_item_sk and d_date in (select d_date from date_dim where d_week_seq = (select d_week_seq from date_dim where d_date = '2000-01-03')) and ss_sold_date_sk = d_date_sk
    group by i_item_id
), ws_items as (
    select i_item_id item_id, sum(ws_ext_sales_price) ws_item_rev from web_sales, item, date_dim
    where ws_item_sk = i_item_sk and d_date in (select d_date from date_dim where d_week_seq = (select d_week_seq from date_dim where d_date = '2000-01-03')) and ws_sold_date_sk = d_date_sk
    group by i_item_id
)
select ss_items.item_id, ss_item_rev, ss_item_rev / ((ss_item_rev + ws_item_rev) / 2) * 100 ss_dev, (ss_item_rev + ws_item_rev) / 2 average
from ss_items, ws_items
where ss_items.item_id = ws_items.item_id and ss_item_rev between 0.9 * ws_item_rev and 1.1 * ws_item_rev
order by ss_items.item_id, ss_item_rev
limit 100

--# in the shape of query 66: a column for each month
select w_warehouse_name, ship_carriers, year, sum(jan_sales) as jan_sales, sum(feb_sales) as feb_sales, sum(jan_sales / w_warehouse_sq_ft) as jan_sales_per_sq_foot
from (select w_warehouse_name, w_warehouse_sq_ft, 'DHL' || ',' || 'BARIAN' as ship_carriers, d_year as year,
             sum(case when d_moy = 1 then ws_ext_sales_price * ws_quantity else 0 end) as jan_sales,
             sum(case when d_moy = 2 then ws_ext_sales_price * ws_quantity else 0 end) as feb_sales
      from web_sales, warehouse, date_dim, time_dim, ship_mode
      where ws_warehouse_sk = w_warehouse_sk and ws_sold_date_sk = d_date_sk and ws_sold_time_sk = t_time_sk and ws_ship_mode_sk = sm_ship_mode_sk
        and d_year = 2001 and t_time between 30838 and 30838 + 28800 and sm_carrier in ('DHL', 'BARIAN')
      group by w_warehouse_name, w_warehouse_sq_ft, d_year) x
group by w_warehouse_name, ship_carriers, year
order by w_warehouse_name
limit 100

--# in the shape of query 67: the hundred best of each category
select * from (
    select i_category, i_class, i_brand, i_product_name, d_year, d_qoy, d_moy, s_store_id, sumsales, rank() over (partition by i_category order by sumsales desc) rk
    from (select i_category, i_class, i_brand, i_product_name, d_year, d_qoy, d_moy, s_store_id, sum(coalesce(ss_sales_price * ss_quantity, 0)) sumsales
          from store_sales, date_dim, store, item
          where ss_sold_date_sk = d_date_sk and ss_item_sk = i_item_sk and ss_store_sk = s_store_sk and d_month_seq between 1200 and 1200 + 11
          group by rollup (i_category, i_class, i_brand, i_product_name, d_year, d_qoy, d_moy, s_store_id)) dw1) dw2
where rk <= 100
order by i_category, i_class, i_brand, i_product_name, d_year, d_qoy, d_moy, s_store_id, sumsales, rk
limit 100

--# in the shape of query 75: sales less returns, year by year
with all_sales as (
    select d_year, i_brand_id, sum(sales_cnt) as sales_cnt, sum(sales_amt) as sales_amt
    from (select d_year, i_brand_id, cs_quantity - coalesce(cr_return_quantity, 0) as sales_cnt, cs_ext_sales_price - coalesce(cr_return_amount, 0.0) as sales_amt
          from catalog_sales join item on i_item_sk = cs_item_sk join date_dim on d_date_sk = cs_sold_date_sk
          left join catalog_returns on (cs_order_number = cr_order_number and cs_item_sk = cr_item_sk) where i_category = 'Books'
          union
          select d_year, i_brand_id, ss_quantity - coalesce(sr_return_quantity, 0), ss_ext_sales_price - coalesce(sr_return_amt, 0.0)
          from store_sales join item on i_item_sk = ss_item_sk join date_dim on d_date_sk = ss_sold_date_sk
          left join store_returns on (ss_ticket_number = sr_ticket_number and ss_item_sk = sr_item_sk) where i_category = 'Books') sales_detail
    group by d_year, i_brand_id
)
select prev_yr.d_year as prev_year, curr_yr.d_year as year, curr_yr.sales_cnt - prev_yr.sales_cnt as sales_cnt_diff
from all_sales curr_yr, all_sales prev_yr
where curr_yr.i_brand_id = prev_yr.i_brand_id and curr_yr.d_year = 2002 and prev_yr.d_year = 2002 - 1
  and cast(curr_yr.sales_cnt as decimal(17, 2)) / cast(prev_yr.sales_cnt as decimal(17, 2)) < 0.9
order by sales_cnt_diff
limit 100

--# in the shape of query 78: what was not returned, joined twice
with ws as (
    select d_year as ws_sold_year, ws_item_sk, ws_bill_customer_sk ws_customer_sk, sum(ws_quantity) ws_qty
    from web_sales left join web_returns on wr_order_number = ws_order_number and ws_item_sk = wr_item_sk join date_dim on ws_sold_date_sk = d_date_sk
    where wr_order_number is null group by d_year, ws_item_sk, ws_bill_customer_sk
), ss as (
    select d_year as ss_sold_year, ss_item_sk, ss_customer_sk, sum(ss_quantity) ss_qty
    from store_sales left join store_returns on sr_ticket_number = ss_ticket_number and ss_item_sk = sr_item_sk join date_dim on ss_sold_date_sk = d_date_sk
    where sr_ticket_number is null group by d_year, ss_item_sk, ss_customer_sk
)
select ss_sold_year, ss_item_sk, round(ss_qty::float / coalesce(ws_qty, 1), 2) ratio
from ss left join ws on (ws_sold_year = ss_sold_year and ws_item_sk = ss_item_sk and ws_customer_sk = ss_customer_sk)
where coalesce(ws_qty, 0) > 0 and ss_sold_year = 2000
order by ss_sold_year, ss_item_sk, ratio
limit 100

--# in the shape of query 97: in one channel, the other, or both
with ssci as (select ss_customer_sk customer_sk, ss_item_sk item_sk from store_sales, date_dim where ss_sold_date_sk = d_date_sk and d_month_seq between 1200 and 1200 + 11 group by ss_customer_sk, ss_item_sk),
     csci as (select cs_bill_customer_sk customer_sk, cs_item_sk item_sk from catalog_sales, date_dim where cs_sold_date_sk = d_date_sk and d_month_seq between 1200 and 1200 + 11 group by cs_bill_customer_sk, cs_item_sk)
select sum(case when ssci.customer_sk is not null and csci.customer_sk is null then 1 else 0 end) store_only,
       sum(case when ssci.customer_sk is null and csci.customer_sk is not null then 1 else 0 end) catalog_only,
       sum(case when ssci.customer_sk is not null and csci.customer_sk is not null then 1 else 0 end) store_and_catalog
from ssci full outer join csci on (ssci.customer_sk = csci.customer_sk and ssci.item_sk = csci.item_sk)
limit 100

--# in the shape of query 99: days to ship in bands
select substring(w_warehouse_name, 1, 20), sm_type, cc_name,
       sum(case when (cs_ship_date_sk - cs_sold_date_sk <= 30) then 1 else 0 end) as "30 days",
       sum(case when (cs_ship_date_sk - cs_sold_date_sk > 30) and (cs_ship_date_sk - cs_sold_date_sk <= 60) then 1 else 0 end) as "31-60 days",
       sum(case when (cs_ship_date_sk - cs_sold_date_sk > 60) then 1 else 0 end) as ">60 days"
from catalog_sales, warehouse, ship_mode, call_center, date_dim
where d_month_seq between 1200 and 1200 + 11 and cs_ship_date_sk = d_date_sk and cs_warehouse_sk = w_warehouse_sk and cs_ship_mode_sk = sm_ship_mode_sk and cs_call_center_sk = cc_call_center_sk
group by substring(w_warehouse_name, 1, 20), sm_type, cc_name
order by substring(w_warehouse_name, 1, 20), sm_type, cc_name
limit 100
