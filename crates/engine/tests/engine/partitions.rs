//! A result in folders by the values of its columns: believed as any other, and gone as a whole.

use outflow_core::key::{AttemptPlace, StorageKey};
use outflow_core::options::Requested;
use outflow_core::submission::Submission;
use outflow_core::{Status, Unload};

use crate::support::scripted::{Fault, PARTITIONS};
use crate::support::{World, code, eventually, submission, submit};

fn partitioned(request_id: &str) -> Submission {
    let plain = submission(request_id);
    let requested = Requested { partition_by: Some(vec!["day".to_owned()]), ..plain.requested };
    Submission { requested, ..plain }
}

async fn run(world: &World, fault: Option<Fault>, asked: Submission) -> Unload {
    world.warehouse.script(fault.as_slice());
    let engine = world.engine();
    engine.start();
    submit(&engine, asked).await;
    let unload = world.until_terminal("a").await;
    engine.stop().await;
    unload
}

#[tokio::test(flavor = "multi_thread")]
async fn every_folder_is_in_the_receipt_with_the_columns_of_its_files() {
    for header in [true, false] {
        let world = World::new().await;
        let mut asked = partitioned("a");
        asked.requested.header = Some(header);
        let unload = run(&world, None, asked).await;
        assert_eq!((unload.status(), unload.amount.rows, unload.file_count), (Status::Done, 3, Some(2)));
        let receipt = world.store.receipt(unload.unload_id()).await.unwrap().unwrap();
        let files: Vec<_> = receipt.files.iter().map(|file| (file.name.clone(), file.rows)).collect();
        let expected = PARTITIONS.map(|(name, _, rows)| (format!("output/{name}.csv"), Some(rows)));
        assert_eq!(files, expected);
        let columns: Vec<_> = receipt.schema.iter().map(|column| column.name.as_str()).collect();
        assert_eq!(columns, ["n"], "the column of the folders is not in the files");
        let place = AttemptPlace { request_id: receipt.request_id.clone(), unload_id: receipt.unload_id, attempt: 1 };
        for file in &receipt.files {
            let key = StorageKey::File(place.clone(), file.name.clone());
            assert_eq!(world.storage.checksum(&key).await.unwrap(), file.checksum);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn columns_that_stay_in_the_files_are_in_the_receipt() {
    let world = World::new().await;
    let mut asked = partitioned("a");
    asked.requested.partition_include = Some(true);
    let unload = run(&world, None, asked).await;
    let receipt = world.store.receipt(unload.unload_id()).await.unwrap().unwrap();
    assert_eq!(receipt.schema.iter().map(|column| column.name.as_str()).collect::<Vec<_>>(), ["day", "n"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_warehouse_and_storage_do_not_agree_on_is_no_result_and_leaves_nothing() {
    for (fault, said) in [
        (Fault::MissingFile, "the manifest names `output/day=1%2F2/0000_part_00.csv`, which is not in storage"),
        (Fault::ShortFile, "`output/day=1%2F2/0000_part_00.csv` has 6 bytes, and the manifest says 7"),
        (Fault::WrongRows, "adds up to 3 rows"),
        (Fault::NoManifest, "its manifest is not in storage"),
        (Fault::FalseZero, "adds up to 3 rows"),
    ] {
        let world = World::new().await;
        let mut settings = world.settings.clone();
        settings.retry.max_attempts = 1;
        let world = World { settings, ..world };
        world.warehouse.script(&[fault]);
        let engine = world.engine();
        engine.start();
        submit(&engine, partitioned("a")).await;
        let unload = world.until_terminal("a").await;
        assert_eq!(code(&unload), "verification_failed", "{fault:?}");
        let message = &unload.state.failure().unwrap().message;
        assert!(message.contains(said), "{fault:?}: {message}");
        eventually("its folders are swept", async || world.files().is_empty()).await;
        engine.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn zero_rows_are_one_empty_file_beside_no_folder() {
    let world = World::new().await;
    let unload = run(&world, Some(Fault::ZeroRows), partitioned("a")).await;
    assert_eq!((unload.status(), unload.amount.rows, unload.file_count), (Status::Done, 0, Some(1)));
    assert_eq!(world.delivered(&unload).await, b"n\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn deleting_takes_every_folder() {
    let world = World::new().await;
    let engine = world.engine();
    engine.start();
    submit(&engine, partitioned("a")).await;
    submit(&engine, partitioned("b")).await;
    let done = world.until_terminal("a").await;
    world.until_terminal("b").await;
    assert_eq!(world.files().iter().filter(|path| path.contains("/a/")).count(), 4, "two files, manifest and receipt");
    engine.delete(done).await.unwrap();
    let folder = world.folder.path().join("files/unload-results/a");
    eventually("its folders are gone", async || !folder.exists()).await;
    assert_eq!(world.files().iter().filter(|path| path.contains("/b/")).count(), 4);
    engine.stop().await;
}
