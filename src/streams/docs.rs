//! Makes the stream reference from the registry. The page lists the families, with a table of
//! streams for each. Each stream has a section with its requests, its incremental read and its
//! limitations.

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

Each stream delivers rows as Zendesk sends them. The section of a stream lists its added columns and its limitations.
A row can come more than once. Merge rows by primary key: the newest row is the valid one.

*Limitations* name rows and changes that the stream does not deliver. \"A full refresh drops them\" means: an
incremental read keeps the old row in your table, and the next full refresh removes it. If a row is inside another row,
that other row is the *enclosing row*.

Some streams have a deletion indicator. This column marks deleted rows. The option `deleted_at_field` adds one more
column to these streams. It has the time of the deletion, or null.

\"Needs\" is the lowest role that can read the stream. With OAuth, the token also needs the scope of the stream.

An incremental read continues from the *position* of the stream. The saved state holds the position.

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
    // Braces at the end of a heading would be read as its attributes.
    let heading = stream.name.replace('{', "\\{").replace('}', "\\}");
    line(page, &format!("\n### {heading}\n\n{}\n", stream.about));
    if !stream.is_offered {
        line(page, "- **In the catalog** only if `extra_streams` names it.");
    }
    line(page, &format!("- **Read from** {}.", listing(stream, config)));
    line(page, &format!("- **Rate limit**: {}.", budget(&stream.feed)));
    if let Some(neighbours) = neighbours(stream, streams) {
        line(
            page,
            &format!(
                "- **Shares its requests** with these streams if they are selected: \
                {neighbours}."
            ),
        );
    }
    line(page, &format!("- **Incremental read**: {}", incremental(stream)));
    line(page, &format!("- **Start date**: {}", start_date(stream)));
    if let Some(days) = stream.feed.kept_days {
        line(
            page,
            &format!(
                "- **Kept by Zendesk** for {days} days. If the position is older, the sync logs a \
                 WARN."
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
                "- **Files**: {url} is the address of the file. [files.md](files.md) explains how \
                 to fetch files."
            ),
        );
    }
    if let Some(count) = stream.counted(config) {
        let path = count.path();
        let since = match count {
            Count::Whole(_) => "",
            Count::Changed { .. } => " It counts the changes since the start date.",
        };
        line(page, &format!("- **Estimate** of a first read: from `/api/v2/{path}`.{since}"));
    }
    line(page, &format!("- **Limitations**: {}", stream.limitations));
    if let Some(Alternative { feed, missing, .. }) = stream.fallback {
        let path = feed.path;
        line(
            page,
            &format!(
                "- **With an agent's credentials**, the rows come from `/api/v2/{path}`. This \
                 listing lacks {missing}."
            ),
        );
    }
    if let Some(Alternative { feed, missing, about, .. }) = stream.substitute {
        let path = feed.path;
        line(
            page,
            &format!(
                "- **By an option**, the rows come from `/api/v2/{path}`. This listing lacks \
                 {missing}. {about}"
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
            [] => ", derived from each row".to_owned(),
            _ => format!(", derived from each of `{}`", keys.join("[].")),
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
                Step::Where(key, text) => Some(format!(" with the `{key}` `{text}`")),
                Step::Into(_) | Step::Each(_) => None,
            });
            let (inner, conditions): (String, String) = (inner.collect(), conditions.collect());
            format!(", {inner}each element of `{}`{conditions} inside each row", keys[0])
        }
    }
}

