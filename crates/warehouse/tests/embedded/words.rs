//! Redshift's words in the embedded engine: each through the guard, with what Redshift's documentation says that it gives.

use std::fs;

use outflow_core::Code;
use outflow_core::guard::Guard;
use outflow_core::parameter::Parameters;

use super::fixture::Fixture;

/// The values of the one row of a query without a table, as they come from the guard and the engine.
async fn row(fixture: &Fixture, values: &str) -> String {
    let text = run(fixture, &format!("SELECT {values}")).await;
    text.split_once('\n').map(|(_, row)| row.trim_end_matches('\n').to_owned()).unwrap_or(text)
}

async fn run(fixture: &Fixture, query: &str) -> String {
    let checked = Guard::embedded().check(query, &Parameters::default()).unwrap_or_else(|error| panic!("{query}: {error}"));
    fixture.csv(checked.text()).await
}

async fn all(cases: &[(&str, &str)]) {
    let fixture = Fixture::sample();
    for (values, expected) in cases {
        assert_eq!(row(&fixture, values).await, *expected, "{values}");
    }
}

/// Each query is let through, fails with that code, and says that.
async fn fail(cases: &[(&str, Code, &str)]) {
    let fixture = Fixture::sample();
    for (values, code, said) in cases {
        let query = format!("SELECT {values} AS a");
        let checked = Guard::embedded().check(&query, &Parameters::default()).unwrap_or_else(|error| panic!("{query}: {error}"));
        let error = fixture.error(checked.text()).await;
        assert_eq!(error.code(), *code, "{values}: {error}");
        assert!(error.message().contains(said), "{values}: {error}");
    }
}

#[tokio::test]
async fn conditions() {
    all(&[
        ("nvl(NULL, NULL, 3), nvl(1, 2)", "3,1"),
        ("nvl2(1, 'a', 'b'), nvl2(NULL, 'a', 'b'), nvl2('x', 1, 2)", "a,b,1"),
        ("decode(2, 1, 'one', 2, 'two', 'many'), decode(3, 1, 'one', 2, 'two', 'many'), decode(3, 1, 'one')", "two,many,"),
        ("decode(NULL, NULL, 0, 1), decode(5, NULL, 0, 1), decode(NULL, 1, 'a', 'b')", "0,1,b"),
        ("decode(1.0, NULL, 'null', 1, 'one'), decode('b', 'a', 1, 'b', 2, 3)", "one,2"),
        ("decode(DATE '2008-06-01', '2008-06-01', 'June 1st, 2008')", "\"June 1st, 2008\""),
        ("decode(encode('abc', 'hex'), 'hex')", "616263"),
    ])
    .await;
    fail(&[
        ("decode(1)", Code::QueryInvalid, "`decode` takes 3 arguments or more, and here are 1"),
        ("nvl2(1, 2)", Code::QueryInvalid, "`nvl2` takes 3 arguments"),
    ])
    .await;
    let fixture = Fixture::sample();
    let query = "SELECT decode(n_regionkey, NULL, 'none', 0, 'Africa', n_nationkey, 'same', 'other') AS d, count(*) AS n FROM nation GROUP BY 1 ORDER BY 1";
    assert_eq!(run(&fixture, query).await, "d,n\nAfrica,5\nother,18\nsame,2\n");
    // The value is in the tree once, however deep they nest.
    let nested = (0..40).fold("n_nationkey".to_owned(), |inner, _| format!("decode({inner}, NULL, 1, n_regionkey, 2, 3)"));
    assert_eq!(run(&fixture, &format!("SELECT count({nested}) AS n FROM nation")).await, "n\n25\n");
}

