//! Assigns the results of a job to the items that were sent. Pure.
//!
//! Sources: recorded jobs. An item with an error has failed, whatever else its result has. A failed item of a
//! creation has its position in `id` or in `index`; a failed item of an update has the id of the row.

use serde_json::Value;

use crate::id::Id;
use crate::rejected::Reason;

/// An item as it was sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sent {
    /// The id of an existing row.
    pub id: Option<Id>,
    /// The external id, if the results may have it.
    pub external_id: Option<String>,
}

/// The result of an item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Came {
    Done,
    /// The row was created. The id is correct only if the results are in the order of the items.
    Created(Option<Id>),
    Failed(Reason),
    /// The results do not say what happened.
    Unknown,
}

/// Returns the result of each item, in the order in which they were sent.
#[must_use]
pub fn attribute(sent: &[Sent], results: &[Value], job: &str) -> Vec<Came> {
    let mut came: Vec<Option<Came>> = vec![None; sent.len()];
    let mut is_ambiguous = vec![false; sent.len()];
    for (position, result) in results.iter().enumerate() {
        let Some(at) = place(sent, results.len(), position, result) else { continue };
        is_ambiguous[at] |= came[at].is_some();
        came[at] = Some(match (has_failed(result), &sent[at].id) {
            (true, _) => Came::Failed(Reason::of_item(result, job)),
            (false, Some(_)) => Came::Done,
            (false, None) => Came::Created(Id::of(&result["id"])),
        });
    }
    let known = came.into_iter().zip(is_ambiguous);
    known.map(|(came, twice)| came.filter(|_| !twice).unwrap_or(Came::Unknown)).collect()
}

pub(super) fn has_failed(result: &Value) -> bool {
    !result["error"].is_null()
        || result["success"] == false
        || result["status"].as_str().is_some_and(|status| status.eq_ignore_ascii_case("failed"))
}

/// The item that a result belongs to.
fn place(sent: &[Sent], count: usize, position: usize, result: &Value) -> Option<usize> {
    let within = |number: u64| usize::try_from(number).ok().filter(|at| *at < sent.len());
    let id = Id::of(&result["id"]);
    let by_id = || sent.iter().position(|item| item.id.is_some() && item.id == id);
    if let Some(at) = by_id() {
        return Some(at);
    }
    if let Some(index) = result["index"].as_u64() {
        return within(index);
    }
    if sent.iter().any(|item| item.external_id.is_some()) {
        let named = result["external_id"].as_str().filter(|key| !key.is_empty());
        let is_it = |item: &Sent| named.is_some() && item.external_id.as_deref() == named;
        let mut places = sent.iter().enumerate().filter(|(_, item)| is_it(item));
        // If the result of a creation identifies no item, the order may be that of the request.
        let by_place = || Some(position).filter(|_| count == sent.len() && !has_failed(result));
        return match (places.next(), places.next()) {
            (Some((at, _)), None) => Some(at),
            _ => by_place().filter(|_| named.is_none()),
        };
    }
    if has_failed(result) {
        // A number below the size of the batch is a position: no row in Zendesk has such an id.
        let number = id.and_then(|id| id.number());
        return number.map_or_else(|| Some(position).filter(|_| count == sent.len()), within);
    }
    // In all recorded jobs, the results of creations are in the order of the request.
    let creates = sent.get(position).is_some_and(|item| item.id.is_none());
    Some(position).filter(|_| creates && count == sent.len())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn updates(ids: &[u64]) -> Vec<Sent> {
        ids.iter().map(|id| Sent { id: Some(Id::Number(*id)), ..Sent::default() }).collect()
    }

    fn shown(sent: &[Sent], results: &Value) -> Vec<String> {
        let came = attribute(sent, results.as_array().unwrap(), "j");
        let show = |came| match came {
            Came::Done => "done".to_owned(),
            Came::Created(id) => format!("created {}", id.unwrap_or_default()),
            Came::Failed(why) => format!("failed {}", why.reason),
            Came::Unknown => "unknown".to_owned(),
        };
        came.into_iter().map(show).collect()
    }

    #[test]
    fn updates_are_known_by_their_ids_in_any_order() {
        let results = json!([
            { "id": 30, "action": "update", "status": "Updated", "success": true },
            { "index": 0, "error": "OrganizationUpdateFailed", "id": 10, "details": "Name: taken" },
        ]);
        let expected = ["failed OrganizationUpdateFailed", "unknown", "done"];
        assert_eq!(shown(&updates(&[10, 20, 30]), &results), expected);
        let twice = json!([{ "id": 10, "success": true }, { "id": 10, "error": "x" }]);
        assert_eq!(shown(&updates(&[10, 20]), &twice), ["unknown", "unknown"]);
    }

    #[test]
    fn failed_creations_are_known_by_their_place() {
        let sent = vec![Sent::default(); 3];
        let results = json!([
            { "id": 9001, "status": "Created" },
            { "id": 1, "error": "UserCreateError", "details": "Email: x", "status": "Failed" },
            { "id": 9002, "status": "Created" },
        ]);
        let expected = ["created 9001", "failed UserCreateError", "created 9002"];
        assert_eq!(shown(&sent, &results), expected);
        let by_index = json!([{ "index": 2, "id": 5, "account_id": 1 }, { "index": 0, "error": "TicketCreateFailed" }]);
        assert_eq!(shown(&sent, &by_index), ["failed TicketCreateFailed", "unknown", "created 5"]);
    }

    #[test]
    fn records_are_known_by_their_external_ids_where_the_results_have_them() {
        let sent = |key: &str| Sent { external_id: Some(key.to_owned()), ..Sent::default() };
        let sent = [sent("a"), sent("b"), Sent::default()];
        let results = json!([
            { "external_id": "b", "status": "failed", "errors": [{ "code": "Taken", "title": "x" }] },
            { "id": "01GA", "external_id": "a", "status": "created" },
            { "id": "01GC", "external_id": null, "status": "created" },
        ]);
        assert_eq!(shown(&sent, &results), ["created 01GA", "failed Taken", "created 01GC"]);
        let nameless = json!([{ "status": "failed" }, { "id": "01GA" }, { "id": "01GC" }]);
        assert_eq!(shown(&sent, &nameless), ["unknown", "created 01GA", "created 01GC"]);
    }

    #[test]
    fn what_does_not_fit_is_not_guessed() {
        let sent = vec![Sent::default(); 3];
        let short =
            json!([{ "id": 9001, "status": "Created" }, { "id": 9002, "status": "Created" }]);
        assert_eq!(shown(&sent, &short), ["unknown"; 3]);
        assert_eq!(shown(&sent, &json!([])), ["unknown"; 3]);
        let odd = json!([{ "id": 7, "error": "x" }, 3, null, { "index": 99 }]);
        assert_eq!(shown(&sent, &odd), ["unknown"; 3]);
    }
}
