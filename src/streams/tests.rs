//! The registry tests itself. Each declaration must fit the others, the schema files, and the
//! generated pages. `UPDATE_GENERATED=1` rewrites the generated files instead of comparing them.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::custom_objects::CustomObject;
use super::docs::{deletions_page, streams_page};
use super::{
    DeletedRows, DeletionMarker, Host, Lists, ResolvedFeed, ResolvedStream, RowsAt, Source, Splice,
    Step, registry, registry_with,
};
use crate::config::Config;
use zendesk::budget::Bucket;
use zendesk::page::ListShape;

/// Schema files of streams that exist only by an account's data or an option.
const TEMPLATES: &[&str] = &["custom_object_records", "ticket_audits_of_events"];

fn configured(options: Value) -> Config {
    let mut config = json!({
        "subdomain": "acme",
        "credentials": { "credentials": "oauth2.0", "access_token": "x" },
    });
    config.as_object_mut().unwrap().extend(options.as_object().unwrap().clone());
    Config::parse(config.to_string().as_bytes()).unwrap()
}

/// All streams, and those of an account that has one kind of custom object.
fn streams() -> Vec<ResolvedStream> {
    with_records(&configured(json!({})))
}

fn with_records(config: &Config) -> Vec<ResolvedStream> {
    registry_with(config, &[CustomObject::new("kind", Vec::new()).unwrap()])
}

fn in_project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Compares a generated file with the text that it must have now. Fails if they differ, or rewrites
/// the file.
fn assert_current(path: &str, now: &str) {
    let file = in_project(path);
    if std::env::var_os("UPDATE_GENERATED").is_some() {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, now).unwrap();
    }
    let there = fs::read_to_string(&file).unwrap_or_default();
    let difference = there.lines().zip(now.lines()).find(|(old, new)| old != new);
    assert!(there == now, "{path} is stale, run UPDATE_GENERATED=1 cargo test; {difference:#?}");
}

/// Keys that are put in front of a stream's rows.
fn spliced(stream: &ResolvedStream) -> Vec<&'static str> {
    stream.splice.iter().map(|(key, _)| *key).collect()
}

/// Columns that a stream's declaration requires.
fn declared_columns(stream: &ResolvedStream) -> BTreeSet<&'static str> {
    let mut columns: BTreeSet<&'static str> = stream.primary_key.iter().copied().collect();
    columns.extend(stream.cursor.map(|cursor| cursor.field));
    columns.extend(spliced(stream));
    if let Some(deletion) = stream.deletion {
        columns.extend(deletion.sign.key());
        columns.insert(deletion.at);
    }
    columns
}

fn placeholders(path: &str) -> BTreeSet<&str> {
    path.split('{').skip(1).filter_map(|rest| Some(rest.split_once('}')?.0)).collect()
}

#[test]
fn names_are_unique_and_in_snake_case() {
    let streams = streams();
    let detours: Vec<ResolvedStream> =
        streams.iter().filter_map(ResolvedStream::on_fallback).collect();
    let mut names = BTreeSet::new();
    let mut feeds: Vec<ResolvedFeed> = Vec::new();
    for stream in &streams {
        assert!(names.insert(&stream.name), "{} is there twice", stream.name);
        let is_snake = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
        assert!(stream.name.bytes().all(is_snake), "{}", stream.name);
    }
    for stream in streams.iter().chain(&detours) {
        for feed in stream.feed.lineage().into_iter().chain([stream.feed.root()]) {
            let other = feeds.iter().find(|other| **other == feed);
            // A saved position knows its feed by name alone.
            let is_alike = |other: &ResolvedFeed| std::ptr::eq(other.declared, feed.declared);
            assert!(other.is_none_or(is_alike), "feeds {}", feed.name());
            feeds.push(feed);
        }
    }
}

#[test]
fn schemas_are_valid_and_hold_every_column_that_is_declared() {
    for stream in &streams() {
        let name = &stream.name;
        let schema = stream.json_schema().unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(schema["$schema"], "http://json-schema.org/draft-07/schema#", "{name}");
        let valid = jsonschema::draft7::meta::validate(&schema).map_err(|error| error.to_string());
        assert_eq!(valid, Ok(()), "{name}");
        assert_eq!(schema["additionalProperties"], true, "{name}");
        for column in declared_columns(stream) {
            assert!(schema["properties"][column].is_object(), "{name} has no column {column}");
        }
        assert!(!stream.primary_key.is_empty(), "{name} has no primary key");
        for key in stream.primary_key {
            let types = schema["properties"][key]["type"].to_string();
            let is_scalar = !types.contains("object") && !types.contains("array");
            assert!(is_scalar, "{name}.{key} cannot be a key, it is {types}");
        }
    }
}