#[tokio::test]
async fn texts() {
    all(&[
        ("len('한글 '), textlen('abc'), len(NULL)", "3,3,"),
        ("charindex('fish', 'dogfish'), charindex('x', 'dogfish'), charindex('', 'a')", "4,0,1"),
        ("strtol('0xf', 16), strtol('abcd1234', 16), strtol('1234567', 8), strtol('110101', 2)", "15,2882343476,342391,53"),
        ("strtol('', 10), strtol(' -7', 10), strtol(NULL, 10)", "0,-7,"),
        ("regexp_substr('the fox', 'FOX', 1, 1, 'i'), regexp_substr('the fox', 'FOX')", "fox,\"\""),
        ("regexp_substr('a@b.com', '@[^.]*'), regexp_substr('aXbXc', '[a-z]', 2, 2)", "@b,c"),
        ("regexp_substr('k=v', '([a-z])=([a-z])', 1, 1, 'e'), regexp_substr('k=v', '[a-z]', 1, 1, 'e')", "k,k"),
        ("regexp_substr('abc', 'b', 9), regexp_substr('abc', 'b', 0), regexp_substr('abc', 'b', 1, 0)", "\"\",b,"),
    ])
    .await;
    fail(&[
        ("strtol('12x', 10)", Code::QueryFailed, "no number of base 10"),
        ("strtol('9223372036854775808', 10)", Code::QueryFailed, "within 64 bits"),
        ("strtol('1', 37)", Code::QueryFailed, "a base from 2 to 36"),
        ("regexp_substr('a', '(?=a)', 1, 1, 'p')", Code::QueryFailed, "look ahead"),
        ("regexp_substr('a', '(', 1, 1)", Code::QueryFailed, "cannot read the pattern"),
        ("len(1, 2)", Code::QueryInvalid, "`len` takes one argument, and here are 2"),
        ("charindex('a')", Code::QueryInvalid, "`charindex` takes 2 arguments, and here are 1"),
    ])
    .await;
}

#[tokio::test]
async fn moments() {
    all(&[
        ("dateadd(month, 18, '2008-02-28'), dateadd(m, 30, DATE '2008-02-28')", "2009-08-28 00:00:00,2008-02-28 00:30:00"),
        ("dateadd(month, 1, '2008-01-31'), dateadd(month, 1, '2008-04-30')", "2008-02-29 00:00:00,2008-05-30 00:00:00"),
        ("dateadd(month, 12, '2016-02-29'), dateadd(year, 1, '2016-02-29')", "2017-02-28 00:00:00,2017-03-01 00:00:00"),
        ("dateadd(qtr, -1, '2026-05-31'), dateadd(week, 2, '2026-01-01')", "2026-02-28 00:00:00,2026-01-15 00:00:00"),
        ("dateadd(decade, 1, '2020-02-29'), dateadd(c, -1, '2000-02-29')", "2030-03-01 00:00:00,1900-03-01 00:00:00"),
        ("dateadd('us', 1, '2026-01-01'), dateadd(MS, -1, '2026-01-01')", "2026-01-01 00:00:00.000001,2025-12-31 23:59:59.999"),
        ("dateadd(day, NULL, '2026-01-01'), dateadd(day, 1, NULL)", ","),
        ("dateadd(hour, 12, TIME '13:24:55'), dateadd(hour, 1, TIMESTAMPTZ '2026-01-01 00:00:00+09')", "01:24:55,2025-12-31 16:00:00+00"),
        ("datediff(year, '2008-12-31', '2009-01-01'), datediff(hour, '2009-01-01 08:30:00', '2009-01-01 10:00:00')", "1,2"),
        ("datediff(week, '2009-01-01', '2009-12-31'), datediff(qtr, '1998-07-01', '2008-06-05')", "52,39"),
        ("datediff(day, '2026-01-02', '2026-01-01 23:59:59'), datediff(mon, '2026-03-01', '2026-01-31')", "-1,-2"),
        ("datediff(w, '2026-11-22', '2026-11-23'), datediff(w, '2026-11-21', '2026-11-22')", "1,0"),
        ("datediff(century, '2000-12-31', '2001-01-01'), datediff(mil, '2000-12-31', '2001-01-01'), datediff(dec, '1999-12-31', '2000-01-01')", "1,1,1"),
        ("datediff(us, '2026-01-01', '2026-01-01 00:00:01'), datediff(minute, TIME '20:00:00', TIME '21:00:00')", "1000000,60"),
        ("datediff(day, NULL, '2026-01-01')", ""),
        ("datediff(second, sysdate, getdate()) <= 0, date_trunc('day', getdate()) = current_date, sysdate > '2026-01-01'", "t,t,t"),
    ])
    .await;
    fail(&[
        ("dateadd(fortnight, 1, '2026-01-01')", Code::QueryInvalid, "does not know the part `fortnight`"),
        ("dateadd(dow, 1, '2026-01-01')", Code::QueryInvalid, "does not know the part `dow`"),
        ("dateadd(day, 1.5, '2026-01-01')", Code::QueryInvalid, "a whole number"),
        ("dateadd(day, 1, 5)", Code::QueryInvalid, "a date or a time"),
        ("dateadd(day, 9000000000000000000, '2026-01-01')", Code::QueryFailed, "out of range"),
        ("dateadd(day, 1, TIME '10:00:00')", Code::QueryFailed, "no day"),
        ("datediff(day, '2026-01-01')", Code::QueryInvalid, "takes 3 arguments"),
        ("datediff(hour, TIME '10:00:00', '2026-01-01'::date)", Code::QueryInvalid, "two dates or two times"),
    ])
    .await;
}

