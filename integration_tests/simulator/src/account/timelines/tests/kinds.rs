//! Each kind of ticket life exists. The rows are counted as a reader gets them.

use super::*;

const SEEDS: std::ops::Range<u64> = 1..4;

fn is_at_least(counts: &BTreeMap<&str, usize>, least: usize) {
    for (kind, count) in counts {
        assert!(*count >= least, "{kind}: {count} of {counts:?}");
    }
}

#[test]
fn sixty_tickets_hold_every_kind_of_life() {
    for seed in SEEDS {
        let account = account(seed, 60);
        let tickets = rows(&account, "tickets");
        assert_eq!(tickets.len(), 60);
        let history = account.history();
        let of_tickets = list(&history, "tickets");
        let fields = list(&history, "ticket_field_history");
        let count = |fits: &dyn Fn(&Value) -> bool| tickets.iter().filter(|row| fits(row)).count();
        let changed = |field: &str, least: usize| {
            let mut changes: BTreeMap<u64, usize> = BTreeMap::new();
            for row in
                fields.iter().filter(|row| row["field_name"] == field && row["kind"] == "change")
            {
                *changes.entry(row["ticket_id"].as_u64().unwrap_or_default()).or_default() += 1;
            }
            changes.values().filter(|count| **count >= least).count()
        };
        let created: BTreeSet<u64> = fields
            .iter()
            .filter(|row| row["kind"] == "create")
            .filter_map(|row| row["ticket_id"].as_u64())
            .collect();
        let is_imported = |row: &Value| !created.contains(&row["id"].as_u64().unwrap_or_default());
        let has_tag = |row: &Value, tag: &str| list(row, "tags").contains(&json!(tag));
        let counts = BTreeMap::from([
            ("merged", count(&|row| has_tag(row, "closed_by_merge") && row["status"] == "closed")),
            ("deleted", count(&|row| row["status"] == "deleted")),
            ("imported", count(&is_imported)),
            ("archived", account.table("tickets").rows.values().filter(|row| row.archived).count()),
            ("reopened", of_tickets.iter().filter(|row| row["reopens"].as_u64() > Some(0)).count()),
            ("reassigned", changed("assignee_id", 2)),
            ("moved to another group", changed("group_id", 1)),
            (
                "unfinished",
                count(&|row| {
                    ["new", "open", "pending", "hold"]
                        .contains(&row["status"].as_str().unwrap_or(""))
                }),
            ),
            (
                "with custom fields changed",
                fields
                    .iter()
                    .filter(|row| row["kind"] == "change" && !row["ticket_field_id"].is_null())
                    .count(),
            ),
            ("with a schedule of its own", list(&history, "ticket_schedule_assignments").len()),
        ]);
        is_at_least(&counts, 2);
    }
}

#[test]
fn imported_tickets_have_changes_alone_and_say_what_was_before() {
    let account = account(1, 60);
    let mut kinds: BTreeMap<u64, BTreeSet<String>> = BTreeMap::new();
    for (event, child) in children(&account) {
        let kind = child["event_type"].as_str().unwrap_or_default().to_owned();
        kinds.entry(event["ticket_id"].as_u64().unwrap_or_default()).or_default().insert(kind);
        if child["event_type"] == "Change" {
            assert!(child.get("previous_value").is_some(), "{child}");
        }
    }
    let imported = kinds.values().filter(|kinds| !kinds.contains("Create"));
    assert!(imported.filter(|kinds| kinds.contains("Change")).count() >= 4);
    // And one to which nothing happened at all.
    assert!(kinds.len() < 60);
}

#[test]
fn tags_come_and_go_and_ratings_are_offered_good_bad_and_changed() {
    for seed in SEEDS {
        let account = account(seed, 60);
        let history = account.history();
        let tags = list(&history, "ticket_tag_history");
        let fields = list(&history, "ticket_field_history");
        let ratings = rows(&account, "satisfaction_ratings");
        let score = |score: &str| ratings.iter().filter(|row| row["score"] == score).count();
        let changed = |from: &str, to: &str| {
            fields
                .iter()
                .filter(|row| row["field_name"] == "satisfaction_score")
                .filter(|row| row["previous_value"] == from && row["value"] == to)
                .count()
        };
        let kind = |kind: &str| tags.iter().filter(|row| row["kind"] == kind).count();
        is_at_least(
            &BTreeMap::from([
                ("added", kind("added")),
                ("removed", kind("removed")),
                ("offered", score("offered")),
                ("good", score("good")),
                ("bad", score("bad")),
                ("good for bad", changed("bad", "good")),
                ("bad for good", changed("good", "bad")),
            ]),
            1,
        );
    }
}

