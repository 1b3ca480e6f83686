//! Saves what a bench measured. `docs/benchmarks.md` and its charts are made from these files, so that
//! no figure is copied by hand. Without `UPDATE_GENERATED=1` nothing is saved.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

/// The figures of one bench, by name.
pub(crate) struct Figures {
    file: PathBuf,
    noted: BTreeMap<String, Value>,
}

impl Figures {
    pub(crate) fn of(bench: &str) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/figures");
        Self { file: folder.join(format!("{bench}.json")), noted: BTreeMap::new() }
    }

    /// Keeps a figure until [`save`](Self::save).
    pub(crate) fn note(&mut self, name: impl Into<String>, figure: Value) {
        self.noted.insert(name.into(), figure);
    }

    /// Writes the figures into the bench's file, if `UPDATE_GENERATED` is 1. A bench that ran in part
    /// leaves the figures of its other parts as they were.
    pub(crate) fn save(self) {
        if std::env::var_os("UPDATE_GENERATED").is_none_or(|value| value != "1") {
            return;
        }
        let saved = std::fs::read(&self.file).unwrap_or_default();
        let mut all: BTreeMap<String, Value> = serde_json::from_slice(&saved).unwrap_or_default();
        all.extend(self.noted);
        all.insert("machine".to_owned(), machine());
        let text = serde_json::to_string_pretty(&all).expect("figures are JSON");
        std::fs::write(&self.file, text + "\n").expect("the figures are saved");
    }
}

/// The machine of this process, and the day.
fn machine() -> Value {
    let told = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = told.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    json!({
        "processor": model.map(|(_, name)| name.trim()),
        "cores": std::thread::available_parallelism().map_or(0, usize::from),
        "day": chrono::Utc::now().format("%Y-%m-%d").to_string(),
    })
}

/// A number with three digits that count.
pub(crate) fn rounded(number: f64) -> f64 {
    if number == 0.0 || !number.is_finite() {
        return 0.0;
    }
    let places = 2.0 - number.abs().log10().floor();
    let scale = 10_f64.powi(places as i32);
    let rounded = (number * scale).round() / scale;
    // A negative power of ten is not exact.
    if places < 0.0 { rounded.round() } else { rounded }
}