#[tokio::test]
async fn months_and_days() {
    all(&[
        ("add_months('2008-04-30', 1), add_months(DATE '2008-01-31', 1), add_months('2008-03-30 10:00:00', -1)", "2008-05-31 00:00:00,2008-02-29 00:00:00,2008-02-29 10:00:00"),
        ("add_months(TIMESTAMPTZ '2026-02-28 12:00:00+00', 12), add_months(NULL, 1)", "2027-02-28 12:00:00+00,"),
        ("last_day('2024-02-10'), last_day(TIMESTAMP '2014-01-31 23:59:59'), last_day(NULL)", "2024-02-29,2014-01-31,"),
        ("months_between('1969-01-18', '1969-03-18'), months_between('2014-08-31', '2014-09-30'), months_between(NULL, '2026-01-01')", "-2,-1,"),
        ("round(months_between(TIMESTAMP '2008-12-25 15:00:00', '2008-01-21 19:30:00'), 5)", "11.12298"),
        ("next_day('2014-08-20', 'Tuesday'), next_day('2014-08-26', 'tu'), next_day(DATE '2008-07-06', 'Mon')", "2014-08-26,2014-09-02,2008-07-07"),
        ("trunc(TIMESTAMP '2011-07-21 10:32:38.248109'), trunc(getdate()) = current_date, trunc(-1.99), trunc(1.5::float8), trunc(7), trunc(12.3456, 2)", "2011-07-21,t,-1.00,1,7,12.3400"),
    ])
    .await;
    fail(&[
        ("next_day('2014-08-20', 'Someday')", Code::QueryFailed, "does not know the day `Someday`"),
        ("last_day(TIME '10:00:00')", Code::QueryInvalid, "no time of a day"),
        ("add_months('2026-01-01', 900000000000)", Code::QueryFailed, "out of range"),
        ("trunc(true)", Code::QueryInvalid, "a number, a date or a timestamp"),
    ])
    .await;
}

#[tokio::test]
async fn parts_of_moments() {
    all(&[
        ("date_part(minute, TIMESTAMP '2023-01-04 04:05:06.789'), date_part('w', TIMESTAMP '2022-05-02 04:05:06.789')", "5,18"),
        ("date_part(dayofweek, '2022-05-02'), date_part(century, '2022-05-02'), date_part(millennium, '2022-05-02')", "1,21,3"),
        ("date_part(sec, '2009-09-21 11:10:03.189717'), date_part(us, TIMESTAMP '2022-05-02 04:05:06.789')", "3.189717,789000"),
        ("date_part(epoch, '2008-01-01 20:00:00'), date_part(dy, DATE '2026-12-31'), date_part(yr, NULL)", "1199217600,365,"),
        ("extract(year FROM DATE '2026-05-17'), extract(qtrs FROM DATE '2026-05-17')", "2026,2"),
        (
            "extract(second FROM TIMESTAMP '2009-09-21 11:10:03.189717'), extract(ms FROM TIMESTAMP '2009-09-09 12:08:43.101')",
            "3,101",
        ),
        ("extract(century FROM TIMESTAMP '2000-12-16 12:21:13'), extract(century FROM TIMESTAMP '2001-12-16 12:21:13')", "20,21"),
        ("extract(decade FROM TIMESTAMP '1999-02-16 20:38:40'), extract(decade FROM TIMESTAMP '2000-02-16 20:38:40')", "200,201"),
        ("extract(epoch FROM TIMESTAMP '2026-01-01 00:00:00.9'), extract(weekday FROM DATE '2026-11-22')", "1767225600,0"),
        ("extract(timezone_hour FROM TIMESTAMPTZ '2026-01-01 00:00:00+09'), extract(hour FROM TIME '20:00:00')", "0,20"),
        (
            "date_trunc('qtr', TIMESTAMP '2020-05-30 04:05:06.789'), date_trunc('mon', TIMESTAMP '2020-04-30 04:05:06')",
            "2020-04-01 00:00:00,2020-04-01 00:00:00",
        ),
    ])
    .await;
    fail(&[
        ("date_part(eon, '2026-01-01')", Code::QueryInvalid, "does not know the part `eon`"),
        ("date_part(timezone, '2026-01-01')", Code::QueryFailed, "no timezone"),
        ("date_part(1, '2026-01-01')", Code::QueryInvalid, "the name of a part"),
    ])
    .await;
}

