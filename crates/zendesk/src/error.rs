//! Why Zendesk gave no usable answer: a kind to branch on, and a detail to read. An error never
//! holds a header, a query or a whole body, so it can be shown.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use serde_json::Value;

use crate::secret::Secrets;

/// The kinds of failure between which callers decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// 401: the credentials are not accepted.
    Unauthorized,
    /// 402 or 403: the credentials are accepted, but not for this.
    Forbidden,
    /// 404 or 410: there is no such resource.
    NotFound,
    /// Zendesk refuses a token that it gave earlier, or a start time.
    BadPosition,
    /// 422, or a 400 that is not about a position.
    Invalid,
    /// Another status, which is not retried.
    Unexpected,
    /// 429, for too long.
    RateLimited,
    /// 503, until no tries were left.
    Outage,
    /// 503 with a time at which it would end, for too long.
    LongOutage,
    /// A page or a refusal that is not Zendesk's, but a firewall's, a proxy's or a sign-in page's.
    Intercepted,
    /// A redirect to an address that is not an account.
    Redirected,
    /// A redirect to another account's name.
    Renamed,
    /// There is no account at this subdomain.
    NoAccount,
    /// The refresh token is no longer valid. Somebody has to sign in again.
    GrantEnded,
    /// The OAuth client is not known, is not confidential, or may not do what it asks for.
    ClientRefused,
    /// The token endpoint gave no access token. It may give one later.
    NoToken,
    /// The name of the account's host cannot be resolved.
    Unresolved,
    /// TLS: no trusted authority vouches for the host.
    Untrusted,
    /// No good answer within all tries.
    Unavailable,
    /// The answer to a write was lost. It is not known whether the write took effect.
    Unsettled,
    /// No body could be read within all tries.
    Unreadable,
    /// One page is larger than may be held in memory.
    TooLarge,
    /// The disk for files is full.
    DiskFull,
    /// The place for files cannot be written.
    Unwritable,
    /// The program was told to stop.
    Stopped,
}

/// A request that failed for good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiError {
    pub kind: ErrorKind,
    pub status: Option<u16>,
    /// The method and path of the request, without its query.
    pub request: String,
    pub detail: String,
    /// The wait that a refusal asks for, if it was not waited out.
    pub again_in: Option<Duration>,
    /// Whether the refusal is Zendesk's own: it names the error.
    pub is_zendesks: bool,
}

impl ApiError {
    /// Whether this is Zendesk's own refusal, which a retry would get again. The answer of
    /// something between us and Zendesk is not, and neither is a bare status.
    #[must_use]
    pub fn is_definite(&self) -> bool {
        let is_refusal = matches!(
            self.kind,
            ErrorKind::Unauthorized | ErrorKind::Forbidden | ErrorKind::NotFound
        );
        is_refusal && self.is_zendesks
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.request)?;
        if let Some(status) = self.status {
            write!(f, " answered {status}")?;
        }
        write!(f, ": {}", self.detail)
    }
}

impl Error for ApiError {}

/// The longest detail that is shown, in characters.
const LONGEST_DETAIL: usize = 300;

/// What an error body says, in any of Zendesk's envelopes, as one short line. Of a body that is not
/// JSON the first words are shown. Quoted `secrets` are struck out.
#[must_use]
pub fn detail(body: &[u8], secrets: &Secrets) -> String {
    let text = match serde_json::from_slice::<Value>(body) {
        Ok(value) => {
            let mut words = Vec::new();
            collect(&value, &mut words);
            words.join(": ")
        }
        Err(_) => strip_tags(&String::from_utf8_lossy(body)),
    };
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.is_empty() {
        return "the body has no text".to_owned();
    }
    let text = secrets.strike(text.chars().filter(|character| !character.is_control()).collect());
    text.chars().take(LONGEST_DETAIL).collect()
}

/// The kind of a broken exchange, and the chain of its reasons. The address is left out, because
/// its query may hold a token.
#[must_use]
pub fn transport(error: reqwest::Error) -> (ErrorKind, String) {
    let error = error.without_url();
    let mut words = vec![error.to_string()];
    let mut kind = ErrorKind::Unavailable;
    let mut source = Error::source(&error);
    while let Some(inner) = source {
        let reason = inner.to_string();
        // Many libraries repeat the reason below in their own words.
        if words.last().is_none_or(|last| !last.contains(&reason)) {
            words.push(reason);
        }
        if let Some(rustls::Error::InvalidCertificate(_)) = tls(inner) {
            kind = ErrorKind::Untrusted;
        }
        // The type that says this is private to the HTTP library.
        if inner.to_string() == "dns error" {
            kind = ErrorKind::Unresolved;
        }
        source = inner.source();
    }
    (kind, words.join(": "))
}

