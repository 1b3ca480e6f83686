//! Assigns the results of a job if their form was never recorded. Pure.
//!
//! Sources: Zendesk, "Job Statuses", says that results may have an `index`. No results of a job of
//! memberships were recorded.

use serde_json::Value;

use super::attribute::{Came, Sent, has_failed};
use crate::id::Id;
use crate::rejected::Reason;

/// Returns the result of each item, by its `index` or by the id of the row. If the results have neither, none
/// failed, and there is one per item, then all items are done. Otherwise the result is unknown.
#[must_use]
pub fn attribute_unordered(sent: &[Sent], results: &[Value], job: &str) -> Vec<Came> {
    let mut came: Vec<Option<Came>> = vec![None; sent.len()];
    let mut is_ambiguous = vec![false; sent.len()];
    let mut is_any_placed = false;
    for result in results {
        let Some(at) = place(sent, result) else { continue };
        is_any_placed = true;
        is_ambiguous[at] |= came[at].is_some();
        came[at] = Some(match has_failed(result) {
            true => Came::Failed(Reason::of_item(result, job)),
            false => Came::Done,
        });
    }
    if !is_any_placed && results.len() == sent.len() && !results.iter().any(has_failed) {
        return vec![Came::Done; sent.len()];
    }
    let known = came.into_iter().zip(is_ambiguous);
    known.map(|(came, twice)| came.filter(|_| !twice).unwrap_or(Came::Unknown)).collect()
}

fn place(sent: &[Sent], result: &Value) -> Option<usize> {
    let id = Id::of(&result["id"]);
    let by_id = sent.iter().position(|item| item.id.is_some() && item.id == id);
    let index = || usize::try_from(result["index"].as_u64()?).ok().filter(|at| *at < sent.len());
    by_id.or_else(index)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn shown(sent: &[Sent], results: &Value) -> Vec<String> {
        let came = attribute_unordered(sent, results.as_array().unwrap(), "j").into_iter();
        let show = |came| match came {
            Came::Failed(why) => format!("failed {}", why.reason),
            other => format!("{other:?}"),
        };
        came.map(show).collect()
    }

    #[test]
    fn an_index_or_an_id_counts_and_without_failures_all_are_done() {
        let sent = vec![Sent::default(); 3];
        let good = json!([{ "id": 1 }, { "id": 2 }, {}]);
        assert_eq!(shown(&sent, &good), ["Done"; 3]);
        let indexed = json!([{ "index": 2, "id": 9 }, { "index": 0, "error": "Taken" }]);
        assert_eq!(shown(&sent, &indexed), ["failed Taken", "Unknown", "Done"]);
        let sent: Vec<Sent> =
            [5, 6].map(|id| Sent { id: Some(Id::Number(id)), ..Sent::default() }).to_vec();
        let by_id = json!([{ "id": 6, "success": false }, { "id": 5 }]);
        assert_eq!(shown(&sent, &by_id), ["Done", "failed Failed"]);
    }

    #[test]
    fn what_does_not_say_whom_it_is_about_is_not_guessed() {
        let sent = vec![Sent::default(); 2];
        let by_place = json!([{ "id": 1, "error": "Taken" }, { "id": 9001 }]);
        assert_eq!(shown(&sent, &by_place), ["Unknown"; 2]);
        assert_eq!(shown(&sent, &json!([{ "id": 1 }])), ["Unknown"; 2]);
        assert_eq!(shown(&sent, &json!([])), ["Unknown"; 2]);
        let twice = json!([{ "index": 0 }, { "index": 0, "error": "x" }, { "index": 9 }]);
        assert_eq!(shown(&sent, &twice), ["Unknown"; 2]);
    }
}
