use flate2::read::MultiGzDecoder;
use outflow_core::key::StorageKey;
use rstest::rstest;

use super::*;
use crate::world::{Kind, file, files_below, place, storage, world};

fn bytes_of(seed: u8, length: usize) -> Vec<u8> {
    (0..length).map(|at| seed.wrapping_add((at % 251) as u8)).collect()
}

#[rstest]
#[case::folder(Kind::Folder)]
#[case::s3(Kind::S3)]
#[tokio::test]
async fn a_joined_file_is_its_parts_one_behind_the_other(#[case] kind: Kind) {
    let world = world(kind).await;
    let storage = &world.storage;
    let parts: Vec<_> = [(1, 300_000), (2, 0), (3, 1), (4, 70_000)].map(|(seed, length)| bytes_of(seed, length)).into();
    let mut pieces = vec![JoinPart::Bytes(Bytes::from_static(b"\xef\xbb\xbfa,b\n"))];
    let mut expected = b"\xef\xbb\xbfa,b\n".to_vec();
    for (index, part) in parts.iter().enumerate() {
        let key = file(&format!("output{index:03}"));
        storage.put(&key, part.clone().into()).await.unwrap();
        pieces.push(JoinPart::File(key));
        expected.extend_from_slice(part);
    }
    // Run again, over what the first run made.
    for _ in 0..2 {
        assert_eq!(storage.join(&pieces, &file("joined.csv")).await.unwrap(), expected.len() as u64);
        assert_eq!(storage.read(&file("joined.csv"), u64::MAX).await.unwrap(), expected);
    }
    let left = storage.list(&place(1)).await.unwrap();
    assert_eq!(left.len(), 5, "the parts stay, and nothing else is left: {left:?}");
}

#[rstest]
#[case::folder(Kind::Folder)]
#[case::s3(Kind::S3)]
#[tokio::test]
async fn joined_gzip_members_are_one_gzip_file(#[case] kind: Kind) {
    let world = world(kind).await;
    let storage = &world.storage;
    let mut pieces = vec![JoinPart::Bytes(compress(b"a,b\n", Compression::Gzip).unwrap().into())];
    for (name, text) in [("output000", "1,2\n"), ("output001", ""), ("output002", "3,4\n")] {
        storage.put(&file(name), compress(text.as_bytes(), Compression::Gzip).unwrap().into()).await.unwrap();
        pieces.push(JoinPart::File(file(name)));
    }
    storage.join(&pieces, &file("joined.csv.gz")).await.unwrap();
    let joined = storage.read(&file("joined.csv.gz"), u64::MAX).await.unwrap();
    let mut text = String::new();
    MultiGzDecoder::new(joined.as_ref()).read_to_string(&mut text).unwrap();
    assert_eq!(text, "a,b\n1,2\n3,4\n");
}

#[rstest]
#[case::folder(Kind::Folder)]
#[case::s3(Kind::S3)]
#[tokio::test]
async fn the_header_of_a_later_part_is_left_out(#[case] kind: Kind) {
    let world = world(kind).await;
    let storage = &world.storage;
    let head = Bytes::from_static(b"a,b\n");
    for (compression, name) in [(Compression::None, "plain"), (Compression::Gzip, "gzip")] {
        // As UNLOAD writes them: each with its header, the second in two members.
        let first = compress(b"a,b\n1,2\n", compression).unwrap();
        let second = [compress(b"a,b\n3,4\n", compression).unwrap(), compress(b"5,6\n", compression).unwrap()].concat();
        let only_head = compress(b"a,b\n", compression).unwrap();
        let mut pieces = Vec::new();
        for (index, bytes) in [first, second, only_head].into_iter().enumerate() {
            let key = file(&format!("{name}{index}"));
            storage.put(&key, bytes.into()).await.unwrap();
            pieces.push(match index {
                0 => JoinPart::File(key),
                _ => JoinPart::Rest { key, head: head.clone(), compression },
            });
        }
        let target = file(&format!("joined-{name}"));
        let size = storage.join(&pieces, &target).await.unwrap();
        let joined = storage.read(&target, u64::MAX).await.unwrap();
        assert_eq!(size, joined.len() as u64);
        let mut text = String::new();
        match compression {
            Compression::Gzip => MultiGzDecoder::new(joined.as_ref()).read_to_string(&mut text).unwrap(),
            _ => joined.as_ref().read_to_string(&mut text).unwrap(),
        };
        assert_eq!(text, "a,b\n1,2\n3,4\n5,6\n");

        let other = JoinPart::Rest { key: file(&format!("{name}1")), head: Bytes::from_static(b"a;b\n"), compression };
        assert_eq!(storage.join(&[other], &file("other")).await.unwrap_err().code(), Code::VerificationFailed);
    }
}

