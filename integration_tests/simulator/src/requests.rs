//! The log of requests that tests look into.

use crate::auth::AuthorizationKind;

/// One request as the simulator saw it. Secrets are not in it.
#[derive(Debug, Clone, PartialEq)]
pub struct RequestSeen {
    /// Running number, from 1.
    pub n: u64,
    pub method: String,
    /// The path as sent, without query.
    pub path: String,
    /// The query as sent.
    pub raw_query: String,
    /// Decoded pairs in their order.
    pub query: Vec<(String, String)>,
    /// What was listed: a stream's name where it is a stream's listing, else from the path.
    pub feed: String,
    /// 0 until the request is answered; 0 for good when the connection was reset.
    pub status: u16,
    /// A fault stood in for the answer, or broke it.
    pub faulted: bool,
    /// Simulated unix seconds.
    pub at_unix: i64,
    /// Requests in flight at that moment, this one included.
    pub in_flight: usize,
    /// As sent.
    pub host: String,
    /// Of the brand that the host is: the account's own for names of this machine.
    pub subdomain: Option<String>,
    /// Running number of the connection it came by, from 1.
    pub connection: u64,
    pub http2: bool,
    pub accept_encoding: String,
    pub user_agent: String,
    /// The part of a file that was asked for, as sent.
    pub range: String,
    pub authorization: AuthorizationKind,
    /// The body of a request that writes, as sent.
    pub body: Vec<u8>,
    /// The header `idempotency-key` of a request that writes.
    pub idempotency_key: String,
    /// Which of the access tokens that the token endpoint handed out it was signed with.
    pub access_token: Option<u64>,
}

impl RequestSeen {
    pub fn param(&self, key: &str) -> Option<&str> {
        self.query.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
    }

    /// The host as sent, without its port.
    pub fn host_name(&self) -> &str {
        self.host.split(':').next().unwrap_or_default()
    }

    /// Path and query as sent.
    pub fn target(&self) -> String {
        if self.raw_query.is_empty() {
            return self.path.clone();
        }
        format!("{}?{}", self.path, self.raw_query)
    }

    /// Whether it asks for a change.
    pub fn is_write(&self) -> bool {
        self.path.starts_with("/api/v2/")
            && matches!(self.method.as_str(), "POST" | "PUT" | "PATCH" | "DELETE")
    }

    /// The body as JSON; null where it is none.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// How many rows a page were asked for, if the request says.
    pub fn page_size(&self) -> Option<u64> {
        let asked = ["per_page", "page[size]", "limit"].into_iter().find_map(|key| self.param(key));
        asked.and_then(|text| text.parse().ok())
    }
}
