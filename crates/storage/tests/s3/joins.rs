//! One file of many, made inside S3.

use bytes::Bytes;
use outflow_core::Code;
use outflow_core::options::Compression;
use outflow_core::receipt::ChecksumAlgorithm;
use outflow_storage::JoinPart;
use outflow_storage::testing::{Call, Fault};

use crate::support::{MIB, World, file, noise, place, until};

#[tokio::test]
async fn of_large_parts_five_mebibytes_pass_through_us_and_of_small_ones_no_more_than_they_have() {
    let world = World::new().await;
    let sizes = [12 * MIB, 7 * MIB, MIB, 11 * MIB, 3 * MIB + 1, 0, 8 * MIB, 100];
    let parts: Vec<_> = sizes.iter().enumerate().map(|(seed, size)| noise(seed, *size)).collect();
    let names: Vec<_> = (0..parts.len()).map(|index| format!("output{index:03}")).collect();
    let files: Vec<_> = names.iter().map(String::as_str).zip(parts.clone()).collect();
    let head = Bytes::from_static(b"a,b\n");
    let mut pieces = vec![JoinPart::Bytes(head.clone())];
    pieces.extend(world.put(&files).await.into_iter().map(JoinPart::File));

    let before = world.server.bytes_read();
    let size = world.storage.join(&pieces, &file("joined.csv")).await.unwrap();
    let read = usize::try_from(world.server.bytes_read() - before).unwrap();
    // With the small ones goes what makes each a part: 4 MiB before the third large one, 2 before the fourth.
    assert!(read <= 5 * MIB + (MIB + 4 * MIB) + (3 * MIB + 1 + 2 * MIB), "{read} bytes passed through us");

    let expected: Vec<u8> = head.iter().copied().chain(parts.into_iter().flatten()).collect();
    assert_eq!(size, expected.len() as u64);
    assert!(world.storage.read(&file("joined.csv"), u64::MAX).await.unwrap() == expected, "it has other bytes");
    assert_eq!(world.server.uploads(), 0);
    // Again, as after a crash: the same file.
    assert_eq!(world.storage.join(&pieces, &file("joined.csv")).await.unwrap(), size);
    assert!(world.storage.read(&file("joined.csv"), u64::MAX).await.unwrap() == expected, "it has other bytes");
}

#[tokio::test]
async fn only_a_part_that_follows_a_header_passes_through_us_and_of_it_five_mebibytes() {
    let world = World::new().await;
    let files = [("output000", noise(1, 11 * MIB)), ("output001", noise(2, 10 * MIB)), ("output002", noise(3, MIB))];
    let keys = world.put(&files).await;
    let mut pieces = vec![JoinPart::Bytes(Bytes::from_static(b"a,b\n"))];
    pieces.extend(keys.into_iter().map(JoinPart::File));
    let before = world.server.bytes_read();
    world.storage.join(&pieces, &file("joined.csv")).await.unwrap();
    assert_eq!(world.server.bytes_read() - before, 5 * MIB as u64 - 4);
}

#[tokio::test]
async fn of_a_small_file_s3_is_asked_for_no_range() {
    let head = Bytes::from_static(b"a,b\n");
    for sizes in [vec![6 * MIB, 6 * MIB, MIB], vec![6 * MIB, 3 * MIB, 4 * MIB], vec![5 * MIB, 5 * MIB, 5 * MIB]] {
        let world = World::new().await;
        let parts: Vec<_> = sizes.iter().enumerate().map(|(seed, size)| noise(seed, *size)).collect();
        let names = ["output000", "output001", "output002"];
        let keys = world.put(&names.into_iter().zip(parts.clone()).collect::<Vec<_>>()).await;
        for head in [None, Some(head.clone())] {
            let pieces = head.clone().map(JoinPart::Bytes).into_iter().chain(keys.iter().cloned().map(JoinPart::File));
            world.storage.join(&pieces.collect::<Vec<_>>(), &file("joined.csv")).await.unwrap();
            let expected = [head.as_deref().unwrap_or_default(), &parts.concat()].concat();
            assert!(
                world.storage.read(&file("joined.csv"), u64::MAX).await.unwrap() == expected,
                "it has other bytes: {sizes:?}"
            );
        }
    }
    // A second file without the header that it begins with.
    let world = World::new().await;
    let keys = world.put(&[("output000", noise(1, 6 * MIB)), ("output001", [&head, &noise(2, MIB)[..]].concat())]).await;
    let rest = JoinPart::Rest { key: keys[1].clone(), head, compression: Compression::None };
    world.storage.join(&[JoinPart::File(keys[0].clone()), rest], &file("joined.csv")).await.unwrap();
    let joined = world.storage.read(&file("joined.csv"), u64::MAX).await.unwrap();
    assert!(joined == [noise(1, 6 * MIB), noise(2, MIB)].concat(), "it has other bytes");
}

