//! Starts a program, reads its output to the end, and measures the time and memory that it used.

use std::fs::read_to_string;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Instant;

use wait4::Wait4;

/// Linux reports processor time in hundredths of a second, whatever the kernel's own ticks are.
const TICKS_PER_SECOND: f64 = 100.0;

/// Where a program's output goes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Output {
    /// Nowhere, so that the program is measured and not the pipe.
    Null,
    /// Through a pipe, to count the rows.
    Counted,
}

/// The cost of a run of a program.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Used {
    /// User and system time together.
    pub(crate) cpu_seconds: f64,
    /// System time only.
    pub(crate) kernel_seconds: f64,
    pub(crate) wall_seconds: f64,
    /// The largest resident memory.
    pub(crate) peak_bytes: u64,
    /// RECORD messages, if they were counted.
    pub(crate) rows: u64,
    /// The time from the start to the first RECORD message.
    pub(crate) first_row_seconds: f64,
}

/// Runs a program to its end.
pub(crate) fn measure(mut command: Command, output: Output) -> Used {
    let stdout = if output == Output::Null { Stdio::null() } else { Stdio::piped() };
    command.stdin(Stdio::null()).stdout(stdout);
    let started = Instant::now();
    let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let mut used = Used::default();
    if let Some(output) = child.stdout.take() {
        let mut output = BufReader::with_capacity(1 << 20, output);
        let mut line = Vec::new();
        while output.read_until(b'\n', &mut line).expect("the output is read") > 0 {
            // A tap writes a blank behind its colons.
            let is_row = [&b"{\"type\":\"RECORD\""[..], b"{\"type\": \"RECORD\""];
            if is_row.iter().any(|head| line.starts_with(head)) {
                if used.rows == 0 {
                    used.first_row_seconds = started.elapsed().as_secs_f64();
                }
                used.rows += 1;
            }
            line.clear();
        }
    }
    let ended = child.wait4().expect("the program ends");
    used.wall_seconds = started.elapsed().as_secs_f64();
    assert!(ended.status.success(), "{command:?} ended with {}", ended.status);
    used.cpu_seconds = (ended.rusage.utime + ended.rusage.stime).as_secs_f64();
    used.kernel_seconds = ended.rusage.stime.as_secs_f64();
    used.peak_bytes = ended.rusage.maxrss;
    used
}

/// Processor time of this process, user and system time together.
pub(crate) fn own_cpu_seconds() -> f64 {
    let stat = read_to_string("/proc/self/stat").expect("Linux tells about a process");
    // The name in parentheses may hold anything; behind it comes field 3.
    let fields = stat.rsplit(')').next().unwrap_or_default().split_ascii_whitespace();
    let (utime, stime) = (14, 15);
    let ticks = fields.skip(utime - 3).take(stime - utime + 1);
    ticks.filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / TICKS_PER_SECOND
}
