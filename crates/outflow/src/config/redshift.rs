//! What only a Redshift has to know, and what only the embedded engine has.

use outflow_core::statement::{Encryption, IamRole, StatementSettings};
use serde::{Deserialize, Serialize};

use super::key::Area;
use super::validate::invalid;
use super::{Config, Origin, WarehouseConfig};
use crate::exit::Result;
use crate::locator::Locator;

/// The keys of the embedded engine alone.
const EMBEDDED: [&str; 5] = ["sampleScale", "sampleDir", "memoryLimitMb", "tempDir", "slices"];
/// The keys of Redshift through the Data API alone.
const REDSHIFT_DATA: [&str; 9] =
    ["region", "endpoint", "secretArn", "dbUser", "iamRole", "s3Region", "encryption", "kmsKeyId", "queryGroup"];

/// A text or a list of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum OneOrMany {
    /// One.
    One(String),
    /// Several, in their order.
    Many(Vec<String>),
}

/// How Redshift is told to encrypt what it unloads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum UnloadEncryption {
    /// As it does without a word: with keys of S3.
    S3,
    /// With the key that the bucket names.
    Auto,
}

impl WarehouseConfig {
    /// What every UNLOAD of this warehouse says.
    pub(crate) fn statement_settings(&self) -> StatementSettings {
        let iam_role = match &self.iam_role {
            None => IamRole::Default,
            Some(OneOrMany::One(role)) if role == "default" => IamRole::Default,
            Some(OneOrMany::One(role)) => IamRole::Chain(vec![role.clone()]),
            Some(OneOrMany::Many(roles)) => IamRole::Chain(roles.clone()),
        };
        let encryption = match (&self.kms_key_id, self.encryption) {
            (Some(key), _) => Encryption::KmsKey(key.clone()),
            (None, Some(UnloadEncryption::Auto)) => Encryption::BucketKey,
            (None, Some(UnloadEncryption::S3) | None) => Encryption::Unsaid,
        };
        StatementSettings { iam_role, region: self.s3_region.clone(), encryption }
    }
}

impl Config {
    /// What is set must mean something where it is set.
    pub(super) fn check_warehouses(&self) -> Result<()> {
        for (name, warehouse) in &self.warehouses {
            let locator = &warehouse.url.0;
            self.check_keys(name, locator)?;
            if let Locator::RedshiftData { workgroup, .. } = locator {
                self.check_redshift(name, warehouse, workgroup.is_some())?;
            }
        }
        Ok(())
    }

    fn check_keys(&self, name: &str, locator: &Locator) -> Result<()> {
        let set = self.settings.iter().filter(|setting| setting.key.area == Area::Warehouse && setting.origin != Origin::Default);
        for setting in set.filter(|setting| setting.name.as_deref() == Some(name)) {
            let (path, origin, scheme) = (setting.path(), &setting.origin, locator.scheme());
            if !goes_with(setting.key.name, locator) {
                let other = if EMBEDDED.contains(&setting.key.name) { "embedded:" } else { "redshift-data://" };
                return Err(invalid(format!("`{path}` ({origin}) does not go with `url` `{scheme}`"))
                    .hint(format!("it is for `{other}`; leave it out, or look at `warehouse.{name}.url`")));
            }
        }
        Ok(())
    }

    fn check_redshift(&self, name: &str, warehouse: &WarehouseConfig, is_serverless: bool) -> Result<()> {
        let at = |key: &str| {
            let path = format!("warehouse.{name}.{key}");
            format!("`{path}` ({})", self.origin(&path))
        };
        if is_serverless && warehouse.db_user.is_some() {
            return Err(invalid(format!("{} does not go with a serverless workgroup", at("dbUser")))
                .hint("leave it out: the IAM identity is the database user; or use `secretArn`"));
        }
        if warehouse.secret_arn.is_some() && warehouse.db_user.is_some() {
            return Err(invalid(format!("{} and {} are two ways to log in", at("secretArn"), at("dbUser"))).hint("leave one out"));
        }
        if let Some(secret) = warehouse.secret_arn.as_ref().filter(|secret| !secret.starts_with("arn:")) {
            return Err(invalid(format!("{} is `{secret}`, which is no ARN", at("secretArn")))
                .hint("it names a secret, as `arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME`; it is no password"));
        }
        if warehouse.kms_key_id.is_some() && warehouse.encryption.is_some() {
            return Err(invalid(format!("{} and {} say it twice", at("kmsKeyId"), at("encryption"))).hint("leave one out"));
        }
        let IamRole::Chain(roles) = warehouse.statement_settings().iam_role else { return Ok(()) };
        match roles.iter().find(|role| !is_role(role)) {
            None => Ok(()),
            Some(role) => Err(invalid(format!("{} has `{role}`, which is no ARN of a role", at("iamRole")))
                .hint("write `arn:aws:iam::ACCOUNT:role/NAME`, a list of them for a chain, or `default`")),
        }
    }
}

/// Whether a warehouse of that scheme has the key.
pub(super) fn goes_with(key: &str, locator: &Locator) -> bool {
    match locator {
        Locator::Embedded(_) => !REDSHIFT_DATA.contains(&key),
        _ => !EMBEDDED.contains(&key),
    }
}

