//! Many small unloads: as many as fit, and status reads while a steady stream is offered.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Result;
use futures::future::try_join_all;
use tokio::time::MissedTickBehavior;

use crate::figures::{Report, Times};
use crate::service::{Service, Start};

/// How many callers wait for their unloads at once.
const CALLERS: usize = 64;

pub(crate) async fn measure(program: &Path, seconds: u64, rate: u32, report: &mut Report) -> Result<()> {
    let data = tempfile::tempdir()?;
    let service = Arc::new(Service::start(program, Start { data: data.path().to_owned(), ..Start::default() }).await?);
    let request_id = service.submit(&Service::one_row()).await?;
    service.done(&request_id).await?;

    let (count, took) = as_many_as_fit(&service, Duration::from_secs(seconds)).await?;
    let each_second = f64::from(count) / took.as_secs_f64();
    report.add_against(
        format!("one-row unloads, accepted to `DONE`, {CALLERS} callers, default settings"),
        format!("{each_second:.0} a second over {:.0} s", took.as_secs_f64()),
        "300 a second",
        each_second >= 300.0,
    );

    let (mut status, achieved) = status_reads(&service, Duration::from_secs(seconds), rate).await?;
    let what = format!("status reads, of the newest, while {rate} unloads a second are offered");
    report.add_times(what, &mut status, 99, Duration::from_millis(5));
    report.add(format!("of {rate} offered a second, `DONE`"), format!("{achieved:.0} a second"));
    let (now, peak) = service.memory()?;
    report.add("memory of the service after it", format!("{now:.0} MiB, at most {peak:.0} MiB"));
    Ok(())
}

async fn as_many_as_fit(service: &Arc<Service>, time: Duration) -> Result<(u32, Duration)> {
    let begun = Instant::now();
    let callers = (0..CALLERS).map(|_| {
        let service = Arc::clone(service);
        tokio::spawn(async move {
            let mut count = 0_u32;
            while begun.elapsed() < time {
                let request_id = service.submit(&Service::one_row()).await?;
                service.done(&request_id).await?;
                count += 1;
            }
            anyhow::Ok(count)
        })
    });
    let counts = try_join_all(callers).await?.into_iter().collect::<Result<Vec<_>>>()?;
    Ok((counts.into_iter().sum(), begun.elapsed()))
}

/// Offers unloads at a steady rate, whatever becomes of them. Meanwhile the status of the one that was accepted last is read every 5 ms, timed
/// from the moment when the read was due, so that a slow read does not hide the next.
async fn status_reads(service: &Arc<Service>, time: Duration, rate: u32) -> Result<(Times, f64)> {
    let begun = Instant::now();
    let (newest, latest) = tokio::sync::watch::channel(service.submit(&Service::one_row()).await?);
    let reader = {
        let service = Arc::clone(service);
        tokio::spawn(async move {
            let mut times = Times::default();
            let mut tick = tokio::time::interval(Duration::from_millis(5));
            while begun.elapsed() < time {
                let due = tick.tick().await;
                let request_id = latest.borrow().clone();
                let url = service.url(&format!("/api/unload/status/{request_id}"));
                service.client.get(url).send().await?.error_for_status()?.bytes().await?;
                times.push(due.elapsed());
            }
            anyhow::Ok(times)
        })
    };
    let mut tick = tokio::time::interval(Duration::from_secs(1) / rate);
    tick.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut offered = Vec::new();
    while begun.elapsed() < time {
        tick.tick().await;
        let (service, newest) = (Arc::clone(service), newest.clone());
        offered.push(tokio::spawn(async move {
            let request_id = service.submit(&Service::one_row()).await?;
            newest.send_replace(request_id.clone());
            service.done(&request_id).await
        }));
    }
    let count = offered.len();
    for ended in try_join_all(offered).await? {
        ended?;
    }
    let achieved = count as f64 / begun.elapsed().as_secs_f64();
    Ok((reader.await??, achieved))
}
