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
            "Approval requests on tickets: who is asked, the result, and the decisions and \
             questions before it.",
        ),
        limitations: prose(
            "There is no incremental read, because a row has no time of its last change. The \
             listing was not tried on a real account. Accounts without the feature answer that \
             it does not exist.",
        ),
        ..Stream::listed("approval_requests", &APPROVAL_REQUESTS, schema!("approval_requests"))
    }]
}
