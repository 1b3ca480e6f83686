//! Finds out what a refusal of Zendesk's is about: the account, a scope, or what was asked for.
//! Pure.

use zendesk::error::{ApiError, ErrorKind};

/// The names with which Zendesk refuses something that an account, a plan or a role does not have.
///
/// Sources: bodies of recorded answers; Zendesk, "Trigger Categories".
const REFUSALS: [&str; 8] = [
    "Forbidden",
    "AccessDenied",
    "Access Denied",
    "SupportProductInactive",
    "TriggerCategoriesNotEnabled",
    "RecordNotFound",
    "InvalidEndpoint",
    "NotFound",
];

/// A help center or a community that is switched off answers 404 with a page that begins like this.
const CLOSED: &str = "The page you were looking for doesn't exist";

/// Whether a refusal is Zendesk's own and definite, so that a stream may be left out of a catalog.
/// It must be a 403 or 404 with one of Zendesk's names, or a 404 with the page of something that is
/// switched off. Pages of a network have neither.
#[must_use]
pub fn is_last_word(error: &ApiError) -> bool {
    let name = error.detail.split_once(':').map_or(error.detail.as_str(), |(name, _)| name);
    let is_closed = error.status == Some(404) && error.detail.starts_with(CLOSED);
    matches!(error.status, Some(403 | 404))
        && matches!(error.kind, ErrorKind::Forbidden | ErrorKind::NotFound)
        && (REFUSALS.contains(&name) || is_closed)
}

/// Whether Zendesk refuses the account itself, whatever the request.
#[must_use]
pub fn is_account_gone(error: &ApiError) -> bool {
    let words = error.detail.to_ascii_lowercase();
    error.status == Some(402)
        || ["no help desk", "suspended", "cancelled", "canceled", "deactivated"]
            .iter()
            .any(|word| words.contains(word))
}

/// Whether Zendesk names scopes that a token lacks.
#[must_use]
pub fn is_scope(error: &ApiError) -> bool {
    error.detail.to_ascii_lowercase().contains("required scope")
}

/// Whether the request is longer than a server on the way accepts.
#[must_use]
pub fn is_too_long(error: &ApiError) -> bool {
    matches!(error.status, Some(413 | 414 | 431))
}

#[cfg(test)]
mod tests {
    use super::*;
    use zendesk::error::detail;

    #[test]
    fn only_zendesks_own_word_leaves_a_stream_out() {
        let says = |kind, status, body: &str| {
            let detail = detail(body.as_bytes(), &zendesk::secret::Secrets::default());
            is_last_word(&ApiError {
                kind,
                status: Some(status),
                request: String::new(),
                detail,
                again_in: None,
                is_zendesks: true,
            })
        };
        for body in [
            r#"{"error":{"title":"Forbidden","message":"You do not have access to this page."}}"#,
            r#"{"error":"SupportProductInactive","description":"no"}"#,
            r#"{"errors":[{"code":"TriggerCategoriesNotEnabled","title":"no","detail":"x"}]}"#,
            r#"{"error":"InvalidEndpoint","description":"Not found"}"#,
        ] {
            assert!(says(ErrorKind::Forbidden, 403, body) && says(ErrorKind::NotFound, 404, body));
            assert!(!says(ErrorKind::Unauthorized, 401, body));
        }
        let closed = "<html><h1>The page you were looking for doesn't exist</h1></html>";
        assert!(says(ErrorKind::NotFound, 404, closed));
        for body in
            ["", "{}", "[]", "<html><h1>403 Forbidden</h1></html>", "Access denied by the network"]
        {
            assert!(!says(ErrorKind::Forbidden, 403, body), "{body}");
            assert!(!says(ErrorKind::NotFound, 404, body), "{body}");
        }
    }
}
