//! Which rows of a table a listing shows, and to whom.

use crate::account::Account;
use crate::account::table::{Order, Row, SortKey};
use crate::answer::Answer;
use crate::auth::{Person, Role};
use crate::clock::parse_iso;
use crate::listings::{Listing, View};
use crate::query::Asked;
use crate::row_text;

/// The parameters that decide which rows a request sees.
struct Lens<'a> {
    view: View,
    account: &'a Account,
    agent_tickets: bool,
    ai_agent_tickets: bool,
    exclude_deleted: bool,
    created: (i64, i64),
    user_id: String,
    everybodys: bool,
    /// Whether an administrator asks.
    is_admin: bool,
}

/// The rows that a request sees, in ascending order.
pub(super) fn visible(
    account: &mut Account,
    listing: &Listing,
    ids: &[&str],
    asked: &Asked,
    person: &Person,
    order: Order,
) -> Result<Vec<SortKey>, Answer> {
    let ids = parents(account, listing, ids, asked.brand.id)?;
    let created = match listing.view {
        View::RatingsByCreation => ratings_bounds(asked)?,
        View::AuditLogsByCreation => audit_log_bounds(asked)?,
        View::LoggedBetween => between(asked, "filter[start]", "filter[end]", 90)?,
        View::CompletedBetween => between(asked, "filter[from_ts]", "filter[to_ts]", 7)?,
        View::OwnActivities => {
            let since = asked.get("since").and_then(parse_iso).unwrap_or(0);
            (since.max(asked.now - 30 * 86_400), i64::MAX)
        }
        _ => (i64::MIN, i64::MAX),
    };
    let scope = asked.get("support_type_scope").unwrap_or("agent");
    let exclude_deleted = match listing.view {
        View::Groups => asked.get("exclude_deleted") != Some("false"),
        _ => asked.get("exclude_deleted") == Some("true"),
    };
    let sorted = match listing.view {
        View::Children | View::CompletedBetween => Vec::new().into(),
        _ => account.table_mut(listing.resource).sorted(order),
    };
    let account = &*account;
    let lens = Lens {
        view: listing.view,
        account,
        agent_tickets: scope != "ai_agent",
        ai_agent_tickets: scope != "agent",
        exclude_deleted,
        created,
        user_id: person.user_id.to_string(),
        everybodys: asked.get("all") == Some("true"),
        is_admin: person.role == Role::Admin,
    };
    let table = account.table(listing.resource);
    if let (View::Children | View::CompletedBetween, Some(parent)) = (listing.view, ids.last()) {
        let children = table.children(*parent).filter(|row| lens.shows(row));
        let mut keys: Vec<_> = children.map(|row| table.sort_key(row, order)).collect();
        keys.sort_unstable();
        return Ok(keys);
    }
    let here = sorted.iter().filter(|key| table.is_shown_at(asked.brand.id, key.id));
    let shown = here.filter(|key| lens.shows(&table.rows[&key.id]));
    let mut keys: Vec<SortKey> = shown.cloned().collect();
    if let Some(key) = asked.get("external_id").filter(|_| listing.feed == "tickets_list") {
        // Zendesk, Tickets: several tickets may have one external id. Nothing lags.
        let found = account.living_with("tickets", "external_id", key);
        keys.retain(|row| found.contains(&row.id));
    }
    Ok(keys)
}

