//! What is shown while somebody waits: a line that moves where standard error is a terminal, plain lines where it is not.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use outflow_api::StatusView;
use outflow_core::Status;

use crate::output;

/// How often plain lines tell of rows and bytes.
const PLAIN_EVERY: Duration = Duration::from_secs(10);

/// What is shown while an unload or a download goes on.
#[derive(Debug)]
pub(crate) struct Progress {
    bar: Option<ProgressBar>,
    last_word: String,
    last_told: Option<Instant>,
}

impl Progress {
    /// A line that moves, or plain lines.
    pub(crate) fn new() -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(10));
            bar.set_style(ProgressStyle::with_template("{spinner} {msg} ({elapsed})").expect("the template is right"));
            bar.enable_steady_tick(Duration::from_millis(100));
            bar
        });
        Self { bar, last_word: String::new(), last_told: None }
    }

    /// Shows where an unload stands.
    pub(crate) fn status(&mut self, status: &StatusView) {
        let word = word(status);
        let text = format!("{word}{}", amount(status));
        self.show(word, &text);
    }

    /// Shows how much of a file has come.
    pub(crate) fn bytes(&mut self, name: &str, done: u64, all: u64) {
        let percent = done.saturating_mul(100).checked_div(all).unwrap_or(100);
        let text = format!("downloading {name}: {} of {} ({percent} %)", output::size(done), output::size(all));
        self.show(format!("downloading {name}"), &text);
    }

    /// Says something that stays.
    pub(crate) fn note(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| output::note(text)),
            None => output::note(text),
        }
    }

    /// Takes the moving line away.
    pub(crate) fn finish(&self) {
        self.bar.iter().for_each(ProgressBar::finish_and_clear);
    }

    /// `word` is what counts as news; the rest is told now and then.
    fn show(&mut self, word: String, text: &str) {
        match &self.bar {
            Some(bar) => bar.set_message(text.to_owned()),
            None if word != self.last_word || self.last_told.is_none_or(|told| told.elapsed() >= PLAIN_EVERY) => {
                output::note(text);
                self.last_word = word;
                self.last_told = Some(Instant::now());
            }
            None => {}
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.finish();
    }
}

/// Where an unload stands, in a word or two.
pub(crate) fn word(status: &StatusView) -> String {
    let name = match status.phase {
        Some(phase) if status.status == Status::Running => {
            format!("{} ({})", status.status.as_str(), phase.as_str())
        }
        _ => status.status.as_str().to_owned(),
    };
    match status.queue_position {
        Some(0) | None if status.attempt > 1 => format!("{name}, attempt {}", status.attempt),
        Some(0) | None => name,
        Some(before) => format!("{name}, {} before it", output::count(before)),
    }
}

/// How far it has come, after a colon; nothing if there is nothing to tell.
pub(crate) fn amount(status: &StatusView) -> String {
    match (status.row_count.unwrap_or_default(), status.byte_count.unwrap_or_default()) {
        (0, 0) => String::new(),
        // The first bytes are still being compressed.
        (rows, 0) => format!(": {}", output::counted(rows, "row")),
        (rows, bytes) => format!(": {}, {}", output::counted(rows, "row"), output::size(bytes)),
    }
}
