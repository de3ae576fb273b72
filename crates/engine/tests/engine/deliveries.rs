//! Finalize: `DONE` means that warehouse and storage agree, whatever the warehouse wrote.

use std::io::Read;

use flate2::read::MultiGzDecoder;
use outflow_core::options::{Compression, Format};
use outflow_core::{Status, Unload};

use crate::support::scripted::Fault;
use crate::support::{World, code, submission, submit};

async fn ended(world: &World, fault: Option<Fault>, change: impl FnOnce(&mut outflow_core::submission::Submission)) -> Unload {
    world.warehouse.script(fault.as_slice());
    let engine = world.engine();
    engine.start();
    let mut asked = submission("a");
    change(&mut asked);
    submit(&engine, asked).await;
    let unload = world.until_terminal("a").await;
    engine.stop().await;
    unload
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ordinary_result_has_a_receipt_that_adds_up() {
    let world = World::new().await;
    let unload = ended(&world, None, |_| {}).await;
    assert_eq!((unload.status(), unload.file_count, unload.amount.rows, unload.amount.bytes), (Status::Done, Some(1), 3, 8));
    assert_eq!(world.delivered(&unload).await, b"n\n1\n2\n3\n");
    let receipt = world.store.receipt(unload.unload_id()).await.unwrap().unwrap();
    assert_eq!((receipt.row_count, receipt.files[0].rows, receipt.files[0].bytes), (3, Some(3), 8));
    let sum = "0e84486b542aa90257bb952a9b1108104c82686ff86a4d850495c653cfcf46ed";
    assert_eq!(receipt.files[0].checksum.value, sum, "sha256 of n, 1, 2, 3");
    let lying: Vec<_> = world.files().into_iter().filter(|path| path.ends_with("receipt.json")).collect();
    assert_eq!(serde_json::from_slice::<outflow_core::receipt::Receipt>(&std::fs::read(&lying[0]).unwrap()).unwrap(), receipt);
    assert!(unload.file_url.unwrap().ends_with("/api/unload/a/files/0"));
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_are_joined_behind_one_header_and_mark() {
    let world = World::new().await;
    let unload = ended(&world, None, |asked| {
        asked.requested.parallel = Some(true);
        asked.requested.bom = Some(true);
    })
    .await;
    assert_eq!((unload.status(), unload.file_count, unload.amount.rows), (Status::Done, Some(1), 3));
    assert_eq!(world.delivered(&unload).await, "\u{feff}n\n1\n2\n3\n".as_bytes());
    assert!(!world.files().iter().any(|path| path.contains("_part_")), "the parts are gone: {:?}", world.files());
}

#[tokio::test(flavor = "multi_thread")]
async fn several_files_are_several_files_when_asked_for() {
    let world = World::new().await;
    let unload = ended(&world, None, |asked| asked.requested.single_file = Some(false)).await;
    assert_eq!((unload.status(), unload.file_count, unload.amount.rows), (Status::Done, Some(2), 3));
    assert!(unload.file_url.unwrap().ends_with("/api/unload/a/receipt"));
}

#[tokio::test(flavor = "multi_thread")]
async fn zero_rows_is_a_file_with_the_header() {
    let world = World::new().await;
    let unload = ended(&world, Some(Fault::ZeroRows), |_| {}).await;
    assert_eq!((unload.status(), unload.file_count, unload.amount.rows), (Status::Done, Some(1), 0));
    assert_eq!(world.delivered(&unload).await, b"n\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn zero_rows_may_come_as_a_manifest_of_nothing_or_as_a_file_without_a_byte() {
    for fault in [Fault::EmptyManifest, Fault::EmptyFile] {
        for compression in [Compression::None, Compression::Gzip] {
            let world = World::new().await;
            let unload = ended(&world, Some(fault), |asked| {
                asked.requested.single_file = Some(false);
                asked.requested.compression = Some(compression);
            })
            .await;
            assert_eq!((unload.status(), unload.file_count, unload.amount.rows), (Status::Done, Some(1), 0), "{fault:?}");
            assert_eq!(world.delivered(&unload).await, b"n\n", "{fault:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slice_without_rows_is_left_out() {
    for single_file in [false, true] {
        let world = World::new().await;
        let unload = ended(&world, Some(Fault::EmptySlice), |asked| asked.requested.single_file = Some(single_file)).await;
        assert_eq!((unload.status(), unload.file_count, unload.amount.rows), (Status::Done, Some(1), 3));
        assert_eq!(world.delivered(&unload).await, b"n\n1\n2\n3\n");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn zero_rows_of_a_joined_file_still_has_its_mark() {
    let world = World::new().await;
    let unload = ended(&world, Some(Fault::ZeroRows), |asked| asked.requested.bom = Some(true)).await;
    assert_eq!(world.delivered(&unload).await, "\u{feff}n\n".as_bytes());
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_at_all_is_a_file_that_can_be_unpacked() {
    let world = World::new().await;
    let unload = ended(&world, Some(Fault::ZeroRows), |asked| {
        asked.requested.parallel = Some(true);
        asked.requested.header = Some(false);
        asked.requested.compression = Some(Compression::Gzip);
    })
    .await;
    let packed = world.delivered(&unload).await;
    let mut unpacked = Vec::new();
    MultiGzDecoder::new(&packed[..]).read_to_end(&mut unpacked).unwrap();
    assert!(unpacked.is_empty() && !packed.is_empty(), "{packed:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_add_up_is_never_done() {
    let faults = [Fault::ShortFile, Fault::MissingFile, Fault::WrongRows, Fault::NoManifest, Fault::FalseZero];
    for fault in faults.into_iter().chain([Fault::ForgetfulManifest]) {
        let world = World::new().await;
        let unload = ended(&world, Some(fault), |_| {}).await;
        assert_eq!(code(&unload), "verification_failed", "{fault:?}");
        assert!(world.store.receipt(unload.unload_id()).await.unwrap().is_none());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_the_warehouse_split_is_one_again() {
    for (format, expected) in [(Format::Csv, "n\n1\n2\n3\n"), (Format::Json, "1\n2\n3\n")] {
        for compression in [Compression::None, Compression::Gzip] {
            let world = World::new().await;
            let unload = ended(&world, Some(Fault::TwoFiles), |asked| {
                asked.requested.format = Some(format);
                asked.requested.compression = Some(compression);
            })
            .await;
            assert_eq!((unload.status(), unload.file_count, unload.amount.rows), (Status::Done, Some(1), 3), "{format:?}");
            let mut delivered = world.delivered(&unload).await;
            if compression == Compression::Gzip {
                let packed = std::mem::take(&mut delivered);
                MultiGzDecoder::new(&packed[..]).read_to_end(&mut delivered).unwrap();
            }
            assert_eq!(delivered, expected.as_bytes(), "{format:?} {compression:?}");
            assert!(!world.files().iter().any(|path| path.contains("_part_")), "the parts are gone: {:?}", world.files());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_files_that_cannot_be_joined_are_not_one() {
    let world = World::new().await;
    let unload = ended(&world, Some(Fault::TwoFiles), |asked| {
        asked.requested.format = Some(Format::Parquet);
        asked.requested.compression = Some(Compression::None);
    })
    .await;
    assert_eq!(code(&unload), "single_file_too_large");
}