impl Lens<'_> {
    fn shows(&self, row: &Row) -> bool {
        match self.view {
            View::All | View::Children => true,
            View::Live => !row.deleted && !row.archived,
            View::NotDeleted => !row.deleted,
            View::Groups => !(self.exclude_deleted && row.deleted),
            View::OfLiveTickets => self.account.is_live_ticket(row.parent),
            View::Deleted => self.account.is_listed("deleted_tickets", row),
            View::Engagements => self.account.is_listed("engagements", row),
            View::OwnActivities => {
                self.is_created_between(row)
                    && row_text::get(&row.text, "user_id") == Some(self.user_id.as_str())
            }
            View::RatingsByCreation | View::AuditLogsByCreation | View::LoggedBetween => {
                self.is_created_between(row)
            }
            View::CompletedBetween => (self.created.0..=self.created.1).contains(&row.updated_at),
            View::OwnTokens => {
                self.everybodys
                    || row_text::get(&row.text, "user_id") == Some(self.user_id.as_str())
            }
            View::OwnSessions => {
                self.is_admin || row_text::get(&row.text, "user_id") == Some(self.user_id.as_str())
            }
            View::ExportedTickets => {
                self.has_support_type(row.ai_agent) && !(self.exclude_deleted && row.deleted)
            }
            View::OfExportedTickets => {
                let ticket = self.account.ticket_of(row.parent);
                ticket.is_none_or(|ticket| self.has_support_type(ticket.ai_agent))
            }
        }
    }

    fn is_created_between(&self, row: &Row) -> bool {
        (self.created.0..=self.created.1).contains(&row.created_at)
    }

    fn has_support_type(&self, ai_agent: bool) -> bool {
        if ai_agent { self.ai_agent_tickets } else { self.agent_tickets }
    }
}

/// The numbers of the rows that a path names. Each must exist, belong to the row before it, and not
/// be in another brand's help center.
fn parents(
    account: &Account,
    listing: &Listing,
    ids: &[&str],
    brand: u64,
) -> Result<Vec<u64>, Answer> {
    let mut tables = Vec::new();
    let mut name = listing.resource;
    while let Some(parent) = account.table(name).resource.parent {
        tables.push(parent);
        name = parent;
    }
    let mut numbers: Vec<u64> = Vec::new();
    for (id, name) in ids.iter().zip(tables.into_iter().take(ids.len()).rev()) {
        let table = account.table(name);
        let row = table.by_key(id).filter(|row| table.is_shown_at(brand, row.number));
        let row = row.filter(|row| {
            let above = numbers.last();
            !(name == "tickets" && row.deleted)
                && above.is_none_or(|above| row.parent == Some(*above))
        });
        numbers.push(row.ok_or_else(Answer::not_found)?.number);
    }
    Ok(numbers)
}

/// The bounds of a listing of ratings. `start_time` and `end_time` bound the creation. They must
/// not be too recent.
fn ratings_bounds(asked: &Asked) -> Result<(i64, i64), Answer> {
    let bound = |key: &str, default: i64| match asked.get(key) {
        None => Ok(default),
        Some(text) => match text.parse::<i64>() {
            Ok(second) if second > asked.now - 60 => Err(Answer::too_recent()),
            Ok(second) => Ok(second),
            Err(_) => Err(Answer::bad_value("InvalidValue", &format!("Invalid {key}"))),
        },
    };
    Ok((bound("start_time", i64::MIN)?, bound("end_time", i64::MAX)?))
}

/// The two times that bound a listing of rows that are kept for some days. Both are optional.
fn between(asked: &Asked, from: &str, to: &str, kept_days: i64) -> Result<(i64, i64), Answer> {
    let bound = |key: &str, default: i64| match asked.get(key) {
        None => Ok(default),
        Some(text) => parse_iso(text)
            .ok_or_else(|| Answer::bad_value("InvalidValue", &format!("Invalid {key}"))),
    };
    let oldest = asked.now - kept_days * 86_400;
    Ok((bound(from, oldest)?.max(oldest), bound(to, i64::MAX)?))
}

/// The bounds of audit logs. A request gives two times or none.
fn audit_log_bounds(asked: &Asked) -> Result<(i64, i64), Answer> {
    let times: Vec<_> = asked.all("filter[created_at][]").map(parse_iso).collect();
    match times[..] {
        [] => Ok((i64::MIN, i64::MAX)),
        [Some(from), Some(to)] => Ok((from, to)),
        _ => Err(Answer::bad_value("InvalidValue", "filter[created_at] needs two times")),
    }
}
