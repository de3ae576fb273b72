//! The names of statements. A statement begins with its attempt's tag, a comment by which the warehouse's own record finds it again; its
//! id here is made of the same two parts, so that whoever finds it names it alike.

use outflow_core::{AttemptToken, Code, Error, Result, StatementId, Timestamp, UnloadId};

/// A statement of ours: its id, the comment that it begins with, and a time before which it cannot have begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tagged {
    pub(super) id: StatementId,
    pub(super) tag: String,
    pub(super) since: Timestamp,
}

/// How far clocks may be apart: that of whoever accepted the unload, and the warehouse's.
const SKEW: i64 = 86_400;

impl Tagged {
    /// The statement of an attempt.
    pub(super) fn of(token: &AttemptToken) -> Self {
        let since = token.unload_id().made_at().unwrap_or_default().timestamp() - SKEW;
        Self {
            id: StatementId::new(format!("{}-{}", token.unload_id(), token.attempt())),
            tag: token.tag(),
            since: Timestamp::from_timestamp(since.max(0), 0).unwrap_or_default(),
        }
    }

    /// The statement of that id.
    ///
    /// # Errors
    /// `outcome_unknown` for an id that is not one of ours, as after another kind of warehouse took the name in the configuration.
    pub(super) fn read(id: &StatementId) -> Result<Self> {
        let token = id
            .as_str()
            .rsplit_once('-')
            .and_then(|(unload_id, attempt)| Some(AttemptToken::new(UnloadId::parse(unload_id).ok()?, attempt.parse().ok()?)));
        token.map(|token| Self::of(&token)).ok_or_else(|| {
            let message =
                format!("the statement `{}` was not started over Redshift's wire protocol, which cannot tell of it", id.as_str());
            Error::new(Code::OutcomeUnknown, message)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_is_named_alike_from_either_side() {
        let unload_id = UnloadId::generate();
        let tagged = Tagged::of(&AttemptToken::new(unload_id, 12));
        assert_eq!(tagged.id.as_str(), format!("{unload_id}-12"));
        assert_eq!(tagged.tag, format!("/* outflow {unload_id} 12 */"));
        assert_eq!(Tagged::read(&tagged.id).unwrap(), tagged);
        let age = Timestamp::from(std::time::SystemTime::now()) - tagged.since;
        assert!((86_400..86_500).contains(&age.num_seconds()), "{age}");
        for other in ["", "7", "d9b6c0c9-0747-4bf4-b142-e8883122f766", "x-1"] {
            assert_eq!(Tagged::read(&StatementId::new(other)).unwrap_err().code(), Code::OutcomeUnknown, "{other}");
        }
    }
}