fn is_role(text: &str) -> bool {
    let is_whole = !text.contains(|character: char| character.is_whitespace() || character == ',');
    is_whole && text.starts_with("arn:") && text.contains(":iam::") && text.contains(":role/")
}

#[cfg(test)]
mod tests {
    use super::super::{ConfigFile, Sources};
    use super::*;

    // An emulator's, which go with the folder that is the storage when nothing is said.
    const URL: &str = "[warehouse.main]\nendpoint = \"http://127.0.0.1:9\"\nurl = \"redshift-data://wg/dev\"\n";
    const CLUSTER: &str = "[warehouse.main]\nendpoint = \"http://127.0.0.1:9\"\nurl = \"redshift-data:///dev?cluster=c\"\n";

    fn load(text: &str, variables: &[(&str, &str)]) -> Result<Config> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("outflow.toml");
        std::fs::write(&file, text).unwrap();
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Config::load(&Sources { file: ConfigFile::Named(file), variables, flags: Vec::new() })
    }

    fn settings(keys: &str) -> StatementSettings {
        load(&format!("{URL}{keys}"), &[]).unwrap().warehouses[0].1.statement_settings()
    }

    #[test]
    fn what_is_set_stands_in_every_statement() {
        assert_eq!(settings(""), StatementSettings::default());
        assert_eq!(settings("iamRole = \"default\"\n").iam_role, IamRole::Default);
        let (one, two) = ("arn:aws:iam::1:role/a", "arn:aws:iam::2:role/b");
        assert_eq!(settings(&format!("iamRole = \"{one}\"\n")).iam_role, IamRole::Chain(vec![one.into()]));
        let chain = IamRole::Chain(vec![one.into(), two.into()]);
        assert_eq!(settings(&format!("iamRole = [\"{one}\", \"{two}\"]\n")).iam_role, chain);
        let variable = [("OUTFLOW_WAREHOUSE_MAIN_IAM_ROLE", format!("{one},{two}"))];
        let variable: Vec<_> = variable.iter().map(|(name, value)| (*name, value.as_str())).collect();
        assert_eq!(load(URL, &variable).unwrap().warehouses[0].1.statement_settings().iam_role, chain);
        let said = settings("s3Region = \"eu-west-1\"\nkmsKeyId = \"1234\"\n");
        assert_eq!((said.region.as_deref(), said.encryption), (Some("eu-west-1"), Encryption::KmsKey("1234".into())));
        assert_eq!(settings("encryption = \"auto\"\n").encryption, Encryption::BucketKey);
        assert_eq!(settings("encryption = \"s3\"\n").encryption, Encryption::Unsaid);
    }

    #[test]
    fn what_means_nothing_where_it_is_set_is_refused_by_name() {
        for key in REDSHIFT_DATA {
            let value = if key == "endpoint" {
                "http://127.0.0.1:1"
            } else if key == "encryption" {
                "auto"
            } else {
                "x"
            };
            let error = load(&format!("[warehouse.main]\n{key} = \"{value}\"\n"), &[]).unwrap_err().to_string();
            assert!(error.contains(&format!("`warehouse.main.{key}`")) && error.contains("line 2"), "{error}");
            assert!(error.contains("does not go with `url` `embedded:`") && error.contains("`redshift-data://`"), "{error}");
        }
        for (base, keys, part) in [
            (URL, "slices = 3\n", "`warehouse.main.slices`"),
            (URL, "dbUser = \"u\"\n", "does not go with a serverless workgroup"),
            (CLUSTER, "dbUser = \"u\"\nsecretArn = \"arn:aws:secretsmanager:x\"\n", "two ways to log in"),
            (CLUSTER, "secretArn = \"hunter\"\n", "is no ARN"),
            (URL, "kmsKeyId = \"k\"\nencryption = \"auto\"\n", "say it twice"),
            (URL, "iamRole = \"unloader\"\n", "no ARN of a role"),
            (URL, "iamRole = [\"arn:aws:iam::1:role/a\", \"\"]\n", "a list of texts"),
            (URL, "iamRole = []\n", "text, or a list of texts"),
            (URL, "encryption = \"kms\"\n", "one of `s3`, `auto`"),
            (URL, "iamRol = \"x\"\n", "did you mean `warehouse.main.iamRole`?"),
        ] {
            let error = load(&format!("{base}{keys}"), &[]).unwrap_err().to_string();
            assert!(error.contains(part), "{keys:?} gave {error:?}, which lacks {part:?}");
        }
        assert!(load(&format!("{CLUSTER}dbUser = \"u\"\n"), &[]).is_ok());
    }

    #[test]
    fn a_folder_goes_with_an_emulator_alone() {
        let text = "[warehouse.main]\nurl = \"redshift-data://wg/dev\"\n";
        assert!(load(text, &[]).unwrap_err().to_string().contains("Redshift unloads into S3 only"));
        assert!(load(&format!("{text}endpoint = \"http://127.0.0.1:9\"\n"), &[]).is_ok());
    }

    #[test]
    fn what_is_shown_is_what_a_redshift_has() {
        let shown = load(&format!("{URL}iamRole = \"arn:aws:iam::1:role/a\"\n"), &[]).unwrap().to_toml();
        assert!(shown.contains("iamRole = \"arn:aws:iam::1:role/a\"") && !shown.contains("sampleScale"), "{shown}");
    }
}
