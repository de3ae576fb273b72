//! A belief held against a real cluster: what is asked, and what was found beside what was expected.

use outflow_core::Result;
use serde::Serialize;

use super::Beliefs;

/// Ten digits, of literals alone: some of them times themselves are as many rows as a probe wants.
pub(crate) const DIGITS: &str = "SELECT 0 AS n UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4 UNION ALL SELECT 5 \
     UNION ALL SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8 UNION ALL SELECT 9";

/// One belief, and how it is held against a cluster: `run` gives what is found, in the words of what is expected.
#[derive(Clone, Copy)]
pub(crate) struct Probe<R> {
    pub(crate) name: &'static str,
    /// The belief in words.
    pub(crate) belief: &'static str,
    /// Where it comes from.
    pub(crate) source: &'static str,
    pub(crate) safety: Safety,
    pub(crate) expected: fn(&Beliefs) -> String,
    pub(crate) run: R,
}

/// Whether the design holds either way, and why.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Safety {
    Safe(&'static str),
    Unsafe(&'static str),
}

/// How a belief stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Verdict {
    /// As expected.
    Expected,
    /// Otherwise.
    Differs,
    /// It could not be found out.
    NotProbed,
}

/// What a probe found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Found {
    /// The probe.
    pub name: &'static str,
    /// How the belief stands.
    pub verdict: Verdict,
    /// The belief in words.
    pub belief: &'static str,
    /// Where it comes from.
    pub source: &'static str,
    /// What was expected.
    pub expected: String,
    /// What was found; why nothing was, if it could not be probed.
    pub found: String,
    /// Whether the design holds when it is otherwise.
    pub is_safe: bool,
    /// Why it does, or what to do until it is mended.
    pub why: &'static str,
}

impl<R> Probe<R> {
    /// What was found, of an answer; none is that of a probe for which there was no time.
    pub(crate) fn found(&self, beliefs: &Beliefs, answer: Option<Result<String>>) -> Found {
        let expected = (self.expected)(beliefs);
        let (verdict, found) = match answer {
            Some(Ok(found)) if found == expected => (Verdict::Expected, found),
            Some(Ok(found)) => (Verdict::Differs, found),
            Some(Err(error)) => (Verdict::NotProbed, error.chain()),
            None => (Verdict::NotProbed, "there was no time left for it".to_owned()),
        };
        let (is_safe, why) = match self.safety {
            Safety::Safe(why) => (true, why),
            Safety::Unsafe(why) => (false, why),
        };
        Found { name: self.name, verdict, belief: self.belief, source: self.source, expected, found, is_safe, why }
    }
}

/// Holds the probes of a kit to what every probe must have.
#[cfg(test)]
pub(crate) fn check<R>(probes: &[Probe<R>]) {
    let names: std::collections::HashSet<_> = probes.iter().map(|probe| probe.name).collect();
    assert_eq!(names.len(), probes.len());
    for probe in probes {
        assert!(probe.name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'), "{}", probe.name);
        assert!(!probe.source.is_empty() && !probe.belief.is_empty() && !probe.belief.ends_with('.'), "{}", probe.name);
    }
}
