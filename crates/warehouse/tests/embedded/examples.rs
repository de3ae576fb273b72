//! The worked examples of AWS's documentation of UNLOAD, as facts: the statements letter by letter, over tables with the rows that it shows.
//!
//! <https://docs.aws.amazon.com/redshift/latest/dg/r_UNLOAD_command_examples.html>. Where it contradicts itself, the test says which of the two is
//! taken. Rows of a result without ORDER BY have no order in Redshift: what matters there are the names and the set of rows.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, Decimal128Array, Int32Array, RecordBatch};
use outflow_core::Code;
use outflow_core::options::Compression;
use tempfile::TempDir;

use super::fixture::Fixture;
use super::reading;

const VENUE: &str = "venueid,venuename,venuecity,venuestate,venueseats\n";

/// A folder with one table, as CSV.
fn table(name: &str, text: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), name, text);
    folder
}

fn write(folder: &Path, name: &str, text: &str) {
    std::fs::write(folder.join(format!("{name}.csv")), text).unwrap();
}

/// The VENUE table with these rows.
fn venue(rows: &str) -> TempDir {
    table("venue", &format!("{VENUE}{rows}"))
}

/// Enough rows that every slice has some.
fn many_venues() -> TempDir {
    venue(&(1..=202).map(|id| format!("{id},Venue {id},City {},NY,{}\n", id % 7, id * 100)).collect::<String>())
}

/// The three rows of the examples of JSON and CSV.
fn three_venues(first: &str) -> TempDir {
    venue(&format!(
        "1,{first},Akron,OH,0\n2,\"Columbus \"\"Crew\"\" Stadium\",Columbus,OH,0\n4,\"Community, Ballpark, Arena\",Kansas City,KS,0\n"
    ))
}

/// Runs a statement over the table; the files' names and the sorted lines of all of them.
async fn unloaded(fixture: &Fixture, sql: &str) -> (Vec<String>, Vec<String>) {
    fixture.run(sql).await;
    let keys = fixture.listed().await;
    let mut lines = Vec::new();
    for key in keys.iter().filter(|key| !key.ends_with("manifest")) {
        let compression = if key.ends_with(".gz") { Compression::Gzip } else { Compression::None };
        let text = String::from_utf8(reading::expanded(&fixture.read(key).await, compression)).unwrap();
        lines.extend(text.lines().map(str::to_owned));
    }
    lines.sort();
    (keys, lines)
}

fn four(prefix: &str, suffix: &str) -> Vec<String> {
    (0..4).map(|slice| format!("{prefix}{slice:04}_part_00{suffix}")).collect()
}

#[tokio::test]
async fn venue_to_a_pipe_delimited_file() {
    let tables = many_venues();
    let fixture = Fixture::of_aws(Some(tables.path()));
    let sql = "unload ('select * from venue')
to 's3://mybucket/unload/'
iam_role 'arn:aws:iam::0123456789012:role/MyRedshiftRole';";
    let (keys, lines) = unloaded(&fixture, sql).await;
    assert_eq!(keys, four("unload/", ""));
    assert_eq!(lines.len(), 202);
    assert!(lines.contains(&"7|Venue 7|City 0|NY|700".to_owned()));
    let fixture = Fixture::of_aws(Some(tables.path()));
    let sql = "unload ('select * from venue')
to 's3://mybucket/unload/venue_pipe_'
iam_role 'arn:aws:iam::0123456789012:role/MyRedshiftRole';";
    assert_eq!(unloaded(&fixture, sql).await.0, four("unload/venue_pipe_", ""));
}

