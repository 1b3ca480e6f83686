//! Talk: calls and their legs.

use super::access::{ADMIN, AccessRule};
use super::cursor::{Cursor, CursorFormat};
use super::feed::{Feed, Order};
use super::prose::prose;
use super::schema::schema;
use super::stream::Stream;
use zendesk::budget::Bucket;
use zendesk::paging::Paging;

/// Source: Zendesk, Talk API, "Incremental Exports". The next link is never null.
const fn export(name: &'static str, path: &'static str, list: &'static [&'static str]) -> Feed {
    Feed {
        paging: Paging::ExportTime { end_mark: false },
        order: Order::ByTime("updated_at"),
        buckets: &[Bucket::Account, Bucket::TalkExport],
        ..Feed::listing(name, path, list)
    }
}

static CALLS: Feed =
    export("incremental_calls", "channels/voice/stats/incremental/calls.json", &["calls"]);

static CALL_LEGS: Feed =
    export("incremental_call_legs", "channels/voice/stats/incremental/legs.json", &["legs"]);

const TALK: AccessRule = AccessRule { feature: Some("Talk"), ..ADMIN };

const DOCS: &str =
    "https://developer.zendesk.com/api-reference/voice/talk-api/incremental_exports/";

pub(super) fn streams() -> Vec<Stream> {
    vec![
        Stream {
            cursor: Cursor::of("updated_at", CursorFormat::Unix),
            dated: true,
            access: TALK,
            documentation: prose(DOCS),
            about: prose("Calls of Talk, with their duration and result."),
            limitations: prose(
                "Deletions. Calls through a partner's telephony, which are not in Talk's export.",
            ),
            ..Stream::listed("calls", &CALLS, schema!("calls"))
        },
        Stream {
            cursor: Cursor::of("updated_at", CursorFormat::Unix),
            dated: true,
            access: TALK,
            documentation: prose(DOCS),
            about: prose("Legs of calls: one per agent, customer or other party."),
            limitations: prose("Deletions."),
            ..Stream::listed("call_legs", &CALL_LEGS, schema!("call_legs"))
        },
    ]
}