#[test]
fn schemas_have_no_references_and_no_alternatives() {
    // Acceptance tests refuse them, and destinations make poor columns of them.
    const FORBIDDEN: [&str; 6] = ["$ref", "allOf", "anyOf", "oneOf", "not", "patternProperties"];
    fn check(place: &str, schema: &Value) {
        for (key, value) in schema.as_object().into_iter().flatten() {
            assert!(!FORBIDDEN.contains(&key.as_str()), "{place} has {key}");
            match key.as_str() {
                "properties" => {
                    for (column, schema) in value.as_object().into_iter().flatten() {
                        check(&format!("{place}.{column}"), schema);
                    }
                }
                "items" => check(place, value),
                _ => {}
            }
        }
    }
    for stream in &streams() {
        check(&stream.name, &stream.json_schema().unwrap());
    }
}

#[test]
fn every_schema_file_belongs_to_a_stream() {
    let streams = streams();
    let parsed = |stream: &ResolvedStream| serde_json::from_str::<Value>(&stream.schema).unwrap();
    let used: Vec<Value> = streams.iter().map(parsed).collect();
    let mut without = Vec::new();
    for entry in fs::read_dir(in_project("schemas")).unwrap() {
        let path = entry.unwrap().path();
        if !used.contains(&serde_json::from_slice(&fs::read(&path).unwrap()).unwrap()) {
            without.push(path.file_stem().unwrap().to_str().unwrap().to_owned());
        }
    }
    without.retain(|name| !TEMPLATES.contains(&name.as_str()));
    assert!(without.is_empty(), "schemas without a stream: {without:?}");
    assert!(streams.iter().all(|stream| !stream.schema.contains('\n')), "schemas have blanks");
}

#[test]
fn every_placeholder_is_filled_by_the_lineage_and_every_filling_is_used() {
    let detours = streams().into_iter().filter_map(|stream| stream.on_fallback());
    for stream in streams().into_iter().chain(detours) {
        let name = &stream.name;
        assert!(
            placeholders(stream.feed.root().path()).is_empty(),
            "{name}: the root hangs nowhere"
        );
        let mut filled = BTreeSet::new();
        for feed in stream.feed.lineage() {
            let holes = placeholders(feed.path());
            for (hole, _) in feed.parent.iter().flat_map(|parent| parent.fills) {
                let fills_a_column = |(_, source): &Splice| *source == Source::Filled(hole);
                let is_used = holes.contains(hole) || stream.splice.iter().any(fills_a_column);
                assert!(is_used, "{name}: {} has no place for {hole}", feed.path());
                filled.insert(*hole);
            }
            assert!(holes.is_subset(&filled), "{name}: {} is filled by {filled:?}", feed.path());
        }
    }
}

#[test]
fn what_lies_below_the_paths_of_help_centers_draws_on_their_pool_and_nothing_else_does() {
    let fallbacks = streams().into_iter().filter_map(|stream| stream.on_fallback());
    for stream in streams().into_iter().chain(fallbacks) {
        for feed in stream.feed.lineage().into_iter().chain([stream.feed.root()]) {
            let draws = feed.buckets.contains(&Bucket::HelpCenter);
            let of_help_centers = ["help_center/", "community/"];
            let is_theirs = of_help_centers.iter().any(|start| feed.path().starts_with(start));
            assert_eq!(draws, is_theirs, "{}", feed.name());
            assert!(draws || feed.host == Host::Account, "{}", feed.name());
            assert_eq!(feed.host, stream.feed.host, "{} spans hosts", stream.name);
        }
    }
}

#[test]
fn parents_are_streams_of_the_registry_with_their_own_cursors() {
    let streams = streams();
    for stream in &streams {
        let parents = stream.cursor.map(|cursor| cursor.parents).unwrap_or_default();
        for (name, field) in parents {
            let parent = streams.iter().find(|other| other.name == *name);
            let parent = parent.unwrap_or_else(|| panic!("{}: no stream {name}", stream.name));
            assert_eq!(parent.cursor.map(|cursor| cursor.field), Some(*field), "{}", stream.name);
            let same_walk = parent.feed.root() == stream.feed.root();
            assert!(same_walk, "{} and {name} are different walks", stream.name);
        }
        if stream.feed.parent.is_some() && stream.cursor.is_some() {
            assert!(!parents.is_empty(), "{} is saved without its parents", stream.name);
        }
        // Nearest first: each parent's own parents are the rest of the list.
        if let [(nearest, _), above @ ..] = parents {
            let nearest = streams.iter().find(|other| other.name == *nearest).unwrap();
            assert_eq!(nearest.cursor.map(|cursor| cursor.parents), Some(above), "{}", stream.name);
        }
    }
}

