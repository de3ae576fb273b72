//! A warehouse that leaves questions of ours unanswered: looks and cancels go on beside them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use outflow_core::warehouse::{Progress, Warehouse};
use outflow_emulator::Fault;
use outflow_warehouse::redshift_wire::{RedshiftConfig, RedshiftWire};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::{config, end, session_of_running, statement, token, warehouse};
use crate::support::{AT_MOST, Place, until};

/// A way to the emulator on which a query that has those words in it never arrives; counts such queries.
async fn way_without(place: &Place, words: &'static str) -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (port, server) = (listener.local_addr().unwrap().port(), place.pg);
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let (mut from, mut back) = client.into_split();
            let (mut answers, mut to) = TcpStream::connect(server).await.unwrap().into_split();
            tokio::spawn(async move { tokio::io::copy(&mut answers, &mut back).await });
            let counted = Arc::clone(&counted);
            tokio::spawn(async move {
                let mut bytes = vec![0; 1 << 16];
                while let Ok(length @ 1..) = from.read(&mut bytes).await {
                    if String::from_utf8_lossy(&bytes[..length]).contains(words) {
                        counted.fetch_add(1, Ordering::SeqCst);
                        std::future::pending::<()>().await;
                    }
                    to.write_all(&bytes[..length]).await.unwrap();
                }
            });
        }
    });
    (port, count)
}

#[tokio::test]
async fn a_list_of_tables_that_takes_its_time_holds_up_neither_looks_nor_cancels() {
    let place = Place::with_faults(&[Fault::Slow(AT_MOST)]).await;
    let (port, unanswered) = way_without(&place, "svv_columns").await;
    let busy = Arc::new(RedshiftWire::new(RedshiftConfig { port, ..config(&place) }).unwrap());
    for _ in 0..4 {
        let busy = Arc::clone(&busy);
        tokio::spawn(async move { busy.tables().await });
    }
    // As many as there are connections for questions; the others wait for one.
    until(|| async { unanswered.load(Ordering::SeqCst) == 2 }).await;
    let token = token();
    let started = warehouse(&place).start(&statement("SELECT id FROM fruit"), &token).await.unwrap();
    session_of_running(&place).await;
    assert_eq!(busy.find(&token).await.unwrap(), Some(started.clone()));
    busy.cancel(&started).await.unwrap();
    assert!(matches!(end(&busy, &started).await, Progress::Cancelled));
    assert_eq!(unanswered.load(Ordering::SeqCst), 2, "more connections than there may be");
}
