//! The rows of the simulated account. They have every field that Zendesk's documentation names or
//! that was seen in answers, with the values that break careless readers. A row is made from its
//! seed only, so the same seed gives the same bytes. The server decides which rows exist and when
//! they change.

pub(crate) mod account;
pub(crate) mod account_settings;
pub(crate) mod administration;
pub(crate) mod approvals;
pub(crate) mod business_rules;
pub(crate) mod community;
pub(crate) mod conversations;
pub(crate) mod custom_object_rules;
pub(crate) mod custom_objects;
pub(crate) mod guide_setup;
pub(crate) mod help_center;
pub(crate) mod integrations;
pub(crate) mod json;
pub(crate) mod merges;
mod nasty;
pub(crate) mod omnichannel;
pub(crate) mod people;
pub(crate) mod routing_events;
pub(crate) mod settings;
pub(crate) mod subscriptions;
pub(crate) mod talk;
pub(crate) mod talk_setup;
pub(crate) mod ticket_activity;
pub(crate) mod ticket_fields;
pub(crate) mod ticket_history;
pub(crate) mod tickets;

#[cfg(test)]
mod tests;

use self::json::{Json, Object};

/// Everything that a row is made from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seed<'a> {
    /// The running number of the row in its resource, from 1. It decides which oddities the row
    /// has.
    pub n: u64,
    /// The Zendesk id of the row.
    pub id: u64,
    /// Random bits for values that may be anything.
    pub random: u64,
    /// When the row was created, unix seconds.
    pub created_at: i64,
    /// When the row last changed, unix seconds.
    pub updated_at: i64,
    /// The row that this one is listed under: the article of a comment, the comment of a vote.
    pub parent_id: Option<u64>,
    /// The row that the parent is listed under.
    pub grandparent_id: Option<u64>,
    pub ticket_id: u64,
    pub user_id: u64,
    /// The subdomain of the row's brand, or that of the account.
    pub subdomain: &'a str,
}

/// Makes the text of a row, which is one JSON object.
pub(crate) type RowMaker = fn(&Seed) -> String;

impl Seed<'_> {
    /// Bits that are always the same for one row and one use.
    pub(crate) fn bits(&self, salt: u64) -> u64 {
        mix(self.random ^ mix(salt))
    }

    pub(crate) fn pick<T: Copy>(&self, salt: u64, choices: &[T]) -> T {
        choices[(self.n.wrapping_add(salt) % choices.len() as u64) as usize]
    }

    /// A value that is null on every seventh row, out of step with the twenty nasty texts.
    pub(crate) fn or_null(&self, salt: u64, value: impl Into<Json>) -> Json {
        if self.on(salt, 7) { Json::NULL } else { value.into() }
    }

    /// True on one row in `every`.
    pub(crate) fn on(&self, salt: u64, every: u64) -> bool {
        (self.n + salt).is_multiple_of(every)
    }

    /// An id of fourteen digits for something outside the row. There are few different ids, so that
    /// rows share groups, brands and forms as in a real account.
    pub(crate) fn other_id(&self, salt: u64) -> u64 {
        28_835_700_000_000 + salt * 1_000_000 + self.bits(salt) % 40 * 1_236
    }

    /// The time of creation.
    pub(crate) fn created(&self) -> String {
        zendesk_time(self.created_at)
    }

    /// The time of the last change.
    pub(crate) fn updated(&self) -> String {
        zendesk_time(self.updated_at)
    }

    /// A time some seconds away from the last change.
    pub(crate) fn at(&self, seconds_later: i64) -> String {
        zendesk_time(self.updated_at + seconds_later)
    }

    /// The address of something in this account.
    pub(crate) fn address(&self, path: &str) -> String {
        format!("https://{}.zendesk.com/{path}", self.subdomain)
    }

    /// The `url` of a row of the Support API.
    pub(crate) fn url(&self, collection: &str) -> String {
        self.address(&format!("api/v2/{collection}/{}.json", self.id))
    }

    pub(crate) fn parent(&self) -> u64 {
        self.parent_id.unwrap_or_else(|| self.other_id(90))
    }

    /// The row's text. Most rows are compact and begin with the field that identifies them. A
    /// reader must accept any other order and any white space too.
    pub(crate) fn finish(&self, object: Object) -> String {
        let object = match self.n % 10 {
            4 => object.with_last("id"),
            8 => object.reversed(),
            _ => object,
        };
        match self.n % 9 {
            2 => json::spread_out(&object.text(), "\n", "  "),
            7 => json::spread_out(&object.text(), "\r\n", "\t"),
            _ => object.text(),
        }
    }
}

/// A time in the format of nearly all times in Zendesk's answers.
fn zendesk_time(unix_seconds: i64) -> String {
    formatted_time(unix_seconds, "%Y-%m-%dT%H:%M:%SZ")
}

fn formatted_time(unix_seconds: i64, format: &str) -> String {
    let time = chrono::DateTime::from_timestamp(unix_seconds, 0);
    time.expect("seeds hold times of this age").format(format).to_string()
}

/// Spreads similar numbers far apart (the finalizer of splitmix64).
fn mix(bits: u64) -> u64 {
    let bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}
