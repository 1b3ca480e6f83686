//! Envelopes of omnichannel routing that no other listing has.

use crate::answer::Answer;
use crate::listings::Listing;
use crate::row_text;
use crate::rows::omnichannel::is_default_status;
use crate::settings::Knobs;
use serde_json::value::RawValue;

/// The key of the engagements in the envelope. Programs that read them do not agree on it.
pub(super) fn key(key: &'static str, knobs: &Knobs) -> &'static str {
    if knobs.other_envelopes { "data" } else { key }
}

/// Puts an answer into the envelope of its listing.
pub(super) fn dressed(listing: &Listing, answer: Answer, knobs: &Knobs) -> Answer {
    match listing.resource {
        // Zendesk, Capacity Rules, shows a bare list; programs that read it expect `data`.
        "capacity_rules" => {
            let list = row_text::get(&answer.body, listing.key).unwrap_or("[]").to_owned();
            let body = if knobs.other_envelopes { format!(r#"{{"data":{list}}}"#) } else { list };
            Answer { body, ..answer }
        }
        "agent_statuses" => in_two_lists(answer, listing.key),
        _ => answer,
    }
}

/// Zendesk, Unified Agent Statuses: `default` and `custom` are separate lists, paged as one list.
fn in_two_lists(mut answer: Answer, key: &str) -> Answer {
    let list = row_text::get(&answer.body, key).unwrap_or("[]");
    let rows: Vec<&RawValue> = serde_json::from_str(list).unwrap_or_default();
    let (default, custom): (Vec<&str>, Vec<&str>) =
        rows.iter().map(|row| row.get()).partition(|row| is_default_status(row));
    let lists = format!(r#"[{}],"custom":[{}]"#, default.join(","), custom.join(","));
    answer.body = answer.body.replacen(list, &lists, 1);
    answer
}