#[tokio::test]
async fn zones() {
    all(&[
        ("convert_timezone('PST', '2008-08-24 09:36:12'), convert_timezone('US/Pacific', '2008-08-24 09:36:12')", "2008-08-24 01:36:12,2008-08-24 02:36:12"),
        ("convert_timezone('EST', 'PST', '2008-03-05 12:25:29'), convert_timezone('Asia/Seoul', TIMESTAMPTZ '2026-01-01 00:00:00+00')", "2008-03-05 09:25:29,2026-01-01 09:00:00"),
        ("convert_timezone('GMT', 'NEWZONE +2', '2014-05-17 12:00:00'), convert_timezone('GMT', 'NEWZONE-2:15', '2014-05-17 12:00:00')", "2014-05-17 10:00:00,2014-05-17 14:15:00"),
        ("convert_timezone('America/New_York', 'UTC', '2026-11-01 01:30:00'), convert_timezone('America/New_York', 'UTC', '2026-03-08 02:30:00')", "2026-11-01 06:30:00,2026-03-08 07:30:00"),
        ("convert_timezone('UTC', NULL, '2026-01-01'), convert_timezone('KST', NULL)", ","),
    ])
    .await;
    fail(&[
        ("convert_timezone('Mars/Olympus', '2026-01-01')", Code::QueryFailed, "does not know the time zone `Mars/Olympus`"),
        ("convert_timezone('+09:00', '2026-01-01')", Code::QueryFailed, "does not know the time zone `+09:00`"),
        ("convert_timezone('UTC', TIME '10:00:00')", Code::QueryFailed, "no time of a day"),
    ])
    .await;
}

