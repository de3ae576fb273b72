//! How a connection begins: who it is, the password in the form that Redshift asks for it (MD5), what the server says of itself.

use std::collections::HashMap;
use std::fmt::Debug;

use async_trait::async_trait;
use futures::{Sink, SinkExt};
use pgwire::api::auth::md5pass::hash_md5_password;
use pgwire::api::auth::{
    ServerParameterProvider, StartupHandler, finish_authentication, protocol_negotiation, save_startup_parameters_to_metadata,
};
use pgwire::api::{ClientInfo, METADATA_DATABASE, METADATA_USER, PgWireConnectionState};
use pgwire::error::{ErrorInfo, PgWireError, PgWireResult};
use pgwire::messages::startup::{Authentication, SecretKey};
use pgwire::messages::{PgWireBackendMessage, PgWireFrontendMessage};

use super::{Connection, PasswordHash};
use crate::belief;
use crate::engine::session::secret;

#[async_trait]
impl StartupHandler for Connection {
    async fn on_startup<C>(&self, client: &mut C, message: PgWireFrontendMessage) -> PgWireResult<()>
    where
        C: ClientInfo + Sink<PgWireBackendMessage> + Unpin + Send + Sync,
        C::Error: Debug,
        PgWireError: From<<C as Sink<PgWireBackendMessage>>::Error>,
    {
        match message {
            PgWireFrontendMessage::Startup(startup) => {
                protocol_negotiation(client, &startup).await?;
                save_startup_parameters_to_metadata(client, &startup);
                // Where it is asked for by a digest, that was done before.
                if !self.server.accounts.asks() || self.server.password_hash == PasswordHash::Sha256 {
                    return self.finish(client).await;
                }
                client.set_state(PgWireConnectionState::AuthenticationInProgress);
                let salt = self.salt.get_or_init(|| secret().to_be_bytes().to_vec()).clone();
                client.send(PgWireBackendMessage::Authentication(Authentication::MD5Password(salt))).await?;
                Ok(())
            }
            PgWireFrontendMessage::PasswordMessageFamily(message) => {
                let said = message.into_password()?.password;
                let user = client.metadata().get(METADATA_USER).cloned().unwrap_or_default();
                let is_right = self.salt.get().is_some_and(|salt| {
                    self.server.accounts.let_in(&user, |password| said == hash_md5_password(&user, password, salt))
                });
                if !is_right {
                    return Err(fatal("28P01", format!("password authentication failed for user \"{user}\"")));
                }
                self.finish(client).await
            }
            _ => Ok(()),
        }
    }
}

impl Connection {
    async fn finish<C>(&self, client: &mut C) -> PgWireResult<()>
    where
        C: ClientInfo + Sink<PgWireBackendMessage> + Unpin + Send + Sync,
        C::Error: Debug,
        PgWireError: From<<C as Sink<PgWireBackendMessage>>::Error>,
    {
        let said = client.metadata();
        let user = said.get(METADATA_USER).ok_or(PgWireError::UserNameRequired)?;
        let database = said.get(METADATA_DATABASE).unwrap_or(&self.server.database);
        let session = self.server.engine.session(user, database, self.cut.clone());
        for (name, value) in said.iter().filter(|(name, _)| *name != METADATA_USER && *name != METADATA_DATABASE) {
            session.set(name, value.clone());
        }
        client.set_pid_and_secret_key(session.pid, SecretKey::I32(session.secret));
        if self.session.set(session).is_err() {
            return Err(fatal("08P01", "the connection has begun already".to_owned()));
        }
        finish_authentication(client, &Said).await
    }
}

pub(super) fn fatal(state: &str, message: String) -> PgWireError {
    PgWireError::UserError(Box::new(ErrorInfo::new("FATAL".to_owned(), state.to_owned(), message)))
}

/// What the server says of itself.
struct Said;

impl ServerParameterProvider for Said {
    fn server_parameters<C: ClientInfo>(&self, client: &C) -> Option<HashMap<String, String>> {
        let user = client.metadata().get(METADATA_USER).cloned().unwrap_or_default();
        let said = [
            ("server_version", belief::SERVER_VERSION),
            ("server_encoding", "UTF8"),
            ("client_encoding", "UTF8"),
            ("DateStyle", "ISO, MDY"),
            ("TimeZone", "UTC"),
            ("integer_datetimes", "on"),
            ("is_superuser", "on"),
            ("standard_conforming_strings", "on"),
            ("session_authorization", &user),
            ("show_discovery", belief::SHOW_DISCOVERY),
        ];
        Some(said.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }
}
