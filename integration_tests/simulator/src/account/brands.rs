//! The brands of an account: which of them have a help center, which of them answers at a host, and
//! which brand a row of a help center belongs to.
//!
//! Source: Zendesk, Brands (`subdomain`, `host_mapping`, `has_help_center`, `help_center_state`). A
//! help center answers only at `{subdomain}.zendesk.com` of its brand. Ids are unique in the
//! account. Two facts are not in the documentation: a `restricted` help center answers agents, and
//! the help center of an inactive brand answers nobody. The knob `restricted_are_absent` decides
//! the first.

use super::table::Row;
use super::{Account, SUBDOMAIN};
use crate::listings::{Dialect, Listing};
use crate::resources::resource;
use crate::row_text::{get, get_text, quote};
use crate::settings::Settings;
use std::net::Ipv4Addr;

/// A brand, with what requests and rows need to know of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Brand {
    pub id: u64,
    /// The name below `zendesk.com` at which its help center answers.
    pub subdomain: String,
    /// Whether its help center answers at all.
    pub has_help_center: bool,
    /// Whether its help center is `restricted`.
    pub is_restricted: bool,
}

impl Brand {
    fn of(row: &Row) -> Self {
        let subdomain = get_text(&row.text, "subdomain").unwrap_or_default();
        let is = |field: &str, raw: &str| get(&row.text, field) == Some(raw);
        let has_help_center = is_label(&subdomain)
            && is("has_help_center", "true")
            && is("active", "true")
            && !is("help_center_state", "\"disabled\"");
        let is_restricted = is("help_center_state", "\"restricted\"");
        Self { id: row.number, subdomain, has_help_center, is_restricted }
    }

    /// `{subdomain}.zendesk.com`
    pub fn host(&self) -> String {
        format!("{}.zendesk.com", self.subdomain)
    }
}

impl Account {
    /// The brands whose help center answers now, the account's own brand first.
    pub fn help_centers(&self) -> Vec<Brand> {
        let brands = self.table("brands").rows.values().map(Brand::of);
        brands.filter(|brand| brand.has_help_center).collect()
    }

    /// The id of the brand whose help center has this row, or had it before it was removed.
    pub fn brand_of(&self, resource: &str, id: u64) -> u64 {
        let brand = self.table(resource).brands.get(&id);
        *brand.unwrap_or_else(|| panic!("{resource} {id} was never in a help center"))
    }

    /// The brand that answers at a host. Names of this machine mean the account's own brand.
    pub(crate) fn brand_at(&self, host: &str) -> Option<Brand> {
        let name = host.split(':').next().unwrap_or_default().to_ascii_lowercase();
        let subdomain = match name.strip_suffix(".zendesk.com") {
            None if is_this_machine(&name) => SUBDOMAIN,
            subdomain => subdomain.filter(|subdomain| is_label(subdomain))?,
        };
        let is_it = |row: &&Row| get_text(&row.text, "subdomain").as_deref() == Some(subdomain);
        self.table("brands").rows.values().find(is_it).map(Brand::of)
    }

    /// The brand for a new row: that of the row above it, or else the next brand in turn.
    pub(super) fn next_brand(&self, name: &str, parent: Option<u64>) -> Option<u64> {
        let table = self.table(name);
        match table.resource.parent {
            Some(above) => self.table(above).brands.get(&parent?).copied(),
            None if is_listed_by_help_centers(name) => {
                let brands = &self.help_centers;
                brands.get((table.made % brands.len().max(1) as u64) as usize).copied()
            }
            None => None,
        }
    }

    /// A random row of the nth help center, so that each help center has children of every kind.
    /// `None` if there are fewer than two help centers.
    pub(super) fn any_number_in_turn(&mut self, name: &str, n: u64) -> Option<u64> {
        let [_, _, ..] = self.help_centers[..] else { return None };
        let brand = self.help_centers[n as usize % self.help_centers.len()];
        let rows = self.table(name).brands.iter().filter(|(_, own)| **own == brand);
        let numbers: Vec<u64> = rows.map(|(number, _)| *number).collect();
        let chosen = self.chance.below(numbers.len() as u64) as usize;
        numbers.get(chosen).copied()
    }

    /// The subdomain for the addresses in a row of this brand.
    pub(super) fn subdomain_of(&self, brand: Option<u64>) -> String {
        let row = brand.and_then(|brand| self.table("brands").rows.get(&brand));
        row.map_or_else(|| SUBDOMAIN.to_owned(), |row| Brand::of(row).subdomain)
    }

    /// Opens the help centers of the first brands, and gives the next brands their hostile
    /// subdomains.
    pub(super) fn open_help_centers(&mut self, settings: &Settings) {
        let keys = self.keys("brands");
        let count = settings.help_centers.max(1);
        self.help_centers = keys[..count].iter().filter_map(|key| key.parse().ok()).collect();
        for (index, key) in keys[..count].iter().enumerate() {
            let state = match index {
                _ if !settings.help_center => "disabled",
                2 => "restricted",
                _ => "enabled",
            };
            self.edit("brands", key, |row| open(row, state));
        }
        for (key, subdomain) in keys[count..].iter().zip(settings.hostile_subdomains) {
            self.edit("brands", key, |row| {
                open(row, "enabled");
                row.set("subdomain", &quote(subdomain));
            });
        }
    }
}

/// The least number of brands of an account: the brands of the settings, and one of each kind whose
/// help center does not answer.
pub(super) fn least(settings: &Settings) -> u64 {
    (settings.help_centers.max(1) + settings.hostile_subdomains.len() + 3) as u64
}

fn open(row: &mut Row, state: &str) {
    row.set("has_help_center", if state == "disabled" { "false" } else { "true" });
    row.set("help_center_state", &quote(state));
    row.set("active", "true");
}

fn is_listed_by_help_centers(name: &str) -> bool {
    let is_one = |listing: &Listing| listing.dialect == Dialect::HelpCenterPages;
    resource(name).listings.iter().any(is_one)
}

/// Whether the text is one label of a host name.
fn is_label(text: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=63).contains(&text.len()) && text.bytes().all(is_allowed)
}

/// Whether the name is an address, or a name that no public name server knows. Tests reach the
/// simulator by such names.
fn is_this_machine(name: &str) -> bool {
    // Below these names there is nothing of Zendesk's; containers call their machine `host.docker.internal`.
    let ends = [".test", ".localhost", ".internal"];
    !name.contains('.')
        || ends.iter().any(|end| name.ends_with(end))
        || name.parse::<Ipv4Addr>().is_ok()
}