#[tokio::test]
async fn bytes_that_were_not_asked_for_are_in_no_file() {
    let world = World::new().await;
    let keys = world.put(&[("output000", noise(1, 6 * MIB)), ("output001", noise(2, 6 * MIB))]).await;
    let mut pieces = vec![JoinPart::Bytes(Bytes::from_static(b"a,b\n"))];
    pieces.extend(keys.into_iter().map(JoinPart::File));
    world.server.ignore_ranges();
    let error = world.storage.join(&pieces, &file("joined.csv")).await.unwrap_err();
    assert_eq!(error.code(), Code::VerificationFailed, "{}", error.chain());
    assert_eq!((world.server.uploads(), world.storage.head(&file("joined.csv")).await.unwrap()), (0, None));
}

#[tokio::test]
async fn a_joined_file_that_has_not_the_size_of_its_parts_is_not_believed() {
    let world = World::new().await;
    let keys = world.put(&[("output000", noise(1, 6 * MIB)), ("output001", noise(2, 6 * MIB))]).await;
    let pieces: Vec<_> = keys.into_iter().map(JoinPart::File).collect();
    let joined = world.server.files("results").join("deep/er").join(file("joined.csv").path());
    world.server.fail(move |call| {
        if call.method == "HEAD" && call.path.ends_with("joined.csv") {
            std::fs::write(&joined, "less").unwrap();
        }
        None
    });
    let error = world.storage.join(&pieces, &file("joined.csv")).await.unwrap_err();
    assert_eq!(error.code(), Code::VerificationFailed, "{}", error.chain());
    assert!(error.message().contains("has 4 bytes") && error.message().contains(&(12 * MIB).to_string()), "{error}");
}

#[tokio::test]
async fn the_checksum_of_what_s3_made_is_the_one_that_s3_keeps() {
    let world = World::new().await;
    let keys = world.put(&[("output000", noise(1, 6 * MIB)), ("output001", noise(2, 6 * MIB))]).await;
    assert_eq!(world.storage.checksum(&keys[0]).await.unwrap().algorithm, ChecksumAlgorithm::Sha256, "it passed through us");
    let pieces: Vec<_> = keys.into_iter().map(JoinPart::File).collect();
    world.storage.join(&pieces, &file("joined.csv")).await.unwrap();
    let before = world.server.bytes_read();
    let checksum = world.storage.checksum(&file("joined.csv")).await.unwrap();
    assert_eq!(checksum.algorithm, ChecksumAlgorithm::Crc64Nvme);
    assert!(checksum.value.len() == 16 && checksum.value.bytes().all(|digit| digit.is_ascii_hexdigit()), "{checksum:?}");
    assert_eq!(world.server.bytes_read(), before, "nothing is read for it");
}

#[tokio::test]
async fn a_join_whose_connection_is_cut_is_aborted() {
    let world = World::new().await;
    let keys = world.put(&[("output000", noise(1, 6 * MIB)), ("output001", noise(2, 6 * MIB))]).await;
    let pieces: Vec<_> = keys.into_iter().map(JoinPart::File).collect();
    world.server.fail(|call| (call.method == "PUT" && call.query.contains("partNumber=2")).then_some(Fault::Cut));
    let error = world.storage.join(&pieces, &file("joined.csv")).await.unwrap_err();
    assert_eq!(error.code(), Code::StorageUnavailable, "{}", error.chain());
    assert_eq!(world.server.uploads(), 0);
    assert_eq!(world.storage.head(&file("joined.csv")).await.unwrap(), None);
}

#[tokio::test]
async fn a_copy_without_its_header_goes_when_the_join_fails_later() {
    let world = World::new().await;
    let gzip = outflow_storage::compress(b"a,b\n1,2\n", Compression::Gzip).unwrap();
    let keys = world.put(&[("output000", gzip.clone()), ("output001", gzip)]).await;
    let head = Bytes::from_static(b"a,b\n");
    let rest = |key| JoinPart::Rest { key, head: head.clone(), compression: Compression::Gzip };
    let target = file("joined.csv.gz");
    let is_copy = |call: &Call| call.method == "PUT" && call.path.ends_with(".rest");

    let pieces = [JoinPart::File(keys[0].clone()), rest(keys[1].clone()), rest(file("output002"))];
    assert_eq!(world.storage.join(&pieces, &target).await.unwrap_err().code(), Code::NotFound);
    world.server.fail(|call| call.path.ends_with("joined.csv.gz").then_some(Fault::Denied));
    assert_eq!(world.storage.join(&pieces[..2], &target).await.unwrap_err().code(), Code::StorageDenied);

    assert_eq!(world.server.calls().iter().filter(|call| is_copy(call)).count(), 2);
    let left: Vec<_> = world.storage.list(&place(1)).await.unwrap().into_iter().map(|(name, _)| name).collect();
    assert_eq!(left, ["output000", "output001"]);
}

