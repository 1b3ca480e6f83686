//! One try that gave no answer: what it is called, and what it means.

use crate::secret::Secrets;
use crate::zendesk::error::{ApiError, ErrorKind, detail, transport};
use crate::zendesk::headers;
use crate::zendesk::retry::{self, Outcome, Speaker, Verdict, judge};

/// What an answer tells beside its body.
pub(in crate::zendesk) struct Answered {
    pub(in crate::zendesk) status: u16,
    pub(in crate::zendesk) retry_after: headers::RetryAfter,
    pub(in crate::zendesk) quotas: Vec<headers::Quota>,
    /// Which signature it was asked with.
    pub(in crate::zendesk) signed: u64,
}

/// One try that gave no answer.
pub(in crate::zendesk) struct FailedTry {
    pub(in crate::zendesk) verdict: Verdict,
    /// What the failure is called when the tries are used up.
    pub(in crate::zendesk) kind: ErrorKind,
    pub(in crate::zendesk) status: Option<u16>,
    pub(in crate::zendesk) detail: String,
    pub(in crate::zendesk) quotas: Vec<headers::Quota>,
    /// Which signature it was sent with.
    pub(in crate::zendesk) signed: u64,
    /// Whether it is Zendesk's own word.
    pub(in crate::zendesk) is_zendesks: bool,
    /// The body was let go of, because others hold what the store for large ones has.
    pub(in crate::zendesk) is_crowded: bool,
}

impl FailedTry {
    pub(in crate::zendesk) fn new(kind: ErrorKind, outcome: Outcome<'_>, detail: String) -> Self {
        let verdict = judge(outcome, false);
        let (status, quotas, signed, is_zendesks) = (None, Vec::new(), 0, false);
        Self { verdict, kind, status, detail, quotas, signed, is_zendesks, is_crowded: false }
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

    /// An answer that brought no page and no file. `has_token` says whether the request was made
    /// with the server's own token, which it may have forgotten. `secrets` are struck out of the
    /// detail.
    pub(in crate::zendesk) fn answered(
        answered: Answered,
        body: &[u8],
        speaker: Speaker,
        has_token: bool,
        secrets: &Secrets,
    ) -> Self {
        let Answered { status, retry_after, quotas, signed } = answered;
        let outcome = Outcome::Answered { status, retry_after, body, speaker };
        Self {
            kind: retry::kind(outcome),
            verdict: judge(outcome, has_token),
            status: Some(status),
            detail: detail(body, secrets),
            quotas,
            signed,
            is_zendesks: speaker == Speaker::Zendesk,
            is_crowded: false,
        }
    }

    /// Whether a refusal is about the access token, by the name that OAuth gives it.
    pub(super) fn names_token(&self) -> bool {
        self.detail.contains("invalid_token")
    }

    pub(super) fn to_error(&self, request: &str) -> ApiError {
        let kind = match self.verdict {
            Verdict::GiveUp(kind) | Verdict::Doubt(kind) => kind,
            Verdict::Limited(_) | Verdict::Again { .. } => self.kind,
        };
        ApiError {
            kind,
            status: self.status,
            request: request.to_owned(),
            detail: self.detail.clone(),
            again_in: None,
            is_zendesks: self.is_zendesks,
        }
    }
}
