//! Looking into the warehouse's record for statements whose connection is not ours: all that somebody waits for are asked about at once.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use outflow_core::{Code, Error, Result};
use tokio::sync::{mpsc, oneshot};

use super::connect::Session;
use super::error;
use super::pool::Pool;
use super::record::{self, Standing};
use super::settling::Settling;
use super::tag::Tagged;
use crate::redshift::Row;
use crate::redshift::seen::Trouble;

/// How long a look may take.
pub(super) const LOOK: Duration = Duration::from_secs(20);
/// The shortest distance between two looks.
const REST: Duration = Duration::from_millis(250);
/// How many statements are asked about at once.
const MOST: usize = 200;

type Answer = std::result::Result<Option<Standing>, Trouble>;

#[derive(Debug)]
struct Question {
    statement: Tagged,
    answer: oneshot::Sender<Answer>,
}

#[derive(Debug)]
pub(super) struct Lookout {
    pool: Arc<Pool>,
    settling: Settling,
    questions: OnceLock<mpsc::UnboundedSender<Question>>,
    /// Whether `STV_RECENTS` is not there, as in a serverless workgroup.
    has_no_recents: AtomicBool,
}

/// What there is of a statement that may have been sent until a moment ago.
#[derive(Debug)]
pub(super) enum Trace {
    /// It is in the record.
    Found(Standing),
    /// It is not in the record yet, and may come.
    Missing,
    /// There is none, and none will come.
    Absent,
}

impl Lookout {
    /// What the record does not have is believed to be absent `settle` after somebody asked for it first.
    pub(super) fn new(pool: Arc<Pool>, settle: Duration) -> Self {
        Self { pool, settling: Settling::new(settle), questions: OnceLock::new(), has_no_recents: AtomicBool::new(false) }
    }

    /// How a statement stands; `None` when the record has nothing of it.
    ///
    /// # Errors
    /// When the record cannot be read.
    pub(super) async fn look(&self, statement: &Tagged) -> Result<Option<Standing>> {
        let gone = || Error::new(Code::WarehouseUnavailable, "the look into the warehouse's record broke off");
        let (answer, answered) = oneshot::channel();
        let questions = self.questions.get_or_init(|| self.begin());
        questions.send(Question { statement: statement.clone(), answer }).map_err(|_| gone())?;
        let found = answered.await.map_err(|_| gone())?.map_err(|trouble| trouble.to_error())?;
        if found.is_some() {
            return Ok(found);
        }
        Ok(self.look_at_recents(statement).await?.map(Standing::Running))
    }

    /// What there is of a statement that may have been sent until a moment ago, by a process that nobody hears of any more.
    ///
    /// # Errors
    /// When the record cannot be read.
    pub(super) async fn trace(&self, statement: &Tagged) -> Result<Trace> {
        let asking = self.settling.ask(&statement.id);
        let trace = match self.look(statement).await? {
            Some(standing) => Trace::Found(standing),
            None if asking.has_settled() => Trace::Absent,
            None => return Ok(Trace::Missing),
        };
        self.settling.forget(&statement.id);
        Ok(trace)
    }

    /// Whether it runs by `STV_RECENTS`, where there is one: that may know it before the record does. A session of the caller's is asked.
    ///
    /// # Errors
    /// When it cannot be asked.
    pub(super) async fn is_in_recents(&self, statement: &Tagged, session: &Session) -> Result<bool> {
        if self.has_no_recents.load(Ordering::Relaxed) {
            return Ok(false);
        }
        let rows = session.rows(&record::recent(statement)).await.map_err(error::query);
        Ok(self.recents(rows)?.is_some())
    }

    /// The sessions in which it runs by `STV_RECENTS`, where there is one.
    async fn look_at_recents(&self, statement: &Tagged) -> Result<Option<Vec<i32>>> {
        if self.has_no_recents.load(Ordering::Relaxed) {
            return Ok(None);
        }
        self.recents(self.pool.rows(&record::recent(statement), LOOK).await)
    }

    fn recents(&self, rows: Result<Vec<Row>>) -> Result<Option<Vec<i32>>> {
        match rows {
            Ok(rows) => Ok(Some(record::sessions(&rows)).filter(|sessions| !sessions.is_empty())),
            Err(error) if error.kind().is_retryable() => Err(error),
            Err(error) => {
                tracing::debug!(error = error.chain(), "there is no `stv_recents` here, as in a serverless workgroup");
                self.has_no_recents.store(true, Ordering::Relaxed);
                Ok(None)
            }
        }
    }

    /// Begins to answer; ends when this is let go of.
    fn begin(&self) -> mpsc::UnboundedSender<Question> {
        let (sender, mut questions) = mpsc::unbounded_channel::<Question>();
        let pool = Arc::clone(&self.pool);
        tokio::spawn(async move {
            let mut asked = Vec::new();
            while questions.recv_many(&mut asked, MOST).await > 0 {
                answer(&pool, std::mem::take(&mut asked)).await;
                tokio::time::sleep(REST).await;
            }
        });
        sender
    }
}

async fn answer(pool: &Pool, asked: Vec<Question>) {
    let statements: Vec<Tagged> = asked.iter().map(|question| question.statement.clone()).collect();
    let found = pool.rows(&record::standings_of(&statements), LOOK).await;
    for question in asked {
        let answer = match &found {
            Ok(rows) => Ok(record::standing(rows, &question.statement)),
            Err(error) => Err(Trouble::from(error)),
        };
        // Whoever asked may be gone.
        let _ = question.answer.send(answer);
    }
}