#[test]
fn a_side_load_is_dropped_by_neighbours_and_by_nobody_who_needs_it() {
    let streams = streams();
    for stream in &streams {
        let name = &stream.name;
        for dropped in &stream.drop {
            assert!(!declared_columns(stream).contains(dropped), "{name} needs {dropped}");
            let schema = stream.json_schema().unwrap();
            assert!(schema["properties"][dropped].is_null(), "{name} describes {dropped}");
        }
        let [include] = &*stream.include else {
            assert!(stream.include.is_empty(), "{name}");
            continue;
        };
        assert!(!stream.feed.query().iter().any(|(_, value)| value == include), "{name}");
        let key = match (stream.rows.lists, stream.rows.steps) {
            (Lists::Listed, [Step::Into(key)]) => key,
            // Beside the rows it is in nobody's way.
            (Lists::Beside(_), _) => continue,
            _ => panic!("{name}: what does it side-load {include} for?"),
        };
        let neighbours = streams.iter().filter(|other| other.feed == stream.feed);
        for neighbour in neighbours.filter(|other| other.rows == RowsAt::LISTED) {
            let drops = neighbour.drop.contains(key);
            assert!(drops, "{} would have {key} only beside {name}", neighbour.name);
        }
    }
}

#[test]
fn a_page_is_scanned_along_the_paths_of_all_streams_that_share_it() {
    let streams = streams();
    let shape = |names: &[&str]| {
        let mut lists = Vec::new();
        for name in names {
            let stream = streams.iter().find(|stream| stream.name == *name).unwrap();
            ListShape::add_to(&mut lists, stream.lookups());
        }
        lists.remove(0)
    };
    let events = shape(&["ticket_attachments", "ticket_events"]);
    let [comments] = &events.inner[..] else { panic!("{events:?}") };
    let [attachments] = &comments.inner[..] else { panic!("{comments:?}") };
    assert_eq!(events.wanted, ["id", "ticket_id", "timestamp"]);
    assert_eq!((comments.path, attachments.path), (&["child_events"][..], &["attachments"][..]));
    assert_eq!(comments.wanted, ["created_at", "event_type", "id"]);
    assert!(
        ["comment_id", "id"]
            .iter()
            .all(|key| attachments.wanted.iter().any(|wanted| wanted == key))
    );
    let forms = shape(&["ticket_form_agent_conditions", "ticket_form_end_user_conditions"]);
    let paths: Vec<_> = forms.inner.iter().map(|inner| (inner.path, inner.inner[0].path)).collect();
    let fields = &["child_fields"][..];
    let expected = [(&["agent_conditions"][..], fields), (&["end_user_conditions"][..], fields)];
    assert_eq!(paths, expected);
}

#[test]
fn every_level_that_a_column_names_is_on_the_path() {
    for stream in streams() {
        let others = [stream.fallback, stream.substitute].into_iter().flatten();
        let others: Vec<ResolvedStream> = others.map(|other| stream.read_from(other)).collect();
        for stream in others.iter().chain([&stream]) {
            let last = stream.rows.keys().count();
            let mut check = |level: usize, key| {
                assert!(level <= last, "{}: {key} of level {level}", stream.name);
            };
            stream.splice.iter().for_each(|(_, source)| source.keys(&mut check));
            if let Some(derived) = stream.rows.derived {
                derived.keys(last, &mut check);
            }
        }
    }
}

