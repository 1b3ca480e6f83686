//! From a request to its answer: who asks, whether they may, which listing it is, and which rows it
//! shows.

mod lookups;
mod omnichannel;
mod records;
mod search;
mod search_words;
mod shapes;
mod special;
mod views;

use crate::account::table::SortKey;
use crate::account::{Account, Brand};
use crate::answer::Answer;
use crate::auth::{Identity, Person};
use crate::listings::{self, Below, Dialect, Gate, Listing, View};
use crate::paging::{self, Cursors, ExportPage, Rows};
use crate::query::Asked;
use crate::settings::{Knobs, Settings};
use crate::writes::Jobs;
use std::cell::Cell;

/// Everything that an endpoint may use.
pub(crate) struct Desk<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) knobs: &'a Knobs,
    pub(crate) account: &'a mut Account,
    pub(crate) cursors: &'a mut Cursors,
    pub(crate) jobs: &'a Jobs,
    pub(crate) now_ms: i64,
    /// How many export pages were served so far, for the knob that empties some.
    pub(crate) export_pages: &'a mut u64,
}

/// The path below `/api/v2/` in one spelling: without `.json`, without the locale, and with the
/// community's first address.
pub(crate) fn route_of(path: &str) -> Option<String> {
    let route = path.strip_prefix("/api/v2/")?;
    let route = route.strip_suffix(".json").unwrap_or(route);
    // The keys of objects that Zendesk brings have colons, which clients may escape.
    let route = &route.replace("%3A", ":").replace("%3a", ":");
    let route = route
        .strip_prefix("help_center/community/")
        .map_or_else(|| route.to_owned(), |rest| format!("community/{rest}"));
    // `help_center/en-us/articles` is `help_center/articles` in one language.
    let mut segments: Vec<_> = route.split('/').collect();
    if segments[0] == "help_center" && segments.get(1).is_some_and(|second| is_locale(second)) {
        segments.remove(1);
    }
    Some(segments.join("/"))
}

fn is_locale(segment: &str) -> bool {
    let (language, region) = segment.split_once('-').unwrap_or((segment, ""));
    language.len() == 2 && (region.is_empty() || region.len() == 2)
}

/// The name of the feed behind a route, for the request log.
pub(crate) fn feed_of(route: &str) -> String {
    if route == "tickets/side_conversations/events" {
        return "side_conversation_events".to_owned();
    }
    let listing = listings::find(route).map(|(listing, _)| listing.feed);
    listing.map_or_else(|| route.replace('/', "_"), str::to_owned)
}

/// Answers a request. The request was counted already. It is not anonymous, except for `users/me`.
pub(crate) fn answer(desk: &mut Desk<'_>, route: &str, asked: &Asked, who: &Identity) -> Answer {
    if let Some(answer) = closed(desk.settings, desk.knobs, &asked.brand, route) {
        return answer;
    }
    let result = match who {
        Identity::Refused(answer) => return answer.clone(),
        Identity::Anonymous if route == "users/me" => return special::anonymous_user(),
        Identity::Anonymous
            if special::is_known(route)
                || lookups::is_known(route)
                || listings::find(route).is_some() =>
        {
            return Answer::not_authenticated();
        }
        Identity::Anonymous => return Answer::no_endpoint(),
        Identity::Known(person) => {
            let special = special::answer(desk, route, asked, person);
            // Listings come first where a path with an id could be one.
            match (special, listings::find(route)) {
                (Some(result), _) => result,
                (None, Some((listing, ids))) => list(desk, listing, &ids, asked, person),
                (None, None) => match lookups::answer(desk, route, asked, person) {
                    Some(result) => result,
                    None => return Answer::no_endpoint(),
                },
            }
        }
    };
    result.unwrap_or_else(|refusal| refusal)
}

/// Routes below `guide/` that an account without any help center does not have.
const GUIDE_SETUP: &[&str] = &[
    "guide/permission_groups",
    "guide/content_tags",
    "guide/theming",
    "guide/redirect_rules",
    "guide/external_content",
];

