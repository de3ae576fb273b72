//! A PostgreSQL server that lives as long as the test process, and databases in it that live as long as a test.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _};
use tokio::sync::OnceCell;

/// How long a server may take to start.
const PATIENCE: Duration = Duration::from_secs(60);

/// Stops the server and removes its files once the test process, which holds the other end of standard input, is gone for any reason.
const SUPERVISOR: &str = r#"
"$1" -D "$2/data" -k "$2" -c listen_addresses= -c fsync=off -c full_page_writes=off -c max_connections=300 >"$2/log" 2>&1 &
server=$!
read -r _
kill -INT "$server"
wait "$server"
rm -rf "$2"
"#;

/// A running server.
#[derive(Debug)]
pub struct PostgresServer {
    /// Of a database that is always there, to make others from.
    maintenance_url: String,
    /// Keeps the pipe open that the supervisor reads; none for a server that was there before.
    _supervisor: Option<Child>,
}

impl PostgresServer {
    /// The server of this process, started at the first call; `None` where there is none to be had, which has been said then.
    ///
    /// # Panics
    /// Where there is none to be had and `CI=true`; where one is installed and does not start.
    pub async fn shared() -> Option<&'static Self> {
        static SHARED: OnceCell<Option<PostgresServer>> = OnceCell::const_new();
        SHARED.get_or_init(Self::find_or_start).await.as_ref()
    }

    async fn find_or_start() -> Option<Self> {
        if let Ok(url) = std::env::var("TEST_POSTGRES_URL") {
            return Some(Self { maintenance_url: url, _supervisor: None });
        }
        let Some(programs) = programs() else {
            let is_ci = std::env::var("CI").is_ok_and(|value| value == "true");
            assert!(!is_ci, "PostgreSQL is not installed and `TEST_POSTGRES_URL` is not set; in CI the tests must run on it");
            // Not by a macro: those are captured when a test passes.
            let _ = writeln!(
                std::io::stderr(),
                "SKIPPED on PostgreSQL: `initdb` is not installed and `TEST_POSTGRES_URL` is not set"
            );
            return None;
        };
        let server = Self::start(&programs);
        server.wait_until_ready().await;
        Some(server)
    }

    fn start(programs: &Path) -> Self {
        let folder =
            tempfile::Builder::new().prefix("outflow-postgres-").tempdir().expect("a temporary folder can be made").keep();
        let user = unprivileged(&folder);
        if let Some((uid, gid)) = user {
            std::os::unix::fs::chown(&folder, Some(uid), Some(gid)).expect("the superuser can give a folder away");
        }
        let command = |program: &Path| {
            let mut command = Command::new(program);
            command.current_dir("/").env("LC_ALL", "C").process_group(0);
            if let Some((uid, gid)) = user {
                command.uid(uid).gid(gid);
            }
            command
        };
        let made = command(&programs.join("initdb"))
            .args(["--username=outflow", "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync", "-D"])
            .arg(folder.join("data"))
            .output()
            .expect("`initdb` can be run");
        assert!(made.status.success(), "`initdb` failed: {}", String::from_utf8_lossy(&made.stderr));
        let supervisor = command(Path::new("/bin/sh"))
            .args(["-c", SUPERVISOR, "supervisor"])
            .arg(programs.join("postgres"))
            .arg(&folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("a shell can be run");
        let maintenance_url = format!("postgres://outflow@localhost/postgres?host={}", folder.display());
        Self { maintenance_url, _supervisor: Some(supervisor) }
    }

    async fn wait_until_ready(&self) {
        let began = Instant::now();
        loop {
            match PgConnection::connect(&self.maintenance_url).await {
                Ok(connection) => return connection.close().await.expect("a fresh connection closes"),
                Err(error) => assert!(began.elapsed() < PATIENCE, "PostgreSQL did not start: {error}"),
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Makes an empty database.
    pub async fn create_database(&self) -> OwnDatabase {
        static COUNTER: AtomicU32 = AtomicU32::new(0);
        let name = format!("outflow_test_{}_{}", std::process::id(), COUNTER.fetch_add(1, Ordering::Relaxed));
        command(&self.maintenance_url, format!("create database {name}")).await.expect("a database can be made");
        OwnDatabase { url: with_database(&self.maintenance_url, &name), name, maintenance_url: self.maintenance_url.clone() }
    }
}

/// A database that is dropped with the value.
#[derive(Debug)]
pub struct OwnDatabase {
    url: String,
    name: String,
    maintenance_url: String,
}

impl OwnDatabase {
    /// Its locator.
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for OwnDatabase {
    fn drop(&mut self) {
        let (url, text) = (self.maintenance_url.clone(), format!("drop database if exists {} with (force)", self.name));
        // On a thread of its own: a runtime cannot be waited for from inside another.
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(command(&url, text)).map_err(std::io::Error::other)
        });
        if !matches!(dropped.join(), Ok(Ok(()))) {
            let _ = writeln!(std::io::stderr(), "the test database {} was not dropped", self.name);
        }
    }
}

async fn command(url: &str, text: String) -> Result<(), sqlx::Error> {
    let mut connection = PgConnection::connect(url).await?;
    connection.execute(AssertSqlSafe(text)).await?;
    connection.close().await
}

/// The same url with another database.
fn with_database(url: &str, name: &str) -> String {
    let (address, parameters) = url.split_once('?').map_or((url, String::new()), |(address, rest)| (address, format!("?{rest}")));
    let host_begins = address.find("://").map_or(0, |at| at + 3);
    let host_ends = address[host_begins..].find('/').map_or(address.len(), |at| host_begins + at);
    format!("{}/{name}{parameters}", &address[..host_ends])
}

/// The folder with `initdb` and `postgres`: on the path, or where Debian keeps one for each version.
fn programs() -> Option<PathBuf> {
    let on_path = std::env::var_os("PATH").map(|path| std::env::split_paths(&path).collect::<Vec<_>>()).unwrap_or_default();
    let mut versions: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .map(|entries| entries.flatten().map(|entry| entry.path().join("bin")).collect())
        .unwrap_or_default();
    versions.sort();
    versions.reverse();
    on_path.into_iter().chain(versions).find(|folder| folder.join("initdb").exists() && folder.join("postgres").exists())
}

/// Whom the server runs as when this process, who made the folder, is the superuser: PostgreSQL refuses that one.
fn unprivileged(folder: &Path) -> Option<(u32, u32)> {
    if fs::metadata(folder).expect("the folder was just made").uid() != 0 {
        return None;
    }
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let ids = |name: &str| {
        let fields: Vec<&str> = users.lines().map(|line| line.split(':').collect::<Vec<_>>()).find(|fields| fields[0] == name)?;
        Some((fields.get(2)?.parse().ok()?, fields.get(3)?.parse().ok()?))
    };
    Some(ids("postgres").or_else(|| ids("nobody")).expect("there is a user `postgres` or `nobody` to run PostgreSQL as"))
}