#[tokio::test]
async fn patterns() {
    all(&[
        ("to_char(TIMESTAMP '2009-12-31 23:15:59', 'MONTH-DY-DD-YYYY HH12:MIPM')", "DECEMBER -THU-31-2009 11:15PM"),
        ("to_char(DATE '2009-12-31', 'yyyymmdd'), to_char(TIMESTAMPTZ '2026-01-01 09:00:00+09', 'HH24:MI:SS TZ')", "20091231,00:00:00 UTC"),
        ("to_char(-125.8, '999D99S'), to_char(618.80, 'l99999D99'), to_char(12454, '99,999')", "125.80-,$   618.80,\" 12,454\""),
        ("to_char(1234567.895, 'FM999,999,990.00'), to_char(0.5::float8, 'FM0.0'), to_char(1234, '999')", "\"1,234,567.90\",0.5, ###"),
        ("to_char(NULL::date, 'YYYY'), to_char(DATE '2026-01-01', NULL)", ","),
        ("to_date('02 Oct 2001', 'DD Mon YYYY'), to_date('20010631', 'YYYYMMDD'), to_date(NULL, 'YYYY')", "2001-10-02,2001-07-01,"),
        ("to_timestamp('2011-12-18 24:38:15', 'YYYY-MM-DD HH24:MI:SS'), to_timestamp('5/4/21 7:27:53.28 pm', 'DD/MM/YY HH:MI:SS.MS am')", "2011-12-19 00:38:15+00,2021-04-05 19:27:53.28+00"),
        ("to_number('12,454.8-', '99G999D9S'), to_number('$1,234.50', 'L9,999.99'), to_number('12.345', '99D999')", "-12454.8,1234.50,12.345"),
    ])
    .await;
    fail(&[
        ("to_char(DATE '2026-01-01', '%Y-%m')", Code::QueryInvalid, "does not know `m`"),
        ("to_char(DATE '2026-01-01', 'YYYY-MM-DDTHH24')", Code::QueryInvalid, "does not know `H24` in the pattern"),
        ("to_char(DATE '2026-01-01', '999')", Code::QueryFailed, "does not know `999`"),
        ("to_char(5, 'YYYY')", Code::QueryFailed, "does not know"),
        ("to_char('2026-01-01', 'YYYY')", Code::QueryInvalid, "a date, a timestamp or a number"),
        ("to_date('20010631', 'YYYYMMDD', true)", Code::QueryFailed, "out of range"),
        ("to_date('2026-01-01', 'IYYY-IW')", Code::QueryInvalid, "reads no weeks"),
        ("to_date('2026-01-01', 'YYYY-MM-DD TZ')", Code::QueryInvalid, "no TZ"),
        ("to_date('x', 'YYYY')", Code::QueryFailed, "finds no number at `x`"),
        ("to_timestamp('2026', 'YYYY-MM')", Code::QueryFailed, "at its end"),
        ("to_number('123', '99')", Code::QueryFailed, "no number of this pattern"),
        ("to_number('1', 'XX')", Code::QueryInvalid, "does not know `X`"),
    ])
    .await;
}

#[tokio::test]
async fn json() {
    let text = r#"'{"f2":{"f3":1},"f4":{"f5":99,"f6":"star"}}'"#;
    all(&[
        (&format!("json_extract_path_text({text}, 'f4', 'f6'), json_extract_path_text({text}, 'f2', 'f3')"), "star,1"),
        (&format!("json_extract_path_text({text}, 'f2'), json_extract_path_text({text}, 'f9')"), "\"{\"\"f3\"\":1}\","),
        ("json_array_length('[11,12,13,{\"f1\":21}]'), json_array_length('[]'), json_array_length('{}', true)", "4,0,"),
        ("json_extract_array_element_text('[111,112,113]', 2), json_extract_array_element_text('[\"a\",null]', 0)", "113,a"),
        ("json_extract_array_element_text('[\"a\",null]', 1), json_extract_array_element_text('[1]', -1)", ","),
        ("json_extract_path_text('{', 'a', true), json_extract_path_text(NULL, 'a')", ","),
    ])
    .await;
    fail(&[
        ("json_extract_path_text('{', 'a')", Code::QueryFailed, "takes JSON, and this is none"),
        ("json_extract_path_text('{}', 'a', 'b', 'c', 'd', 'e', 'f')", Code::QueryInvalid, "1 to 5 names"),
        ("json_array_length('{}')", Code::QueryFailed, "takes a JSON array, and this is none"),
        ("json_extract_array_element_text('[1', 0)", Code::QueryFailed, "takes a JSON array, and this is none"),
        ("json_extract_path_text('{}')", Code::QueryInvalid, "`json_extract_path_text` takes"),
    ])
    .await;
}