#[tokio::test]
async fn lineitem_to_partitioned_parquet_files() {
    let dates = ["1992-01-02", "1992-01-03", "1992-01-04"];
    let rows = (0..300).map(|id| format!("{id},{}\n", dates[id % 3])).collect::<String>();
    let tables = table("lineitem", &format!("l_orderkey,l_shipdate\n{rows}"));
    let expected: Vec<String> = dates.iter().flat_map(|date| four(&format!("lineitem/l_shipdate={date}/"), ".parquet")).collect();
    for (end, columns) in [("", &["l_orderkey"][..]), (" INCLUDE", &["l_orderkey", "l_shipdate"])] {
        let fixture = Fixture::of_aws(Some(tables.path()));
        let sql = format!(
            "unload ('select * from lineitem')
to 's3://mybucket/lineitem/'
iam_role 'arn:aws:iam::0123456789012:role/MyRedshiftRole'
PARQUET
PARTITION BY (l_shipdate){end};"
        );
        assert_eq!(fixture.run(&sql).await, 300);
        assert_eq!(fixture.listed().await, expected);
        assert_eq!(reading::parquet_columns(fixture.read(&expected[0]).await), columns);
    }
}

#[tokio::test]
async fn venue_to_a_json_file() {
    let tables = three_venues("Pinewood Racetrack");
    let fixture = Fixture::of_aws(Some(tables.path()));
    let sql = "unload ('select * from venue')
to 's3://mybucket/unload/'
iam_role 'arn:aws:iam::0123456789012:role/MyRedshiftRole'
JSON;";
    // The documentation has a blank behind `Stadium` that is not in the table that it shows; the table is taken.
    let expected = [
        r#"{"venueid":1,"venuename":"Pinewood Racetrack","venuecity":"Akron","venuestate":"OH","venueseats":0}"#,
        r#"{"venueid":2,"venuename":"Columbus \"Crew\" Stadium","venuecity":"Columbus","venuestate":"OH","venueseats":0}"#,
        r#"{"venueid":4,"venuename":"Community, Ballpark, Arena","venuecity":"Kansas City","venuestate":"KS","venueseats":0}"#,
    ];
    assert_eq!(unloaded(&fixture, sql).await.1, expected);
}

#[tokio::test]
async fn venue_to_a_csv_file() {
    let tables = three_venues("Pinewood Racetrack");
    let fixture = Fixture::of_aws(Some(tables.path()));
    let sql = "unload ('select * from venue')
to 's3://mybucket/unload/'
iam_role 'arn:aws:iam::0123456789012:role/MyRedshiftRole'
CSV;";
    let expected = [
        "1,Pinewood Racetrack,Akron,OH,0",
        "2,\"Columbus \"\"Crew\"\" Stadium\",Columbus,OH,0",
        "4,\"Community, Ballpark, Arena\",Kansas City,KS,0",
    ];
    assert_eq!(unloaded(&fixture, sql).await.1, expected);
}

#[tokio::test]
async fn venue_to_a_csv_file_using_a_delimiter() {
    let tables = three_venues("Pinewood Race|track");
    let fixture = Fixture::of_aws(Some(tables.path()));
    let sql = "unload ('select * from venue')
to 's3://mybucket/unload/'
iam_role 'arn:aws:iam::0123456789012:role/MyRedshiftRole'
CSV DELIMITER AS '|';";
    let expected = [
        "1|\"Pinewood Race|track\"|Akron|OH|0",
        "2|\"Columbus \"\"Crew\"\" Stadium\"|Columbus|OH|0",
        "4|Community, Ballpark, Arena|Kansas City|KS|0",
    ];
    assert_eq!(unloaded(&fixture, sql).await.1, expected);
}

#[tokio::test]
async fn venue_with_a_manifest_file() {
    let tables = many_venues();
    let fixture = Fixture::of_aws(Some(tables.path()));
    let sql = "unload ('select * from venue')
to 's3://mybucket/venue_pipe_' iam_role 'arn:aws:iam::0123456789012:role/MyRedshiftRole'
manifest;";
    let (keys, _) = unloaded(&fixture, sql).await;
    let files = four("venue_pipe_", "");
    assert_eq!(keys[..4], files);
    assert_eq!(keys[4..], ["venue_pipe_manifest"]);
    // The manifest that is shown is of another prefix, `tickit/venue_`; the names that the statement gives are taken.
    let entries: Vec<_> = files.iter().map(|key| serde_json::json!({"url": format!("s3://mybucket/{key}")})).collect();
    let manifest: serde_json::Value = serde_json::from_str(&fixture.text("venue_pipe_manifest").await).unwrap();
    assert_eq!(manifest, serde_json::json!({ "entries": entries }));
    // The example of ALLOWOVERWRITE: the same statement fails a second time, and does not with it.
    assert_eq!(fixture.refusal(sql).await.code(), Code::QueryFailed);
    let again = "unload ('select * from venue')
to 's3://mybucket/venue_pipe_'
iam_role 'arn:aws:iam::0123456789012:role/MyRedshiftRole'
manifest allowoverwrite;";
    assert_eq!(unloaded(&fixture, again).await.0, keys);
}

