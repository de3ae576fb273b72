//! Results in folders by the values of their columns: where their files go, and what keeps them there.

use serde_json::json;

use crate::fake::{Fake, answer, sha256};
use crate::support::{Ended, Place};

const TEXT: &str = "1|apple\n2|a\\\nb\n";

/// A service with a finished unload of text whose files have these names.
fn service(names: &[&str]) -> Fake {
    let options = json!({"format": "text", "compression": "none", "header": false, "delimiter": "|", "nullAs": "", "bom": null,
        "quoteAll": false, "escape": true, "fixedWidth": null, "singleFile": false, "parallel": true, "maxFileSizeMb": null,
        "rowGroupSizeMb": null, "partitionBy": ["year"], "partitionInclude": false, "extension": null, "retentionDays": 7,
        "timeoutSeconds": 60});
    let own = "content-disposition: attachment; filename=\"x.txt\"\r\n";
    Fake::finished(&options, names, TEXT, &sha256(TEXT), move |_, _| answer("200 OK", own, TEXT.as_bytes()))
}

fn download(place: &Place, fake: &Fake, more: &[&str]) -> Ended {
    place.run(&[&["download", "x", "--server", &fake.url][..], more].concat())
}

#[test]
fn every_file_lies_in_the_folder_of_its_partition_and_is_verified_there() {
    let place = Place::new();
    let names = ["output/year=2024/0000_part_00.txt", "output/year=a%2F월/0000_part_00.txt"];
    let ended = download(&place, &service(&names), &[]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert!(ended.stderr.contains("2 files in `x/output`"), "{}", ended.stderr);
    let lines: Vec<_> = ended.stdout.lines().collect();
    assert_eq!(lines, names.map(|name| format!("x/{name}")));
    for name in &lines {
        assert_eq!(std::fs::read_to_string(place.path(name)).unwrap(), TEXT);
        // Alone too, by the receipt above its folder: the two have the same name.
        let alone = place.run(&["verify", name]);
        assert!(alone.code == 0 && alone.stdout.contains("2 rows"), "{}{}", alone.stdout, alone.stderr);
    }
    let whole = place.run(&["verify", "x"]);
    assert_eq!((whole.code, whole.stdout.lines().count()), (0, 2), "{}{}", whole.stdout, whole.stderr);
    std::fs::write(place.path(lines[1]), "1|apple\n").unwrap();
    let bad = place.run(&["verify", "x", "--output", "json"]);
    let verdicts: serde_json::Value = serde_json::from_str(&bad.stdout).unwrap();
    assert_eq!((bad.code, &verdicts[0]["ok"], &verdicts[1]["ok"]), (1, &json!(true), &json!(false)), "{verdicts}");
}

#[test]
fn one_partition_is_a_folder_too() {
    let place = Place::new();
    let fake = service(&["output/year=2024/0000_part_00.txt"]);
    for (out, folder) in [(&[][..], "x"), (&["--out", "other"], "other")] {
        std::fs::create_dir_all(place.path("other")).unwrap();
        let ended = download(&place, &fake, out);
        assert_eq!((ended.code, ended.stdout), (0, format!("{folder}/output/year=2024/0000_part_00.txt\n")), "{}", ended.stderr);
        assert_eq!(place.run(&["verify", folder]).code, 0);
    }
    // Who names a file has one.
    let named = download(&place, &fake, &["--out", "one.txt"]);
    assert_eq!((named.code, named.stdout.as_str()), (0, "one.txt\n"), "{}", named.stderr);
}

#[test]
fn no_name_of_a_receipt_leads_out_of_the_folder() {
    for name in [
        "output/../../escaped.txt",
        "../escaped.txt/x",
        "/tmp/outflow-escaped/x.txt",
        "output/./x.txt",
        "output//x.txt",
        "output/year=\\..\\escaped.txt",
        ".git/hooks/post-checkout",
        "output/.bashrc",
    ] {
        let place = Place::new();
        std::fs::create_dir(place.path("chosen")).unwrap();
        let ended = download(&place, &service(&["output/year=2024/0000_part_00.txt", name]), &["--out", "chosen"]);
        assert!(ended.code == 1 && ended.stderr.contains("which is no file name"), "{name}: {}", ended.stderr);
        let left: Vec<_> = std::fs::read_dir(place.path("")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert!(!left.iter().any(|name| name == "escaped.txt"), "{name}: {left:?}");
        let chosen: Vec<_> = std::fs::read_dir(place.path("chosen")).unwrap().collect();
        assert!(chosen.is_empty(), "all names are looked at before the first file is asked for: {chosen:?}");
    }
}

#[test]
fn flags_that_make_several_files_want_a_folder() {
    let place = Place::with_tables();
    for flag in [["--partition-by", "name"], ["--max-file-size-mb", "100"]] {
        let ended = place.run(&["unload", "SELECT id, name FROM fruit", "--tables", "tables", flag[0], flag[1], "--out", "-"]);
        assert!(ended.code == 2 && ended.stderr.contains(&format!("`{}` asks for several", flag[0])), "{}", ended.stderr);
    }
}

#[test]
fn every_option_reaches_the_statement() {
    let place = Place::with_tables();
    for (flags, said) in [
        (
            &["--format", "text", "--quote-all", "--escape", "--compression", "bzip2"][..],
            &["\nBZIP2", "\nADDQUOTES", "\nESCAPE"][..],
        ),
        (&["--format", "text", "--fixed-width", "id:5,name:9"], &["\nFIXEDWIDTH AS 'id:5,name:9'"]),
        (&["--partition-by", "id,name", "--partition-include"], &["\nPARTITION BY (\"id\", \"name\") INCLUDE"]),
        (&["--max-file-size-mb", "100", "--extension", "dat"], &["\nMAXFILESIZE AS 100 MB", "\nEXTENSION 'dat'"]),
        (&["--format", "parquet", "--row-group-size-mb", "64"], &["\nROWGROUPSIZE AS 64 MB"]),
    ] {
        let base = ["explain", "SELECT id, name FROM fruit", "--tables", "tables"];
        let ended = place.run(&[&base[..], flags].concat());
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        assert!(said.iter().all(|clause| ended.stdout.contains(clause)), "{flags:?}: {}", ended.stdout);
    }
    let wrong = place.run(&["explain", "SELECT id FROM fruit", "--quote-all", "--tables", "tables"]);
    assert!(wrong.code == 2 && wrong.stderr.contains("(illegal_option)"), "{}", wrong.stderr);
}

#[test]
fn a_query_becomes_folders_and_every_kind_of_text_is_counted() {
    let place = Place::with_tables();
    let unload = |flags: &[&str]| {
        place.run(&[&["unload", "SELECT id, name FROM fruit", "--tables", "tables", "--data-dir", "data"][..], flags].concat())
    };
    let ended = unload(&["--partition-by", "id", "--no-parallel", "--compression", "none", "--request-id", "p"]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let mut lines: Vec<_> = ended.stdout.lines().collect();
    lines.sort_unstable();
    assert_eq!(lines, [1, 2, 3].map(|id| format!("p/output/id={id}/000.csv")));
    assert_eq!(std::fs::read_to_string(place.path(lines[1])).unwrap(), "name\n배\n");
    assert_eq!(place.run(&["verify", "p"]).code, 0);
    // Before it runs: the folder holds the receipt of another unload.
    let taken = unload(&["--partition-by", "name", "--out", "p"]);
    assert!(taken.code == 4 && !taken.stderr.contains("accepted"), "{}", taken.stderr);

    // A value has a line's end in it: where the file tells, it is counted, and where it does not, nothing is claimed.
    for (out, flags, told) in [
        ("escaped.txt.bz2", &["--escape"][..], "3 rows"),
        ("both.txt", &["--escape", "--quote-all"], "3 rows"),
        ("plain.txt", &[], "not checked: the rows"),
        ("quoted.txt.zst", &["--quote-all"], "3 rows"),
        ("fixed.txt.gz", &["--fixed-width", "id:2,name:12"], "not checked: the rows"),
        ("one.csv.bz2", &[], "3 rows"),
    ] {
        let ended = unload(&[&["--out", out, "--save-receipt"][..], flags].concat());
        assert_eq!(ended.code, 0, "{out}: {}", ended.stderr);
        let checked = place.run(&["verify", out]);
        assert!(checked.code == 0 && checked.stdout.contains(told), "{out}: {}{}", checked.stdout, checked.stderr);
        let mut bytes = std::fs::read(place.path(out)).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        std::fs::write(place.path(out), &bytes).unwrap();
        assert_eq!(place.run(&["verify", out]).code, 1, "{out}");
    }
}