#[tokio::test]
async fn aggregates() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("sale.csv"), "seller,qty,name\n1,10,b\n1,30,a\n1,10,\n2,20,d\n2,21,c\n3,,\n").unwrap();
    let fixture = Fixture::tables(folder.path());
    for (query, expected) in [
        (
            "SELECT seller, listagg(name, ', ') WITHIN GROUP (ORDER BY name DESC) AS l FROM sale GROUP BY seller ORDER BY seller",
            "seller,l\n1,\"b, a\"\n2,\"d, c\"\n3,\n",
        ),
        (
            "SELECT listagg(a, '-') WITHIN GROUP (ORDER BY b) AS l FROM (VALUES ('x', 1), ('', 2), (NULL, 3), ('y', 4)) AS v (a, b)",
            "l\nx-y\n",
        ),
        ("SELECT listagg(qty, '|') WITHIN GROUP (ORDER BY qty, name) AS l FROM sale", "l\n10|10|20|21|30\n"),
        ("SELECT listagg(DISTINCT qty, '|') WITHIN GROUP (ORDER BY qty DESC) AS l FROM sale", "l\n30|21|20|10\n"),
        (
            "SELECT listagg(name) WITHIN GROUP (ORDER BY name) AS l, listagg(name) FILTER (WHERE seller > 5) AS n FROM sale",
            "l,n\nabcd,\n",
        ),
        ("SELECT seller, median(qty) AS m FROM sale GROUP BY seller ORDER BY seller", "seller,m\n1,10.0\n2,20.5\n3,\n"),
        ("SELECT median(qty * 1.01) AS m, median(qty::float8) AS f FROM sale", "m,f\n20.200,20\n"),
        (
            "SELECT seller, qty, ratio_to_report(qty) OVER (PARTITION BY seller) AS r FROM sale WHERE seller < 2 ORDER BY qty DESC, r",
            "seller,qty,r\n1,30,0.6\n1,10,0.2\n1,10,0.2\n",
        ),
        ("SELECT ratio_to_report(0) OVER () AS r", "r\n\n"),
        ("SELECT APPROXIMATE COUNT(DISTINCT qty) AS n, approximate count (DISTINCT seller) AS s FROM sale", "n,s\n4,3\n"),
        (
            "SELECT seller, qty FROM sale QUALIFY row_number() OVER (PARTITION BY seller ORDER BY qty DESC NULLS LAST) = 1 ORDER BY seller",
            "seller,qty\n1,30\n2,21\n3,\n",
        ),
        (
            "SELECT seller, sum(qty) AS s FROM sale GROUP BY seller QUALIFY rank() OVER (ORDER BY sum(qty) DESC NULLS LAST) <= 2 ORDER BY s",
            "seller,s\n2,41\n1,50\n",
        ),
    ] {
        assert_eq!(run(&fixture, query).await, expected, "{query}");
    }
    fail(&[
        ("listagg(n_name) OVER ()", Code::QueryInvalid, "takes no OVER here"),
        ("listagg(n_name, n_name)", Code::QueryInvalid, "a delimiter that is a text in the query"),
        ("ratio_to_report(1)", Code::QueryInvalid, "OVER (PARTITION BY"),
        ("ratio_to_report(count(*) OVER ()) OVER ()", Code::QueryInvalid, "no expression with OVER"),
        ("median('a')", Code::QueryInvalid, "takes numbers"),
    ])
    .await;
    let sample = Fixture::sample();
    let error = sample.error("SELECT listagg(o_comment) AS l FROM orders").await;
    assert!(error.code() == Code::QueryFailed && error.message().contains("longer than 65535 bytes"), "{error}");
}

#[tokio::test]
async fn columns_have_redshifts_names() {
    let fixture = Fixture::sample();
    let query = "SELECT dateadd(day, 1, '2026-01-01'), datediff(day, '2026-01-01', '2026-01-01'), date_part(day, '2026-01-01'), decode(1, 1, 2), sysdate, len('a'), CONVERT(varchar, n_name) FROM nation WHERE n_nationkey = 0";
    let text = run(&fixture, query).await;
    assert_eq!(text.lines().next(), Some("date_add,date_diff,pgdate_part,case,sysdate,len,n_name"));
    assert_eq!(
        row(&fixture, "CONVERT(integer, '12'), CONVERT(decimal(5,2), 1.5), CONVERT(timestamp, '9999-12-31')").await,
        "12,1.50,9999-12-31 00:00:00"
    );
    assert_eq!(row(&fixture, "\"sysdate\" FROM (SELECT 1 AS \"sysdate\") AS q").await, "1");
}