#[rstest]
#[case::folder(Kind::Folder)]
#[case::s3(Kind::S3)]
#[tokio::test]
async fn the_header_of_what_readers_end_at_is_never_cut_out(#[case] kind: Kind) {
    let world = world(kind).await;
    let storage = &world.storage;
    let head = Bytes::from_static(b"a,b\n");
    for compression in [Compression::Zstd, Compression::Bzip2] {
        let bytes = compress(b"a,b\n1,2\n", compression).unwrap();
        storage.put(&file("output001"), bytes.into()).await.unwrap();
        let rest = JoinPart::Rest { key: file("output001"), head: head.clone(), compression };
        let error = storage.join(&[rest], &file("joined")).await.unwrap_err();
        assert!(error.to_string().contains(compression.as_str()), "{error}");
    }
}

#[tokio::test]
async fn a_join_that_fails_leaves_nothing() {
    let (folder, storage) = storage().await;
    storage.put(&file("output000"), Bytes::from_static(b"1\n")).await.unwrap();
    let before = files_below(folder.path());
    let pieces = [JoinPart::File(file("output000")), JoinPart::File(file("output001"))];
    assert_eq!(storage.join(&pieces, &file("joined.csv")).await.unwrap_err().code(), Code::NotFound);
    let outside = StorageKey::File(place(1), "../joined.csv".to_owned());
    assert_eq!(storage.join(&pieces[..1], &outside).await.unwrap_err().code(), Code::VerificationFailed);
    assert_eq!(files_below(folder.path()), before);
}

#[test]
fn a_copy_that_nobody_waits_for_stops() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let (_folder, storage) = runtime.block_on(storage());
    runtime.block_on(storage.put(&file("output000"), Bytes::from_static(b"1\n"))).unwrap();
    let wanted = Wanted(Arc::new(AtomicBool::new(true)));
    let flag = Arc::clone(&wanted.0);
    let sources = [Source::File(storage.path_of(&file("output000")).unwrap())];
    let target = tempfile::tempfile().unwrap();
    let Backend::Folder(storage) = &storage.backend else { panic!("it is a folder") };
    assert_eq!(copy(storage, &sources, &target, &flag).unwrap(), 2);
    drop(wanted);
    copy(storage, &sources, &target, &flag).unwrap_err();
    assert_eq!(target.metadata().unwrap().len(), 2);
}

#[test]
fn a_gzip_file_that_nobody_waits_for_is_not_compressed_anew() {
    let gzip = compress(b"a,b\n1,2\n", Compression::Gzip).unwrap();
    let (wanted, path, mut target) = (AtomicBool::new(true), Path::from("output001"), Vec::new());
    shorten(&mut gzip.as_slice(), &mut target, b"a,b\n", &path, &wanted).unwrap();
    let mut text = String::new();
    MultiGzDecoder::new(target.as_slice()).read_to_string(&mut text).unwrap();
    assert_eq!(text, "1,2\n");

    // Given up at the last byte that is read: what was written then must not be taken for the whole.
    let mut last = LastWish { bytes: &gzip, wanted: &wanted };
    shorten(&mut last, &mut Vec::new(), b"a,b\n", &path, &wanted).unwrap_err();
}

/// Bytes that nobody waits for any more once all are read.
struct LastWish<'a> {
    bytes: &'a [u8],
    wanted: &'a AtomicBool,
}

impl Read for LastWish<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(buffer)?;
        self.consume(read);
        Ok(read)
    }
}

impl BufRead for LastWish<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.wanted.fetch_and(!self.bytes.is_empty(), Ordering::Relaxed);
        Ok(self.bytes)
    }

    fn consume(&mut self, amount: usize) {
        self.bytes.consume(amount);
    }
}

#[test]
fn what_is_compressed_is_read_back_and_always_the_same() {
    let text = b"name,value\n".repeat(100);
    for compression in [Compression::None, Compression::Gzip, Compression::Zstd] {
        assert_eq!(compress(&text, compression).unwrap(), compress(&text, compression).unwrap());
    }
    let mut back = Vec::new();
    MultiGzDecoder::new(compress(&text, Compression::Gzip).unwrap().as_slice()).read_to_end(&mut back).unwrap();
    assert_eq!(back, text);
    assert_eq!(zstd::decode_all(compress(&text, Compression::Zstd).unwrap().as_slice()).unwrap(), text);
    assert_eq!(compress(&text, Compression::None).unwrap(), text);
}
