//! Makes the stream reference from the registry. The page lists the families, with a table of
//! streams for each. A section per stream then says where its rows come from, how an incremental
//! read works, and what the stream cannot see.

use std::fmt::Write;

use super::brands::BRAND_ID;
use super::counts::Count;
use super::cursor::Cursor;
use super::custom_objects::CustomObject;
use super::deletion::{DeletedRows, Deletion, DeletionMarker};
use super::family::Family;
use super::feed::Feed;
use super::query_options::QueryOption;
use super::registry::registry_with;
use super::resolved::{Reading, ResolvedStream};
use super::rows::{Beside, Lists, RowsAt, Step};
use super::sources::{Source, Splice};
use super::stream::Alternative;
use crate::config::Config;
use zendesk::budget::Bucket;
use zendesk::paging::Paging;

const INTRODUCTION: &str = "\
<!-- Made from the registry. To change it, change src/streams and run
     UPDATE_GENERATED=1 cargo test -->
# Streams

Rows are delivered as Zendesk sends them; what is added or left out is told below. Delivery is at
least once: a key may come again, and its newest row counts. A deletion indicator is a column that
tells which rows Zendesk has deleted; with the option `deleted_at_field` each stream that has one
gets a column of that name, null or the time of the deletion. \"Needs\" names the least role; with
OAuth the scope comes on top.

";

/// The page `docs/streams.md`, for a configuration without options.
#[must_use]
pub(super) fn streams_page(config: &Config) -> String {
    let streams = &registry_with(config, &[CustomObject::any()]);
    let of = |family: Family| streams.iter().filter(move |stream| stream.family == family);
    let mut page = INTRODUCTION.to_owned();
    page.push_str("| Family | Streams |\n|---|---|\n");
    for family in Family::ALL {
        let names: Vec<String> = of(family).map(linked).collect();
        let family = format!("[{}](#{})", family.title(), anchor(&title(family, names.len())));
        line(&mut page, &format!("| {family} | {} |", names.join(", ")));
    }
    for family in Family::ALL {
        line(&mut page, &format!("\n## {}\n", title(family, of(family).count())));
        page.push_str("| Stream | Modes | Primary key | Cursor | Deletion indicator | Needs |\n");
        page.push_str("|---|---|---|---|---|---|\n");
        for stream in of(family) {
            let cells = [
                linked(stream),
                modes(stream).to_owned(),
                columns(stream.primary_key),
                stream.cursor.map_or_else(none, |cursor| column(cursor.field)),
                deletion(stream.deletion),
                stream.access.to_string(),
            ];
            line(&mut page, &format!("| {} |", cells.join(" | ")));
        }
        for stream in of(family) {
            section(&mut page, stream, streams, config);
        }
    }
    page
}

/// The heading of a family's part of the page.
fn title(family: Family, streams: usize) -> String {
    format!("{}, {streams} streams", family.title())
}

/// The anchor of a heading.
fn anchor(heading: &str) -> String {
    heading.to_lowercase().replace(' ', "-").replace(['{', '}', ','], "")
}

/// A stream's name, as a link to its section.
fn linked(stream: &ResolvedStream) -> String {
    format!("[{}](#{})", stream.name, anchor(&stream.name))
}

