//! Lists the members of an audience, page by page. What is listed may be old: whoever is to be removed is read
//! again by its id.
//!
//! Sources: Zendesk, "Export Search Results", whose index lags by a minute or two and whose cursor lives for an
//! hour; "Organization Memberships".

use zendesk::budget::Bucket;
use zendesk::error::ApiError;

use crate::api::{Api, Cursors, good, unreadable};
use crate::audience::Mark;
use crate::object::Object;

/// Pages of a thousand members that are followed.
const MOST_PAGES: usize = 10_000;

/// The ids of the members that are listed and not left out, in no order. One that is listed twice is there
/// twice.
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

/// How the members of an audience are listed.
struct Listing {
    path: String,
    /// The key of the list in an answer.
    list: &'static str,
    /// The key of a member's id in its rows.
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
