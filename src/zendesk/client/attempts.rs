//! One try of a request that gave no answer, and what it is called.

use std::time::Duration;

use super::Client;
use crate::zendesk::error::{ApiError, ErrorKind, detail, transport};
use crate::zendesk::headers;
use crate::zendesk::retry::{Outcome, Verdict, judge};

/// What an answer tells beside its body.
pub(in crate::zendesk) struct Answered {
    pub(in crate::zendesk) status: u16,
    pub(in crate::zendesk) retry_after: headers::RetryAfter,
    pub(in crate::zendesk) quotas: Vec<headers::Quota>,
    /// Which signature it was asked with.
    pub(in crate::zendesk) signed: u64,
}

/// One try that gave no answer.
pub(in crate::zendesk) struct Failed {
    pub(in crate::zendesk) verdict: Verdict,
    /// What the failure is called when the tries are used up.
    pub(in crate::zendesk) kind: ErrorKind,
    pub(in crate::zendesk) status: Option<u16>,
    pub(in crate::zendesk) detail: String,
    pub(in crate::zendesk) quotas: Vec<headers::Quota>,
    /// Which signature it was sent with.
    pub(in crate::zendesk) signed: u64,
}

impl Failed {
    pub(in crate::zendesk) fn new(kind: ErrorKind, outcome: Outcome<'_>, detail: String) -> Self {
        let verdict = judge(outcome, false);
        Self { verdict, kind, status: None, detail, quotas: Vec::new(), signed: 0 }
    }

    pub(in crate::zendesk) fn transport(error: reqwest::Error) -> Self {
        let outcome = if error.is_timeout() { Outcome::TimedOut } else { Outcome::Broken };
        let (kind, why) = transport(error);
        let failed = Self::new(kind, outcome, why);
        if kind == ErrorKind::Untrusted {
            return Self { verdict: Verdict::GiveUp(kind), ..failed };
        }
        failed
    }

    /// Whether a refusal is about the access token, by the name that OAuth gives it.
    pub(super) fn names_token(&self) -> bool {
        self.detail.contains("invalid_token")
    }

    pub(super) fn to_error(&self, told: &str) -> ApiError {
        let kind = match self.verdict {
            Verdict::GiveUp(kind) => kind,
            _ => self.kind,
        };
        let request = told.to_owned();
        ApiError { kind, status: self.status, request, detail: self.detail.clone(), again_in: None }
    }

    pub(super) fn into_error(self, request: String) -> ApiError {
        let Self { kind, status, detail, .. } = self;
        ApiError { kind, status, request, detail, again_in: None }
    }
}

impl Client {
    /// An answer that brought no page and no file. `has_token` tells whether the server's own
    /// token was asked with, which it may have forgotten.
    pub(in crate::zendesk) fn failed(
        &self,
        answered: Answered,
        body: &[u8],
        has_token: bool,
    ) -> Failed {
        let Answered { status, retry_after, quotas, signed } = answered;
        let verdict = judge(Outcome::Answered { status, retry_after, body }, has_token);
        let detail = detail(body, self.access.secrets());
        let kind = match status {
            429 | 503 => ErrorKind::RateLimited,
            _ => ErrorKind::Unavailable,
        };
        Failed { kind, verdict, status: Some(status), detail, quotas, signed }
    }
}

/// A number from 0 to 1 that differs between walks and moments.
pub(super) fn jitter(elapsed: Duration, walk: u64) -> f64 {
    let mixed = (u64::from(elapsed.subsec_nanos()) ^ walk).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    f64::from(u32::try_from(mixed >> 32).unwrap_or_default()) / f64::from(u32::MAX)
}