fn section(
    page: &mut String,
    stream: &ResolvedStream,
    streams: &[ResolvedStream],
    config: &Config,
) {
    line(page, &format!("\n### {}\n\n{}\n", stream.name, stream.about));
    if !stream.is_offered {
        line(page, "- **In the catalog** where `extra_streams` has its name.");
    }
    line(page, &format!("- **Read from** {}.", listing(stream, config)));
    line(page, &format!("- **Budget**: {}.", budget(&stream.feed)));
    if let Some(neighbours) = neighbours(stream, streams) {
        line(
            page,
            &format!("- **One walk** serves this stream and, where selected, {neighbours}."),
        );
    }
    line(page, &format!("- **Incremental read**: {}", incremental(stream)));
    line(page, &format!("- **Start date**: {}", start_date(stream)));
    if let Some(days) = stream.feed.kept_days {
        line(
            page,
            &format!(
                "- **Kept by Zendesk** for {days} days. A sync that begins from an older position logs a WARN."
            ),
        );
    }
    line(page, &format!("- **Interrupted**: {}", interrupted(stream)));
    if let Some(added) = added(stream) {
        line(page, &format!("- **Added columns**: {added}."));
    }
    line(page, &format!("- **Deletions**: {}", deletions(stream)));
    if let Some(keys) = &stream.file {
        let url = column(keys.url);
        line(
            page,
            &format!(
                "- **Files** lie at {url} and come where they are asked for; see `docs/files.md`."
            ),
        );
    }
    if let Some(count) = stream.counted(config) {
        let path = count.path();
        let since = match count {
            Count::Whole(_) => "",
            Count::Changed { .. } => ", of what changed since the start date",
        };
        line(
            page,
            &format!("- **Estimate** of a read from the beginning: `/api/v2/{path}`{since}."),
        );
    }
    line(page, &format!("- **Not seen**: {}", stream.limitations));
    if let Some(Alternative { feed, missing, .. }) = stream.fallback {
        let path = feed.path;
        line(
            page,
            &format!("- **An agent** gets it from `/api/v2/{path}`, which lacks {missing}."),
        );
    }
    if let Some(Alternative { feed, missing, about, .. }) = stream.substitute {
        let path = feed.path;
        line(
            page,
            &format!(
                "- **Instead**, by an option: `/api/v2/{path}`, which lacks {missing}. {about}"
            ),
        );
    }
    line(page, &format!("- **OAuth scope**: `{}`.", stream.scope));
    line(page, &format!("- [Zendesk's documentation]({})", stream.documentation));
}

fn modes(stream: &ResolvedStream) -> &'static str {
    match stream.reading() {
        Reading::FullRefreshOnly => "full refresh",
        _ => "full refresh, incremental",
    }
}

fn deletion(deletion: Option<Deletion>) -> String {
    match deletion {
        None => none(),
        Some(Deletion { sign, .. }) => match sign {
            DeletionMarker::Flag(key) | DeletionMarker::Time(key) => column(key),
            DeletionMarker::FlagUnset(key) => format!("{} is false", column(key)),
            DeletionMarker::Text(key, text) => format!("{} is {}", column(key), column(text)),
            DeletionMarker::Every => "every row".to_owned(),
        },
    }
}

/// The request of the stream's feed, with its fixed parameters, and the path to the rows.
fn listing(stream: &ResolvedStream, config: &Config) -> String {
    let feed = &stream.feed;
    let parameters = feed.query().into_iter().map(|(key, value)| format!("{key}={value}"));
    let chosen = feed.choices.iter();
    let chosen =
        chosen.filter_map(|(key, choice)| Some(format!("{key}={}", choice.value(config)?)));
    let parameters: Vec<String> = parameters.chain(chosen).collect();
    let query = if parameters.is_empty() { String::new() } else { "?".to_owned() };
    let whose = if feed.is_of_brands() { ", at each brand's host" } else { "" };
    let request = format!("`/api/v2/{}{query}{}`{whose}", feed.path(), parameters.join("&"));
    let more = feed.more.iter().map(|(path, _)| format!("`/api/v2/{path}`"));
    let requests: Vec<String> = [request].into_iter().chain(more).collect();
    format!("{}{}", requests.join(", "), path(&stream.rows))
}

