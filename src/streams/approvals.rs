//! Approval requests.
//!
//! Source: Zendesk, Approval Requests.

use super::access::{ADMIN, AccessRule};
use super::deletion::DeletedRows;
use super::feed::Feed;
use super::prose::prose;
use super::schema::schema;
use super::stream::Stream;
use zendesk::paging::Paging;

static APPROVAL_REQUESTS: Feed = Feed {
    paging: Paging::AfterCursor,
    ..Feed::listing("approval_requests", "approval_requests", &["approval_requests"])
};

pub(super) fn streams() -> Vec<Stream> {
    vec![Stream {
        access: AccessRule { feature: Some("approvals"), ..ADMIN },
        deleted_rows: DeletedRows::Vanish,
        documentation: prose(
            "https://developer.zendesk.com/api-reference/ticketing/approvals/approval_requests/",
        ),
        about: prose(
            "Requests for approval that tickets carry: of whom, what became of them, and the decisions and \
                questions in between.",
        ),
        limitations: prose(
            "There is no incremental read: a request changes, and no time tells when. No real account has \
             shown this listing yet; accounts that Zendesk has not given it to answer that it is not there.",
        ),
        ..Stream::listed("approval_requests", &APPROVAL_REQUESTS, schema!("approval_requests"))
    }]
}