#[test]
fn deletions_are_told_by_listed_rows_and_marked_in_one_column_of_the_users_choice() {
    let marked = with_records(&configured(json!({ "deleted_at_field": "_ab_cdc_deleted_at" })));
    for (plain, marked) in streams().iter().zip(&marked) {
        let name = &plain.name;
        let column = &marked.json_schema().unwrap()["properties"]["_ab_cdc_deleted_at"];
        assert_eq!(column.is_object(), plain.deletion.is_some(), "{name}");
        assert!(plain.deleted_at.is_none(), "{name}");
        if plain.deletion.is_some() {
            assert!(plain.rows == RowsAt::LISTED && plain.feed.parent.is_none(), "{name}");
        }
    }
    let taken = |column: &str| {
        let streams = with_records(&configured(json!({ "deleted_at_field": column })));
        let names = super::with_another(column, &streams);
        names.into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert!(taken("_ab_cdc_deleted_at").is_empty() && taken("deleted_at").is_empty());
    assert!(
        taken("id").contains(&"tickets".into()) && taken("updated_at").contains(&"users".into())
    );
    let options = json!({ "deleted_at_field": "dates", "associated_data": ["dates"] });
    assert_eq!(super::with_another("dates", &registry(&configured(options))), ["tickets"]);
}

#[test]
fn a_detour_keeps_the_stream_and_a_search_has_a_cursor_of_its_own() {
    let configured =
        |history: &str| with_records(&configured(json!({ "tickets_history": history })));
    let tickets = |history: &str| {
        let streams = configured(history);
        streams.into_iter().find(|stream| stream.name == "tickets").unwrap()
    };
    for stream in streams().iter().filter_map(ResolvedStream::on_fallback) {
        let schema = stream.json_schema().unwrap();
        assert!(schema["properties"][stream.cursor_key().unwrap()].is_object(), "{}", stream.name);
        assert!(stream.is_fallback && stream.include.is_empty(), "{}", stream.name);
    }
    let searched = tickets("search");
    assert_eq!(searched.cursor.map(|cursor| cursor.field), Some("updated_at"));
    assert_eq!((searched.feed.name(), searched.is_fallback), ("search_tickets", false));
    let both = tickets("search_then_incremental");
    assert_eq!((both.feed.name(), both.search_first), ("incremental_tickets", true));
}

#[test]
fn a_deletion_is_known_by_its_sign() {
    let is = |sign: DeletionMarker, raw: &str| sign.is_in(Some(raw.as_bytes()));
    assert!(is(DeletionMarker::Flag("d"), "true") && !is(DeletionMarker::Flag("d"), "false"));
    assert!(
        is(DeletionMarker::FlagUnset("a"), "false") && !DeletionMarker::FlagUnset("a").is_in(None)
    );
    assert!(is(DeletionMarker::Time("t"), "\"2026\"") && !is(DeletionMarker::Time("t"), "null"));
    assert!(!DeletionMarker::Time("t").is_in(None) && DeletionMarker::Every.is_in(None));
    let status = DeletionMarker::Text("status", "deleted");
    assert!(is(status, "\"deleted\"") && !is(status, "\"deletedx\"") && !is(status, "\""));
}

#[test]
fn what_is_not_in_the_catalog_by_default_is_there_when_it_is_asked_for() {
    let spec = crate::config::connection_specification();
    let names = spec["properties"]["extra_streams"]["items"]["enum"].as_array().cloned().unwrap();
    let mut unknown: Vec<&str> = names.iter().filter_map(Value::as_str).collect();
    let (offered, extra): (Vec<ResolvedStream>, Vec<ResolvedStream>) =
        registry(&configured(json!({}))).into_iter().partition(|stream| stream.is_offered);
    for stream in &extra {
        assert!(unknown.contains(&&*stream.name), "{}", stream.name);
        unknown.retain(|name| *name != stream.name);
        let mut asked = registry(&configured(json!({ "extra_streams": [stream.name] })));
        asked.retain(|stream| stream.is_offered);
        assert!(asked.iter().any(|other| other.name == stream.name), "{}", stream.name);
        assert_eq!(asked.len(), offered.len() + 1, "{}", stream.name);
    }
    assert!(unknown.is_empty(), "{unknown:?}");
}

#[test]
fn what_is_made_has_a_column_for_each_of_its_schema_and_is_offered_to_those_who_ask() {
    let made: Vec<ResolvedStream> = streams().into_iter().filter(ResolvedStream::is_made).collect();
    assert!(made.len() > 4);
    for stream in &made {
        let Some(made) = stream.rows.derived else { continue };
        let columns: BTreeSet<&str> = made.columns.iter().map(|(column, _)| *column).collect();
        let schema = stream.json_schema().unwrap();
        let described: BTreeSet<&str> =
            schema["properties"].as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(columns, described, "{}", stream.name);
        assert_eq!(made.columns[0].0, stream.primary_key[0], "{}", stream.name);
        assert!(!stream.is_offered, "{}", stream.name);
        // They are read in a walk that is there without them.
        let is_neighbour = |other: &ResolvedStream| !other.is_made() && other.feed == stream.feed;
        assert!(streams().iter().any(is_neighbour), "{}", stream.name);
        assert!(stream.include.is_empty(), "{}", stream.name);
    }
}

#[test]
fn every_side_load_of_the_spec_is_a_column_of_tickets_that_does_not_stand_in_anothers_way() {
    let spec = crate::config::connection_specification();
    let names = spec["properties"]["associated_data"]["items"]["enum"].as_array().cloned().unwrap();
    let loading = registry(&configured(json!({ "associated_data": names })));
    for (plain, loading) in streams().iter().zip(&loading) {
        let added: Vec<&str> = loading.columns.iter().map(|column| column.name).collect();
        if plain.side_loads.is_empty() {
            assert_eq!(plain.columns.len(), added.len(), "{}", plain.name);
            assert_eq!(loading.include, plain.include, "{}", plain.name);
            continue;
        }
        assert_eq!(added.len(), names.len());
        for name in &names {
            let name = name.as_str().unwrap();
            assert!(added.contains(&name) && loading.include.contains(&name), "{name}");
            let column = &plain.json_schema().unwrap()["properties"][name];
            assert!(column.is_null(), "{} has a column {name} already", plain.name);
        }
    }
}

#[test]
fn streams_of_one_count_are_of_one_feed() {
    let mut feeds = std::collections::BTreeMap::new();
    for stream in &streams() {
        let Some(count) = stream.count else { continue };
        assert!(count.ends_with("/count.json"), "{}: {count}", stream.name);
        assert_eq!(*feeds.entry(count).or_insert(stream.feed.clone()), stream.feed, "{count}");
    }
}

#[test]
fn every_declaration_is_told_in_sentences() {
    for stream in &streams() {
        for sentence in [stream.about, stream.limitations] {
            let is_sentence = sentence.ends_with('.') && !sentence.contains('\n');
            assert!(is_sentence, "{}: {sentence}", stream.name);
        }
        let page = "https://developer.zendesk.com/api-reference/";
        assert!(stream.documentation.starts_with(page), "{}", stream.name);
    }
}

#[test]
fn the_table_of_streams_is_as_it_was() {
    let lines: Vec<String> = streams().iter().map(snapshot).collect();
    assert_current("src/streams/registry.snap", &lines.concat());
}

#[test]
fn the_stream_reference_is_current() {
    assert_current("docs/streams.md", &streams_page(&configured(json!({}))));
}

#[test]
fn the_page_of_gaps_says_of_every_stream_what_becomes_of_its_deleted_rows() {
    const BEGIN: &str = "UPDATE_GENERATED=1 cargo test -->\n";
    const END: &str = "<!-- Up to here. -->";
    let page = fs::read_to_string(in_project("docs/gaps.md")).unwrap();
    let (before, rest) = page.split_once(BEGIN).unwrap();
    let (_, after) = rest.split_once(END).unwrap();
    let now = deletions_page(&configured(json!({})));
    assert_current("docs/gaps.md", &format!("{before}{BEGIN}{now}{END}{after}"));
    for stream in &streams() {
        let is_told = stream.deletion.is_some();
        assert!(!is_told || stream.deleted_rows == DeletedRows::Vanish, "{}", stream.name);
    }
}

/// A stream in one line. A change of the registry then changes few lines of the snapshot.
fn snapshot(stream: &ResolvedStream) -> String {
    let feed = &stream.feed;
    let cursor = stream.cursor.map(|cursor| format!("{} {:?}", cursor.field, cursor.format));
    let or_none = |text: Option<String>| text.unwrap_or_else(|| "none".to_owned());
    let access = &stream.access;
    let role = format!("{:?}", access.role);
    let plan = access.plan.map(|plan| format!(" {plan}")).unwrap_or_default();
    let feature = access.feature.map(|feature| format!(" ({feature})")).unwrap_or_default();
    let query: Vec<String> = feed
        .query()
        .iter()
        .map(|(key, value)| format!(" {key}={value}"))
        .chain(feed.choices.iter().map(|(key, choice)| format!(" {key}={choice:?}")))
        .collect();
    format!(
        "{}: {} at {}{} | {:?} | {:?} | {:?} | key {} | cursor {} | {} | deletion {} | \
         {}{plan}{feature} | scope {}\n",
        stream.name,
        feed.name(),
        feed.path(),
        query.concat(),
        feed.paging,
        feed.order,
        feed.buckets,
        stream.primary_key.join(","),
        or_none(cursor),
        match (stream.dated, stream.dated_on_request) {
            (true, _) => "dated",
            (false, true) => "complete, dated on request",
            (false, false) => "complete",
        },
        or_none(stream.deletion.map(|deletion| format!("{deletion:?}"))),
        role,
        stream.scope,
    )
}