#[tokio::test]
async fn venue_with_manifest_verbose() {
    let tables = many_venues();
    let fixture = Fixture::of_aws(Some(tables.path()));
    let sql = "unload ('select * from venue')
to 's3://mybucket/unload_venue_folder/'
iam_role 'arn:aws:iam::0123456789012:role/MyRedshiftRole'
manifest verbose;";
    unloaded(&fixture, sql).await;
    let manifest: serde_json::Value = serde_json::from_str(&fixture.text("unload_venue_folder/manifest").await).unwrap();
    let (mut bytes, mut rows) = (0, 0);
    for (entry, key) in manifest["entries"].as_array().unwrap().iter().zip(four("unload_venue_folder/", "")) {
        assert_eq!(entry["url"], format!("s3://mybucket/{key}"));
        let text = fixture.text(&key).await;
        assert_eq!(entry["meta"]["content_length"], text.len());
        assert_eq!(entry["meta"]["record_count"], text.lines().count());
        bytes += text.len();
        rows += text.lines().count();
    }
    assert_eq!((&manifest["meta"]["content_length"], &manifest["meta"]["record_count"]), (&bytes.into(), &rows.into()));
    // `{"base": "character varying", 25}`, as it is shown, is no JSON: the length has a key. The columns of a file have no lengths.
    let elements = &manifest["schema"]["elements"];
    assert_eq!(elements[0], serde_json::json!({"name": "venueid", "type": {"base": "bigint"}}));
    assert_eq!(
        elements[1],
        serde_json::json!({"name": "venuename", "type": {"base": "character varying", "max_length": 65_535}})
    );
    let mut keys: Vec<&String> = manifest.as_object().unwrap().keys().collect();
    keys.sort();
    assert_eq!(keys, ["author", "entries", "meta", "schema"]);
    let mut author: Vec<&String> = manifest["author"].as_object().unwrap().keys().collect();
    author.sort();
    assert_eq!(author, ["name", "version"]);
}

#[tokio::test]
async fn venue_with_a_header() {
    let tables = venue(
        "6,New York Giants Stadium,East Rutherford,NJ,80242\n78,INVESCO Field,Denver,CO,76125\n83,FedExField,Landover,MD,91704\n79,Arrowhead Stadium,Kansas City,MO,79451\n5,Gillette Stadium,Foxborough,MA,68756\n",
    );
    let fixture = Fixture::of_aws(Some(tables.path()));
    let sql = "unload ('select * from venue where venueseats > 75000')
to 's3://mybucket/unload/'
iam_role 'arn:aws:iam::0123456789012:role/MyRedshiftRole'
header
parallel off;";
    fixture.run(sql).await;
    assert_eq!(fixture.listed().await, ["unload/000"]);
    let expected = "venueid|venuename|venuecity|venuestate|venueseats\n6|New York Giants Stadium|East Rutherford|NJ|80242\n78|INVESCO Field|Denver|CO|76125\n83|FedExField|Landover|MD|91704\n79|Arrowhead Stadium|Kansas City|MO|79451\n";
    assert_eq!(fixture.text("unload/000").await, expected);
}

