//! Interprets the answers of a bucket's host. Pure.
//!
//! Source: Amazon S3 API Reference, "Error responses"; answers of MinIO and moto.

use std::error::Error;
use std::fmt;

/// The request to the bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doing {
    Put,
    List,
    Delete,
}

/// Why the request failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// Neither the config nor the environment has keys.
    NoKeys,
    NoBucket,
    /// The bucket is in another region. The region is known if the host named it.
    OtherRegion(Option<String>),
    KeysRefused,
    Denied,
    /// The times of the signature and of the host differ.
    ClockWrong,
    Untrusted,
    Unreachable,
    /// The host is down or busy.
    Failing,
    /// Any other error.
    Refused,
}

impl Trouble {
    /// Whether another attempt may succeed.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::Unreachable | Self::Failing)
    }
}

/// A bucket cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BucketError {
    pub bucket: String,
    pub host: String,
    pub region: String,
    pub doing: Doing,
    pub trouble: Trouble,
    /// The host's message, without secrets.
    pub detail: String,
}

impl fmt::Display for BucketError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { bucket, host, doing, detail, .. } = self;
        let verb = doing.verb();
        write!(f, "cannot {verb} objects in the bucket {bucket} at {host}: {detail}")
    }
}

impl Error for BucketError {}

impl Doing {
    #[must_use]
    pub fn verb(self) -> &'static str {
        match self {
            Self::Put => "put",
            Self::List => "list",
            Self::Delete => "delete",
        }
    }

    /// The permission that the request needs.
    #[must_use]
    pub fn right(self) -> &'static str {
        match self {
            Self::Put => "s3:PutObject",
            Self::List => "s3:ListBucket",
            Self::Delete => "s3:DeleteObject",
        }
    }
}

/// An answer of the host.
#[derive(Clone, Copy, Debug)]
pub(super) struct Answer<'a> {
    pub(super) status: u16,
    /// `x-amz-bucket-region`.
    pub(super) region: Option<&'a str>,
    pub(super) body: &'a str,
}

/// Why an answer is an error. Call it only for errors.
pub(super) fn trouble(answer: &Answer<'_>) -> Trouble {
    let code = element(answer.body, "Code").unwrap_or_default();
    let words = element(answer.body, "Message").unwrap_or_default();
    let region = answer.region.or_else(|| element(answer.body, "Region")).map(str::to_owned);
    match (code, answer.status) {
        ("NoSuchBucket", _) => Trouble::NoBucket,
        (
            "PermanentRedirect"
            | "TemporaryRedirect"
            | "AuthorizationHeaderMalformed"
            | "IllegalLocationConstraintException",
            _,
        )
        | ("", 301 | 307) => Trouble::OtherRegion(region),
        ("AuthorizationQueryParametersError", _) if words.contains("region") => {
            Trouble::OtherRegion(region)
        }
        (
            "InvalidAccessKeyId"
            | "SignatureDoesNotMatch"
            | "ExpiredToken"
            | "InvalidToken"
            | "TokenRefreshRequired"
            | "InvalidSecurity"
            | "AuthorizationQueryParametersError",
            _,
        )
        | ("", 401) => Trouble::KeysRefused,
        ("RequestTimeTooSkewed", _) => Trouble::ClockWrong,
        ("AccessDenied", _) if words.contains("expired") || words.contains("not yet valid") => {
            Trouble::ClockWrong
        }
        ("SlowDown" | "InternalError" | "RequestTimeout" | "ServiceUnavailable", _)
        | (_, 408 | 429 | 500..=599) => Trouble::Failing,
        (_, 403) => Trouble::Denied,
        ("", 404) => Trouble::NoBucket,
        _ => Trouble::Refused,
    }
}

/// The code and the message of an answer, or its status.
pub(super) fn words(answer: &Answer<'_>) -> String {
    let status = answer.status;
    let parts = [element(answer.body, "Code"), element(answer.body, "Message")];
    let parts: Vec<&str> = parts.into_iter().flatten().filter(|part| !part.is_empty()).collect();
    if parts.is_empty() {
        format!("HTTP {status}")
    } else {
        format!("HTTP {status} {}", parts.join(": "))
    }
}

/// The text of the first element with this name. Error documents are flat, and these texts contain no markup.
fn element<'a>(body: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = body.split_once(&format!("<{name}>"))?;
    rest.split_once("</").map(|(text, _)| text.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_answer_means_one_trouble() {
        let error = |code: &str, words: &str| {
            format!(
                "<?xml version=\"1.0\"?>\n<Error><Code>{code}</Code><Message>{words}</Message><Region>eu-west-1</Region></Error>"
            )
        };
        let region = || Trouble::OtherRegion(Some("eu-west-1".into()));
        for (status, code, words, expected) in [
            (404, "NoSuchBucket", "x", Trouble::NoBucket),
            (301, "PermanentRedirect", "x", region()),
            (400, "AuthorizationHeaderMalformed", "the region is wrong", region()),
            (400, "AuthorizationQueryParametersError", "the region 'a' is wrong", region()),
            (400, "AuthorizationQueryParametersError", "mal-formed", Trouble::KeysRefused),
            (403, "InvalidAccessKeyId", "x", Trouble::KeysRefused),
            (403, "SignatureDoesNotMatch", "x", Trouble::KeysRefused),
            (400, "ExpiredToken", "x", Trouble::KeysRefused),
            (403, "RequestTimeTooSkewed", "x", Trouble::ClockWrong),
            (403, "AccessDenied", "Request has expired", Trouble::ClockWrong),
            (403, "AccessDenied", "x", Trouble::Denied),
            (403, "AllAccessDisabled", "x", Trouble::Denied),
            (503, "SlowDown", "x", Trouble::Failing),
            (500, "InternalError", "x", Trouble::Failing),
            (400, "RequestTimeout", "x", Trouble::Failing),
            (400, "InvalidBucketName", "x", Trouble::Refused),
            (404, "NoSuchUpload", "x", Trouble::Refused),
        ] {
            let body = error(code, words);
            let answer = Answer { status, region: None, body: &body };
            assert_eq!(trouble(&answer), expected, "{status} {code} {words}");
            assert_eq!(super::words(&answer), format!("HTTP {status} {code}: {words}"));
        }
        for (status, expected) in [
            (301, Trouble::OtherRegion(Some("us-west-2".into()))),
            (401, Trouble::KeysRefused),
            (403, Trouble::Denied),
            (404, Trouble::NoBucket),
            (408, Trouble::Failing),
            (429, Trouble::Failing),
            (502, Trouble::Failing),
            (200, Trouble::Refused),
            (405, Trouble::Refused),
        ] {
            let answer = Answer { status, region: Some("us-west-2"), body: "<html>" };
            assert_eq!(trouble(&answer), expected, "{status}");
            assert_eq!(super::words(&answer), format!("HTTP {status}"));
        }
    }
}
