//! Signing requests.
//!
//! Source: Zendesk, "Security and authentication".

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::HeaderValue;

/// What a request is signed with. Its Debug shows the kind alone.
#[derive(Clone)]
pub struct Signature {
    header: HeaderValue,
    kind: &'static str,
}

impl Signature {
    /// `Basic` with an API token, as `{email}/token:{api_token}`. None when a header cannot hold
    /// the result.
    #[must_use]
    pub fn api_token(email: &str, api_token: &str) -> Option<Self> {
        let pair = STANDARD.encode(format!("{email}/token:{api_token}"));
        Self::new(&format!("Basic {pair}"), "api token")
    }

    /// `Bearer` with an OAuth access token. None when a header cannot hold it.
    #[must_use]
    pub fn bearer(access_token: &str) -> Option<Self> {
        Self::new(&format!("Bearer {access_token}"), "bearer token")
    }

    fn new(value: &str, kind: &'static str) -> Option<Self> {
        let mut header = HeaderValue::from_str(value).ok()?;
        header.set_sensitive(true);
        Some(Self { header, kind })
    }

    /// The value of the `Authorization` header, marked as sensitive.
    #[must_use]
    pub fn header(&self) -> HeaderValue {
        self.header.clone()
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signature({})", self.kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_what_zendesk_documents_and_is_never_shown() {
        let basic = Signature::api_token("jdoe@example.com", "abc").unwrap();
        assert_eq!(basic.header().to_str().unwrap(), "Basic amRvZUBleGFtcGxlLmNvbS90b2tlbjphYmM=");
        let bearer = Signature::bearer("xyz").unwrap();
        assert_eq!(bearer.header().to_str().unwrap(), "Bearer xyz");
        assert_eq!(
            format!("{bearer:?} {:?}", bearer.header()),
            "Signature(bearer token) Sensitive"
        );
        assert!(Signature::bearer("a\r\nHost: evil").is_none());
    }
}