/// The path from an answer to the stream's rows.
fn path(rows: &RowsAt) -> String {
    let keys: Vec<&str> = rows.keys().copied().collect();
    if rows.derived.is_some() {
        return match keys[..] {
            [] => ", made of what each row tells".to_owned(),
            _ => format!(", made of what each of `{}` tells", keys.join("[].")),
        };
    }
    match (rows.lists, rows.steps) {
        (Lists::Beside(Beside { list, .. }), _) => {
            format!(", the list `{}` beside the rows", list.join("."))
        }
        (Lists::Several(lists), []) => {
            let lists: Vec<_> = lists.iter().map(|(_, path)| column(&path.join("."))).collect();
            format!(", the lists {}", lists.join(" and "))
        }
        (_, []) => String::new(),
        (Lists::Several(lists), [Step::Into(key)]) => {
            let lists: Vec<_> = lists.iter().map(|(_, path)| column(&path.join("."))).collect();
            format!(", the object `{key}` inside each row of the lists {}", lists.join(" and "))
        }
        (_, [Step::Into(key)]) => format!(", the object `{key}` inside each row"),
        (_, [Step::Each(key)]) => format!(", the array `{key}` inside each row"),
        (_, steps) => {
            let inner = keys.iter().skip(1).rev().map(|key| format!("`{key}` of "));
            let conditions = steps.iter().filter_map(|step| match step {
                Step::Where(key, text) => Some(format!(" whose `{key}` is `{text}`")),
                Step::Into(_) | Step::Each(_) => None,
            });
            let (inner, conditions): (String, String) = (inner.collect(), conditions.collect());
            format!(", {inner}those of `{}` inside each row{conditions}", keys[0])
        }
    }
}

fn budget(feed: &Feed) -> String {
    let buckets = feed.buckets.iter().map(|bucket| match bucket {
        Bucket::Account => "the plan's requests per minute".to_owned(),
        Bucket::HelpCenter => {
            "the help center's own pool, as large as the plan's requests per minute".to_owned()
        }
        Bucket::Incremental => {
            format!(
                "{} requests a minute of all incremental exports",
                bucket.documented_per_minute()
            )
        }
        Bucket::IncrementalUsers => format!(
            "{} a minute of their own instead, once Zendesk's answers name that limit",
            bucket.documented_per_minute()
        ),
        Bucket::DeletedTickets
        | Bucket::TalkExport
        | Bucket::SearchExport
        | Bucket::AccessLogs
        | Bucket::Attachments
        | Bucket::TicketFields
        | Bucket::AgentAvailabilities
        | Bucket::Tags
        | Bucket::SideConversationEvents
        | Bucket::UserUpdates
        | Bucket::TicketUpdates => {
            format!("{} requests a minute of its own", bucket.documented_per_minute())
        }
    });
    buckets.collect::<Vec<_>>().join("; ")
}

/// The streams that are read in the same walk.
fn neighbours(stream: &ResolvedStream, streams: &[ResolvedStream]) -> Option<String> {
    let same = |other: &&ResolvedStream| {
        other.feed.root() == stream.feed.root() && other.name != stream.name
    };
    let names: Vec<String> =
        streams.iter().filter(same).map(|other| format!("`{}`", other.name)).collect();
    (!names.is_empty()).then(|| names.join(", "))
}

fn incremental(stream: &ResolvedStream) -> String {
    let Some(cursor) = &stream.cursor else {
        return "none; every read brings the whole listing.".to_owned();
    };
    match stream.reading() {
        Reading::FullRefreshOnly => "none; every read brings the whole listing.".to_owned(),
        Reading::ServerSide => server_side(stream, cursor),
        Reading::ByCursor => format!(
            "Zendesk lists what came behind the last cursor, whatever its `{}`. That cursor is the position, \
             which moves with every page; it is kept in `walk`. One that Zendesk no longer takes has \
             all rows read again, with a WARN.",
            cursor.field
        ),
        Reading::ClientSide if stream.feed.paging == Paging::Since => {
            "Zendesk lists what is new since the position, which moves when the listing has ended."
                .to_owned()
        }
        Reading::ClientSide => format!(
            "the whole listing is read, and rows whose `{}` is older than {}the position are left \
             out{}. The position moves when the listing has ended.",
            cursor.field,
            match stream.feed.settles_in_seconds {
                0 => "",
                _ => "an hour before ",
            },
            match stream.deletion {
                Some(Deletion { sign: DeletionMarker::Flag(_), .. }) =>
                    "; a deleted row is delivered once, whatever its time",
                _ => "",
            }
        ),
        Reading::ByCreation => format!(
            "rows created up to a day before the position are read, and those whose `{}` is older \
             than it are left out; once a week all rows are read for later changes. The position \
             moves when the listing has ended.",
            stream.cursor_key().unwrap_or(cursor.field)
        ),
        Reading::NewestFirst => format!(
            "the listing is read from its newest row back to {}the position in `{}`. The position \
             moves when it is reached.",
            match stream.feed.settles_in_seconds {
                0 => String::new(),
                seconds => format!("{} hours before ", seconds / 3600),
            },
            cursor.field
        ),
        Reading::PerParent if stream.feed.asks_between() => format!(
            "each parent (`{}`) is asked for its rows since the position. The position is the time at which \
             the read began, less a minute.",
            cursor.parents.last().map_or("", |(name, _)| name)
        ),
        Reading::PerParent => format!(
            "all rows of each parent (`{}`) that changed are read; once a week those of all \
             parents. The position is that of the parents.",
            cursor.parents.last().map_or("", |(name, _)| name)
        ),
    }
}