#[tokio::test]
async fn a_file_that_is_larger_than_s3_takes_is_told_at_its_completion() {
    let world = World::new().await;
    let keys = world.put(&[("output000", noise(1, 6 * MIB)), ("output001", noise(2, 6 * MIB))]).await;
    let pieces: Vec<_> = keys.into_iter().map(JoinPart::File).collect();
    // S3 begins some of its answers before it knows how they end.
    for status in [400, 200] {
        world.server.fail(move |call| {
            let is_completion = call.method == "POST" && call.query.contains("uploadId");
            is_completion.then_some(Fault::Refused(status, "EntityTooLarge", "Your proposed upload exceeds the maximum"))
        });
        let error = world.storage.join(&pieces, &file("joined.csv")).await.unwrap_err();
        assert_eq!(error.code(), Code::SingleFileTooLarge, "{}", error.chain());
        assert!(error.message().contains("`singleFile` false"), "{error}");
        assert_eq!(world.server.uploads(), 0);
    }
}

#[tokio::test]
async fn a_join_that_nobody_waits_for_any_more_is_aborted() {
    let world = World::new().await;
    let keys = world.put(&[("output000", noise(1, 6 * MIB)), ("output001", noise(2, 6 * MIB))]).await;
    let pieces: Vec<_> = keys.into_iter().map(JoinPart::File).collect();
    // The second part never gets through: it is tried again and again.
    world.server.fail(|call| (call.method == "PUT" && call.query.contains("partNumber=2")).then_some(Fault::Busy));
    let target = file("joined.csv");
    tokio::select! {
        joined = world.storage.join(&pieces, &target) => panic!("{joined:?}"),
        () = until(|| world.server.calls().iter().any(|call| call.query.contains("partNumber=2"))) => {}
    }
    until(|| world.server.uploads() == 0).await;
}

#[tokio::test]
async fn what_an_interrupted_join_left_is_aborted_by_the_next_and_by_the_deletion() {
    let world = World::new().await;
    let keys = world.put(&[("output000", noise(1, 6 * MIB)), ("output001", noise(2, 6 * MIB))]).await;
    let pieces: Vec<_> = keys.into_iter().map(JoinPart::File).collect();
    for is_joined_again in [true, false] {
        // As when the process dies: neither the part nor the abortion comes through.
        world.server.fail(|call| {
            let is_part = call.method == "PUT" && call.query.contains("partNumber");
            (is_part || call.method == "DELETE").then_some(Fault::Cut)
        });
        world.storage.join(&pieces, &file("joined.csv")).await.unwrap_err();
        until(|| world.server.calls().iter().filter(|call| call.method == "DELETE").count() > 1).await;
        world.server.mend();
        if is_joined_again {
            world.storage.join(&pieces, &file("joined.csv")).await.unwrap();
        } else {
            world.storage.delete_attempt(&place(1)).await.unwrap();
        }
        until(|| world.server.uploads() == 0).await;
    }
}

#[tokio::test]
async fn a_completion_whose_answer_is_lost_is_found_to_have_happened() {
    let world = World::new().await;
    let keys = world.put(&[("output000", noise(1, 6 * MIB)), ("output001", noise(2, 6 * MIB))]).await;
    let pieces: Vec<_> = keys.into_iter().map(JoinPart::File).collect();
    let lost = std::sync::atomic::AtomicBool::new(false);
    world.server.fail(move |call| {
        let is_completion = call.method == "POST" && call.query.contains("uploadId");
        (is_completion && !lost.swap(true, std::sync::atomic::Ordering::Relaxed)).then_some(Fault::Lost)
    });
    assert_eq!(world.storage.join(&pieces, &file("joined.csv")).await.unwrap(), 12 * MIB as u64);
    assert_eq!(world.server.uploads(), 0);
}

#[tokio::test]
async fn a_part_that_is_not_there_is_not_found() {
    let world = World::new().await;
    let pieces = [JoinPart::File(file("output000"))];
    assert_eq!(world.storage.join(&pieces, &file("joined.csv")).await.unwrap_err().code(), Code::NotFound);
    assert_eq!(world.server.uploads(), 0);
}

#[tokio::test]
async fn the_parts_of_a_join_are_looked_at_side_by_side() {
    let world = World::new().await;
    let keys = world.put(&[("output000", noise(1, 10)), ("output001", noise(2, 10)), ("output002", noise(3, 10))]).await;
    let pieces: Vec<_> = keys.into_iter().map(JoinPart::File).collect();
    // The first is never answered, and the others are asked for all the same.
    world.server.fail(|call| (call.method == "HEAD" && call.path.ends_with("output000")).then_some(Fault::Silent));
    let is_look = |call: &Call| call.method == "HEAD" && call.path.ends_with("output002");
    let target = file("joined.csv");
    tokio::select! {
        joined = world.storage.join(&pieces, &target) => panic!("{joined:?}"),
        () = until(|| world.server.calls().iter().any(is_look)) => {}
    }
}
