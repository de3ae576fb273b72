//! What only a Redshift has to know, and what only the embedded engine has.

use outflow_core::address::passes_in_the_clear;
use outflow_core::statement::{Encryption, IamRole, StatementSettings};
use serde::{Deserialize, Serialize};

use super::key::Area;
use super::validate::invalid;
use super::{Config, Origin, WarehouseConfig};
use crate::exit::Result;
use crate::locator::{Address, Issuer, Locator, REDSHIFT_PORT, Server};

/// The schemes whose warehouses have a key; none for a key that every warehouse has.
fn schemes_of(key: &str) -> &'static [&'static str] {
    match key {
        "sampleScale" | "sampleDir" | "memoryLimitMb" | "tempDir" | "slices" => &["embedded:"],
        "secretArn" => &["redshift-data://"],
        "passwordFile" | "sslMode" | "sslRootCert" => &["redshift://"],
        "region" | "endpoint" | "dbUser" | "iamRole" | "s3Region" | "encryption" | "kmsKeyId" | "queryGroup" => {
            &["redshift-data://", "redshift://"]
        }
        _ => &[],
    }
}

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

/// How the connection to a Redshift is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum SslMode {
    /// Encrypted, with a certificate for the host's name from an authority that is trusted.
    VerifyFull,
    /// Plain text.
    Disable,
}

