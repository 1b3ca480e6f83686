//! Lists the members of an audience. The list may be out of date, so members are read again by id before they
//! are removed.
//!
//! Sources: Zendesk, "Export Search Results", whose index lags by a minute or two and whose cursor expires
//! after an hour; "Organization Memberships".

use zendesk::budget::Bucket;
use zendesk::error::ApiError;

use crate::api::{Api, Cursors, good, unreadable};
use crate::audience::Mark;
use crate::object::Object;

/// The most pages that are read. A page has a thousand members.
const MOST_PAGES: usize = 10_000;

/// Lists the ids of members, without those that are left out. They have no order, and an id may occur twice.
pub(super) async fn members(
    api: &Api,
    object: Object,
    mark: &Mark,
    is_left_out: impl Fn(u64) -> bool,
) -> Result<Vec<u64>, ApiError> {
    let Listing { path, list, id, bucket, query } = listing(object, mark);
    let mut found = Vec::new();
    let (mut cursors, mut after) = (Cursors::default(), None);
    for _ in 0..MOST_PAGES {
        let mut query = query.clone();
        query.extend(after.take().map(|after| ("page[after]", after)));
        let reply = good(api.get_by(&path, query, bucket).await?, &path)?;
        let Some(rows) = reply.body[list].as_array() else {
            return Err(unreadable(&path, &format!("the answer has no list `{list}`")));
        };
        let ids = rows.iter().filter_map(|row| row[id].as_u64());
        found.extend(ids.filter(|id| !is_left_out(*id)));
        match cursors.next(&path, &reply.body["meta"])? {
            None => return Ok(found),
            next => after = next,
        }
    }
    Err(unreadable(&path, "the list does not end"))
}

/// The request that lists the members of an audience.
struct Listing {
    path: String,
    /// The key of the list in the answer.
    list: &'static str,
    /// The key of the member's id in a row.
    id: &'static str,
    bucket: Option<Bucket>,
    query: Vec<(&'static str, String)>,
}

fn listing(object: Object, mark: &Mark) -> Listing {
    let words = match mark {
        Mark::Organization(organization) => {
            return Listing {
                path: format!("organizations/{organization}/organization_memberships"),
                list: "organization_memberships",
                id: "user_id",
                bucket: None,
                query: vec![("page[size]", "100".to_owned())],
            };
        }
        Mark::Field(key) => format!("{key}:true"),
        Mark::Tag(tag) => format!("tags:\"{tag}\""),
    };
    Listing {
        path: "search/export".to_owned(),
        list: "results",
        id: "id",
        bucket: Some(Bucket::SearchExport),
        query: vec![
            ("query", words),
            ("filter[type]", object.singular().to_owned()),
            ("page[size]", "1000".to_owned()),
        ],
    }
}