#[tokio::test]
async fn venue_to_smaller_files_and_serially() {
    let tables = many_venues();
    let fixture = Fixture::of_aws(Some(tables.path()));
    let sql = "unload ('select * from venue')
to 's3://mybucket/unload/'
iam_role 'arn:aws:iam::0123456789012:role/MyRedshiftRole'
maxfilesize 1 gb;";
    assert_eq!(unloaded(&fixture, sql).await.0, four("unload/", ""), "what is smaller than a gigabyte is not split");
    let fixture = Fixture::of_aws(Some(tables.path()));
    let sql = "unload ('select * from venue')
to 's3://mybucket/unload/venue_serial_'
iam_role 'arn:aws:iam::0123456789012:role/MyRedshiftRole'
parallel off;";
    assert_eq!(unloaded(&fixture, sql).await.0, ["unload/venue_serial_000"]);
}

#[tokio::test]
async fn lineorder_serially() {
    let rows =
        (0..90_000).map(|id| format!("{id},{:x}\n", (id as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15))).collect::<String>();
    let tables = table("lineorder", &format!("lo_orderkey,lo_comment\n{rows}"));
    let fixture = Fixture::of_aws(Some(tables.path()));
    let sql = "unload ('select * from lineorder')
to 's3://mybucket/unload/lineorder_serial_'
iam_role 'arn:aws:iam::0123456789012:role/MyRedshiftRole'
parallel off gzip;";
    // The example shows `lineorder_serial_0000.gz`, the parameter PARALLEL `key000`, and the example before it `venue_serial_000`: three
    // digits are taken, as two of three say and as Redshift does.
    let (keys, lines) = unloaded(&fixture, sql).await;
    assert_eq!((keys, lines.len()), (vec!["unload/lineorder_serial_000.gz".to_owned()], 90_000));
}

#[tokio::test]
async fn venue_to_encrypted_files() {
    let tables = many_venues();
    let fixture = Fixture::of_aws(Some(tables.path()));
    let sql = "unload ('select * from venue')
to 's3://mybucket/venue_encrypt_kms'
iam_role 'arn:aws:iam::0123456789012:role/MyRedshiftRole'
kms_key_id '1234abcd-12ab-34cd-56ef-1234567890ab'
manifest
encrypted;";
    let (keys, _) = unloaded(&fixture, sql).await;
    assert_eq!(keys[4], "venue_encrypt_kmsmanifest");
    // Client-side encryption ended on 2026-04-30.
    let sql = "unload ('select * from venue')
to 's3://mybucket/venue_encrypt_cmk'
iam_role 'arn:aws:iam::0123456789012:role/MyRedshiftRole'
master_symmetric_key 'EXAMPLEMASTERKEYtkbjk/OpCwtYSx/M4/t7DMCDIK722'
encrypted;";
    let error = fixture.refusal(sql).await;
    assert!(error.message().contains("MASTER_SYMMETRIC_KEY") && !error.message().contains("EXAMPLE"), "{error}");
}

const FIVE: &str = "1,Toyota Park,Bridgeview,IL,0\n2,Columbus Crew Stadium,Columbus,OH,0\n3,RFK Stadium,Washington,DC,0\n4,CommunityAmerica Ballpark,Kansas City,KS,0\n5,Gillette Stadium,Foxborough,MA,68756\n";

#[tokio::test]
async fn venue_to_a_tab_delimited_file() {
    let tables = venue(FIVE);
    let fixture = Fixture::of_aws(Some(tables.path()));
    let sql = r"unload ('select venueid, venuename, venueseats from venue')
to 's3://mybucket/venue_tab_'
iam_role 'arn:aws:iam::0123456789012:role/MyRedshiftRole'
delimiter as '\t';";
    // The files that are shown have all five columns; the statement names three.
    let expected = [
        "1\tToyota Park\t0",
        "2\tColumbus Crew Stadium\t0",
        "3\tRFK Stadium\t0",
        "4\tCommunityAmerica Ballpark\t0",
        "5\tGillette Stadium\t68756",
    ];
    assert_eq!(unloaded(&fixture, sql).await.1, expected);
    let fixture = Fixture::of_aws(Some(tables.path()));
    let sql = r"unload ('select * from venue')
to 's3://mybucket/venue_tab_'
iam_role 'arn:aws:iam::0123456789012:role/MyRedshiftRole'
delimiter as '\t'
gzip;";
    let (keys, lines) = unloaded(&fixture, sql).await;
    assert_eq!(keys, four("venue_tab_", ".gz"));
    assert_eq!(lines[3], "4\tCommunityAmerica Ballpark\tKansas City\tKS\t0");
    let fixture = Fixture::of_aws(Some(tables.path()));
    let sql = "unload ('select * from venue')
to 's3://mybucket/venue_tab_'
iam_role 'arn:aws:iam::0123456789012:role/MyRedshiftRole'
extension 'txt.gz'
gzip;";
    assert_eq!(unloaded(&fixture, sql).await.0, four("venue_tab_", ".txt.gz"));
}

