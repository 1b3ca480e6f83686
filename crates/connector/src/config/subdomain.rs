//! Reads the account's name from what a user writes.

/// The host label of an account, from what people write: `acme`, `acme.zendesk.com`, or a URL.
pub(super) fn subdomain(written: &str) -> Result<String, String> {
    let text = written.trim();
    let lower = text.to_ascii_lowercase();
    let text = lower.strip_prefix("https://").unwrap_or(&lower);
    let had_scheme = text.len() != lower.len();
    let host = match text.split_once('/') {
        Some((host, _)) if had_scheme => host,
        Some((host, "")) => host,
        Some(_) => return Err("must be a subdomain such as `acme`, without a path".into()),
        None => text,
    };
    let label = match host.strip_suffix(".zendesk.com") {
        Some(label) => label,
        // An address names its host in full.
        None if had_scheme => "",
        None => host,
    };
    if is_host_label(label) {
        Ok(label.to_owned())
    } else {
        Err("must be a subdomain such as `acme`, from https://acme.zendesk.com".into())
    }
}

/// Whether a text is one label of a host's name. Such a text cannot lead to another domain.
#[must_use]
pub fn is_host_label(text: &str) -> bool {
    (1..=63).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_host_label_gets_through_the_subdomain() {
        for written in [
            "acme",
            " Acme ",
            "acme.zendesk.com",
            "https://acme.zendesk.com/agent",
            "acme.zendesk.com/",
        ] {
            assert_eq!(subdomain(written).as_deref(), Ok("acme"), "{written}");
        }
        for written in [
            "",
            "evil.example/acme",
            "acme.zendesk.com.evil.example",
            "https://evil.example",
            "acme:8080",
            "user@acme",
            "acme#",
            "acme?x",
            "a b",
            "-acme",
            "http://acme.zendesk.com",
            "acme\u{0}",
            "ácme",
            "https://user:pw@acme.zendesk.com",
            "..",
            "acme.zendesk.com/agent",
            "https://acme",
            "https://acme/.zendesk.com",
        ] {
            assert!(subdomain(written).is_err(), "{written}");
        }
    }
}
