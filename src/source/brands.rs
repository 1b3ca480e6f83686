//! Finds the hosts whose help centers are read: one for each brand that has one.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;
use std::sync::Arc;

use futures_util::future::join_all;
use serde_json::Value;
use tokio::time::{Instant, timeout_at};

use super::fetch_all::rows;
use super::probe::{Reach, reach};
use crate::config::Config;
use crate::streams::brands::BRANDS;
use crate::streams::{ResolvedFeed, ResolvedStream};
use crate::sync::WalkError;
use airbyte::message::Level;
use connector::config::is_host_label;
use zendesk::client::Client;
use zendesk::error::ApiError;
use zendesk::site::Site;

/// The most hosts that are asked whether help centers can be read at all.
const MOST_CANDIDATES: usize = 5;

/// The state of a help center that anybody can read.
const ENABLED: &str = "enabled";

/// The hosts whose help centers are read.
#[derive(Debug)]
pub struct HelpCenters {
    /// Empty only in [`HelpCenters::none`]. The main host comes first if it is read.
    pub sites: Vec<Arc<Site>>,
    /// The brand of the configured subdomain, whether its help center is read or not. None when no brand
    /// has that subdomain: then it is unknown which brand the top-level state belongs to.
    pub main_brand: Option<u64>,
    /// The state of each help center that is not `enabled`. Such a host may have nothing to read.
    pub not_enabled: BTreeMap<u64, String>,
    /// What the user should know: brands that are skipped, and why.
    pub messages: Vec<(Level, String)>,
}

impl HelpCenters {
    /// The main host alone. Its brand is not known.
    #[must_use]
    pub fn of_main(main: &Site) -> Self {
        let sites = vec![Arc::new(main.clone())];
        Self { sites, main_brand: None, not_enabled: BTreeMap::new(), messages: Vec::new() }
    }

    /// No hosts: help centers are not read, or it is not known where they are.
    #[must_use]
    pub fn none() -> Self {
        let (sites, messages) = (Vec::new(), Vec::new());
        Self { sites, main_brand: None, not_enabled: BTreeMap::new(), messages }
    }

    /// The state of a host's help center, if it is not `enabled`.
    #[must_use]
    pub fn not_enabled(&self, site: &Site) -> Option<&str> {
        self.not_enabled.get(&site.brand?).map(String::as_str)
    }
}

/// One host of a help center, and its answer. `None` if there was no answer in time.
pub type AskedHost = (Arc<Site>, Option<Reach>);

/// Asks all hosts at the same time for a row of one listing, until the deadline. Returns nothing if
/// none of the streams is a help center's.
pub async fn ask_hosts(
    client: &Client,
    config: &Config,
    sites: &[Arc<Site>],
    streams: &[ResolvedStream],
    deadline: Instant,
) -> Vec<AskedHost> {
    let Some(asked) =
        streams.iter().find(|stream| stream.feed.is_of_brands() && stream.feed.parent.is_none())
    else {
        return Vec::new();
    };
    let asking = sites.iter().map(|site| async move {
        let asking = Box::pin(reach(client, asked, config, Some(site)));
        (Arc::clone(site), timeout_at(deadline, asking).await.ok())
    });
    join_all(asking).await
}

/// The host whose answer decides whether help centers can be read: the first that can be read, or
/// else the first.
#[must_use]
pub fn spokesman(asked: &[AskedHost], sites: &[Arc<Site>]) -> Option<Arc<Site>> {
    let readable = asked.iter().find(|(_, reach)| matches!(reach, Some(Reach::Readable { .. })));
    readable.map(|(site, _)| site).or(sites.first()).cloned()
}

/// A few hosts to ask. Those whose help center is enabled come first.
#[must_use]
pub fn candidates(found: &HelpCenters) -> Vec<Arc<Site>> {
    let mut sites = found.sites.clone();
    sites.sort_by_key(|site| found.not_enabled(site).is_some());
    sites.truncate(MOST_CANDIDATES);
    sites
}

