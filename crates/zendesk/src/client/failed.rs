//! A failed try: its name, and what it means.

use crate::error::{ApiError, ErrorKind, detail, transport};
use crate::headers;
use crate::retry::{self, Outcome, Speaker, Verdict, judge};
use crate::secret::Secrets;

/// What an answer says besides its body.
pub(crate) struct Answered {
    pub(crate) status: u16,
    pub(crate) retry_after: headers::RetryAfter,
    pub(crate) quotas: Vec<headers::Quota>,
    /// The number of the signature that the request was sent with.
    pub(crate) signed: u64,
}

/// A try that brought no usable answer.
pub(crate) struct FailedTry {
    pub(crate) verdict: Verdict,
    /// The kind of error when there are no tries left.
    pub(crate) kind: ErrorKind,
    pub(crate) status: Option<u16>,
    pub(crate) detail: String,
    pub(crate) quotas: Vec<headers::Quota>,
    /// The number of the signature that the request was sent with.
    pub(crate) signed: u64,
    /// Whether the answer is Zendesk's own, and not that of a proxy or a block page.
    pub(crate) is_zendesks: bool,
    /// Whether the request may have taken effect: it was sent, and its result is not known.
    pub(crate) may_have_acted: bool,
    /// Whether the body was dropped because others hold all of the memory for large bodies.
    pub(crate) is_crowded: bool,
}

impl FailedTry {
    pub(crate) fn new(kind: ErrorKind, outcome: Outcome<'_>, detail: String) -> Self {
        let verdict = judge(outcome, false);
        let (status, quotas, signed, is_zendesks) = (None, Vec::new(), 0, false);
        let (may_have_acted, is_crowded) = (true, false);
        Self {
            verdict,
            kind,
            status,
            detail,
            quotas,
            signed,
            is_zendesks,
            may_have_acted,
            is_crowded,
        }
    }

    pub(crate) fn transport(error: reqwest::Error) -> Self {
        let outcome = if error.is_timeout() { Outcome::TimedOut } else { Outcome::Broken };
        // Without a connection nothing was sent.
        let may_have_acted = !error.is_connect();
        let (kind, why) = transport(error);
        let failed = Self { may_have_acted, ..Self::new(kind, outcome, why) };
        if kind == ErrorKind::Untrusted {
            return Self { verdict: Verdict::GiveUp(kind), ..failed };
        }
        failed
    }

    /// An answer that brought no page and no file. `has_token` says whether the request used a
    /// token of the server's, which the server may have forgotten. `secrets` are removed from the
    /// detail.
    pub(crate) fn answered(
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
            may_have_acted: retry::may_have_acted(outcome),
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