/// The refusal of a route that belongs to a part of the product which this account, or this brand,
/// does not have.
fn closed(settings: &Settings, knobs: &Knobs, brand: &Brand, route: &str) -> Option<Answer> {
    let is_community = route.starts_with("community/");
    let is_help_center = route.starts_with("help_center/");
    // A closed help center answers with HTML; that a restricted one may, too, was seen.
    let is_absent = knobs.restricted_are_absent && brand.is_restricted;
    let is_open = settings.help_center && brand.has_help_center && !is_absent;
    if (is_community && !(settings.community && is_open)) || (is_help_center && !is_open) {
        return Some(Answer::no_page());
    }
    let is_guides = GUIDE_SETUP.iter().any(|path| route.starts_with(path));
    if (is_guides && !settings.help_center) || (route.starts_with("gather/") && !settings.community)
    {
        return Some(Answer::no_access());
    }
    // Zendesk does not say how Talk is refused where it is not switched on; 403 and 404 were both seen.
    if !settings.talk && route.starts_with("channels/voice/") {
        return Some(Answer::no_access());
    }
    // Zendesk, Access Logs: they come with the add-on Advanced Data Privacy and Protection.
    if !settings.data_privacy && route == "access_logs" {
        return Some(Answer::no_add_on());
    }
    if !settings.support && !is_community && !is_help_center && route != "users/me" {
        return Some(Answer::support_inactive());
    }
    None
}

fn pass(gate: &Gate, person: &Person, settings: &Settings) -> Result<(), Answer> {
    if !person.may_read(gate.scope) {
        return Err(Answer::missing_scope());
    }
    let (plan, below) = gate.plan;
    if settings.plan < plan {
        return Err(match below {
            Below::NoAccess => Answer::no_access(),
            Below::Restricted => Answer::restricted(),
            Below::NotFound => Answer::not_found(),
        });
    }
    if person.role < gate.role { Err(Answer::no_access()) } else { Ok(()) }
}

fn list(
    desk: &mut Desk<'_>,
    listing: &Listing,
    ids: &[&str],
    asked: &Asked,
    person: &Person,
) -> Result<Answer, Answer> {
    pass(&listing.gate, person, desk.settings)?;
    if listing.resource == "side_conversations" && !desk.settings.side_conversations {
        return Err(Answer::no_access());
    }
    if listing.resource == "organization_merges"
        && desk.knobs.deleted_organizations_are_absent
        && ids.iter().any(|id| desk.account.row("organizations", id).is_some_and(|row| row.deleted))
    {
        return Err(Answer::not_found());
    }
    let by_cursor =
        matches!(listing.dialect, Dialect::Cursor | Dialect::JsonApi | Dialect::AfterCursor)
            || asked.get("page[size]").is_some()
            || asked.get("page[after]").is_some()
            || asked.get("page[before]").is_some()
            || listing.dialect == Dialect::GuidePages;
    let (order, descending) = sorting(listing, asked, by_cursor)?;
    let keys = views::visible(desk.account, listing, ids, asked, person, order)?;
    let is_export =
        matches!(listing.dialect, Dialect::ExportByCursor(_) | Dialect::ExportByTime(_));
    let later = desk.knobs.rendered_later.filter(|_| is_export);
    let account = &*desk.account;
    // The row that was written last is the last one of its page.
    let last_row = Cell::new(None);
    let text = |number: u64| {
        last_row.set(Some(number));
        let mut text = shapes::text(account, listing, number, asked);
        if let Some((every, seconds)) = later
            && number.is_multiple_of(every)
        {
            shapes::bear_a_later_time(&mut text, seconds);
        }
        text
    };
    let mut rows = Rows { keys, text: &text };
    let extra = |page: &[SortKey]| shapes::sideloads(account, listing, page, asked);
    let by_old_cursor = listing.dialect == Dialect::CursorOrLegacy;
    let is_emptied = is_export || by_cursor || by_old_cursor;
    if is_emptied {
        *desk.export_pages += 1;
    }
    let nth = *desk.export_pages;
    let is_nth = |every: Option<u64>| every.is_some_and(|n| nth.is_multiple_of(n));
    let is_emptied = is_emptied && is_nth(desk.knobs.empty_page_every);
    let help_center = matches!(listing.dialect, Dialect::HelpCenterPages | Dialect::GuidePages);
    let flavour = paging::Flavour {
        key: listing.key,
        order,
        descending,
        max: match listing.resource {
            "ticket_metric_events" => 1000,
            // Zendesk, Access Logs.
            "access_logs" => 2500,
            _ => 100,
        },
        help_center,
        json_api: listing.dialect == Dialect::JsonApi,
        cursor_life_s: None,
        is_emptied,
    };
    let is_cut = desk.knobs.seconds_are_cut;
    let answer = match listing.dialect {
        Dialect::ExportByCursor(mark) => {
            let key = listing.key;
            let page = ExportPage { key, is_emptied, is_cut, extra: &extra };
            paging::by_export_cursor(asked, &rows, &page, mark, desk.cursors)
        }
        Dialect::ExportByTime(mark) if mark != listings::EndMark::Unmarked || !by_cursor => {
            let key = listing.key;
            let page = ExportPage { key, is_emptied, is_cut, extra: &extra };
            paging::by_export_time(asked, &rows, &page, mark)
        }
        Dialect::UntilEmpty => paging::until_empty(asked, &rows, listing.key, desk.cursors),
        Dialect::NextUrl => {
            let key = omnichannel::key(listing.key, desk.knobs);
            paging::by_next_url(asked, &rows, key)
        }
        Dialect::AfterCursor => paging::by_after_cursor(asked, &rows, flavour, desk.cursors),
        Dialect::Single => Ok(paging::all_at_once(&rows, listing.key)),
        Dialect::Object => Ok(paging::one_object(&rows, listing.key)),
        Dialect::AllOrCursor if !by_cursor => Ok(paging::all_at_once(&rows, listing.key)),
        Dialect::CursorOrLegacy if !by_cursor => {
            paging::by_legacy_cursor(asked, &rows, listing.key, is_emptied, desk.cursors)
        }
        _ if by_cursor && listing.dialect != Dialect::Offset => {
            if descending {
                rows.keys.reverse();
            }
            paging::by_cursor(asked, &rows, flavour, &extra, desk.cursors)
        }
        _ => {
            if descending {
                rows.keys.reverse();
            }
            paging::by_offset(asked, &rows, listing.key, help_center)
        }
    };
    let raced = last_row.get().filter(|_| is_export && is_nth(desk.knobs.race_every));
    let answer = answer.map(|answer| omnichannel::dressed(listing, answer, desk.knobs));
    match (answer, raced) {
        (Ok(answer), Some(number)) => Ok(race(desk, listing, number, asked, answer)),
        (answer, _) => answer,
    }
}

