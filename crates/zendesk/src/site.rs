//! The hosts of an account. Each brand's help center answers at the brand's own host. Everything
//! else answers at the main host, as does the help center of the brand in `subdomain`.

use reqwest::Url;
use reqwest::header::HeaderValue;

/// The end of every host name of an account, also of a brand whose help center has a domain of its
/// own.
const DOMAIN: &str = "zendesk.com";

/// One host of the account, and how to reach it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// The address to which requests are sent.
    pub(super) base: Url,
    /// The name in the Host header, if `base` stands in for the host.
    pub(super) host: Option<HeaderValue>,
    /// The brand whose help center answers here. `None` if it is not known.
    pub brand: Option<u64>,
    pub is_main: bool,
}

impl Site {
    /// The main host at `base`. `host` is its name if `base` stands in for it.
    #[must_use]
    pub fn main(base: Url, host: Option<&str>) -> Self {
        let host = host.and_then(|host| HeaderValue::from_str(host).ok());
        Self { base, host, brand: None, is_main: true }
    }

    /// The same host with the brand whose help center answers there.
    #[must_use]
    pub fn with_brand(&self, brand: u64) -> Self {
        Self { brand: Some(brand), ..self.clone() }
    }

    /// The host of a brand, reached like this one. `label` is the brand's subdomain. It must be a
    /// single label of a host name, so that it cannot lead credentials elsewhere; otherwise the
    /// result is `None`.
    #[must_use]
    pub fn of_brand(&self, label: &str, brand: u64) -> Option<Self> {
        let host = format!("{}.{DOMAIN}", label.to_ascii_lowercase());
        let mut base = self.base.clone();
        base.set_host(Some(&host)).ok()?;
        // Nothing but the label was put in front of the domain.
        let is_label = base.host_str() == Some(&*host) && host.matches('.').count() == 2;
        let (brand, is_main) = (Some(brand), false);
        let site = if self.host.is_some() {
            let host = Some(HeaderValue::from_str(&host).ok()?);
            Self { base: self.base.clone(), host, brand, is_main }
        } else {
            Self { base, host: None, brand, is_main }
        };
        (is_label && !label.is_empty()).then_some(site)
    }

    /// The name of the host.
    #[must_use]
    pub fn name(&self) -> &str {
        let stood_in = self.host.as_ref().and_then(|host| host.to_str().ok());
        stood_in.or(self.base.host_str()).unwrap_or_default()
    }

    /// The brand under which a stream's state keeps the position at this host. `None` for the main
    /// host: it uses the top-level state, so that Airbyte's connector can still read it.
    #[must_use]
    pub fn part_of_state(&self) -> Option<u64> {
        self.brand.filter(|_| !self.is_main)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_brand_is_reached_by_its_own_host_and_nothing_else_than_a_label_is_one() {
        let main = Site::main("https://acme.zendesk.com".parse().unwrap(), None);
        let brand = main.of_brand("Acme-Shop", 7).unwrap();
        assert_eq!(brand.base.as_str(), "https://acme-shop.zendesk.com/");
        assert_eq!((brand.name(), brand.part_of_state()), ("acme-shop.zendesk.com", Some(7)));
        assert_eq!(main.with_brand(1).part_of_state(), None);
        for hostile in
            ["", "evil.example", "a/b", "a:80", "user@a", "a#", "a?b", "a\u{0}", "ä", "a b"]
        {
            assert_eq!(main.of_brand(hostile, 7), None, "{hostile}");
        }
    }

    #[test]
    fn a_stand_in_for_the_account_stands_in_for_its_brands() {
        let main = Site::main("http://127.0.0.1:81".parse().unwrap(), Some("acme.zendesk.com"));
        let brand = main.of_brand("shop", 7).unwrap();
        assert_eq!((&brand.base, brand.name()), (&main.base, "shop.zendesk.com"));
    }
}
