//! The Zendesk API: signing in, pacing, retrying, paging, and reading a page's bytes. Knows
//! nothing of streams or of Airbyte.

pub mod arrival;
pub mod auth;
pub mod body;
pub mod budget;
pub mod client;
pub mod clock;
pub mod content;
pub mod edit;
pub mod envelope;
pub mod error;
pub mod grant;
pub mod headers;
pub mod instant;
pub mod json;
pub mod large;
pub mod mend;
pub mod names;
pub mod page;
pub mod paging;
pub mod retry;
pub mod site;
pub mod trust;
pub mod visited;
pub mod webhook;
