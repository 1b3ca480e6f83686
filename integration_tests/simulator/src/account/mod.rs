//! The data of a simulated Zendesk account. Tests look at it and change it, between requests or
//! from a request hook while a client reads. Every change is stamped with the simulated time.

mod brands;
mod changes;
mod custom_objects;
mod fields;
mod founding;
mod guide;
mod index;
mod samples;
pub(crate) mod table;
mod tidy;
mod timelines;
pub(crate) mod truth;
mod writing;

pub use brands::Brand;
pub use custom_objects::RecordNames;
pub use fields::CustomField;
pub use table::Row;
pub use truth::Truth;

use crate::prng::Prng;
use crate::resources::{Stamp, resource, resources};
use crate::rows::Seed;
use crate::settings::Settings;
use crate::{clock, row_text};
use std::collections::BTreeMap;
use table::Table;

/// The account's own subdomain. The links in answers contain it.
pub const SUBDOMAIN: &str = "acme";
/// The administrator whose credentials tests use.
pub const ADMIN_USER_ID: u64 = 28_835_702_984_212;
/// The agent whose credentials tests use. An agent may not use the exports.
pub const AGENT_USER_ID: u64 = 28_835_702_990_356;
/// A suspended agent.
pub const SUSPENDED_USER_ID: u64 = 28_835_702_996_500;

pub struct Account {
    tables: BTreeMap<&'static str, Table>,
    now: i64,
    chance: Prng,
    /// The brands that the rows of help centers are spread over.
    help_centers: Vec<u64>,
    /// Whether a user may belong to one organization only.
    pub(crate) has_one_organization: bool,
    /// The timelines of the tickets, in a coherent account.
    timelines: Option<Box<timelines::Timelines>>,
}

/// The parents of a new row and its times.
#[derive(Clone, Copy, Default)]
struct Birth {
    created_at: i64,
    updated_at: i64,
    id: Option<u64>,
    parent: Option<u64>,
    grandparent: Option<u64>,
}

impl Account {
    pub(crate) fn found(settings: &Settings) -> Self {
        let mut account = Self {
            tables: BTreeMap::new(),
            now: settings.start_now,
            chance: Prng::new(settings.seed ^ 0x005a_656e),
            help_centers: Vec::new(),
            has_one_organization: false,
            timelines: None,
        };
        for (index, resource) in resources().enumerate() {
            let last_id = match resource.name {
                "tickets" => 0,
                "users" => ADMIN_USER_ID - 1,
                _ => 28_835_714_000_000 + index as u64 * 1_000_000_000,
            };
            account.tables.insert(resource.name, Table::new(resource, last_id));
        }
        founding::found(&mut account, settings);
        if settings.tidy_people || settings.guide {
            account.tidy_people();
        }
        if settings.guide {
            account.add_guide();
        }
        account
    }

    pub(crate) fn set_now(&mut self, now: i64) {
        self.now = now;
    }

    /// The simulated time of the current operation, in unix seconds.
    pub fn now(&self) -> i64 {
        self.now
    }

