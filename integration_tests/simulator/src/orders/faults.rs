//! Faults as JSON: `[{"path": "/tickets", "at_most": 2, "fault": {"status": {"code": 429, "retry_after": 5}}}]`.

use serde::Deserialize;
use simulator::{Fault, FaultRule, Faults, Malformed, When};
use std::collections::BTreeMap;

/// One rule. The first rule that matches a request decides.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    /// A part of the path and query as sent.
    #[serde(default)]
    path: String,
    method: Option<String>,
    /// The subdomain of a brand.
    brand: Option<String>,
    every: Option<u64>,
    after: Option<u64>,
    probability: Option<f64>,
    page_larger_than: Option<u64>,
    at_most: Option<u64>,
    /// Whether the fault happens to the request, so that a write takes no effect. Otherwise it
    /// happens to the answer.
    #[serde(default)]
    before: bool,
    fault: Kind,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Kind {
    Status(Status),
    Reset,
    Timeout { ms: u64 },
    Delay { ms: u64 },
    Trickle { piece_bytes: usize, pause_ms: u64 },
    CutBody,
    BrokenGzip,
    Html,
    Empty,
    WithoutKey,
    EmptyEnd,
    TooRecent,
    Challenge,
    Date(i64),
    Malformed(How),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Status {
    code: u16,
    retry_after: Option<u64>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    /// The body. Without it, the body that Zendesk is known to send with the status.
    body: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum How {
    Latin,
    Control,
    NotANumber,
    Deep,
    Structure,
    ByteOrderMark,
    Rest,
}

pub(super) fn rules(json: &str) -> Result<Faults, String> {
    let rules: Vec<Rule> = serde_json::from_str(json).map_err(|error| error.to_string())?;
    let rules: Result<Vec<_>, _> = rules.into_iter().map(rule).collect();
    Ok(Faults::rules(rules?))
}

fn rule(written: Rule) -> Result<FaultRule, String> {
    if let Some(share) = written.probability.filter(|share| !(0.0..=1.0).contains(share)) {
        return Err(format!("{share} is not a probability between 0 and 1"));
    }
    let whens = [
        written.every.map(When::EveryNth),
        written.after.map(When::After),
        written.probability.map(When::Probability),
        written.page_larger_than.map(When::PageLargerThan),
    ];
    let mut whens = whens.into_iter().flatten();
    let when = whens.next().unwrap_or(When::Always);
    if whens.next().is_some() {
        return Err("every, after, probability and page_larger_than exclude each other".into());
    }
    let fault = fault(written.fault)?;
    let fault = if written.before { Fault::before(fault) } else { fault };
    let mut rule = FaultRule::new(&written.path, when, fault);
    if let Some(method) = &written.method {
        rule = rule.of_method(method);
    }
    if let Some(brand) = &written.brand {
        rule = rule.at_brand(brand);
    }
    rule.limit = written.at_most;
    Ok(rule)
}

fn fault(kind: Kind) -> Result<Fault, String> {
    Ok(match kind {
        Kind::Status(written) => status(written)?,
        Kind::Reset => Fault::ResetConnection,
        Kind::Timeout { ms } => Fault::Timeout { ms },
        Kind::Delay { ms } => Fault::Delay { ms },
        Kind::Trickle { piece_bytes, pause_ms } => {
            Fault::Trickle { piece_bytes: piece_bytes.max(1), pause_ms }
        }
        Kind::CutBody => Fault::CutBody,
        Kind::BrokenGzip => Fault::BrokenGzip,
        Kind::Html => Fault::Html,
        Kind::Empty => Fault::Empty,
        Kind::WithoutKey => Fault::WithoutKey,
        Kind::EmptyEnd => Fault::EmptyEnd,
        Kind::TooRecent => Fault::too_recent(),
        Kind::Challenge => Fault::challenge(),
        Kind::Date(unix) if unix < 0 => return Err(format!("{unix} is negative")),
        Kind::Date(unix) => Fault::Date(unix),
        Kind::Malformed(how) => Fault::malformed(match how {
            How::Latin => Malformed::Latin,
            How::Control => Malformed::Control,
            How::NotANumber => Malformed::NotANumber,
            How::Deep => Malformed::Deep,
            How::Structure => Malformed::Structure,
            How::ByteOrderMark => Malformed::ByteOrderMark,
            How::Rest => Malformed::Rest,
        }),
    })
}

fn status(written: Status) -> Result<Fault, String> {
    if !(200..=599).contains(&written.code) {
        return Err(format!("{} is not a status between 200 and 599", written.code));
    }
    let mut answer = Fault::status(written.code);
    if let Fault::Status { headers, body, .. } = &mut answer {
        headers.extend(written.headers);
        headers.extend(written.retry_after.map(|s| ("retry-after".to_owned(), s.to_string())));
        if let Some(text) = written.body {
            *body = text;
        }
    }
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_say_which_requests_meet_what() {
        let json = r#"[
            {"path": "/tickets", "method": "post", "at_most": 1, "before": true, "fault": "reset"},
            {"brand": "acme-outdoor", "every": 3, "fault": {"status": {"code": 503, "retry_after": 7}}},
            {"fault": {"malformed": "latin"}}
        ]"#;
        let found = rules(json).unwrap().rules;
        let lost = Fault::before(Fault::ResetConnection);
        let first = FaultRule::new("/tickets", When::Always, lost).of_method("POST").at_most(1);
        let second = FaultRule::new("", When::EveryNth(3), Fault::retry_after(503, 7));
        let third = FaultRule::new("", When::Always, Fault::malformed(Malformed::Latin));
        assert_eq!(found, [first, second.at_brand("acme-outdoor"), third]);
    }

    #[test]
    fn what_is_no_rule_is_refused_with_the_reason() {
        for (json, reason) in [
            (r#"[{"fault": "sleepy"}]"#, "unknown variant `sleepy`"),
            (r#"[{"pth": "/tickets", "fault": "reset"}]"#, "unknown field `pth`"),
            (r#"[{"fault": {"status": {"code": 99}}}]"#, "99 is not a status"),
            (r#"[{"probability": -0.5, "fault": "reset"}]"#, "-0.5 is not a probability"),
            (r#"[{"fault": {"date": -1}}]"#, "-1 is negative"),
            (r#"[{"every": -2, "fault": "reset"}]"#, "invalid value: integer `-2`"),
            (r#"[{"every": 2, "after": 1, "fault": "reset"}]"#, "exclude each other"),
        ] {
            let refusal = rules(json).err().unwrap_or_default();
            assert!(refusal.contains(reason), "{json}: {refusal}");
        }
    }
}
