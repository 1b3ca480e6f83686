//! Serves a simulated account until killed: `simulator --port 8080 --size small --scale 60`.
//! Programs that are not written in Rust steer it by lines on stdin, as `orders` says.

mod orders;

use simulator::{Settings, Simulator, Size, Tls};
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

const USAGE: &str = "usage: simulator [--port N] [--seed N] [--size tiny|small|N] [--timelines N] \
                     [--scale X] [--page-cap N] [--help-centers N] [--no-limits] [--no-bulk-import] \
                     [--tidy-people] [--oauth-write] [--certificate PEM --key PEM]";

fn main() -> ExitCode {
    let settings = match settings(std::env::args().skip(1)) {
        Ok(settings) => settings,
        Err(mistake) => return refuse(&format!("{mistake}\n{USAGE}")),
    };
    let simulator = match Simulator::start(settings) {
        Ok(simulator) => simulator,
        Err(error) => return refuse(&format!("cannot serve: {error}")),
    };
    let mut stdout = std::io::stdout().lock();
    if writeln!(stdout, "{}", simulator.url()).and_then(|()| stdout.flush()).is_err() {
        return ExitCode::FAILURE;
    }
    if orders::obey(&simulator, io::stdin().lock(), stdout).is_err() {
        return ExitCode::FAILURE;
    }
    // Nobody steers any more, or nobody ever did.
    loop {
        std::thread::park();
    }
}

fn refuse(sentence: &str) -> ExitCode {
    // Nobody is left to hear that stderr is closed.
    let _ = writeln!(std::io::stderr().lock(), "{sentence}");
    ExitCode::FAILURE
}

fn settings(mut words: impl Iterator<Item = String>) -> Result<Settings, String> {
    let mut settings = Settings { size: Size::Small, page_cap: None, ..Settings::default() };
    let (mut certificate, mut key) = (None, None);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--no-limits" => settings.enforce_limits = false,
            "--no-bulk-import" => settings.bulk_import = false,
            "--tidy-people" => settings.tidy_people = true,
            "--oauth-write" => settings.oauth_scope = "read write",
            "--certificate" | "--key" => {
                let file = PathBuf::from(words.next().ok_or(format!("{word} needs a value"))?);
                *(if word == "--key" { &mut key } else { &mut certificate }) = Some(file);
            }
            _ => set(&mut settings, &word, words.next())?,
        }
    }
    settings.tls = match (certificate, key) {
        (Some(certificate), Some(key)) => Some(Tls { certificate, key }),
        (None, None) => None,
        _ => return Err("--certificate and --key go together".to_owned()),
    };
    Ok(settings)
}

/// Sets what has a value.
fn set(settings: &mut Settings, word: &str, value: Option<String>) -> Result<(), String> {
    let value = value.ok_or(format!("{word} needs a value"))?;
    match word {
        "--port" => settings.port = number(word, &value)?,
        "--seed" => settings.seed = number(word, &value)?,
        "--scale" => settings.scale = number(word, &value)?,
        "--timelines" => settings.timelines = number(word, &value)?,
        "--page-cap" => settings.page_cap = Some(number(word, &value)?),
        "--help-centers" => settings.help_centers = number(word, &value)?,
        "--size" => {
            settings.size = match value.as_str() {
                "tiny" => Size::Tiny,
                "small" => Size::Small,
                _ => Size::Large(number(word, &value)?),
            }
        }
        _ => return Err(format!("unknown option {word}")),
    }
    Ok(())
}

fn number<T: std::str::FromStr>(word: &str, value: &str) -> Result<T, String> {
    value.parse().map_err(|_| format!("{word} {value}: not a number that fits"))
}
