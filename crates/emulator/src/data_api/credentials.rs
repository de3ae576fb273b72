//! Passwords for a while, as Redshift's own APIs hand them out for the wire protocol: `GetClusterCredentialsWithIAM` and
//! `GetClusterCredentials` (the query protocol, XML), and the serverless `GetCredentials` (JSON 1.1).

use std::collections::HashMap;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

use super::answer::seconds;
use super::error::ApiError;
use super::request::GetCredentials;
use crate::account::Accounts;
use crate::fault::Faults;

/// The version of the API of clusters, which its answers name.
const VERSION: &str = "2012-12-01";
/// How long a password lasts, in seconds: at least, when nothing is said, and at most.
const LASTS: (u64, u64, u64) = (900, 900, 3_600);

/// A password that was handed out.
struct Given {
    user: String,
    password: String,
    until: DateTime<Utc>,
}

/// `GetCredentials` of Redshift Serverless.
///
/// # Errors
/// `ValidationException` when no workgroup is named, or the time is none.
pub(super) fn serverless(asked: &GetCredentials, accounts: &Accounts, faults: &Faults) -> Result<Value, ApiError> {
    if asked.workgroup_name.is_none() && asked.custom_domain_name.is_none() {
        return Err(ApiError::missing("workgroupName"));
    }
    let given = give(&format!("IAM:{}", accounts.user), asked.duration_seconds, accounts, faults);
    let Given { user, password, until } = given.map_err(ApiError::validation)?;
    let until = seconds(until);
    Ok(json!({ "dbUser": user, "dbPassword": password, "expiration": until, "nextRefreshTime": until }))
}

/// Whether a request is in the query protocol.
pub(super) fn is_query(headers: &HeaderMap) -> bool {
    let said = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    said.starts_with("application/x-www-form-urlencoded")
}

/// Answers a request in the query protocol.
pub(super) fn query(body: &[u8], accounts: &Accounts, faults: &Faults) -> Response<Body> {
    let form = form(body);
    let said = |name: &str| form.get(name).map(String::as_str).filter(|value| !value.is_empty());
    let action = said("Action").unwrap_or_default();
    let lasts = said("DurationSeconds").map(|text| text.parse().unwrap_or(0));
    let user = match action {
        "GetClusterCredentialsWithIAM" => Ok(format!("IAM:{}", accounts.user)),
        "GetClusterCredentials" => {
            let prefix = if said("AutoCreate") == Some("true") { "IAMA" } else { "IAM" };
            said("DbUser").map(|user| format!("{prefix}:{user}")).ok_or(("MissingParameter", "DbUser is required".to_owned()))
        }
        other => Err(("InvalidAction", format!("Could not find operation {other} for version {VERSION}"))),
    };
    let is_named = said("ClusterIdentifier").or(said("CustomDomainName")).is_some();
    let given = user.and_then(|user| {
        if !is_named {
            return Err(("MissingParameter", "ClusterIdentifier is required".to_owned()));
        }
        give(&user, lasts, accounts, faults).map_err(|message| ("InvalidParameterValue", message))
    });
    let id = Uuid::new_v4();
    match given {
        Ok(Given { user, password, until }) => {
            let until = until.to_rfc3339_opts(SecondsFormat::Millis, true);
            let next = if action == "GetClusterCredentials" { String::new() } else { element("NextRefreshTime", &until) };
            let result = [element("DbUser", &user), element("DbPassword", &password), element("Expiration", &until), next];
            xml(
                StatusCode::OK,
                &format!(
                    "<{action}Response xmlns=\"http://redshift.amazonaws.com/doc/{VERSION}/\"><{action}Result>{}</{action}Result>\
                     <ResponseMetadata><RequestId>{id}</RequestId></ResponseMetadata></{action}Response>",
                    result.concat()
                ),
            )
        }
        Err((code, message)) => xml(
            StatusCode::BAD_REQUEST,
            &format!(
                "<ErrorResponse xmlns=\"http://redshift.amazonaws.com/doc/{VERSION}/\"><Error><Type>Sender</Type>{}{}</Error>\
                 <RequestId>{id}</RequestId></ErrorResponse>",
                element("Code", code),
                element("Message", &message)
            ),
        ),
    }
}

fn give(user: &str, lasts: Option<u64>, accounts: &Accounts, faults: &Faults) -> Result<Given, String> {
    let (least, usual, most) = LASTS;
    let lasts = lasts.unwrap_or(usual);
    if !(least..=most).contains(&lasts) {
        return Err(format!("The duration must be from {least} to {most} seconds."));
    }
    let lasts = Duration::from_secs(lasts);
    Ok(Given { user: user.to_owned(), password: accounts.give(user, lasts, faults), until: Utc::now() + lasts })
}

/// The fields of a form.
fn form(body: &[u8]) -> HashMap<String, String> {
    let text = String::from_utf8_lossy(body);
    let read = |part: &str| {
        let spaced = part.replace('+', " ");
        percent_encoding::percent_decode_str(&spaced).decode_utf8_lossy().into_owned()
    };
    text.split('&').filter_map(|field| field.split_once('=')).map(|(name, value)| (read(name), read(value))).collect()
}

fn element(name: &str, text: &str) -> String {
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    format!("<{name}>{escaped}</{name}>")
}

fn xml(status: StatusCode, text: &str) -> Response<Body> {
    let mut response = Response::new(Body::from(text.to_owned()));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/xml"));
    response
}
