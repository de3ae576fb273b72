//! Unloads put into the store without running: as many files or rows of history as a test needs.

use outflow_core::state::Event;
use outflow_core::unload::NewUnload;
use outflow_core::{State, Unload};
use outflow_store::testing;

use super::TestApp;

impl TestApp {
    /// Accepts an unload for a warehouse that this service does not work for: it stays as it is.
    pub(crate) async fn stored(&self, id: &str, change: impl FnOnce(&mut NewUnload)) -> Unload {
        let mut asked = NewUnload { warehouse: "elsewhere".to_owned(), ..testing::new_unload(id) };
        change(&mut asked);
        testing::accept(self.engine.store().as_ref(), asked).await
    }

    /// A `DONE` unload with a receipt of so many files, none of which is in storage.
    pub(crate) async fn stored_with_files(&self, id: &str, files: u32) -> Unload {
        let store = self.engine.store();
        let unload = self.stored(id, |asked| asked.options.single_file = files == 1).await;
        let request = outflow_core::store::ClaimRequest { warehouse: "elsewhere".to_owned(), ..testing::claim_request() };
        let claim = store.claim(&request).await.unwrap().pop().expect("it can be claimed");
        assert_eq!(claim.unload.unload_id(), unload.unload_id());
        let statement_id = outflow_core::StatementId::new("s-1");
        let unload = testing::record(store.as_ref(), &claim, &claim.unload, Event::Submitted { statement_id }).await;
        let unload = testing::record(store.as_ref(), &claim, &unload, Event::Finished { rows: None }).await;
        let mut delivery = testing::delivery(&unload, 1, 100);
        let file = delivery.receipt.files[0].clone();
        delivery.receipt.files = (0..files)
            .map(|index| outflow_core::receipt::ReceiptFile {
                index,
                name: format!("output{index:04}_part_00.csv.gz"),
                ..file.clone()
            })
            .collect();
        let change = outflow_core::unload::Change { event: Event::Finalized, at: testing::now(), result: Some(delivery) };
        match store.transition(unload.unload_id(), unload.version, Some(claim.fence), change).await.unwrap() {
            outflow_core::store::Outcome::Updated(unload) => {
                assert!(matches!(unload.state, State::Done { .. }));
                unload
            }
            other => panic!("not recorded: {other:?}"),
        }
    }
}