/// The TLS error inside an error, also where input/output errors wrap it.
fn tls<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e rustls::Error> {
    if let Some(found) = error.downcast_ref() {
        return Some(found);
    }
    error.downcast_ref::<std::io::Error>()?.get_ref().and_then(|inner| tls(inner))
}

/// The keys of Zendesk's error envelopes that hold texts, in the order in which they are shown.
const KEYS: [&str; 9] = [
    "error",
    "errors",
    "code",
    "title",
    "message",
    "detail",
    "description",
    "error_description",
    "details",
];

/// The keys under which Zendesk says field by field what is wrong.
const BY_FIELD: [&str; 2] = ["errors", "details"];

/// Collects the texts of an error envelope. Of errors by field only the first is taken.
fn collect(value: &Value, words: &mut Vec<String>) {
    match value {
        Value::String(text) => words.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| collect(item, words)),
        Value::Object(object) => {
            for (key, item) in KEYS.iter().filter_map(|key| Some((*key, object.get(*key)?))) {
                match first_field(item).filter(|_| BY_FIELD.contains(&key)) {
                    Some(first) => words.push(first),
                    None => collect(item, words),
                }
            }
        }
        _ => {}
    }
}

/// The first field of an error by field, and what is wrong with it.
fn first_field(value: &Value) -> Option<String> {
    let object = value.as_object()?;
    if object.keys().any(|key| KEYS.contains(&key.as_str())) {
        return None;
    }
    let mut fields = object.iter().map(|(field, of_field)| {
        let first = of_field.as_array().map_or(Some(of_field), |items| items.first());
        let description = first.and_then(|first| first["description"].as_str());
        let mut words: Vec<String> = description.map(str::to_owned).into_iter().collect();
        if let (true, Some(first)) = (words.is_empty(), first) {
            collect(first, &mut words);
        }
        format!("{field}: {}", words.join(": "))
    });
    fields.next()
}

fn strip_tags(text: &str) -> String {
    let mut inside = false;
    let visible = text.chars().take(4000).filter_map(|character| match character {
        '<' => {
            inside = true;
            Some(' ')
        }
        '>' => {
            inside = false;
            None
        }
        other => (!inside).then_some(other),
    });
    visible.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;

    #[test]
    fn every_error_envelope_becomes_one_short_line() {
        for (body, expected) in [
            (
                r#"{"error":"RecordNotFound","description":"Not found"}"#,
                "RecordNotFound: Not found",
            ),
            (r#"{"error":{"title":"Forbidden","message":"You do not"}}"#, "Forbidden: You do not"),
            (r#"{"errors":[{"code":"A","title":"b","detail":"c"}]}"#, "A: b: c"),
            (
                r#"{"error":"invalid_token","error_description":"expired"}"#,
                "invalid_token: expired",
            ),
            (
                r#"{"error":"RecordInvalid","description":"Record validation errors","details":{"name":[{"description":"Name: cannot be blank","error":"BlankValue"}],"tags":[{"error":"x"}]}}"#,
                "RecordInvalid: Record validation errors: name: Name: cannot be blank",
            ),
            (r#"{"errors":{"locale":["is not valid"]}}"#, "locale: is not valid"),
            (r#"{"error":"x","details":{"base":"y","z":1}}"#, "x: base: y"),
            (r#"{"error":"x","details":{}}"#, "x"),
            ("<html><body>\n<h1>Gateway</h1>\n time-out</body></html>", "Gateway time-out"),
            ("upstream request timeout", "upstream request timeout"),
            ("", "the body has no text"),
            ("{}", "the body has no text"),
        ] {
            assert_eq!(detail(body.as_bytes(), &Secrets::default()), expected);
        }
        let secrets = Secrets::default();
        secrets.add(&Secret::new("hush-hush"));
        assert_eq!(detail("x".repeat(10_000).as_bytes(), &secrets).len(), LONGEST_DETAIL);
        let body = br#"{"error":"no","description":"Basic hush-hush"}"#;
        assert_eq!(detail(body, &secrets), "no: Basic (secret)");
    }
}
