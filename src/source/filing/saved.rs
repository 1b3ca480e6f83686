//! What `state.json` holds: the account whose rows are in the folder, the valid generation of each
//! stream, and the states to go on from. `read --state` takes the file as well. Pure.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::lines::stream_of;
use airbyte::catalog::place;

/// The version of the file's format that this program writes and reads.
const VERSION: u64 = 1;

/// The last number that fits into the name of a generation's folder.
const LAST_GENERATION: u32 = 99_999_999;

/// What `state.json` holds.
#[derive(Clone, Debug, Default)]
pub struct Saved {
    pub subdomain: String,
    /// The column that tells of deletions.
    pub deleted_at: Option<String>,
    /// The newest complete generation of each stream. Its number is the name of a folder.
    pub generations: BTreeMap<String, u32>,
    /// The state of each stream to go on from, an `AirbyteStateMessage`.
    pub states: BTreeMap<String, Box<RawValue>>,
}

#[derive(Serialize, Deserialize)]
struct Written {
    version: u64,
    subdomain: String,
    #[serde(default)]
    deleted_at: Option<String>,
    generations: BTreeMap<String, u32>,
    state: Vec<Box<RawValue>>,
}

impl Saved {
    /// Parses the file.
    ///
    /// # Errors
    /// What is wrong with the file, in a few words.
    pub fn parse(text: &[u8]) -> Result<Self, String> {
        let written: Written = serde_json::from_slice(text).map_err(|error| place(&error))?;
        if written.version != VERSION {
            return Err(format!(
                "its version is {}, and this program reads version {VERSION}",
                written.version
            ));
        }
        let mut states = BTreeMap::new();
        for state in written.state {
            let stream = stream_of(&state).ok_or("it has a state without a stream")?;
            states.insert(stream, state);
        }
        let Written { subdomain, deleted_at, generations, .. } = written;
        if generations.values().any(|generation| *generation > LAST_GENERATION) {
            return Err("it has a generation that this program does not write".to_owned());
        }
        Ok(Self { subdomain, deleted_at, generations, states })
    }

    /// The text of the file, with one state on each line.
    #[must_use]
    pub fn text(&self) -> String {
        let written = |value: &dyn Fn() -> serde_json::Result<String>| value().unwrap_or_default();
        let subdomain = written(&|| serde_json::to_string(&self.subdomain));
        let deleted_at = written(&|| serde_json::to_string(&self.deleted_at));
        let generations = written(&|| serde_json::to_string(&self.generations));
        format!(
            "{{\"version\":{VERSION},\"subdomain\":{subdomain},\"deleted_at\":{deleted_at},\n\"generations\":{generations},\n\"state\":{}}}\n",
            self.states_text()
        )
    }

    /// The states as `read` takes them.
    #[must_use]
    pub fn states_text(&self) -> String {
        let states: Vec<&str> = self.states.values().map(|state| state.get()).collect();
        format!("[{}]", states.join(",\n"))
    }
}

#[cfg(test)]
mod tests {
    use airbyte::source::state::SavedStates;

    use super::*;

    const STATE: &str = r#"{"type":"STREAM","stream":{"stream_descriptor":{"name":"tickets"},"stream_state":{"n":1.0}}}"#;

    #[test]
    fn what_is_written_is_read_again_and_read_takes_it_too() {
        let mut saved = Saved { subdomain: "acme".into(), ..Saved::default() };
        saved.generations.insert("tickets".into(), 3);
        saved.states.insert("tickets".into(), RawValue::from_string(STATE.into()).unwrap());
        let text = saved.text();
        let again = Saved::parse(text.as_bytes()).unwrap();
        assert_eq!((again.text(), again.subdomain.as_str()), (text.clone(), "acme"));
        assert_eq!(again.generations["tickets"], 3);
        let states = SavedStates::parse(text.as_bytes()).unwrap();
        assert_eq!(states.names().collect::<Vec<_>>(), ["tickets"]);
        assert!(states.ignored.is_empty(), "{:?}", states.ignored);
        let nothing = Saved::default().text();
        assert!(SavedStates::parse(nothing.as_bytes()).unwrap().is_empty());
    }

    #[test]
    fn what_is_no_such_file_is_refused() {
        for text in [
            "",
            "{",
            "[]",
            "{}",
            r#"{"version":2,"subdomain":"a","generations":{},"state":[]}"#,
            r#"{"version":1,"subdomain":"a","generations":{},"state":[7]}"#,
            r#"{"version":1,"subdomain":"a","generations":{"tags":4294967295},"state":[]}"#,
        ] {
            assert!(Saved::parse(text.as_bytes()).is_err(), "{text}");
        }
    }
}
