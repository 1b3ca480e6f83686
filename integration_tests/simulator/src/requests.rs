//! The log of requests, for tests.

use crate::auth::AuthorizationKind;

/// One request as the simulator saw it, without secrets.
#[derive(Debug, Clone, PartialEq)]
pub struct RequestSeen {
    /// The running number, from 1.
    pub n: u64,
    pub method: String,
    /// The path as sent, without query.
    pub path: String,
    /// The query as sent.
    pub raw_query: String,
    /// Decoded pairs in the order of the query.
    pub query: Vec<(String, String)>,
    /// What was requested: the name of the stream that the listing belongs to, otherwise a name
    /// from the path.
    pub feed: String,
    /// 0 until the request is answered. It stays 0 if the connection was reset.
    pub status: u16,
    /// Whether a fault replaced or damaged the answer.
    pub faulted: bool,
    /// Simulated unix seconds.
    pub at_unix: i64,
    /// The requests in flight at that moment, including this one.
    pub in_flight: usize,
    /// The host as sent.
    pub host: String,
    /// The subdomain of the brand that the host belongs to. Names of this machine belong to the
    /// account's own brand.
    pub subdomain: Option<String>,
    /// The running number of the connection, from 1.
    pub connection: u64,
    pub http2: bool,
    pub accept_encoding: String,
    pub user_agent: String,
    /// The part of a file that was requested, as sent.
    pub range: String,
    pub authorization: AuthorizationKind,
    /// The body of a request that writes, as sent.
    pub body: Vec<u8>,
    /// The header `idempotency-key` of a request that writes.
    pub idempotency_key: String,
    /// The number of the access token that signed the request, among those that the token endpoint
    /// issued.
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

    /// Whether the request asks for a change.
    pub fn is_write(&self) -> bool {
        self.path.starts_with("/api/v2/")
            && matches!(self.method.as_str(), "POST" | "PUT" | "PATCH" | "DELETE")
    }

    /// The body as JSON. Null if it is not JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The page size in the request, if there is one.
    pub fn page_size(&self) -> Option<u64> {
        let asked = ["per_page", "page[size]", "limit"].into_iter().find_map(|key| self.param(key));
        asked.and_then(|text| text.parse().ok())
    }
}