/// Why it is not known at which hosts help centers are read.
#[derive(Debug)]
pub enum NoHelpCenters {
    Unlisted(WalkError),
    /// The user named brands that have no help center (`names`). `known` are the brands that have
    /// one.
    Unknown {
        names: Vec<String>,
        known: Vec<String>,
    },
}

impl fmt::Display for NoHelpCenters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unlisted(error) => error.fmt(f),
            Self::Unknown { names, .. } => {
                write!(f, "no brand with a help center has the subdomain {}", names.join(" or "))
            }
        }
    }
}

impl Error for NoHelpCenters {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Unlisted(error) => Some(error),
            Self::Unknown { .. } => None,
        }
    }
}

/// What is known about a brand and its help center.
///
/// Source: Zendesk, "Brands". A help center that is mapped to a host of the customer's also answers
/// at the brand's subdomain.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Brand {
    id: u64,
    subdomain: String,
    is_default: bool,
    has_help_center: bool,
    /// The state of its help center, if that is not `enabled`.
    not_enabled: Option<String>,
}

impl Brand {
    fn read(row: &Value) -> Option<Self> {
        let is = |key: &str, value: bool| row[key].as_bool() == Some(value);
        let is_off = is("has_help_center", false)
            || is("active", false)
            || is("is_deleted", true)
            || row["help_center_state"] == "disabled";
        Some(Self {
            id: row["id"].as_u64()?,
            subdomain: row["subdomain"].as_str().unwrap_or_default().to_ascii_lowercase(),
            is_default: is("default", true),
            has_help_center: !is_off,
            not_enabled: row["help_center_state"]
                .as_str()
                .filter(|state| *state != ENABLED)
                .map(str::to_owned),
        })
    }
}

/// Lists the brands, and decides whose help centers are read. If Zendesk refuses the list to this
/// user and `help_center_brands` is empty, the main host alone is read, with a warning.
///
/// # Errors
/// [`NoHelpCenters`] when the brands cannot be listed, or the user names a brand without a help center.
pub async fn help_centers(client: &Client, config: &Config) -> Result<HelpCenters, NoHelpCenters> {
    let feed = &ResolvedFeed::from(&BRANDS);
    match rows(client, feed, feed.path().to_owned(), config).await {
        Ok(brands) => decide(&brands, client.main(), config),
        Err(WalkError::Api(error))
            if error.is_definite() && config.help_center_brands.is_empty() =>
        {
            Ok(main_alone(client.main(), config, &error))
        }
        Err(error) => Err(NoHelpCenters::Unlisted(error)),
    }
}

/// The hosts of all brands, with or without a help center. The files of a ticket are at the host of
/// its brand. If Zendesk refuses the list to this user, the list is empty and a warning comes with
/// it.
///
/// # Errors
/// [`WalkError`] when the list fails for a reason that may pass.
pub async fn hosts(
    client: &Client,
    config: &Config,
) -> Result<(Vec<Site>, Option<String>), WalkError> {
    let feed = &ResolvedFeed::from(&BRANDS);
    match rows(client, feed, feed.path().to_owned(), config).await {
        Ok(brands) => Ok((hosts_of(&brands, client.main()), None)),
        Err(WalkError::Api(error)) if error.is_definite() => {
            let warning = format!(
                "the brands cannot be listed ({}), so files at other hosts than {} are fetched \
                 without credentials. Use the credentials of a user who may see all brands.",
                error.detail,
                client.main().name()
            );
            Ok((Vec::new(), Some(warning)))
        }
        Err(error) => Err(error),
    }
}

/// The hosts that the list of brands names. A subdomain that is not a valid host label is left out.
fn hosts_of(rows: &[Value], main: &Site) -> Vec<Site> {
    let brands = rows.iter().filter_map(Brand::read);
    let brands = brands.filter(|brand| is_host_label(&brand.subdomain));
    brands.filter_map(|brand| main.of_brand(&brand.subdomain, brand.id)).collect()
}

/// The main host alone, for a user to whom Zendesk refuses the list of brands.
fn main_alone(main: &Site, config: &Config, error: &ApiError) -> HelpCenters {
    let warning = format!(
        "the brands cannot be listed ({}), so only the help center of {} is read and its rows \
         have no `brand_id`. Use an administrator's credentials to read the others.",
        error.detail, config.account.subdomain
    );
    HelpCenters { messages: vec![(Level::Warn, warning)], ..HelpCenters::of_main(main) }
}

