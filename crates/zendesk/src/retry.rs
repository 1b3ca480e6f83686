//! Decides what follows a failed try: wait, repeat, or give up. Pure; the client acts.

use std::time::Duration;

use super::error::ErrorKind;
use super::headers::RetryAfter;

/// The most tries of a request that meets faults. With the waits between them it survives an outage
/// of about four minutes. Longer outages are for the orchestrator's own retry.
pub const TRIES: u32 = 12;

/// How often a 401 is requested again before it is believed. A single 401 may come between good
/// answers.
pub const DOUBTS: u32 = 2;

/// How long a request is repeated if every answer says when to come back.
pub const REFUSED_FOR_TOO_LONG: Duration = Duration::from_secs(90 * 60);

/// The longest `Retry-After` that is believed.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(1800);

/// How a try of a request failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome<'a> {
    Answered {
        status: u16,
        retry_after: RetryAfter,
        body: &'a [u8],
        speaker: Speaker,
    },
    /// A redirect that is not followed.
    Redirected(Target),
    /// No connection, or it broke before the end of the body.
    Broken,
    /// No answer in time.
    TimedOut,
    /// A good status, but a body that cannot be read.
    Unreadable,
    /// More bytes than may be held in memory.
    TooLarge,
}

/// Who wrote an answer's body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speaker {
    /// Zendesk: JSON that names an error, or a page that Zendesk is known for.
    Zendesk,
    /// Unknown: there is no body, or JSON that names no error.
    Nobody,
    /// Something between us and Zendesk, such as a firewall, a proxy or a gateway: a text or a
    /// page.
    Network,
}

/// Where a redirect leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// To the zendesk.com name of another account.
    OtherAccount,
    /// Anywhere else: a status page, a sign-in page of the network, or nowhere.
    Elsewhere,
}

/// Whether fewer rows may help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Smaller {
    No,
    /// The page was too slow. Fewer rows may help at once.
    Slow,
    /// The page size may be the reason. Fewer rows may help from the second time on.
    Perhaps,
    /// The body was too large, so the page size is the reason. Waiting changes nothing.
    Body,
}

/// What follows a failed try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// A limit is used up. Hold everything that draws on the bucket that refused. If no bucket did,
    /// hold this walk alone.
    Limited(Duration),
    /// Try again after a growing wait, and not before `after` has passed.
    Again {
        smaller: Smaller,
        after: Option<Duration>,
    },
    /// Try again once or twice, then give up.
    Doubt(ErrorKind),
    GiveUp(ErrorKind),
}

/// Statuses other than 5xx that pass by themselves.
const PASSING: [u16; 6] = [408, 409, 421, 423, 425, 499];

/// Judges one outcome. `positioned`: the request carried a token that the server made.
#[must_use]
pub fn judge(outcome: Outcome<'_>, positioned: bool) -> Verdict {
    let again = |smaller| Verdict::Again { smaller, after: None };
    let (status, retry_after, body, speaker) = match outcome {
        Outcome::Broken | Outcome::Unreadable => return again(Smaller::No),
        Outcome::TimedOut => return again(Smaller::Slow),
        Outcome::TooLarge => return again(Smaller::Body),
        Outcome::Redirected(Target::OtherAccount) => return Verdict::GiveUp(ErrorKind::Renamed),
        Outcome::Redirected(Target::Elsewhere) => return again(Smaller::No),
        Outcome::Answered { status, retry_after, body, speaker } => {
            (status, retry_after, body, speaker)
        }
    };
    let after = match retry_after {
        RetryAfter::Missing => None,
        RetryAfter::Unreadable | RetryAfter::Wait(_) => Some(wait(retry_after)),
    };
    match status {
        429 => Verdict::Limited(wait(retry_after)),
        504 | 524 => Verdict::Again { smaller: Smaller::Slow, after },
        500 | 502 | 503 if after.is_none() => again(Smaller::Perhaps),
        500..=599 => Verdict::Again { smaller: Smaller::No, after },
        status if PASSING.contains(&status) => Verdict::Again { smaller: Smaller::No, after },
        // Whoever says so, the request is too long.
        413 | 414 | 431 => Verdict::GiveUp(ErrorKind::Unexpected),
        // What the network says of itself is nothing that Zendesk has refused.
        400..=499 if speaker == Speaker::Network => again(Smaller::No),
        401 => Verdict::Doubt(ErrorKind::Unauthorized),
        402 | 403 => Verdict::GiveUp(ErrorKind::Forbidden),
        400 | 410 | 422 if positioned || names_start_time(body) => {
            Verdict::GiveUp(ErrorKind::BadPosition)
        }
        404 | 410 => Verdict::GiveUp(ErrorKind::NotFound),
        400 | 422 => Verdict::GiveUp(ErrorKind::Invalid),
        _ => Verdict::GiveUp(ErrorKind::Unexpected),
    }
}

