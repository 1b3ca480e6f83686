//! Runs the real binary and keeps every byte that it writes. For tests about bytes, exit codes,
//! signals and time. A process that outlives its limit is killed and its test fails.

use std::ffi::OsString;
use std::io::Read;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::documents::assert_explained;

/// The longest time that a process may live.
pub(crate) const LONGEST_LIFE: Duration = Duration::from_secs(60);

/// The pause between two looks at a condition.
const POLL: Duration = Duration::from_millis(10);

/// Makes a command run on the real clock. On a scaled clock, the seconds within which `check` must
/// answer would be milliseconds, which is too short on a busy machine.
pub(crate) fn unscaled(command: &mut Command) {
    command.env("ZENDESK_CLOCK_SCALE", "1");
}

/// The output and the end of a process.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
    /// The exit code. `None` when a signal ended the process.
    pub(crate) code: Option<i32>,
    pub(crate) took: Duration,
}

/// A running process. Dropping it kills it.
pub(crate) struct Running {
    child: Child,
    stderr: Option<JoinHandle<String>>,
    began: Instant,
}

/// The binary under test: the one built here, or the one that `CONNECTOR` names, such as the
/// image's.
pub(crate) fn executable() -> OsString {
    let here = env!("CARGO_BIN_EXE_source-zendesk-support");
    std::env::var_os("CONNECTOR").unwrap_or_else(|| here.into())
}

/// The binary without a Zendesk. A request that it should not make meets a closed port.
pub(crate) fn binary() -> Command {
    let mut command = Command::new(executable());
    command.env("ZENDESK_BASE_URL", "http://127.0.0.1:9").env("ZENDESK_CLOCK_SCALE", "600");
    command.env("NO_PROXY", "127.0.0.1").env_remove("LOG_LEVEL").env_remove("WORKER_JOB_ATTEMPT");
    command
}

/// Runs a command to its end.
pub(crate) fn run(mut command: Command) -> Ended {
    command.stdout(Stdio::piped());
    let mut running = Running::start(command);
    let mut pipe = running.stdout();
    let stdout = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = pipe.read_to_end(&mut bytes);
        bytes
    });
    let mut ended = running.end_within(LONGEST_LIFE);
    ended.stdout = stdout.join().expect("stdout is read");
    ended
}

/// The same command with a terminal of its own, made by `script`. What the terminal shows is the
/// new stdout.
pub(crate) fn at_a_terminal(command: &Command, redirect: &str) -> Command {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words: Vec<String> = words.map(|word| format!("'{}'", word.to_string_lossy())).collect();
    let line = format!("stty cols 100 rows 30; {} {redirect}", words.join(" "));
    let mut script = Command::new("script");
    script.args(["--quiet", "--return", "--command", &line, "/dev/null"]);
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => script.env(name, value),
            None => script.env_remove(name),
        };
    }
    script.stdout(Stdio::piped());
    script
}

/// Polls until a condition is true.
pub(crate) fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + LONGEST_LIFE;
    while !is_so() {
        assert!(Instant::now() < deadline, "waited in vain until {what}");
        std::thread::sleep(POLL);
    }
}

impl Running {
    /// Starts a command whose stdout the caller has chosen.
    pub(crate) fn start(mut command: Command) -> Self {
        command.stdin(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the binary starts");
        let mut pipe = child.stderr.take().expect("stderr is a pipe");
        let stderr = std::thread::spawn(move || {
            let mut bytes = Vec::new();
            let _ = pipe.read_to_end(&mut bytes);
            String::from_utf8_lossy(&bytes).into_owned()
        });
        Self { child, stderr: Some(stderr), began: Instant::now() }
    }

    pub(crate) fn stdout(&mut self) -> ChildStdout {
        self.child.stdout.take().expect("stdout is a pipe that nobody took yet")
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends SIGTERM, as `docker stop` does.
    pub(crate) fn terminate(&self) {
        let kill = format!("kill -TERM {}", self.pid());
        let sent = Command::new("sh").arg("-c").arg(kill).status().expect("a shell");
        assert!(sent.success(), "the signal was sent");
    }

    /// Kills the process at once.
    pub(crate) fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    pub(crate) fn has_ended(&mut self) -> bool {
        self.status().is_some()
    }

    /// Waits for the end. A process that is still running after `limit` is killed and fails the
    /// test.
    pub(crate) fn end_within(&mut self, limit: Duration) -> Ended {
        let deadline = Instant::now() + limit;
        let status = loop {
            if let Some(status) = self.status() {
                break status;
            }
            assert!(Instant::now() < deadline, "still running after {limit:?}");
            std::thread::sleep(POLL);
        };
        let took = self.began.elapsed();
        let stderr = self.stderr.take().and_then(|stderr| stderr.join().ok()).unwrap_or_default();
        Ended { stdout: Vec::new(), stderr, code: status.code(), took }
    }

    fn status(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("the process can be asked")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Ended {
    /// The messages on stdout. Panics if a line is not JSON.
    pub(crate) fn messages(&self) -> Vec<Value> {
        messages(&self.stdout)
    }

    /// Every TRACE ERROR as (failure type, stream or empty, message).
    pub(crate) fn errors(&self) -> Vec<(String, String, String)> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let messages = self.messages();
        let errors = messages.iter().map(|message| &message["trace"]["error"]);
        let errors = errors.filter(|error| error.is_object()).map(|error| {
            let stream = &error["stream_descriptor"]["name"];
            (text(&error["failure_type"]), text(stream), text(&error["message"]))
        });
        errors.collect()
    }

    /// The last stream status of a stream.
    pub(crate) fn last_status(&self, stream: &str) -> Option<String> {
        let messages = self.messages();
        let mut statuses = messages.iter().map(|message| &message["trace"]["stream_status"]);
        let of_stream = |status: &&Value| status["stream_descriptor"]["name"] == stream;
        statuses.rfind(of_stream)?["status"].as_str().map(str::to_owned)
    }
}

/// The messages of an output. Fails the test if a line is not JSON, or if the guide does not
/// explain a WARN or ERROR.
pub(crate) fn messages(stdout: &[u8]) -> Vec<Value> {
    let lines = stdout.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let parse = |line: &[u8]| {
        serde_json::from_slice(line)
            .unwrap_or_else(|error| panic!("{error} in {}", String::from_utf8_lossy(line)))
    };
    let messages: Vec<Value> = lines.map(parse).collect();
    assert_explained(&messages);
    messages
}

/// The peak memory of a process so far, as Linux reports it in `/proc`. The figure of `wait4`
/// cannot be used: exec passes the peak memory of the parent process on to it.
pub(crate) fn high_water_kib(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_ascii_whitespace().next()?.parse().ok()
}