impl WarehouseConfig {
    /// How the connection to that address is encrypted: plain text has no way to hear on this machine.
    pub(crate) fn ssl_mode(&self, address: &Address) -> SslMode {
        let usual = if address.is_loopback() { SslMode::Disable } else { SslMode::VerifyFull };
        // Certificates are named to be held against.
        let usual = if self.ssl_root_cert.is_some() { SslMode::VerifyFull } else { usual };
        self.ssl_mode.unwrap_or(usual)
    }

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
            match locator {
                Locator::RedshiftData { workgroup, .. } => self.check_data_api(name, warehouse, workgroup.is_some())?,
                Locator::Redshift(server) => self.check_wire(name, warehouse, server)?,
                _ => continue,
            }
            self.check_redshift(name, warehouse)?;
        }
        Ok(())
    }

    fn check_keys(&self, name: &str, locator: &Locator) -> Result<()> {
        let set = self.settings.iter().filter(|setting| setting.key.area == Area::Warehouse && setting.origin != Origin::Default);
        for setting in set.filter(|setting| setting.name.as_deref() == Some(name)) {
            let (path, origin, scheme) = (setting.path(), &setting.origin, locator.scheme());
            if !goes_with(setting.key.name, locator) {
                let others = schemes_of(setting.key.name).join("` and `");
                return Err(invalid(format!("`{path}` ({origin}) does not go with `url` `{scheme}`"))
                    .hint(format!("it is for `{others}`; leave it out, or look at `warehouse.{name}.url`")));
            }
        }
        Ok(())
    }

    /// A key of a warehouse, as messages name it.
    fn at(&self, name: &str, key: &str) -> String {
        let path = format!("warehouse.{name}.{key}");
        format!("`{path}` ({})", self.origin(&path))
    }

    fn check_data_api(&self, name: &str, warehouse: &WarehouseConfig, is_serverless: bool) -> Result<()> {
        let at = |key: &str| self.at(name, key);
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
        Ok(())
    }

    fn check_wire(&self, name: &str, warehouse: &WarehouseConfig, server: &Server) -> Result<()> {
        let at = |key: &str| self.at(name, key);
        let address = server.address(REDSHIFT_PORT).map_err(|why| invalid(format!("{} {why}", at("url"))))?;
        self.check_login(name, warehouse, &address)?;
        if warehouse.password_file.is_some() && address.password.is_some() {
            return Err(invalid(format!("{} names a password, and {} has one already", at("passwordFile"), at("url")))
                .hint("leave one out"));
        }
        if warehouse.ssl_mode == Some(SslMode::Disable) && warehouse.ssl_root_cert.is_some() {
            return Err(
                invalid(format!("{} has no use where {} is `disable`", at("sslRootCert"), at("sslMode"))).hint("leave one out")
            );
        }
        Ok(())
    }

    /// Either a user is named, or the cluster or workgroup for which AWS names one.
    fn check_login(&self, name: &str, warehouse: &WarehouseConfig, address: &Address) -> Result<()> {
        let at = |key: &str| self.at(name, key);
        let Some(issuer) = &address.issuer else {
            if address.user.is_none() {
                let hint = "write `redshift://user@host:port/database`; or `redshift://host:port/database?cluster=NAME` (or `?workgroup=NAME`), for which AWS hands out user and password";
                return Err(invalid(format!("{} names no user", at("url"))).hint(hint));
            }
            let set = [("region", &warehouse.region), ("endpoint", &warehouse.endpoint), ("dbUser", &warehouse.db_user)];
            return match set.iter().find(|(_, value)| value.is_some()) {
                None => Ok(()),
                Some((key, _)) => Err(invalid(format!("{} has no use where `url` names neither cluster nor workgroup", at(key)))
                    .hint("AWS is not asked for credentials; leave it out, or write `?cluster=NAME` or `?workgroup=NAME` after the database")),
            };
        };
        if address.user.is_some() {
            return Err(invalid(format!("{} names a user, and a cluster or workgroup for which AWS names one", at("url")))
                .hint("leave one out; `dbUser` names a user of a cluster"));
        }
        if warehouse.password_file.is_some() {
            return Err(invalid(format!("{} has no use where AWS hands out the password", at("passwordFile")))
                .hint("leave it out, or name a user in `url` and neither cluster nor workgroup"));
        }
        if warehouse.db_user.is_some() && matches!(issuer, Issuer::Workgroup(_)) {
            return Err(invalid(format!("{} does not go with a serverless workgroup", at("dbUser")))
                .hint("leave it out: the IAM identity is the database user"));
        }
        match warehouse.endpoint.as_ref().filter(|endpoint| passes_in_the_clear(endpoint)) {
            None => Ok(()),
            Some(endpoint) => {
                let what = format!("{} is `{endpoint}`, from where the password would come in plain text", at("endpoint"));
                Err(invalid(what).hint("write `https://`; `http://` is for an address on this machine, as of an emulator"))
            }
        }
    }

    fn check_redshift(&self, name: &str, warehouse: &WarehouseConfig) -> Result<()> {
        let at = |key: &str| self.at(name, key);
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
    let schemes = schemes_of(key);
    schemes.is_empty() || schemes.contains(&locator.scheme())
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
    const WIRE: &str = "[warehouse.main]\nurl = \"redshift://u@127.0.0.1/dev\"\n";
    const WIRE_IAM: &str = "[warehouse.main]\nurl = \"redshift://127.0.0.1/dev?workgroup=wg\"\n";
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
        for key in super::super::key::KEYS.iter().filter(|key| schemes_of(key.name).contains(&"redshift-data://")) {
            let key = key.name;
            let value = match key {
                "endpoint" => "http://127.0.0.1:1",
                "encryption" => "auto",
                _ => "x",
            };
            let error = load(&format!("[warehouse.main]\n{key} = \"{value}\"\n"), &[]).unwrap_err().to_string();
            assert!(error.contains(&format!("`warehouse.main.{key}`")) && error.contains("line 2"), "{error}");
            assert!(error.contains("does not go with `url` `embedded:`") && error.contains("`redshift-data://`"), "{error}");
        }
        for (base, keys, part) in [
            (URL, "slices = 3\n", "`warehouse.main.slices`"),
            (URL, "passwordFile = \"f\"\n", "it is for `redshift://`"),
            (WIRE, "secretArn = \"arn:x\"\n", "does not go with `url` `redshift://`"),
            (WIRE, "sslMode = \"require\"\n", "one of `verify-full`, `disable`"),
            (WIRE, "sslMode = \"disable\"\nsslRootCert = \"f\"\n", "has no use where"),
            (WIRE, "kmsKeyId = \"k\"\nencryption = \"auto\"\n", "say it twice"),
            (WIRE, "iamRole = \"unloader\"\n", "no ARN of a role"),
            ("[warehouse.main]\nurl = \"redshift://127.0.0.1/dev\"\n", "", "names no user"),
            (URL, "dbUser = \"u\"\n", "does not go with a serverless workgroup"),
            (WIRE, "region = \"r\"\n", "names neither cluster nor workgroup"),
            (WIRE, "dbUser = \"u\"\n", "names neither cluster nor workgroup"),
            ("[warehouse.main]\nurl = \"redshift://u@127.0.0.1/dev?cluster=c\"\n", "", "AWS names one"),
            (WIRE_IAM, "endpoint = \"http://10.0.0.1:9\"\n", "the password would come in plain text"),
            (WIRE_IAM, "passwordFile = \"f\"\n", "AWS hands out the password"),
            (WIRE_IAM, "dbUser = \"u\"\n", "does not go with a serverless workgroup"),
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
        for endpoint in ["https://10.0.0.1:9", "http://127.0.0.1:9", "http://localhost:9"] {
            assert!(load(&format!("{WIRE_IAM}endpoint = \"{endpoint}\"\n"), &[]).is_ok(), "{endpoint}");
        }
        assert!(load(&format!("{WIRE_IAM}region = \"eu-west-1\"\nendpoint = \"http://127.0.0.1:9\"\n"), &[]).is_ok());
        let cluster = "[warehouse.main]\nurl = \"redshift://127.0.0.1/dev?cluster=c\"\ndbUser = \"u\"\n";
        assert!(load(cluster, &[]).is_ok());
    }

    #[test]
    fn a_folder_goes_with_an_emulator_alone() {
        let text = "[warehouse.main]\nurl = \"redshift-data://wg/dev\"\n";
        assert!(load(text, &[]).unwrap_err().to_string().contains("Redshift unloads into S3 only"));
        assert!(load(&format!("{text}endpoint = \"http://127.0.0.1:9\"\n"), &[]).is_ok());
        let wire = |host: &str| load(&format!("[warehouse.main]\nurl = \"redshift://u@{host}/dev\"\n"), &[]);
        assert!(wire("wh.example.com").unwrap_err().to_string().contains("Redshift unloads into S3 only"));
        assert!(wire("localhost:5439").is_ok());
    }

    #[test]
    fn a_password_comes_from_the_environment_or_from_a_file_once() {
        let url = [("OUTFLOW_WAREHOUSE_MAIN_URL", "redshift://u:s3cr3t@127.0.0.1/dev")];
        assert!(load("", &url).is_ok());
        let twice = load("[warehouse.main]\npasswordFile = \"f\"\n", &url).unwrap_err().to_string();
        assert!(twice.contains("has one already") && !twice.contains("s3cr3t"), "{twice}");
        let in_file = load("[warehouse.main]\nurl = \"redshift://u:s3cr3t@127.0.0.1/dev\"\n", &[]).unwrap_err().to_string();
        assert!(in_file.contains("secrets do not belong") && !in_file.contains("s3cr3t"), "{in_file}");
    }

    #[test]
    fn only_what_stays_on_this_machine_is_in_plain_text_unless_told() {
        let mode = |host: &str, keys: &str| {
            let storage = "[storage]\nurl = \"s3://bucket\"\n";
            let text = format!("{storage}[warehouse.main]\nurl = \"redshift://u@{host}/dev\"\n{keys}");
            let config = load(&text, &[]).unwrap();
            let Locator::Redshift(server) = &config.warehouses[0].1.url.0 else { panic!("{text}") };
            config.warehouses[0].1.ssl_mode(&server.address(1).unwrap())
        };
        assert_eq!(mode("wh.example.com", ""), SslMode::VerifyFull);
        assert_eq!(mode("wh.example.com", "sslMode = \"disable\"\n"), SslMode::Disable);
        assert_eq!(mode("127.0.0.1", ""), SslMode::Disable);
        assert_eq!(mode("127.0.0.1", "sslMode = \"verify-full\"\n"), SslMode::VerifyFull);
        assert_eq!(mode("127.0.0.1", "sslRootCert = \"f\"\n"), SslMode::VerifyFull);
    }

    #[test]
    fn what_is_shown_is_what_a_redshift_has() {
        let shown = load(&format!("{URL}iamRole = \"arn:aws:iam::1:role/a\"\n"), &[]).unwrap().to_toml();
        assert!(shown.contains("iamRole = \"arn:aws:iam::1:role/a\"") && !shown.contains("sampleScale"), "{shown}");
    }
}
