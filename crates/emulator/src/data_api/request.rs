//! Requests as they come. What is not known is passed over, as AWS does.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::error::ApiError;
use crate::secret;

/// Who asks, and where: the same in every request that reaches a database.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Target {
    pub(super) cluster_identifier: Option<String>,
    pub(super) workgroup_name: Option<String>,
    pub(super) database: Option<String>,
    pub(super) db_user: Option<String>,
    pub(super) secret_arn: Option<String>,
}

/// `ExecuteStatement` and `BatchExecuteStatement`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Submit {
    #[serde(flatten)]
    pub(super) target: Target,
    pub(super) sql: Option<String>,
    pub(super) sqls: Option<Vec<String>>,
    pub(super) client_token: Option<String>,
    pub(super) statement_name: Option<String>,
    pub(super) parameters: Option<Vec<Parameter>>,
    pub(super) with_event: Option<bool>,
    pub(super) result_format: Option<String>,
    pub(super) execution_mode: Option<String>,
    pub(super) session_keep_alive_seconds: Option<u64>,
    pub(super) session_id: Option<String>,
    pub(super) wait_time_seconds: Option<u64>,
}

impl Submit {
    /// Blanks the keys in it: those in its texts, and the values of parameters that are keys.
    pub(super) fn hide(&mut self) {
        for text in self.sql.iter_mut().chain(self.sqls.iter_mut().flatten()) {
            let secrets = secret::parameters(text);
            let parameters = self.parameters.iter_mut().flatten();
            parameters.filter(|parameter| secrets.contains(&parameter.name)).for_each(|parameter| parameter.value.clear());
            *text = secret::shown(text);
        }
    }
}

/// A parameter of a statement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Parameter {
    pub(super) name: String,
    pub(super) value: String,
}

/// `DescribeStatement`, `CancelStatement`, `GetStatementResult` and its second version.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct OfStatement {
    pub(super) id: Option<String>,
    pub(super) next_token: Option<String>,
    pub(super) wait_time_seconds: Option<u64>,
}

/// `ListStatements`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct List {
    #[serde(flatten)]
    pub(super) target: Target,
    pub(super) statement_name: Option<String>,
    pub(super) status: Option<String>,
    pub(super) max_results: Option<usize>,
    pub(super) next_token: Option<String>,
}

/// `ListSessions`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Sessions {
    #[serde(flatten)]
    pub(super) target: Target,
    pub(super) session_id: Option<String>,
    pub(super) status: Option<String>,
    pub(super) max_results: Option<usize>,
    pub(super) next_token: Option<String>,
}

/// `GetCredentials` of Redshift Serverless.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct GetCredentials {
    pub(super) workgroup_name: Option<String>,
    pub(super) custom_domain_name: Option<String>,
    pub(super) duration_seconds: Option<u64>,
}

/// `ListDatabases`, `ListSchemas`, `ListTables` and `DescribeTable`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Browse {
    #[serde(flatten)]
    pub(super) target: Target,
    pub(super) schema_pattern: Option<String>,
    pub(super) table_pattern: Option<String>,
    pub(super) table: Option<String>,
    pub(super) schema: Option<String>,
    pub(super) max_results: Option<usize>,
    pub(super) next_token: Option<String>,
}

/// Reads a request.
pub(super) fn read<T: for<'de> Deserialize<'de>>(body: Value) -> Result<T, ApiError> {
    serde_json::from_value(body).map_err(|error| ApiError::serialization(error.to_string()))
}

impl Target {
    /// Holds it against what the API wants of it.
    pub(super) fn check(&self) -> Result<(), ApiError> {
        match (&self.cluster_identifier, &self.workgroup_name) {
            (Some(_), Some(_)) => {
                Err(ApiError::validation("Please specify either ClusterIdentifier or WorkgroupName, not both."))
            }
            (None, None) if self.secret_arn.is_none() => {
                Err(ApiError::validation("Either ClusterIdentifier or WorkgroupName must be provided."))
            }
            (Some(cluster), None) if !is_cluster(cluster) => Err(ApiError::validation(format!(
                "ClusterIdentifier must satisfy regex pattern: ^[a-z][a-z0-9]*(-[a-z0-9]+)*$, was `{cluster}`"
            ))),
            _ if self.db_user.is_some() && self.workgroup_name.is_some() => {
                Err(ApiError::validation("DbUser is not supported with WorkgroupName."))
            }
            _ if self.database.is_none() && self.secret_arn.is_none() => Err(ApiError::missing("database")),
            _ => Ok(()),
        }
    }
}

/// Whether that may be the name of a cluster.
fn is_cluster(name: &str) -> bool {
    let is_word = |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    name.len() <= 63 && name.starts_with(|c: char| c.is_ascii_lowercase()) && name.split('-').all(is_word)
}