fn budget(feed: &Feed) -> String {
    let buckets = feed.buckets.iter().map(|bucket| match bucket {
        Bucket::Account => "the plan's requests per minute".to_owned(),
        Bucket::HelpCenter => {
            "the help center's own, as large as the plan's requests per minute".to_owned()
        }
        Bucket::Incremental => {
            format!(
                "{} requests a minute, shared by all incremental exports",
                bucket.documented_per_minute()
            )
        }
        Bucket::IncrementalUsers => format!(
            "{} requests a minute of its own instead, if Zendesk's answers name this limit",
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

/// The streams that share the requests of this one.
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
        return "none. Every sync reads the whole listing.".to_owned();
    };
    match stream.reading() {
        Reading::FullRefreshOnly => "none. Every sync reads the whole listing.".to_owned(),
        Reading::ServerSide => server_side(stream, cursor),
        Reading::ByCursor => format!(
            "Zendesk lists all rows after the last cursor, whatever their `{}`. This cursor is \
             the position. It moves with every page, and the state has it under `walk`. If \
             Zendesk no longer accepts it, the sync reads all rows again and logs a WARN.",
            cursor.field
        ),
        Reading::ClientSide if stream.feed.paging == Paging::Since => {
            "Zendesk lists the rows that are newer than the position. The position moves at the \
             end of the listing."
                .to_owned()
        }
        Reading::ClientSide => format!(
            "the sync reads the whole listing and skips rows whose `{}` is older than {}the \
             position{}. The position moves at the end of the listing.",
            cursor.field,
            match stream.feed.settles_in_seconds {
                0 => "",
                _ => "an hour before ",
            },
            match stream.deletion {
                Some(Deletion { sign: DeletionMarker::Flag(_), .. }) =>
                    ". It delivers a deleted row once, whatever its time",
                _ => "",
            }
        ),
        Reading::ByCreation => format!(
            "the sync reads rows that were created up to a day before the position. It skips rows \
             whose `{}` is older than the position. Once a week, it reads all rows to find later \
             changes. The position moves at the end of the listing.",
            stream.cursor_key().unwrap_or(cursor.field)
        ),
        Reading::NewestFirst => format!(
            "the sync reads the listing from the newest row back to {}the position in `{}`. Then \
             the position moves.",
            match stream.feed.settles_in_seconds {
                0 => String::new(),
                seconds => format!("{} hours before ", seconds / 3600),
            },
            cursor.field
        ),
        Reading::PerParent if stream.feed.asks_between() => format!(
            "the sync requests the rows of each parent (`{}`) since the position. The position is \
             one minute before the start of the last read.",
            cursor.parents.last().map_or("", |(name, _)| name)
        ),
        Reading::PerParent => format!(
            "the sync reads all rows of each parent (`{}`) that changed. Once a week, it reads the \
             rows of all parents. The position is the position of the parents.",
            cursor.parents.last().map_or("", |(name, _)| name)
        ),
    }
}

fn server_side(stream: &ResolvedStream, cursor: &Cursor) -> String {
    let time = stream.feed.time_key().unwrap_or(cursor.field);
    let saved = if time == cursor.field {
        String::new()
    } else {
        format!(", saved under `{}`", cursor.field)
    };
    format!(
        "Zendesk lists the rows that are newer than the position. The position is the listing's \
         `{time}`{saved}. It moves with every page."
    )
}

fn start_date(stream: &ResolvedStream) -> &'static str {
    if stream.dated {
        "rows since `start_date`. Without `start_date`, rows of the last two years."
    } else if stream.dated_on_request {
        "not used. The stream is always complete. With `users_from_start_date`, it has rows since \
         `start_date`."
    } else {
        "not used. The stream is always complete."
    }
}

/// The part of `docs/gaps.md` about deleted rows of each stream.
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
    let mut page = "| Deleted rows | Streams |\n|---|---|\n".to_owned();
    for (what, names) in [
        ("No listing reports them", of(DeletedRows::Vanish)),
        (
            "The deletion indicator reports them",
            those(&|stream: &ResolvedStream| stream.deletion.is_some() && sign(stream) != every),
        ),
        (
            "Every row of the stream is a deletion",
            those(&|stream: &ResolvedStream| sign(stream) == every),
        ),
        (
            "They are deleted with their ticket, and not reported separately",
            of(DeletedRows::GoWithTheTicket),
        ),
        ("There are none: rows are never deleted", of(DeletedRows::None)),
    ] {
        line(&mut page, &format!("| {what} | {names} |"));
    }
    page
}

/// Whether deleted rows are listed only if an option asks for them.
fn tells_on_request(stream: &ResolvedStream) -> bool {
    let chosen = |(_, choice): &(&str, QueryOption)| *choice == QueryOption::WithoutDeleted;
    stream.deletion.is_some() && stream.feed.choices.iter().any(chosen)
}

/// How a read reports deletions, as a sentence.
fn deletions(stream: &ResolvedStream) -> &'static str {
    let sign = stream.deletion.map(|deletion| deletion.sign);
    match (sign, stream.reading()) {
        (Some(DeletionMarker::Every), _) => "every row is a deletion.",
        (None, _) if stream.deleted_rows == DeletedRows::None => "no row is ever deleted.",
        (None, _) if stream.deleted_rows == DeletedRows::GoWithTheTicket => {
            "a row is deleted with its ticket and not reported separately. A full refresh drops \
             it."
        }
        (Some(_), Reading::FullRefreshOnly) => {
            "a full refresh marks them with the deletion indicator, or no longer has them."
        }
        (_, Reading::FullRefreshOnly) => "deleted rows are not in the next full refresh.",
        (Some(_), _) if tells_on_request(stream) => {
            "with `deleted_at_field`, an incremental read reports them. Without it, only a full \
             refresh shows them."
        }
        (Some(_), _) => "an incremental read reports them with the deletion indicator.",
        (None, _) => "an incremental read does not report them. A full refresh drops deleted rows.",
    }
}

fn interrupted(stream: &ResolvedStream) -> &'static str {
    if stream.is_resumable() {
        "the next attempt continues from the saved state."
    } else {
        match stream.feed.root().paging {
            Paging::NextUrl => {
                "the next attempt starts over, because Zendesk does not document how to continue \
                 the listing."
            }
            _ => "the listing is one response, so the next attempt starts over.",
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
        Source::Of(level, from) if level == own => format!("Zendesk's `{from}`"),
        Source::Of(level, from) if level + 1 == own => {
            format!("`{from}` of the enclosing row")
        }
        Source::Of(_, from) => format!("the `{from}` of the listed row"),
        Source::TextOf(_, from) => format!("its `{from}` as text, whatever its type"),
        Source::TimeOf(_, from) => format!("the `{from}` in UTC, with `Z`"),
        Source::AddressOf(_, from) => format!(
            "its `{from}` without user, password, query (after `?`) and fragment (after `#`)"
        ),
        Source::AnsweredAt => {
            "the time of Zendesk's answer, as a text with unix seconds".to_owned()
        }
        Source::SecondsOf(_, from) => format!("the `{from}` as unix seconds"),
        Source::Filled(BRAND_ID) => "the brand of the help center".to_owned(),
        Source::Filled(filled) => match of_parent(filled) {
            Some(from) => format!("the `{from}` of its parent"),
            None => format!("the `{filled}` in the path of the request"),
        },
        Source::SideLoaded(..) | Source::Included(_) => {
            "the objects that the row names by id".to_owned()
        }
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
    format!("`{key}`: {from}")
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
