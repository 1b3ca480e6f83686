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
    let (path, list, id, bucket, page, mut query) = match mark {
        Mark::Organization(organization) => (
            format!("organizations/{organization}/organization_memberships"),
            "organization_memberships",
            "user_id",
            None,
            "100",
            Vec::new(),
        ),
        Mark::Field(key) => search(object, &format!("{key}:true")),
        Mark::Tag(tag) => search(object, &format!("tags:\"{tag}\"")),
    };
    query.push(("page[size]", page.to_owned()));
    let mut found = Vec::new();
    let (mut cursors, mut after) = (Cursors::default(), None);
    for _ in 0..MOST_PAGES {
        let mut query = query.clone();
        query.extend(after.take().map(|after| ("page[after]", after)));
        let reply = good(api.get_by(&path, query, bucket).await?, &path)?;
        let Some(rows) = reply.body[list].as_array() else {
            return Err(unreadable(&path, &format!("it has no list `{list}`")));
        };
        let ids = rows.iter().filter_map(|row| row[id].as_u64());
        found.extend(ids.filter(|id| !is_left_out(*id)));
        match cursors.next(&path, &reply.body["meta"])? {
            None => return Ok(found),
            next => after = next,
        }
    }
    Err(unreadable(&path, "it does not end"))
}

type Listing =
    (String, &'static str, &'static str, Option<Bucket>, &'static str, Vec<(&'static str, String)>);

fn search(object: Object, words: &str) -> Listing {
    let query = vec![("query", words.to_owned()), ("filter[type]", object.singular().to_owned())];
    ("search/export".to_owned(), "results", "id", Some(Bucket::SearchExport), "1000", query)
}