#[tokio::test]
async fn venue_to_a_fixed_width_file() {
    let tables = venue(FIVE);
    let fixture = Fixture::of_aws(Some(tables.path()));
    let sql = "unload ('select * from venue')
to 's3://mybucket/venue_fw_'
iam_role 'arn:aws:iam::0123456789012:role/MyRedshiftRole'
fixedwidth as 'venueid:3,venuename:39,venuecity:16,venuestate:2,venueseats:6';";
    // The lines that are shown are narrower than the widths that the statement gives; the statement is taken.
    let expected = [
        "1  Toyota Park                            Bridgeview      IL0     ",
        "2  Columbus Crew Stadium                  Columbus        OH0     ",
        "3  RFK Stadium                            Washington      DC0     ",
        "4  CommunityAmerica Ballpark              Kansas City     KS0     ",
        "5  Gillette Stadium                       Foxborough      MA68756 ",
    ];
    assert_eq!(unloaded(&fixture, sql).await.1, expected);
}

#[tokio::test]
async fn data_that_contains_a_delimiter() {
    let tables = table("location", "id,location\n1,\"Phoenix, AZ\"\n2,\"San Diego, CA\"\n3,\"Chicago, IL\"\n");
    let fixture = Fixture::of_aws(Some(tables.path()));
    let sql = "unload ('select id, location from location')
to 's3://mybucket/location_'
iam_role 'arn:aws:iam::0123456789012:role/MyRedshiftRole'
delimiter ',' addquotes;";
    // The example shows the number without quotes; the parameter ADDQUOTES says `each unloaded data field` and shows `"1","Hello, World"`, which
    // is taken.
    assert_eq!(unloaded(&fixture, sql).await.1, [r#""1","Phoenix, AZ""#, r#""2","San Diego, CA""#, r#""3","Chicago, IL""#]);
}

#[tokio::test]
async fn the_results_of_a_join_query() {
    let tables = tempfile::tempdir().unwrap();
    // DECIMAL(8,2), as it is in AWS's table.
    let prices = Decimal128Array::from(vec![36_300, 23_300, 31_000, 16_600, 26_800]).with_precision_and_scale(8, 2).unwrap();
    let sales: [(&str, ArrayRef); 3] = [
        ("eventid", Arc::new(Int32Array::from(vec![1; 5]))),
        ("dateid", Arc::new(Int32Array::from_iter_values(1..=5))),
        ("pricepaid", Arc::new(prices)),
    ];
    super::tables::write_batch(&tables.path().join("sales.parquet"), &RecordBatch::try_from_iter(sales).unwrap());
    write(tables.path(), "date", "dateid,caldate\n1,2008-01-04\n2,2008-01-05\n3,2008-01-06\n4,2008-01-08\n5,2008-01-11\n");
    write(tables.path(), "event", "eventid,venueid\n1,9\n");
    write(tables.path(), "venue", &format!("{VENUE}9,Fox Theatre,Atlanta,GA,0\n"));
    let fixture = Fixture::of_aws(Some(tables.path()));
    let sql = "unload ('select venuecity, venuestate, caldate, pricepaid,
sum(pricepaid) over(partition by venuecity, venuestate
order by caldate rows between 3 preceding and 3 following) as winsum
from sales join date on sales.dateid=date.dateid
join event on event.eventid=sales.eventid
join venue on event.venueid=venue.venueid
order by 1,2')
to 's3://mybucket/tickit/winsum'
iam_role 'arn:aws:iam::0123456789012:role/MyRedshiftRole';";
    // The sums that are shown are of rows that are not: these are the sums of the five.
    let expected = [
        "Atlanta|GA|2008-01-04|363.00|1072.00",
        "Atlanta|GA|2008-01-05|233.00|1340.00",
        "Atlanta|GA|2008-01-06|310.00|1340.00",
        "Atlanta|GA|2008-01-08|166.00|1340.00",
        "Atlanta|GA|2008-01-11|268.00|977.00",
    ];
    assert_eq!(unloaded(&fixture, sql).await.1, expected);
}

#[tokio::test]
async fn null_as() {
    let tables = venue(
        "248,Charles Playhouse,Boston,MA,0\n251,Paris Hotel,Las Vegas,NV,\n258,Tropicana Hotel,Las Vegas,NV,\n300,Kennedy Center Opera House,Washington,DC,0\n306,Lyric Opera House,Baltimore,MD,0\n308,Metropolitan Opera,New York City,NY,0\n5,Gillette Stadium,Foxborough,MA,5\n22,Quicken Loans Arena,Cleveland,,0\n101,Progressive Field,Cleveland,,43345\n",
    );
    let fixture = Fixture::of_aws(Some(tables.path()));
    let sql = "unload ('select * from venue')
to 's3://mybucket/nulls/'
iam_role 'arn:aws:iam::0123456789012:role/MyRedshiftRole'
null as 'fred';";
    // Some lines that are shown begin with blanks, which fields without a width do not have.
    let expected = [
        "101|Progressive Field|Cleveland|fred|43345",
        "22|Quicken Loans Arena|Cleveland|fred|0",
        "248|Charles Playhouse|Boston|MA|0",
        "251|Paris Hotel|Las Vegas|NV|fred",
        "258|Tropicana Hotel|Las Vegas|NV|fred",
        "300|Kennedy Center Opera House|Washington|DC|0",
        "306|Lyric Opera House|Baltimore|MD|0",
        "308|Metropolitan Opera|New York City|NY|0",
        "5|Gillette Stadium|Foxborough|MA|5",
    ];
    assert_eq!(unloaded(&fixture, sql).await.1, expected);
    let sql = "unload ('select * from venue')
to 's3://mybucket/nulls/'
iam_role 'arn:aws:iam::0123456789012:role/MyRedshiftRole' allowoverwrite;";
    assert!(unloaded(&fixture, sql).await.1.contains(&"251|Paris Hotel|Las Vegas|NV|".to_owned()));
}

#[tokio::test]
async fn the_limit_clause() {
    let tables = many_venues();
    let fixture = Fixture::of_aws(Some(tables.path()));
    let sql = "unload ('select * from venue limit 10')
to 's3://mybucket/venue_pipe_' iam_role 'arn:aws:iam::0123456789012:role/MyRedshiftRole';";
    assert_eq!(fixture.refusal(sql).await.code(), Code::QueryInvalid);
    let sql = "unload ('select * from venue where venueid in
(select venueid from venue order by venueid desc limit 10)')
to 's3://mybucket/venue_pipe_' iam_role 'arn:aws:iam::0123456789012:role/MyRedshiftRole';";
    assert_eq!(unloaded(&fixture, sql).await.1.len(), 10);
}

#[tokio::test]
async fn a_literal_in_the_query() {
    let tables = venue("1,a,Reno,NV,0\n2,b,Akron,OH,0\n");
    let fixture = Fixture::of_aws(Some(tables.path()));
    let sql = "unload ('select * from venue where venuestate=''NV''') to 's3://mybucket/nv' iam_role default parallel off";
    assert_eq!(unloaded(&fixture, sql).await, (vec!["nv000".to_owned()], vec!["1|a|Reno|NV|0".to_owned()]));
}
