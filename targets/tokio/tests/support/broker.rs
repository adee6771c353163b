//! A mosquitto of the test's own, on a free port of the loopback interface.

use std::fs::{self, File};
use std::net::Ipv4Addr;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep};

/// Where it is installed; not every user has the second one in the search path.
const PROGRAMS: [&str; 2] = ["mosquitto", "/usr/sbin/mosquitto"];

/// How long a loaded machine may take to start or end a process.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Mosquitto {
    program: &'static str,
    directory: TempDir,
    port: u16,
    process: Option<Child>,
}

impl Mosquitto {
    /// Starts a broker; `persistence`: it writes its sessions to a file when it ends. `None` where
    /// mosquitto is not installed, after saying so.
    pub(crate) async fn start(persistence: bool) -> Option<Self> {
        Self::start_with(&format!("persistence {persistence}\nallow_anonymous true\n")).await
    }

    /// Starts a broker with further lines in its configuration, which belong to its listener.
    pub(crate) async fn start_with(lines: &str) -> Option<Self> {
        let installed = |program: &&str| {
            Command::new(program)
                .arg("-h")
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .and_then(|mut child| child.wait())
                .is_ok()
        };
        let Some(program) = PROGRAMS.into_iter().find(installed) else {
            let text = "mosquitto is not installed: install the package `mosquitto`";
            assert!(std::env::var_os("CI").is_none(), "{text}");
            // Past the test harness, which shows what a passing test prints to nobody.
            let loudly = format!("\n*** SKIPPED, NOTHING WAS TESTED: {text} ***\n\n");
            std::io::Write::write_all(&mut std::io::stderr(), loudly.as_bytes()).unwrap();
            return None;
        };
        let directory = tempfile::Builder::new().prefix("fivewire-mosquitto-").tempdir().unwrap();
        let port = super::listen_on_lasting_port().local_addr().unwrap().port();
        let config = format!(
            "listener {port} 127.0.0.1\n\
             set_tcp_nodelay true\n\
             max_queued_messages 0\n\
             persistence_location {}/\n\
             {}{lines}",
            directory.path().display(),
            // It would become a user who may not write here.
            if is_root(&directory) { "user root\n" } else { "" },
        );
        fs::write(directory.path().join("mosquitto.conf"), config).unwrap();
        let mut broker = Self { program, directory, port, process: None };
        broker.launch().await;
        Some(broker)
    }

    pub(crate) const fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Starts it again after its end.
    pub(crate) async fn launch(&mut self) {
        let path = |name| self.directory.path().join(name);
        let begun = Instant::now();
        self.process = Some(
            Command::new(self.program)
                .arg("-c")
                .arg(path("mosquitto.conf"))
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(File::options().create(true).append(true).open(path("log")).unwrap())
                .spawn()
                .unwrap(),
        );
        while TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).await.is_err() {
            let log = || fs::read_to_string(path("log")).unwrap_or_default();
            assert!(begun.elapsed() < PATIENCE, "mosquitto does not start:\n{}", log());
            sleep(Duration::from_millis(10)).await;
        }
    }

    /// SIGTERM: it writes its sessions, if it is to, and ends.
    pub(crate) async fn terminate(&mut self) {
        let Some(mut process) = self.process.take() else { return };
        signal(&process, "TERM");
        let begun = Instant::now();
        while process.try_wait().unwrap().is_none() {
            assert!(begun.elapsed() < PATIENCE, "mosquitto does not end");
            sleep(Duration::from_millis(10)).await;
        }
    }

    /// SIGSTOP: it does nothing any more, until it is killed.
    pub(crate) fn freeze(&self) {
        if let Some(process) = &self.process {
            signal(process, "STOP");
        }
    }

    /// Takes away what it wrote when it ended, if it did.
    pub(crate) fn forget(&self) {
        match fs::remove_file(self.directory.path().join("mosquitto.db")) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => panic!("{error}"),
            _ => {}
        }
    }

    /// SIGKILL: it forgets whatever it did not write before.
    pub(crate) fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }
}

impl Drop for Mosquitto {
    fn drop(&mut self) {
        self.kill();
    }
}

fn signal(process: &Child, name: &str) {
    let (kill, id) = (format!("kill -{name} \"$0\""), process.id().to_string());
    assert!(Command::new("sh").args(["-c", &kill, &id]).status().unwrap().success());
}

fn is_root(directory: &TempDir) -> bool {
    use std::os::unix::fs::MetadataExt;
    fs::metadata(directory.path()).unwrap().uid() == 0
}
