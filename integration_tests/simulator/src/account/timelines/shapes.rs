//! The different shapes in which the export shows the same thing. Where Zendesk's documentation
//! leaves the shape open, all possible shapes occur.

use super::timeline::{Act, Change, Timeline, Via};
use crate::prng::Prng;
use serde_json::Value;

/// The names of channels in rows that name the channel as plain text.
const WORDS: &[(&str, &str)] =
    &[("web", "Web form"), ("email", "Mail"), ("rule", "Rule"), ("api", "Web service")];

pub(super) fn via(channel: &str, chance: &mut Prng) -> Via {
    let word = WORDS.iter().find(|(of, _)| *of == channel).filter(|_| chance.below(3) == 0);
    match word {
        Some((_, word)) => Via { channel: (*word).to_owned(), is_object: false },
        None => Via { channel: channel.to_owned(), is_object: true },
    }
}

/// The creation: one child with all fields, or one child for each field.
pub(super) fn creation(timeline: &Timeline, chance: &mut Prng) -> Vec<Act> {
    let first = |(field, to): (&String, &Value)| Change {
        field: field.clone(),
        from: Value::Null,
        to: to.clone(),
    };
    let all: Vec<Change> = timeline.first.iter().map(first).collect();
    if chance.below(4) > 0 {
        return vec![Act::Create(all)];
    }
    all.into_iter().map(|change| Act::Create(vec![change])).collect()
}

/// The changes of one moment: one child for each change, or one child for all.
pub(super) fn changes(changes: Vec<Change>, chance: &mut Prng) -> Vec<Act> {
    if changes.is_empty() {
        return Vec::new();
    }
    if changes.len() > 1 && chance.below(2) == 0 {
        return vec![Act::Change(changes)];
    }
    changes.into_iter().map(|change| Act::Change(vec![change])).collect()
}
