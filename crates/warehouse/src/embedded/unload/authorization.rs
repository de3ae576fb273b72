//! Who writes, in all the forms that COPY and UNLOAD take: a role, a chain of roles, or keys.
//!
//! The embedded warehouse writes as the process that it is in, and asks nobody. A role is kept, since it is a name; the values of keys
//! are passed over.

use outflow_core::Result;
use outflow_core::statement::IamRole;

use super::cursor::Cursor;
use super::legality::CLIENT_SIDE_KEY;
use super::refused;

/// What follows `IAM_ROLE`.
pub(super) fn role(cursor: &mut Cursor) -> Result<IamRole> {
    if cursor.skip_word("DEFAULT") {
        return Ok(IamRole::Default);
    }
    Ok(IamRole::Chain(cursor.literal()?.split(',').map(str::to_owned).collect()))
}

/// What follows `CREDENTIALS`.
pub(super) fn credentials(cursor: &mut Cursor) -> Result<()> {
    cursor.skip_word("AS");
    cursor.secret(|arguments| {
        if arguments.to_ascii_lowercase().contains("master_symmetric_key") {
            return Err(refused(CLIENT_SIDE_KEY));
        }
        Ok(())
    })
}

/// What follows `ACCESS_KEY_ID`, `SECRET_ACCESS_KEY` and `SESSION_TOKEN`.
pub(super) fn key(cursor: &mut Cursor) -> Result<()> {
    cursor.skip_word("AS");
    cursor.secret(|_| Ok(()))
}
