//! Answers, and the many shapes of Zendesk's errors. A client must understand all of them.

use crate::account::SUBDOMAIN;
use crate::content::Content;

/// The status, headers and body of an answer, before faults, rate limit headers and compression are
/// applied.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
    /// A file that is sent instead of the body.
    pub(crate) content: Option<Content>,
}

impl Answer {
    pub(crate) fn new(status: u16, content_type: &str, body: impl Into<String>) -> Self {
        let headers = vec![("content-type".to_owned(), content_type.to_owned())];
        Self { status, headers, body: body.into(), content: None }
    }

    pub(crate) fn of(status: u16, content: Content) -> Self {
        let content = Some(content);
        Self { content, ..Self::new(status, "application/octet-stream", "") }
    }

    pub(crate) fn json(status: u16, body: impl Into<String>) -> Self {
        Self::new(status, "application/json; charset=utf-8", body)
    }

    pub(crate) fn html(status: u16, body: impl Into<String>) -> Self {
        Self::new(status, "text/html; charset=UTF-8", body)
    }

    pub(crate) fn ok(body: impl Into<String>) -> Self {
        Self::json(200, body)
    }

    pub(crate) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    pub(crate) fn not_authenticated() -> Self {
        Self::json(401, r#"{"error":"Couldn't authenticate you"}"#)
    }

    pub(crate) fn bad_token() -> Self {
        let text = r#"{"error":"invalid_token","error_description":"The access token provided is expired, revoked, malformed or invalid for other reasons."}"#;
        Self::json(401, text).with("www-authenticate", "Bearer realm=\"Zendesk\"")
    }

    pub(crate) fn no_access() -> Self {
        Self::json(
            403,
            r#"{"error":{"title":"Forbidden","message":"You do not have access to this page. Please contact the account owner of this help desk for further help."}}"#,
        )
    }

    pub(crate) fn restricted() -> Self {
        Self::json(
            403,
            r#"{"error":{"title":"Forbidden","message":"Access to this resource is restricted. Please contact the account administrator for assistance."}}"#,
        )
    }

    /// The error format of the access logs.
    pub(crate) fn no_add_on() -> Self {
        Self::json(
            403,
            r#"{"errors":[{"title":"Forbidden","detail":"You do not have access to this resource"}]}"#,
        )
    }

    /// The refusal by the limit of the access logs. It has no `Retry-After`, and names the time at
    /// which the limit is full again.
    pub(crate) fn too_many_access_logs(limit: u32, until: &str) -> Self {
        let body = r#"{"errors":[{"title":"Too Many Requests","detail":"Number of requests per minute exceeded"}]}"#;
        Self::json(429, body)
            .with("ratelimit-limit", limit.to_string())
            .with("ratelimit-remaining", "0".to_owned())
            .with("ratelimit-reset", until.to_owned())
    }

    pub(crate) fn support_inactive() -> Self {
        Self::json(
            403,
            r#"{"error":"SupportProductInactive","description":"The Support product is not active on this account"}"#,
        )
    }

    pub(crate) fn missing_scope() -> Self {
        Self::json(
            403,
            r#"{"error":"Forbidden","description":"You are missing the following required scopes: read"}"#,
        )
    }

    pub(crate) fn missing_write_scope() -> Self {
        Self::json(
            403,
            r#"{"error":"Forbidden","description":"You are missing the following required scopes: write"}"#,
        )
    }

    /// 204
    pub(crate) fn no_content() -> Self {
        Self { status: 204, headers: Vec::new(), body: String::new(), content: None }
    }

    pub(crate) fn no_endpoint() -> Self {
        Self::json(404, r#"{"error":"InvalidEndpoint","description":"Not found"}"#)
    }

    pub(crate) fn not_found() -> Self {
        Self::json(404, r#"{"error":"RecordNotFound","description":"Not found"}"#)
    }

    /// The answer of a disabled help center.
    pub(crate) fn no_page() -> Self {
        Self::html(
            404,
            "<!DOCTYPE html><html><body><h1>The page you were looking for doesn't exist</h1><p>You may have mistyped the address or the page may have moved</p></body></html>",
        )
    }

    pub(crate) fn no_help_desk(host: &str, json: bool) -> Self {
        if json {
            Self::json(
                404,
                format!(
                    r#"{{"error":{{"title":"No help desk at {host}","message":"There is no help desk configured at this address. This means that the address is available and that you can claim it at http://www.zendesk.com/signup"}}}}"#
                ),
            )
        } else {
            Self::html(404, format!("<html><body><h1>No help desk at {host}</h1></body></html>"))
        }
    }

    pub(crate) fn bad_paging(title: &str) -> Self {
        Self::errors("InvalidPaginationParameter", title)
    }

    pub(crate) fn too_deep() -> Self {
        Self::errors(
            "InvalidPaginationDepth",
            "Pagination requests using Offset Pagination are limited to the first 100 pages",
        )
    }

    fn errors(code: &str, title: &str) -> Self {
        Self::json(
            400,
            format!(r#"{{"errors":[{{"code":"{code}","title":"{title}","detail":""}}]}}"#),
        )
    }

    pub(crate) fn bad_value(error: &str, description: &str) -> Self {
        Self::json(400, format!(r#"{{"error":"{error}","description":"{description}"}}"#))
    }

    pub(crate) fn too_recent() -> Self {
        Self::bad_value(
            "StartTimeTooRecent",
            "Too recent start_time. Use a start_time older than 60 seconds",
        )
    }

    /// The refusal by the limit of one organization's updates.
    pub(crate) fn too_many_updates(retry_after_s: i64) -> Self {
        let body =
            r#"{"errors":[{"code":"TooManyRequests","title":"Too many requests to update"}]}"#;
        Self::json(429, body).with("retry-after", retry_after_s.to_string())
    }

    /// The refusal by a limit. The body depends on the age and the part of Zendesk's system, so all
    /// bodies are used in turn.
    pub(crate) fn over_limit(turn: usize, retry_after_s: i64, incremental: bool) -> Self {
        let what = if incremental { "incremental export API" } else { "API" };
        let text = format!("Number of allowed {what} requests per minute exceeded");
        let answer = match turn % 4 {
            0 => Self::bad_value("APIRateLimitExceeded", &text),
            1 => Self::new(429, "text/plain; charset=utf-8", text),
            2 => Self::html(
                429,
                format!("<html><head><title>429</title></head><body><h1>{text}</h1></body></html>"),
            ),
            _ => Self::new(429, "text/plain", ""),
        };
        Self { status: 429, ..answer }.with("retry-after", retry_after_s.to_string())
    }
}

/// The address to which every link of this account is relative.
pub(crate) fn public_url(path: &str) -> String {
    format!("https://{SUBDOMAIN}.zendesk.com/api/v2/{path}")
}
