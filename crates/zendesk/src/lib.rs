//! The Zendesk API: sign-in, rate limits, retries, paging, and parsing the bytes of a page. This
//! crate knows nothing of streams or of Airbyte.

pub mod auth;
pub mod body;
pub mod budget;
pub mod client;
pub mod clock;
pub mod download;
pub mod edit;
pub mod envelope;
pub mod error;
pub mod headers;
pub mod json;
pub mod large;
pub mod mend;
pub mod oauth;
pub mod page;
pub mod paging;
pub mod partial_file;
pub mod retry;
pub mod secret;
pub mod shape;
pub mod site;
pub mod timestamp;
pub mod tls;
pub mod visited;
pub mod webhook;