/// Whether a request with this outcome may have taken effect. Zendesk refuses with 4xx before it
/// acts. The answer of a gateway and every 5xx may come after it acted.
#[must_use]
pub fn may_have_acted(outcome: Outcome<'_>) -> bool {
    match outcome {
        Outcome::Answered { status: 429, .. } => false,
        Outcome::Answered { status, speaker, .. } => {
            !(400..=499).contains(&status)
                || matches!(status, 408 | 499)
                || speaker == Speaker::Network
        }
        Outcome::Redirected(_)
        | Outcome::Broken
        | Outcome::TimedOut
        | Outcome::Unreadable
        | Outcome::TooLarge => true,
    }
}

/// The kind of error when there are no tries left.
#[must_use]
pub fn kind(outcome: Outcome<'_>) -> ErrorKind {
    match outcome {
        Outcome::Answered { status: 429, .. } => ErrorKind::RateLimited,
        Outcome::Answered { status: 503, .. } => ErrorKind::Outage,
        Outcome::Answered { status: 400..=499, speaker: Speaker::Network, .. } => {
            ErrorKind::Intercepted
        }
        Outcome::Redirected(_) => ErrorKind::Redirected,
        Outcome::Unreadable => ErrorKind::Unreadable,
        Outcome::TooLarge => ErrorKind::TooLarge,
        Outcome::Answered { .. } | Outcome::Broken | Outcome::TimedOut => ErrorKind::Unavailable,
    }
}

/// Zendesk's own sentences in answers that are not JSON. The first is that of a help center or a
/// community that is switched off.
const OWN_SENTENCES: [&str; 4] = [
    "The page you were looking for",
    "No help desk at",
    "Couldn't authenticate you",
    "You do not have access to this page",
];

/// Who wrote a body.
#[must_use]
pub fn speaker(body: &[u8]) -> Speaker {
    let text = String::from_utf8_lossy(body);
    let text = text.trim_start_matches('\u{feff}').trim();
    if text.is_empty() {
        return Speaker::Nobody;
    }
    let Ok(value) = serde_json::from_slice::<serde_json::Value>(text.as_bytes()) else {
        let is_own = OWN_SENTENCES.iter().any(|sentence| text.contains(sentence));
        return if is_own { Speaker::Zendesk } else { Speaker::Network };
    };
    let names_error = ["error", "errors"].iter().any(|key| match value.get(*key) {
        Some(serde_json::Value::String(text)) => !text.is_empty(),
        Some(serde_json::Value::Array(list)) => !list.is_empty(),
        Some(serde_json::Value::Object(object)) => !object.is_empty(),
        _ => false,
    });
    if names_error { Speaker::Zendesk } else { Speaker::Nobody }
}

/// Whether the body of a good answer is a page for a browser.
#[must_use]
pub fn is_page(body: &[u8]) -> bool {
    body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'<')
}

/// Names below zendesk.com that are not accounts.
const NO_ACCOUNTS: [&str; 6] = ["www", "status", "support", "developer", "help", "static"];

/// Where a redirect of a request to `host` leads. `to` is the host that it names.
#[must_use]
pub fn target(host: &str, to: Option<&str>) -> Target {
    let label = to.and_then(|to| to.strip_suffix(".zendesk.com")).filter(|_| to != Some(host));
    match label {
        Some(label) if !label.contains('.') && !NO_ACCOUNTS.contains(&label) => {
            Target::OtherAccount
        }
        _ => Target::Elsewhere,
    }
}

