use proptest::prelude::*;

use super::*;

const MIB: u64 = 1 << 20;

fn object(number: usize, length: u64) -> Source {
    Source::Object(Stretch { key: number.to_string(), etag: None, range: 0..length, size: length })
}

fn head(length: u64) -> Source {
    Source::Bytes(vec![0; usize::try_from(length).unwrap()].into())
}

fn files(lengths: &[u64]) -> Vec<Source> {
    lengths.iter().enumerate().map(|(number, length)| object(number, *length)).collect()
}

fn length(part: &Part) -> u64 {
    match part {
        Part::Copied(stretch) => stretch.length(),
        Part::Gathered(pieces) => pieces.iter().map(Source::length).sum(),
    }
}

fn through_us(parts: &[Part]) -> u64 {
    parts.iter().map(Part::through_us).sum()
}

/// What the parts hold, piece by piece, neighbours of one object made one.
fn content(parts: &[Part]) -> Vec<Source> {
    let pieces = parts.iter().flat_map(|part| match part {
        Part::Copied(stretch) => vec![Source::Object(stretch.clone())],
        Part::Gathered(pieces) => pieces.clone(),
    });
    let mut joined: Vec<Source> = Vec::new();
    for piece in pieces {
        match (joined.last_mut(), piece) {
            (Some(Source::Object(last)), Source::Object(next)) if last.key == next.key && last.range.end == next.range.start => {
                last.range.end = next.range.end;
            }
            (_, piece) => joined.push(piece),
        }
    }
    joined
}

#[test]
fn of_large_files_with_a_header_five_mebibytes_pass_through_us() {
    let sources: Vec<_> = std::iter::once(head(100)).chain(files(&[64_000_000; 20])).collect();
    let parts = plan(sources);
    assert_eq!((parts.len(), through_us(&parts)), (21, LEAST - 100));
    assert_eq!(through_us(&plan(files(&[64_000_000; 20]))), 0, "without a header, none");
}

#[test]
fn small_files_are_gathered_and_the_last_is_copied_however_small() {
    let parts = plan(files(&[64 * MIB, MIB, 64 * MIB, MIB]));
    let sizes: Vec<_> = parts.iter().map(length).collect();
    assert_eq!(sizes, [64 * MIB, 5 * MIB, 60 * MIB, MIB]);
    assert_eq!(through_us(&parts), 5 * MIB);
    assert!(matches!(parts.last(), Some(Part::Copied(_))));
}

#[test]
fn of_a_small_file_nothing_is_copied_but_the_whole() {
    // What the second lacks is not taken from the last, of which S3 would not copy the rest.
    let parts = plan(files(&[6 * MIB, 3 * MIB, 4 * MIB]));
    assert_eq!((parts.iter().map(length).collect::<Vec<_>>(), through_us(&parts)), (vec![6 * MIB, 7 * MIB], 7 * MIB));
    // Without its first bytes, neither is the last.
    let rest = Source::Object(Stretch { key: "rest".to_owned(), etag: None, range: 10..MIB, size: MIB });
    assert_eq!(through_us(&plan(vec![object(0, 6 * MIB), rest])), MIB - 10);
    let rest = Source::Object(Stretch { key: "rest".to_owned(), etag: None, range: 6 * MIB..7 * MIB, size: 7 * MIB });
    assert_eq!(through_us(&plan(vec![object(0, 6 * MIB), rest])), 0);
    // What has just the size of a part is one.
    assert_eq!(through_us(&plan(files(&[LEAST, LEAST, LEAST]))), 0);
}

#[test]
fn what_is_no_part_at_all_is_one_write() {
    assert_eq!(plan(files(&[MIB, 0, MIB])).len(), 1);
    assert!(plan(files(&[0, 0])).is_empty());
    assert_eq!(plan(vec![head(20)]), [Part::Gathered(vec![head(20)])]);
}

#[test]
fn what_s3_does_not_copy_at_once_is_copied_in_ranges() {
    let parts = plan(files(&[(5 << 30) + 7, 1 << 30]));
    assert_eq!(parts.len(), 7);
    assert!(parts.iter().all(|part| length(part) <= MOST_COPIED && length(part) >= LEAST));
}

proptest! {
    #[test]
    fn every_byte_is_there_once_in_its_order_and_every_part_is_one_that_s3_takes(
        head_length in 0_u64..100_000,
        lengths in prop::collection::vec(prop_oneof![0_u64..200, 0_u64..12 * MIB, 0_u64..4 << 30], 0..12),
    ) {
        let sources: Vec<_> = std::iter::once(head(head_length)).chain(files(&lengths)).collect();
        let parts = plan(sources.clone());
        let expected: Vec<_> = sources.into_iter().filter(|source| source.length() > 0).collect();
        prop_assert_eq!(content(&parts), expected);
        let (last, before) = parts.split_last().map_or((0, &[][..]), |(last, before)| (length(last), before));
        prop_assert!(before.iter().all(|part| (LEAST..=MOST_COPIED).contains(&length(part))));
        prop_assert!(last <= MOST_COPIED);
        let copied = parts.iter().filter_map(|part| if let Part::Copied(stretch) = part { Some(stretch) } else { None });
        prop_assert!(copied.clone().all(|stretch| stretch.is_whole() || stretch.size > LEAST));
        let gathered = parts.iter().filter(|part| matches!(part, Part::Gathered(_)));
        prop_assert!(gathered.clone().all(|part| length(part) < 2 * LEAST));
    }
}