fn server_side(stream: &ResolvedStream, cursor: &Cursor) -> String {
    let time = stream.feed.time_key().unwrap_or(cursor.field);
    let saved = if time == cursor.field {
        String::new()
    } else {
        format!(", and is saved under `{}`", cursor.field)
    };
    format!(
        "Zendesk lists what is new since the position. The position is the listing's `{time}`{saved}; \
         it moves with every page."
    )
}

fn start_date(stream: &ResolvedStream) -> &'static str {
    if stream.dated {
        "rows from `start_date` on, or of the last two years."
    } else if stream.dated_on_request {
        "does not count, unless `users_from_start_date` is set; else the stream is always complete."
    } else {
        "does not count; the stream is always complete."
    }
}

/// The part of `docs/gaps.md` that says for each stream what happens to deleted rows.
pub(super) fn deletions_page(config: &Config) -> String {
    let mut streams = registry_with(config, &[CustomObject::any()]);
    streams.sort_unstable_by(|one, other| one.name.cmp(&other.name));
    let those = |is_one: &dyn Fn(&ResolvedStream) -> bool| {
        let name = |stream: &ResolvedStream| match tells_on_request(stream) {
            true => format!("{} (with `deleted_at_field`)", column(&stream.name)),
            false => column(&stream.name),
        };
        streams.iter().filter(|stream| is_one(stream)).map(name).collect::<Vec<_>>().join(", ")
    };
    let every = Some(DeletionMarker::Every);
    let sign = |stream: &ResolvedStream| stream.deletion.map(|deletion| deletion.sign);
    let of = |rows: DeletedRows| {
        those(&|stream: &ResolvedStream| stream.deletion.is_none() && stream.deleted_rows == rows)
    };
    let mut page = String::new();
    for (what, names) in [
        ("No longer listed, and nothing tells of it", of(DeletedRows::Vanish)),
        (
            "Told by the deletion indicator",
            those(&|stream: &ResolvedStream| stream.deletion.is_some() && sign(stream) != every),
        ),
        ("Lists nothing but deleted rows", those(&|stream: &ResolvedStream| sign(stream) == every)),
        ("Goes with its ticket, and is not told by itself", of(DeletedRows::GoWithTheTicket)),
        ("Never deleted", of(DeletedRows::None)),
    ] {
        line(&mut page, &format!("- **{what}**: {names}."));
    }
    page
}

/// Whether deleted rows are listed only if an option asks for them.
fn tells_on_request(stream: &ResolvedStream) -> bool {
    let chosen = |(_, choice): &(&str, QueryOption)| *choice == QueryOption::WithoutDeleted;
    stream.deletion.is_some() && stream.feed.choices.iter().any(chosen)
}

