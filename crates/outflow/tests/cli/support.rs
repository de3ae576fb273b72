//! Runs the binary in a folder of its own, with nothing of this process's environment that could reach it.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use sqlx::{Connection, SqliteConnection};

/// No step of a test takes longer, however slow the machine; a test that meets it has failed.
pub(crate) const AT_MOST: Duration = Duration::from_secs(120);

/// A query that runs for longer than any test, in little memory: what a join holds of it are four million rows.
pub(crate) const ENDLESS: &str = "SELECT count(*) AS n FROM numbers a, numbers b, many c WHERE a.n + b.n + c.n < 0";

/// A service on the tables of its folder, at a free port.
pub(crate) const SERVE: [&str; 7] = ["serve", "--listen", "127.0.0.1:0", "--tables", "tables", "--data-dir", "data"];

/// A folder to work in.
pub(crate) struct Place {
    folder: tempfile::TempDir,
}

/// How a command ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    /// A folder with a small table, `fruit`, and two that multiply to something: `numbers` and `many`.
    pub(crate) fn with_tables() -> Self {
        let place = Self::new();
        std::fs::create_dir(place.path("tables")).unwrap();
        std::fs::write(place.path("tables/fruit.csv"), "id,name\n1,apple\n2,배\n3,\"a \"\"b\"\"\nc\"\n").unwrap();
        for (name, count) in [("numbers", 2_000), ("many", 200_000)] {
            let numbers: String = (0..count).map(|n| format!("{n}\n")).collect();
            std::fs::write(place.path(&format!("tables/{name}.csv")), format!("n\n{numbers}")).unwrap();
        }
        place
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn root(&self) -> &Path {
        self.folder.path()
    }

    /// A command of the binary, in this folder.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_outflow"));
        command.args(arguments).current_dir(self.folder.path()).env_remove("NO_COLOR");
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("OUTFLOW_") {
                command.env_remove(name);
            }
        }
        command
    }

    /// Runs a command to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ended {
        finish(self.command(arguments), None)
    }

    /// Runs a command with that on its standard input.
    pub(crate) fn run_with_input(&self, arguments: &[&str], input: &str) -> Ended {
        finish(self.command(arguments), Some(input))
    }

    /// Starts a service on the tables of this folder, at a free port.
    pub(crate) fn serve(&self) -> Running {
        Running::start(self.command(&SERVE))
    }
}

/// Runs a command to its end.
pub(crate) fn finish(mut command: Command, input: Option<&str>) -> Ended {
    let stdin = if input.is_some() { Stdio::piped() } else { Stdio::null() };
    let mut child = command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    if let Some(input) = input {
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    }
    let stdout = drain(child.stdout.take().unwrap());
    let stderr = drain(child.stderr.take().unwrap());
    let code = wait(&mut child);
    let text = |thread: thread::JoinHandle<Vec<u8>>| String::from_utf8(thread.join().unwrap()).unwrap();
    Ended { code, stdout: text(stdout), stderr: text(stderr) }
}

fn drain(mut stream: impl Read + Send + 'static) -> thread::JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        bytes
    })
}

/// The exit code; that of a shell for one that a signal ended.
fn wait(child: &mut Child) -> i32 {
    use std::os::unix::process::ExitStatusExt;
    let begin = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code().unwrap_or_else(|| 128 + status.signal().unwrap());
        }
        if begin.elapsed() > AT_MOST {
            child.kill().unwrap();
            panic!("the command did not end");
        }
        thread::sleep(Duration::from_millis(5));
    }
}

/// A command that goes on; ended with this value.
pub(crate) struct Running {
    child: Child,
    lines: Arc<Mutex<Vec<String>>>,
    news: Receiver<String>,
    reader: Option<thread::JoinHandle<()>>,
    pub(crate) url: String,
}

impl Running {
    /// Starts a command and waits for the line that tells where it listens.
    pub(crate) fn start(command: Command) -> Self {
        let mut running = Self::watch(command);
        let line = running.until("http://");
        let begin = line.find("http://").unwrap();
        running.url = line[begin..].split_whitespace().next().unwrap().to_owned();
        running
    }

    /// Starts a command and listens to its standard error.
    pub(crate) fn watch(mut command: Command) -> Self {
        command.stdout(Stdio::null());
        Self::watch_kept(command)
    }

    /// The same, standard output left where it goes.
    pub(crate) fn watch_kept(mut command: Command) -> Self {
        let mut child = command.stdin(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let (sender, news) = channel();
        let lines = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&lines);
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let reader = thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                kept.lock().unwrap().push(line.clone());
                let _ = sender.send(line);
            }
        });
        Self { child, lines, news, reader: Some(reader), url: String::new() }
    }

    /// The next line that holds `part`.
    pub(crate) fn until(&mut self, part: &str) -> String {
        loop {
            match self.news.recv_timeout(AT_MOST) {
                Ok(line) if line.contains(part) => return line,
                Ok(_) => {}
                Err(_) => panic!("`{part}` never came; what came: {:#?}", self.lines.lock().unwrap()),
            }
        }
    }

    /// Sends a signal, by its name.
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    /// Waits for its end, and for everything that it said.
    pub(crate) fn end(&mut self) -> i32 {
        let code = wait(&mut self.child);
        if let Some(reader) = self.reader.take() {
            reader.join().unwrap();
        }
        code
    }

    /// The process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it wrote to standard error so far.
    pub(crate) fn stderr(&self) -> String {
        self.lines.lock().unwrap().join("\n")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends a request, with that JSON if there is some, and gives the status and the body of the answer.
pub(crate) fn http(method: &str, url: &str, body: Option<&str>) -> (u16, String) {
    // Installed already after the first time.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let mut request = client.request(method.parse().unwrap(), url);
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_owned());
        }
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    })
}

/// Does something on the store of the folder's service, whether that runs or not.
pub(crate) fn on_table<T>(place: &Place, work: impl AsyncFnOnce(&mut SqliteConnection) -> T) -> T {
    let url = format!("sqlite:{}", place.path("data/outflow.db").display());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut connection = SqliteConnection::connect(&url).await.unwrap();
        let answer = work(&mut connection).await;
        connection.close().await.unwrap();
        answer
    })
}

/// Asks until the answer is yes.
pub(crate) fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !is_so() {
        assert!(begin.elapsed() < AT_MOST, "{what} never happened");
        thread::sleep(Duration::from_millis(20));
    }
}
