//! Organizations that were merged into others. Fields: Zendesk, Organizations, "List Organization
//! Merges". No field is a time.

use super::Seed;
use super::administration::ulid;
use super::json::object;

pub(crate) fn organization_merge(seed: &Seed) -> String {
    let id = ulid(seed);
    seed.finish(object! {
        "url": seed.address(&format!("api/v2/organization_merges/{id}.json")),
        "id": id,
        "winner_id": seed.other_id(4),
        "loser_id": seed.parent(),
        "status": seed.pick(0, &["complete", "complete", "in_progress"]),
    })
}