/// Within whole queries the words give what the same query in common words gives.
#[tokio::test]
async fn whole_queries() {
    let fixture = Fixture::sample();
    for (words, common) in [
        (
            "SELECT to_char(date_trunc('mon', o_orderdate), 'YYYY-MM') AS m, count(*) AS n FROM orders GROUP BY to_char(date_trunc('mon', o_orderdate), 'YYYY-MM') ORDER BY m",
            "SELECT substring(CAST(o_orderdate AS varchar), 1, 7) AS m, count(*) AS n FROM orders GROUP BY 1 ORDER BY m",
        ),
        (
            "SELECT datediff(day, l_shipdate, l_receiptdate) AS d, count(*) AS n FROM lineitem WHERE l_shipdate >= dateadd(month, -3, '1998-12-01') GROUP BY 1 HAVING datediff(day, l_shipdate, l_receiptdate) > 20 ORDER BY 1",
            "SELECT CAST(l_receiptdate - l_shipdate AS bigint) AS d, count(*) AS n FROM lineitem WHERE l_shipdate >= DATE '1998-09-01' GROUP BY 1 HAVING CAST(l_receiptdate - l_shipdate AS bigint) > 20 ORDER BY 1",
        ),
        (
            "SELECT date_part(year, o_orderdate) AS y, sum(decode(o_orderstatus, 'F', 1, 0)) AS f FROM orders WHERE date_part(y, o_orderdate) > 1995 GROUP BY date_part(year, o_orderdate) ORDER BY y",
            "SELECT extract(year FROM o_orderdate) AS y, sum(CASE WHEN o_orderstatus = 'F' THEN 1 ELSE 0 END) AS f FROM orders WHERE o_orderdate >= DATE '1996-01-01' GROUP BY 1 ORDER BY y",
        ),
        (
            "SELECT r_name, listagg(n_name, ',') WITHIN GROUP (ORDER BY n_name) AS l FROM nation JOIN region ON n_regionkey = r_regionkey GROUP BY r_name ORDER BY r_name",
            "SELECT r_name, string_agg(n_name, ',' ORDER BY n_name) AS l FROM nation JOIN region ON n_regionkey = r_regionkey GROUP BY r_name ORDER BY r_name",
        ),
        (
            "SELECT DISTINCT n_regionkey, median(n_nationkey) OVER (PARTITION BY n_regionkey) AS m FROM nation ORDER BY 1",
            "SELECT n_regionkey, CAST(percentile_cont(0.5) WITHIN GROUP (ORDER BY n_nationkey) AS numeric(20, 1)) AS m FROM nation GROUP BY 1 ORDER BY 1",
        ),
        (
            "SELECT n_nationkey FROM nation QUALIFY ratio_to_report(n_nationkey) OVER () > 0.07 ORDER BY 1",
            "SELECT n_nationkey FROM nation WHERE n_nationkey / 300.0 > 0.07 ORDER BY 1",
        ),
        (
            "WITH q AS (SELECT dateadd(day, 30, o_orderdate)::date AS d, nvl(nullif(o_orderstatus, 'F'), 'none') AS s FROM orders) SELECT last_day(d) AS l, s, count(*) AS n FROM q WHERE d < getdate() GROUP BY last_day(d), s ORDER BY l, s",
            "WITH q AS (SELECT CAST(o_orderdate + INTERVAL '30 days' AS date) AS d, CASE WHEN o_orderstatus = 'F' THEN 'none' ELSE o_orderstatus END AS s FROM orders) SELECT CAST(date_trunc('month', d) + INTERVAL '1 month' - INTERVAL '1 day' AS date) AS l, s, count(*) AS n FROM q GROUP BY 1, s ORDER BY l, s",
        ),
        (
            "SELECT regexp_substr(p_type, '[A-Z]+$') AS t, len(p_type) AS l, count(*) AS n FROM part WHERE charindex('BRASS', p_type) > 0 GROUP BY 1, 2 ORDER BY 1, 2",
            "SELECT split_part(p_type, ' ', 3) AS t, length(p_type) AS l, count(*) AS n FROM part WHERE p_type LIKE '%BRASS%' GROUP BY 1, 2 ORDER BY 1, 2",
        ),
    ] {
        let expected = run(&fixture, common).await;
        assert!(expected.lines().count() > 2, "{common}: {expected}");
        assert_eq!(run(&fixture, words).await, expected, "{words}");
    }
}