/// Which deletions a read sees, as a sentence.
fn deletions(stream: &ResolvedStream) -> &'static str {
    let sign = stream.deletion.map(|deletion| deletion.sign);
    match (sign, stream.reading()) {
        (Some(DeletionMarker::Every), _) => "every row is one.",
        (None, _) if stream.deleted_rows == DeletedRows::None => "no row is ever deleted.",
        (None, _) if stream.deleted_rows == DeletedRows::GoWithTheTicket => {
            "a row goes with its ticket and is not told by itself; a full refresh no longer has what \
             Zendesk no longer lists."
        }
        (_, Reading::FullRefreshOnly) => "what is deleted is not in the next full refresh.",
        (Some(_), _) if tells_on_request(stream) => {
            "with `deleted_at_field` an incremental read sees them; without it only a full refresh \
             shows them."
        }
        (Some(_), _) => "an incremental read sees them, by the deletion indicator.",
        (None, _) => {
            "an incremental read sees none; a full refresh no longer has what Zendesk no longer lists."
        }
    }
}

fn interrupted(stream: &ResolvedStream) -> &'static str {
    if stream.is_resumable() {
        "the next attempt goes on where the saved state says."
    } else {
        match stream.feed.root().paging {
            Paging::NextUrl => {
                "the next attempt starts over: Zendesk does not document its places."
            }
            _ => "the listing comes in one piece, so the next attempt starts over.",
        }
    }
}

fn added(stream: &ResolvedStream) -> Option<String> {
    let of_lists = |splice: &&Splice| splice.1 == Source::ListName;
    let (named, others): (Vec<_>, Vec<_>) = stream.splice.iter().partition(of_lists);
    let added = others.into_iter().chain(named).map(|splice| added_column(splice, stream));
    let added: Vec<String> = added.collect();
    (!added.is_empty()).then(|| added.join("; "))
}

fn added_column((key, source): &Splice, stream: &ResolvedStream) -> String {
    let ResolvedStream { feed, rows, .. } = stream;
    let own = rows.keys().count();
    let of_parent = |filled| {
        let fills = feed.parent().into_iter().flat_map(|parent| parent.fills);
        let mut fills = fills.filter(move |(name, _)| *name == filled);
        let is_in_path = feed.path().contains(&format!("{{{filled}}}"));
        fills.next().filter(|_| !is_in_path).map(|(_, from)| *from)
    };
    let from = match *source {
        Source::Of(level, from) if level == own => format!("which Zendesk calls `{from}`"),
        Source::Of(level, from) if level + 1 == own => {
            format!("the `{from}` of the row around it")
        }
        Source::Of(_, from) => format!("the `{from}` of the listed row"),
        Source::TextOf(_, from) => format!("its `{from}` as a text, whatever it is"),
        Source::TimeOf(_, from) => format!("the `{from}` in UTC, with its `Z`"),
        Source::AddressOf(_, from) => format!(
            "its `{from}` without user, password and what stands behind a question mark or a hash"
        ),
        Source::AnsweredAt => "when Zendesk answered, unix seconds as a text".to_owned(),
        Source::SecondsOf(_, from) => format!("the `{from}` as unix seconds"),
        Source::Filled(BRAND_ID) => "the brand whose help center it is of".to_owned(),
        Source::Filled(filled) => match of_parent(filled) {
            Some(from) => format!("the `{from}` of its parent"),
            None => format!("the {filled} in the path"),
        },
        Source::SideLoaded(..) | Source::Included(_) => "those that the row refers to".to_owned(),
        Source::ListName => {
            let Lists::Several(lists) = rows.lists else { unreachable!("{key} names a list") };
            lists.iter().map(|(name, _)| column(name)).collect::<Vec<_>>().join(" or ")
        }
        Source::Object(members) => {
            let members = members.iter().map(|(name, source)| match source {
                Source::Of(_, from) if name != from => format!("`{name}` from `{from}`"),
                _ => column(name),
            });
            format!("an object of {}", members.collect::<Vec<_>>().join(" and "))
        }
        _ => unreachable!("{key} is a column of a derived row"),
    };
    format!("`{key}`, {from}")
}

fn columns(keys: &[&str]) -> String {
    keys.iter().map(|key| column(key)).collect::<Vec<_>>().join(", ")
}

fn column(key: &str) -> String {
    format!("`{key}`")
}

fn none() -> String {
    "-".to_owned()
}

fn line(page: &mut String, text: &str) {
    // Writing to a String cannot fail.
    let _ = writeln!(page, "{text}");
}