/// Decides which brands' help centers are read, and at which hosts. A subdomain that is not a valid
/// host label is left out.
fn decide(rows: &[Value], main: &Site, config: &Config) -> Result<HelpCenters, NoHelpCenters> {
    let mut messages = Vec::new();
    let mut brands: Vec<Brand> = Vec::new();
    for row in rows {
        match Brand::read(row).filter(|brand| is_host_label(&brand.subdomain)) {
            // One that moved to a later page while the pages were read comes twice.
            Some(brand) if brands.iter().any(|known| known.id == brand.id) => {}
            Some(brand) => brands.push(brand),
            None => messages.push((
                Level::Warn,
                format!("the brand {} has no subdomain, so its help center is not read", row["id"]),
            )),
        }
    }
    let by_name = brands.iter().position(|brand| brand.subdomain == config.account.subdomain);
    // An account that was renamed may still answer at its former name.
    let of_main = by_name.or_else(|| brands.iter().position(|brand| brand.is_default));
    let main_brand = of_main.map(|at| {
        brands[..=at].rotate_right(1);
        brands[0].id
    });
    let named_brand = by_name.and(main_brand);
    let with_help_center = brands.iter().filter(|brand| brand.has_help_center);
    let is_chosen = |brand: &&Brand| {
        config.help_center_brands.is_empty() || config.help_center_brands.contains(&brand.subdomain)
    };
    let known: Vec<String> = with_help_center.clone().map(|one| one.subdomain.clone()).collect();
    let unknown = config.help_center_brands.iter().filter(|name| !known.contains(name));
    let names: Vec<String> = unknown.cloned().collect();
    if !names.is_empty() {
        return Err(NoHelpCenters::Unknown { names, known });
    }
    let mut sites: Vec<Arc<Site>> = Vec::new();
    let mut read = Vec::new();
    let mut not_enabled = BTreeMap::new();
    for brand in with_help_center.filter(is_chosen) {
        let site = match main_brand == Some(brand.id) {
            true => Some(main.with_brand(brand.id)),
            false => main.of_brand(&brand.subdomain, brand.id),
        };
        let Some(site) = site else { continue };
        read.push(brand.subdomain.as_str());
        not_enabled.extend(brand.not_enabled.clone().map(|state| (brand.id, state)));
        sites.push(Arc::new(site));
    }
    if brands.len() > 1 && !sites.is_empty() {
        let without = brands.iter().filter(|brand| !read.contains(&brand.subdomain.as_str()));
        let without: Vec<&str> = without.map(|brand| brand.subdomain.as_str()).collect();
        let others = match without.as_slice() {
            [] => String::new(),
            without => format!("; skipped: {}", without.join(", ")),
        };
        messages.push((Level::Info, format!("help centers read: {}{others}", read.join(", "))));
    }
    if sites.is_empty() {
        // What the main host answers says what is missing.
        sites.push(Arc::new(main.clone()));
    }
    Ok(HelpCenters { sites, main_brand: named_brand, not_enabled, messages })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn main() -> Site {
        Site::main("https://acme.zendesk.com".parse().unwrap(), None)
    }

    fn config(brands: &[&str]) -> Config {
        let credentials = json!({ "credentials": "oauth2.0", "access_token": "t" });
        let config = json!({ "subdomain": "acme", "credentials": credentials, "help_center_brands": brands });
        Config::parse(config.to_string().as_bytes()).unwrap()
    }

    fn brand(id: u64, subdomain: &str) -> Value {
        json!({ "id": id, "subdomain": subdomain, "active": true, "has_help_center": true,
            "help_center_state": "enabled", "default": false, "host_mapping": "help.example" })
    }

    fn with(mut brand: Value, key: &str, value: Value) -> Value {
        brand[key] = value;
        brand
    }

    /// The name of each host, its brand, and its part of the state.
    fn read(rows: &[Value], chosen: &[&str]) -> Vec<(String, Option<u64>, Option<u64>)> {
        let sites = decide(rows, &main(), &config(chosen)).unwrap().sites;
        let facts = |site: &Arc<Site>| (site.name().to_owned(), site.brand, site.part_of_state());
        sites.iter().map(facts).collect()
    }

    fn acme(brand: Option<u64>) -> (String, Option<u64>, Option<u64>) {
        ("acme.zendesk.com".to_owned(), brand, None)
    }

    #[test]
    fn each_brand_with_a_help_center_is_read_at_its_own_host_and_the_main_one_first() {
        let rows = [
            brand(1, "shop"),
            brand(2, "acme"),
            with(brand(3, "none"), "has_help_center", json!(false)),
            with(brand(4, "off"), "help_center_state", json!("disabled")),
            with(brand(5, "asleep"), "active", json!(false)),
            with(brand(6, "internal"), "help_center_state", json!("restricted")),
        ];
        let of = |name: &str, id| (format!("{name}.zendesk.com"), Some(id), Some(id));
        assert_eq!(read(&rows, &[]), [acme(Some(2)), of("shop", 1), of("internal", 6)]);
        assert_eq!(read(&rows, &["Shop"]), [of("shop", 1)]);
        let found = decide(&rows, &main(), &config(&[])).unwrap();
        assert_eq!(found.main_brand, Some(2));
        assert_eq!(found.not_enabled, BTreeMap::from([(6, "restricted".to_owned())]));
        let messages = found.messages;
        assert_eq!(
            messages[0].1,
            "help centers read: acme, shop, internal; skipped: none, off, asleep"
        );
    }

    #[test]
    fn one_brand_alone_is_the_main_host_also_under_another_name() {
        assert_eq!(read(&[brand(1, "acme")], &[]), [acme(Some(1))]);
        let renamed = with(brand(1, "acme-new"), "default", json!(true));
        assert_eq!(read(std::slice::from_ref(&renamed), &[]), [acme(Some(1))]);
        assert_eq!(decide(&[renamed], &main(), &config(&[])).unwrap().main_brand, None);
        assert_eq!(
            read(&[with(brand(1, "acme"), "has_help_center", json!(false))], &[]),
            [acme(None)]
        );
        assert_eq!(read(&[], &[]), [acme(None)]);
    }

    #[test]
    fn nothing_that_an_answer_says_leads_to_another_host() {
        for hostile in ["evil.example/", "evil.example", "a:80", "user@evil", "a#", "", "-a", "ä"]
        {
            let found = decide(&[brand(1, "acme"), brand(2, hostile)], &main(), &config(&[]));
            let found = found.unwrap();
            assert_eq!((found.sites.len(), found.messages.len()), (1, 1), "{hostile}");
            assert_eq!(hosts_of(&[brand(2, hostile)], &main()), [], "{hostile}");
        }
        let off = with(brand(3, "Shop"), "active", json!(false));
        let hosts = hosts_of(&[brand(1, "acme"), off, json!(null)], &main());
        let names: Vec<&str> = hosts.iter().map(Site::name).collect();
        assert_eq!(names, ["acme.zendesk.com", "shop.zendesk.com"]);
        let rows = [json!(null), json!({ "id": "x", "subdomain": "a" }), brand(1, "acme")];
        assert_eq!(read(&rows, &[]), [acme(Some(1))]);
    }

    #[test]
    fn a_brand_that_is_listed_twice_is_read_once() {
        let rows = [brand(1, "acme"), brand(2, "shop"), brand(2, "shop"), brand(1, "acme")];
        assert_eq!(read(&rows, &[]).len(), 2);
    }

    #[test]
    fn names_of_no_brand_with_a_help_center_are_reported() {
        let rows = [brand(1, "acme"), with(brand(2, "off"), "active", json!(false))];
        let Err(NoHelpCenters::Unknown { names, known }) =
            decide(&rows, &main(), &config(&["acme", "off", "typo"]))
        else {
            panic!("unknown names are let through");
        };
        assert_eq!((names, known), (vec!["off".into(), "typo".into()], vec!["acme".to_owned()]));
    }
}