    /// Names of all resources.
    pub fn resources() -> impl Iterator<Item = &'static str> {
        resources().map(|resource| resource.name)
    }

    /// The keys of all rows of a resource in the order of their numbers, deleted rows included.
    pub fn keys(&self, resource: &str) -> Vec<String> {
        self.table(resource).rows.values().map(|row| row.key.clone()).collect()
    }

    pub fn row(&self, resource: &str, key: &str) -> Option<&Row> {
        self.table(resource).by_key(key)
    }

    /// Changes a row in any way that a test wants. Nothing is stamped.
    pub fn edit(&mut self, resource: &str, key: &str, edit: impl FnOnce(&mut Row)) {
        if let Some(row) = self.table_mut(resource).change(key) {
            edit(row);
        }
    }

    /// Moves the files of all tickets to the host of a brand. The hosts of all brands answer for
    /// the account's tickets.
    ///
    /// Source: Zendesk, Brands: the addresses of what belongs to a ticket are at its brand's host.
    pub fn files_of_tickets_at(&mut self, subdomain: &str) {
        let (from, to) = (SUBDOMAIN, subdomain);
        let path = "zendesk.com/attachments/";
        for name in ["ticket_events", "ticket_audits"] {
            for key in self.keys(name) {
                self.edit(name, &key, |row| {
                    let at = |host: &str| format!("https://{host}.{path}");
                    row.text = row.text.replace(&at(from), &at(to));
                });
            }
        }
    }

    /// Sets one top-level field of a row to raw JSON. Nothing is stamped. If the field is a
    /// ticket's support type, listings filter the ticket by it from then on.
    pub fn set_field(&mut self, resource: &str, key: &str, field: &str, raw: &str) {
        self.edit(resource, key, |row| {
            row.set(field, raw);
            if (resource, field) == ("tickets", "support_type") {
                row.ai_agent = raw == "\"ai_agent\"";
            }
        });
    }

    pub(crate) fn table(&self, name: &str) -> &Table {
        self.tables.get(name).unwrap_or_else(|| panic!("there is no resource called {name}"))
    }

    pub(crate) fn table_mut(&mut self, name: &str) -> &mut Table {
        self.tables.get_mut(name).unwrap_or_else(|| panic!("there is no resource called {name}"))
    }

    /// Makes a row, adds it to its table and returns its number.
    fn add(&mut self, name: &'static str, birth: Birth) -> u64 {
        let random = self.chance.bits();
        let ticket_id = match name {
            _ if resource(name).parent == Some("tickets") => birth.parent,
            _ => self.any_number("tickets"),
        };
        let user_id = self.any_number("users").unwrap_or(ADMIN_USER_ID);
        let brand = self.next_brand(name, birth.parent);
        let subdomain = self.subdomain_of(brand);
        let table = self.table_mut(name);
        let step = if name == "tickets" || table.made == 0 { 1 } else { 128 + random % 4096 };
        let id = birth.id.unwrap_or(table.last_id + step);
        table.made += 1;
        let seed = Seed {
            n: table.made,
            id,
            random,
            created_at: birth.created_at,
            updated_at: birth.updated_at,
            parent_id: birth.parent,
            grandparent_id: birth.grandparent,
            ticket_id: ticket_id.unwrap_or(1),
            user_id,
            subdomain: &subdomain,
        };
        let text = make(name, &seed);
        let row = self.row_of(name, text, &seed);
        let table = self.table_mut(name);
        table.insert(row);
        table.brands.extend(brand.map(|brand| (id, brand)));
        id
    }

    /// Gives a row text the columns the server needs, and the dates that the account knows.
    fn row_of(&mut self, name: &'static str, text: String, seed: &Seed) -> Row {
        let table = self.table(name);
        let resource = table.resource;
        let generated = match resource.stamp {
            Stamp::Generated => seed.updated_at + (seed.random % 4) as i64,
            _ => seed.updated_at,
        };
        let mut row = Row {
            key: row_text::get_text(&text, resource.key).unwrap_or_default(),
            number: seed.id,
            created_at: seed.created_at,
            updated_at: seed.updated_at,
            generated: generated.min(self.now),
            deleted: false,
            archived: false,
            ai_agent: name == "tickets"
                && row_text::get(&text, "support_type") == Some("\"ai_agent\""),
            parent: seed.parent_id,
            grandparent: seed.grandparent_id,
            text,
            indexed: None,
            before_deletion: None,
            former: Vec::new(),
        };
        if resource.is_object() {
            // It has no name, and needs none.
            row.key = name.to_owned();
        } else if row.key.is_empty() || table.has_key(&row.key) {
            row.key = match resource.key {
                "id" => seed.id.to_string(),
                _ => format!("{}_{}", row.key, seed.n),
            };
            let raw =
                if resource.key == "id" { row.key.clone() } else { row_text::quote(&row.key) };
            row.set(resource.key, &raw);
        }
        if name == "custom_object_records"
            && let Some(kind) =
                seed.parent_id.and_then(|kind| self.table("custom_objects").rows.get(&kind))
        {
            row.set("custom_object_key", &row_text::quote(&kind.key));
        }
        stamp(&mut row, resource.stamp);
        row
    }

    fn any_number(&mut self, name: &str) -> Option<u64> {
        let count = self.table(name).rows.len() as u64;
        let nth = self.chance.below(count) as usize;
        // Large tables are searched near a random number rather than counted through.
        let rows = &self.table(name).rows;
        if count > 256 {
            let (first, last) = (*rows.keys().next()?, *rows.keys().next_back()?);
            let near = first + self.chance.below(last - first + 1);
            return self.table(name).rows.range(near..).next().map(|(number, _)| *number);
        }
        rows.keys().nth(nth).copied()
    }
}

/// Writes the time of the last change into the field that holds it.
fn stamp(row: &mut Row, stamp: Stamp) {
    match stamp {
        Stamp::Generated => row.set("generated_timestamp", &row.generated.to_string()),
        Stamp::Timestamp => row.set("timestamp", &row.generated.to_string()),
        Stamp::Time => row.set_time("time", row.generated),
        Stamp::LastUpdated => row.set_time("last_updated_at", row.updated_at),
        Stamp::Completed => row.set_time("latest_completed_at", row.updated_at),
        Stamp::Deleted if row.number.is_multiple_of(3) => {
            let odd = row_text::quote(&clock::iso_without_dashes(row.updated_at));
            row.set("deleted_at", &odd);
        }
        Stamp::Deleted => {
            row.set("deleted_at", &row_text::quote(&clock::iso(row.updated_at)));
        }
        Stamp::Updated | Stamp::Created | Stamp::None => {}
    }
}

fn make(name: &str, seed: &Seed) -> String {
    (resource(name).make)(seed)
}