/// Changes the last row of an answer after its page was chosen and before it was written.
fn race(
    desk: &mut Desk<'_>,
    listing: &Listing,
    number: u64,
    asked: &Asked,
    mut answer: Answer,
) -> Answer {
    let before = shapes::text(desk.account, listing, number, asked);
    let row = &desk.account.table(listing.resource).rows[&number];
    let (key, second) = (row.key.clone(), row.generated);
    desk.account.touch(listing.resource, &key);
    let now = shapes::text(desk.account, listing, number, asked);
    answer.body = answer.body.replace(&before, &now);
    if matches!(listing.dialect, Dialect::ExportByTime(_)) {
        // The end of the page is the time that its last row bears.
        let changed = desk.account.table(listing.resource).rows[&number].generated;
        for end in ["start_time=", "\"end_time\":"] {
            answer.body =
                answer.body.replace(&format!("{end}{second}"), &format!("{end}{changed}"));
        }
    }
    answer
}

/// The order that a request asks for. In cursor paging `sort` must be one that the listing
/// supports, and `sort_by` and `sort_order` are ignored.
fn sorting(
    listing: &Listing,
    asked: &Asked,
    by_cursor: bool,
) -> Result<(crate::account::table::Order, bool), Answer> {
    let default = match listing.dialect {
        // By cursor, ticket fields come by id.
        Dialect::AllOrCursor if by_cursor => crate::account::table::Order::Id,
        _ => listing.order,
    };
    let Some(sort) = asked.get("sort").filter(|_| by_cursor && !listing.sorts.is_empty()) else {
        let turned = !by_cursor && listing.view != View::OfLiveTickets;
        let descending = match asked.get("sort_order") {
            Some("desc") if turned => true,
            Some("asc") if turned => false,
            _ => listing.descending,
        };
        let unsupported =
            by_cursor && asked.get("sort").is_some() && listing.dialect == Dialect::Pages;
        if unsupported {
            return Err(Answer::bad_paging("sort is not valid"));
        }
        return Ok((default, descending));
    };
    let field = sort.strip_prefix('-').unwrap_or(sort);
    let found = listing.sorts.iter().find(|(name, _)| *name == field);
    let (_, order) = found.ok_or_else(|| Answer::bad_paging("sort is not valid"))?;
    Ok((*order, sort.starts_with('-')))
}