#[test]
fn targets_are_set_by_two_policies_for_every_metric() {
    for seed in SEEDS {
        let account = account(seed, 60);
        let history = account.history();
        let applied = list(&history, "ticket_sla_applications");
        let count = |metric: &str, in_business_hours: bool| {
            applied
                .iter()
                .filter(|row| {
                    row["metric"] == metric && row["in_business_hours"] == in_business_hours
                })
                .count()
        };
        is_at_least(
            &BTreeMap::from([
                ("first reply", count("first_reply_time", false)),
                ("first reply, business", count("first_reply_time", true)),
                ("next reply", count("next_reply_time", false)),
                ("next reply, business", count("next_reply_time", true)),
                ("requester wait", count("requester_wait_time", false)),
                ("requester wait, business", count("requester_wait_time", true)),
                ("agent work", count("agent_work_time", true)),
            ]),
            2,
        );
        // A reader joins by these.
        let mut keys = BTreeSet::new();
        for row in applied {
            let key = (
                row["ticket_id"].as_u64(),
                row["metric"].to_string(),
                row["applied_at"].to_string(),
            );
            assert!(keys.insert(key), "twice in a second: {row}");
        }
    }
}

/// A life crosses a time if the ticket was created before it and last changed after it.
#[test]
fn lives_cross_the_changes_of_both_zones_and_holidays_of_one_and_of_several_days() {
    for seed in SEEDS {
        let account = account(seed, 60);
        let now = account.now();
        let timelines = account.timelines.as_deref().expect("timelines");
        let crossed = |at: i64| {
            timelines
                .lives
                .values()
                .filter(|life| life.created_at < at && life.updated_at() > at)
                .count()
        };
        let (mut spring, mut autumn, mut one, mut several) = (0, 0, 0, 0);
        assert_eq!(timelines.cast.schedules.len(), 2);
        for schedule in &timelines.cast.schedules {
            let changes = business_time::clock_changes(schedule.zone(), timelines.cast.origin, now);
            let month = |unix: i64| clock::iso(unix)[5..7].parse::<u32>().expect("a month");
            let is_spring = |unix: &i64| (2..7).contains(&month(*unix));
            assert!(changes.iter().any(is_spring) && changes.iter().any(|unix| !is_spring(unix)));
            for change in changes {
                let side = if is_spring(&change) { &mut spring } else { &mut autumn };
                *side += crossed(change);
            }
            for holiday in &schedule.holidays {
                let side = if holiday.first == holiday.last { &mut one } else { &mut several };
                *side += crossed(business_time::instant(schedule.zone(), holiday.first, 720));
            }
        }
        is_at_least(
            &BTreeMap::from([
                ("spring", spring),
                ("autumn", autumn),
                ("one day", one),
                ("several days", several),
            ]),
            4,
        );
    }
}

#[test]
fn a_field_changes_several_times_within_a_second() {
    let account = account(1, 60);
    let history = account.history();
    let mut counts: BTreeMap<(u64, String, String), BTreeSet<u64>> = BTreeMap::new();
    for row in
        list(&history, "ticket_field_history").iter().filter(|row| row["field_name"] == "status")
    {
        let text = |key: &str| row[key].as_str().unwrap_or_default().to_owned();
        let key = (row["ticket_id"].as_u64().unwrap_or_default(), text("value"), text("updated"));
        counts.entry(key).or_default().insert(row["ticket_event_id"].as_u64().unwrap_or_default());
    }
    let mut seconds: BTreeMap<(u64, String), usize> = BTreeMap::new();
    counts
        .keys()
        .for_each(|(ticket, _, at)| *seconds.entry((*ticket, at.clone())).or_default() += 1);
    assert!(seconds.values().any(|values| *values >= 3), "pending, hold and open again");
}

/// Where the documentation leaves the shape of children open, every shape occurs.
#[test]
fn children_come_in_every_shape() {
    let account = account(1, 120);
    let mut shapes: BTreeMap<&str, usize> = BTreeMap::new();
    let mut note =
        |shape: &'static str, is_it: bool| *shapes.entry(shape).or_default() += usize::from(is_it);
    for (event, child) in children(&account) {
        let changes = child["event_type"] == "Change";
        let custom = child.get("custom_ticket_fields").and_then(Value::as_object);
        let is_number = |key: &String| key.parse::<u64>().is_ok();
        let members = child.as_object().expect("an object");
        let previous = child.get("previous_value").cloned().unwrap_or_default();
        note("via as text", child["via"].is_string());
        note("via as object", child["via"].is_object());
        note("no via, event's text", child.get("via").is_none() && event["via"].is_string());
        note("no via, event's object", child.get("via").is_none() && event["via"].is_object());
        note("custom fields in an object", custom.is_some_and(|fields| !fields.is_empty()));
        note("custom fields null", child.get("custom_ticket_fields").is_some_and(Value::is_null));
        note("a custom field beside the others", members.keys().any(is_number));
        note(
            "previous value of one custom field, plain",
            changes && custom.is_some_and(|fields| fields.len() == 1) && !previous.is_object(),
        );
        note(
            "previous value of one custom field, keyed",
            changes && custom.is_some_and(|fields| fields.len() == 1) && previous.is_object(),
        );
        note(
            "previous value of several fields",
            changes && previous.as_object().is_some_and(|fields| fields.len() > 1),
        );
        note("added tags", child.get("added_tags").is_some());
        note(
            "tags alone",
            changes && child.get("tags").is_some() && child.get("added_tags").is_none(),
        );
        note("ids as texts", child["group_id"].as_str().is_some_and(|id| !id.is_empty()));
        note("ids as numbers", child["group_id"].is_number());
        note("no id as an empty text", child["assignee_id"] == "");
        assert!(event["created_at"].is_string(), "{event}");
    }
    is_at_least(&shapes, 1);
}
