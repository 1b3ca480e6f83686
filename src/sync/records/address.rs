//! Removes from addresses what may sign in to them. Pure.

/// An address without its user and password, and without everything after a question mark or a
/// hash, where programs put keys. The address need not be well formed: addresses in business rules
/// have placeholders.
pub(super) fn without_credentials(address: &str) -> String {
    let start = scheme_end(address);
    let (scheme, rest) = address.split_at(start);
    let authority = rest.split(['/', '\\', '?', '#']).next().unwrap_or_default();
    // A password may hold any letter as it is, so the host is behind the last `@`.
    let signs_in = authority.contains('@') || !is_host(authority);
    let rest = rest.rfind('@').filter(|_| signs_in).map_or(rest, |at| &rest[at + 1..]);
    let shown = rest.split(['?', '#']).next().unwrap_or_default();
    format!("{scheme}{shown}")
}

/// Where an address's scheme ends, with everything before its host. Programs accept slashes of
/// either kind.
fn scheme_end(address: &str) -> usize {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
    let (before, slashes) = match address.split_once(':') {
        Some((scheme, rest)) if scheme.bytes().all(is_letter) => (scheme.len() + 1, rest),
        _ => (0, address),
    };
    let slash = |at: usize| matches!(slashes.as_bytes().get(at), Some(b'/' | b'\\'));
    if slash(0) && slash(1) { before + 2 } else { 0 }
}

/// Whether this is a host, with or without a port. Otherwise it is the beginning of a password.
fn is_host(authority: &str) -> bool {
    let port = authority.rsplit_once(':').map(|(_, port)| port);
    authority.starts_with('[')
        || port
            .is_none_or(|port| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_signs_in_is_cut_out_of_addresses_and_the_rest_stays() {
        for (address, shown) in [
            ("https://crm.test/hook", "https://crm.test/hook"),
            ("https://u:p@crm.test:8443/hook", "https://crm.test:8443/hook"),
            ("https://p@crm.test/hook?key=p#p", "https://crm.test/hook"),
            ("https://crm.test/@acme/{{ticket.id}}?p", "https://crm.test/@acme/{{ticket.id}}"),
            ("https://crm.test:80/@acme", "https://crm.test:80/@acme"),
            ("https://[::1]:80/a@b", "https://[::1]:80/a@b"),
            ("https://u:p/p@crm.test/hook", "https://crm.test/hook"),
            ("https://u:p?p#p@crm.test", "https://crm.test"),
            ("https://u:p@p@crm.test", "https://crm.test"),
            ("https:\\\\u:p@crm.test", "https:\\\\crm.test"),
            ("//u:p@crm.test", "//crm.test"),
            ("u:p@crm.test/hook", "crm.test/hook"),
            ("crm.test?to=//u:p@x", "crm.test"),
            ("https://{{host}}/a?p", "https://{{host}}/a"),
            ("https://", "https://"),
            ("", ""),
        ] {
            assert_eq!(without_credentials(address), shown, "{address}");
        }
    }

    proptest! {
        #[test]
        fn no_text_is_too_odd(address in "[:/@?#\\\\\\[{ué.1-]{0,20}") {
            let shown = without_credentials(&address);
            prop_assert!(shown.len() <= address.len() && !shown.contains(['?', '#']));
        }

        #[test]
        fn no_password_comes_through(password in "[a-z!$%&*+;=:@/?#-]{1,12}x") {
            prop_assume!(!password.starts_with(|begin: char| "/?#".contains(begin)));
            let address = format!("https://user:{password}@crm.test/hook");
            prop_assert_eq!(without_credentials(&address), "https://crm.test/hook");
        }
    }
}