/// Whether a refusal is about a start time that is too recent. The status alone does not say it.
/// Both the old and the new wording are known.
#[must_use]
pub fn names_start_time(body: &[u8]) -> bool {
    let text = String::from_utf8_lossy(body);
    text.contains("StartTimeTooRecent") || text.contains("Too recent start_time")
}

/// The wait that a refusal asks for: ten seconds if it has no `Retry-After`, a minute if that
/// cannot be read.
#[must_use]
pub fn wait(retry_after: RetryAfter) -> Duration {
    match retry_after {
        RetryAfter::Missing => Duration::from_secs(10),
        RetryAfter::Unreadable => Duration::from_secs(60),
        RetryAfter::Wait(wait) => wait.min(LONGEST_RETRY_AFTER),
    }
}

/// The wait before try `next` (2 is the first repetition). `jitter` is between 0 and 1, so that
/// clients that failed together do not come back together.
#[must_use]
pub fn backoff(next: u32, jitter: f64) -> Duration {
    growing(next.saturating_sub(1)).mul_f64(0.5 + jitter.clamp(0.0, 1.0) / 2.0)
}

/// The shortest wait after this many failures in a row: one second, doubled for each further
/// failure, up to a minute.
#[must_use]
pub fn growing(failures: u32) -> Duration {
    Duration::from_secs(2_u64.saturating_pow(failures.saturating_sub(1)).min(60))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(status: u16, retry_after: RetryAfter, body: &[u8]) -> Outcome<'_> {
        Outcome::Answered { status, retry_after, body, speaker: speaker(body) }
    }

    fn judged(status: u16, body: &str) -> Verdict {
        judge(answered(status, RetryAfter::Missing, body.as_bytes()), false)
    }

    const NAMED: &str = r#"{"error":"RecordNotFound","description":"Not found"}"#;
    const BLOCKED: &str = "<html><body>Access denied</body></html>";

    #[test]
    fn each_status_has_its_verdict() {
        let again = |smaller| Verdict::Again { smaller, after: None };
        for status in
            [408, 409, 421, 423, 425, 499, 501, 505, 507, 520, 521, 522, 523, 525, 526, 530, 599]
        {
            assert_eq!(judged(status, NAMED), again(Smaller::No), "{status}");
        }
        for status in [500, 502, 503] {
            assert_eq!(judged(status, BLOCKED), again(Smaller::Perhaps), "{status}");
        }
        for status in [504, 524] {
            assert_eq!(judged(status, ""), again(Smaller::Slow), "{status}");
        }
        assert_eq!(judged(429, BLOCKED), Verdict::Limited(Duration::from_secs(10)));
        assert_eq!(judged(401, NAMED), Verdict::Doubt(ErrorKind::Unauthorized));
        for (status, kind) in [
            (400, ErrorKind::Invalid),
            (402, ErrorKind::Forbidden),
            (403, ErrorKind::Forbidden),
            (404, ErrorKind::NotFound),
            (410, ErrorKind::NotFound),
            (422, ErrorKind::Invalid),
            (418, ErrorKind::Unexpected),
        ] {
            for body in [NAMED, "{}", ""] {
                assert_eq!(judged(status, body), Verdict::GiveUp(kind), "{status} {body}");
            }
        }
        for status in [400, 410, 422] {
            let verdict = judge(answered(status, RetryAfter::Missing, NAMED.as_bytes()), true);
            assert_eq!(verdict, Verdict::GiveUp(ErrorKind::BadPosition), "{status}");
        }
        assert_eq!(judged(799, ""), Verdict::GiveUp(ErrorKind::Unexpected));
    }

    #[test]
    fn only_zendesks_own_refusal_says_that_nothing_was_done() {
        let acted = |status, body: &str| {
            may_have_acted(answered(status, RetryAfter::Missing, body.as_bytes()))
        };
        for status in [400, 401, 403, 404, 409, 422, 429] {
            assert!(!acted(status, NAMED), "{status}");
        }
        assert!(!acted(429, BLOCKED));
        for (status, body) in [(403, BLOCKED), (408, NAMED), (499, ""), (500, NAMED), (503, NAMED)]
        {
            assert!(acted(status, body), "{status}");
        }
        for outcome in [Outcome::Broken, Outcome::TimedOut, Outcome::Unreadable] {
            assert!(may_have_acted(outcome), "{outcome:?}");
        }
    }

    #[test]
    fn what_the_network_says_of_itself_refuses_nothing() {
        for status in [400, 401, 402, 403, 404, 405, 407, 410, 418, 422, 451] {
            for body in [BLOCKED, "error code: 1020", "not from here"] {
                let outcome = answered(status, RetryAfter::Missing, body.as_bytes());
                let expected = Verdict::Again { smaller: Smaller::No, after: None };
                assert_eq!(judge(outcome, true), expected, "{status} {body}");
                assert_eq!(kind(outcome), ErrorKind::Intercepted, "{status} {body}");
            }
        }
    }

    #[test]
    fn an_outage_may_say_when_it_ends() {
        let after = RetryAfter::Wait(Duration::from_secs(300));
        for status in [500, 502, 503, 525] {
            let expected =
                Verdict::Again { smaller: Smaller::No, after: Some(Duration::from_secs(300)) };
            assert_eq!(judge(answered(status, after, b""), false), expected, "{status}");
        }
        assert_eq!(kind(answered(503, after, b"")), ErrorKind::Outage);
        assert_eq!(kind(answered(429, after, b"")), ErrorKind::RateLimited);
    }

    #[test]
    fn zendesk_speaks_json_that_names_an_error_and_a_few_sentences() {
        for body in [
            NAMED,
            r#"{"error":{"title":"Forbidden","message":"no"}}"#,
            r#"{"errors":[{"code":"TriggerCategoriesNotEnabled"}]}"#,
            r#"{"errors":{"field":["msg"]}}"#,
            "<h1>The page you were looking for doesn't exist</h1>",
        ] {
            assert_eq!(speaker(body.as_bytes()), Speaker::Zendesk, "{body}");
        }
        for body in ["", " \n", "{}", "[]", "null", r#"{"message":"Forbidden"}"#, r#"{"error":""}"#]
        {
            assert_eq!(speaker(body.as_bytes()), Speaker::Nobody, "{body}");
        }
        for body in [BLOCKED, "error code: 1020", "<?xml version=\"1.0\"?><Error/>", "\u{feff}<p>"]
        {
            assert_eq!(speaker(body.as_bytes()), Speaker::Network, "{body}");
        }
        assert!(is_page(b" \n<!DOCTYPE html>") && !is_page(b"{\"a\":1}") && !is_page(b""));
    }

    #[test]
    fn only_another_accounts_name_says_that_ours_was_renamed() {
        let target = |to| target("acme.zendesk.com", to);
        assert_eq!(target(Some("acme-new.zendesk.com")), Target::OtherAccount);
        for to in [
            Some("acme.zendesk.com"),
            Some("status.zendesk.com"),
            Some("www.zendesk.com"),
            Some("zendesk.com"),
            Some("a.b.zendesk.com"),
            Some("evil-zendesk.com"),
            Some("status.example.com"),
            None,
        ] {
            assert_eq!(target(to), Target::Elsewhere, "{to:?}");
        }
        let renamed = Outcome::Redirected(Target::OtherAccount);
        assert_eq!(judge(renamed, false), Verdict::GiveUp(ErrorKind::Renamed));
    }

    #[test]
    fn a_retry_after_is_believed_up_to_half_an_hour() {
        let seconds = Duration::from_secs;
        assert_eq!(wait(RetryAfter::Wait(seconds(99_999))), seconds(1800));
        assert_eq!(wait(RetryAfter::Wait(seconds(0))), seconds(0));
        assert_eq!(wait(RetryAfter::Unreadable), seconds(60));
    }

    #[test]
    fn waits_grow_and_are_bounded() {
        let waits: Vec<u64> = (2..=TRIES + 1).map(|next| backoff(next, 1.0).as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60, 60, 60, 60, 60]);
        assert!(backoff(3, 0.0) >= Duration::from_secs(1));
    }
}
