//! Serves a simulated account until it is told to stop: `simulator --port 8080 --scale 60`.
//! Programs control it by lines on stdin or by requests to `/simulator`, as described in `orders`.

mod options;
mod orders;

use clap::Parser;
use options::Options;
use simulator::{ADMIN_API_TOKEN, STEERING_PATH, SUBDOMAIN, Settings, Simulator};
use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::{Arc, mpsc};
use tokio::runtime::Runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};

fn main() -> ExitCode {
    let options = Options::parse();
    let until_stdin_ends = options.until_stdin_ends;
    match options.settings().and_then(|settings| serve(settings, until_stdin_ends)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            // Nobody is left to hear that stderr is closed.
            let _ = writeln!(io::stderr().lock(), "{reason}");
            ExitCode::FAILURE
        }
    }
}

/// Serves until SIGTERM or SIGINT. With `until_stdin_ends`, the end of stdin stops it too.
fn serve(settings: Settings, until_stdin_ends: bool) -> Result<(), String> {
    let is_fixed = settings.port != 0 || settings.content_port != 0;
    let simulator = Arc::new(Simulator::start(settings).map_err(|error| {
        let taken = is_fixed && error.kind() == io::ErrorKind::AddrInUse;
        let advice = if taken {
            " Choose another port, or leave the option out to use a free port."
        } else {
            ""
        };
        format!("Cannot serve: {error}.{advice}")
    })?);
    let steered = Arc::downgrade(&simulator);
    simulator.steer(Box::new(move |order| {
        let simulator = steered.upgrade().ok_or("{}")?;
        let answer = orders::answer(&simulator, order);
        answer.map(|answer| answer.to_string()).map_err(|refusal| refusal.to_string())
    }));
    // Whoever has read the URL may end the program.
    let signals = Signals::listen().map_err(|error| format!("Cannot serve: {error}"))?;
    writeln!(io::stdout(), "{}", simulator.url())
        .and_then(|()| io::stdout().flush())
        .map_err(|error| format!("Cannot write to stdout: {error}"))?;
    // Who reads stdout wants the URL alone.
    let _ = io::stderr().write_all(greeting(&simulator.url()).as_bytes());
    until_ended(&simulator, signals, until_stdin_ends)
        .map_err(|error| format!("Cannot serve: {error}"))
}

/// A message that says what to try first.
fn greeting(url: &str) -> String {
    let insecure = if url.starts_with("https") { "--insecure " } else { "" };
    let user = format!("{}/token:{}", ADMIN_API_TOKEN.email, ADMIN_API_TOKEN.token);
    format!(
        "The simulated Zendesk account {SUBDOMAIN} is at {url}. It is not made by Zendesk.\n\
         Ask it:   curl {insecure}--user '{user}' {url}/api/v2/users/me\n\
         Steer it: curl {insecure}--data 'advance 70' {url}{STEERING_PATH}\n\
         Ctrl-C ends it.\n"
    )
}

/// The signals that end the program.
struct Signals {
    runtime: Runtime,
    ending: [Signal; 2],
}

impl Signals {
    /// From now on they do not end the process by themselves. One that is number 1 in its container has
    /// no default for them.
    fn listen() -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
        let ending = {
            let _inside = runtime.enter();
            [signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?]
        };
        Ok(Self { runtime, ending })
    }

    fn wait(mut self) {
        let [terminate, interrupt] = &mut self.ending;
        self.runtime.block_on(async {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        });
    }
}

fn until_ended(
    simulator: &Arc<Simulator>,
    signals: Signals,
    until_stdin_ends: bool,
) -> io::Result<()> {
    let (obeyed, ended) = mpsc::channel();
    let ended_by_signal = obeyed.clone();
    let obeying = Arc::clone(simulator);
    // Reading stdin cannot be given up, so it has a thread that nobody waits for.
    std::thread::Builder::new().name("orders".into()).spawn(move || {
        let told = orders::obey(&obeying, io::stdin().lock(), io::stdout());
        // Nobody steers any more, or nobody ever did.
        if until_stdin_ends || told.is_err() {
            let _ = obeyed.send(told);
        }
    })?;
    std::thread::Builder::new().name("signals".into()).spawn(move || {
        signals.wait();
        let _ = ended_by_signal.send(Ok(()));
    })?;
    ended.recv().unwrap_or(Ok(()))
}
