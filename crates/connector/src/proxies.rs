//! Checks the proxies in the environment. The HTTP library silently ignores a proxy that it does
//! not understand, so such a value is refused here.

use std::ffi::OsString;

use airbyte::message::ErrorTrace;

use crate::failure::refused;

const VARIABLES: [&str; 6] =
    ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"];

/// The trace for the first variable whose proxy cannot be used. It never holds the value, which may
/// contain a password.
#[must_use]
pub fn trouble(variable: impl Fn(&str) -> Option<OsString>) -> Option<ErrorTrace> {
    let is_bad = |name: &&&str| {
        variable(name).is_some_and(|value| value.to_str().is_none_or(|value| !is_usable(value)))
    };
    let name = VARIABLES.iter().find(is_bad)?;
    Some(refused(&format!(
        "{name} is not the address of a proxy such as http://proxy.example.com:3128. Correct it, \
         or remove it from the environment to use no proxy."
    )))
}

/// Whether the HTTP library understands the address and supports such a proxy. An empty value is
/// fine: there is no proxy.
fn is_usable(value: &str) -> bool {
    if value.is_empty() {
        return true;
    }
    let Ok(address) = value.parse::<http::Uri>() else { return false };
    let is_spoken = address.scheme_str().is_none_or(|scheme| matches!(scheme, "http" | "https"));
    let host = address.host().unwrap_or_default();
    let authority = address.authority().map(http::uri::Authority::as_str).unwrap_or_default();
    let place = authority.rsplit_once('@').map_or(authority, |(_, place)| place);
    let port = place.strip_prefix(host).unwrap_or_default();
    let is_port =
        port.is_empty() || port.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok());
    is_spoken && is_port && !host.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(name: &str, value: &str) -> Option<String> {
        trouble(|asked| (asked == name).then(|| value.into())).map(|trouble| trouble.message)
    }

    #[test]
    fn an_address_that_is_none_is_told_by_its_variable_and_without_its_value() {
        for value in [
            "http://[bad",
            "http://",
            "://x",
            "socks5://proxy:1080",
            "ftp://proxy",
            "http://pro xy:1",
            " http://proxy:3128",
            "http://proxy:port",
            "/proxy",
            "http://user:secret word@proxy",
            " ",
        ] {
            for name in VARIABLES {
                let message = message(name, value).unwrap_or_else(|| panic!("{name}={value}"));
                assert!(message.starts_with(name) && !message.contains("secret"), "{message}");
            }
        }
    }

    #[test]
    fn an_address_with_or_without_a_scheme_is_one_and_so_is_nothing() {
        for value in [
            "",
            "http://proxy:3128",
            "https://user:pw@proxy.example.com",
            "proxy:3128",
            "proxy",
            "http://127.0.0.1:3128/",
            "http://[::1]:3128",
            "HTTP://proxy:3128",
        ] {
            assert_eq!(message("HTTPS_PROXY", value), None, "{value}");
        }
    }
}
