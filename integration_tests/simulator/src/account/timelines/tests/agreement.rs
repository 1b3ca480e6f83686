//! The rows are consistent with each other and with the truth, in a new account and after later
//! steps.

use super::*;

fn keys(account: &Account, resource: &str) -> BTreeSet<u64> {
    account.keys(resource).iter().filter_map(|key| key.parse().ok()).collect()
}

/// Members of rows that are ids, with the resource that they point to, and whether the system may
/// be named there.
const POINTERS: &[(&str, &str)] = &[
    ("ticket_id", "tickets"),
    ("requester_id", "users"),
    ("submitter_id", "users"),
    ("assignee_id", "users"),
    ("author_id", "users"),
    ("updater_id", "users"),
    ("organization_id", "organizations"),
    ("group_id", "groups"),
    ("default_group_id", "groups"),
    ("brand_id", "brands"),
    ("ticket_form_id", "ticket_forms"),
    ("new_schedule_id", "schedules"),
    ("previous_schedule_id", "schedules"),
    ("audit_id", "ticket_audits"),
];

const POINTING: &[&str] = &[
    "tickets",
    "ticket_events",
    "ticket_audits",
    "ticket_metrics",
    "ticket_metric_events",
    "satisfaction_ratings",
    "users",
    "organizations",
];

fn check_pointers(value: &Value, known: &BTreeMap<&str, BTreeSet<u64>>) -> usize {
    let mut checked = 0;
    match value {
        Value::Object(members) => {
            for (key, member) in members {
                checked += check_pointers(member, known);
                let target = POINTERS.iter().find(|(pointer, _)| pointer == key);
                let id = member.as_u64().or_else(|| member.as_str()?.parse().ok());
                if let (Some((_, target)), Some(id)) = (target, id) {
                    assert!(known[target].contains(&id), "{key} {id} is not in {target}: {value}");
                    checked += 1;
                }
                let is_custom = key.parse::<u64>().ok();
                if let Some(field) = is_custom {
                    assert!(known["ticket_fields"].contains(&field), "no field {field}");
                }
            }
        }
        Value::Array(members) => {
            checked += members.iter().map(|member| check_pointers(member, known)).sum::<usize>();
        }
        _ => {}
    }
    checked
}

fn every_id_exists(account: &Account) {
    let targets: BTreeSet<&str> =
        POINTERS.iter().map(|(_, target)| *target).chain(["ticket_fields"]).collect();
    let known: BTreeMap<&str, BTreeSet<u64>> =
        targets.into_iter().map(|target| (target, keys(account, target))).collect();
    for resource in POINTING {
        for row in account.table(resource).rows.values() {
            let row: Value = serde_json::from_str(&row.text).expect("a row is JSON");
            let checked = check_pointers(&row, &known);
            assert!(
                checked > 0 || ["users", "organizations"].contains(resource),
                "{resource}: {row}"
            );
        }
    }
    for row in rows(account, "ticket_metric_events").iter().filter(|row| row["type"] == "apply_sla")
    {
        let policy = row["sla"]["policy"]["id"].as_u64().expect("a policy");
        assert!(keys(account, "sla_policies").contains(&policy));
    }
}

/// The value of a field in a ticket's row, as text.
fn now_of(row: &Value, field: &str) -> Option<String> {
    let custom = list(row, "custom_fields")
        .iter()
        .find(|held| held["id"].as_u64().is_some_and(|id| field == id.to_string()));
    match field {
        "satisfaction_score" => text(&row["satisfaction_rating"]["score"]),
        "satisfaction_comment" => text(&row["satisfaction_rating"]["comment"]),
        _ => text(custom.map_or(&row[field], |held| &held["value"])),
    }
}

/// A value as text, as a reader converts it. It is implemented here a second time.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if text.is_empty() => None,
        Value::String(text) => Some(text.clone()),
        Value::Null => None,
        other => Some(serde_json::to_string(other).expect("JSON")),
    }
}

fn the_last_values_are_those_of_now(account: &Account) {
    let history = account.history();
    let mut last: BTreeMap<(u64, String), Option<String>> = BTreeMap::new();
    for row in list(&history, "ticket_field_history") {
        let key = (
            row["ticket_id"].as_u64().expect("a ticket"),
            row["field_name"].as_str().expect("a name").to_owned(),
        );
        let before = row["previous_value"].as_str().map(str::to_owned);
        if let Some(known) = last.get(&key) {
            assert_eq!(*known, before, "{row}");
        }
        last.insert(key, row["value"].as_str().map(str::to_owned));
    }
    let tickets: BTreeMap<u64, Value> = rows(account, "tickets")
        .into_iter()
        .map(|row| (row["id"].as_u64().expect("an id"), row))
        .collect();
    assert!(last.len() > tickets.len() * 8, "most fields of most tickets have a history");
    for ((ticket, field), value) in last {
        assert_eq!(now_of(&tickets[&ticket], &field), value, "{field} of ticket {ticket}");
    }
    // And what the history does not tell of imported tickets, `field_values` does.
    let mut held: BTreeMap<(u64, String), Option<String>> = BTreeMap::new();
    let mut seconds = BTreeSet::new();
    for row in list(&history, "field_values") {
        let key = (
            row["ticket_id"].as_u64().expect("a ticket"),
            row["field_name"].as_str().expect("a name").to_owned(),
        );
        held.insert(key, row["value"].as_str().map(str::to_owned));
        let at = (row["ticket_id"].as_u64(), row["field_name"].to_string(), row["at"].to_string());
        assert!(seconds.insert(at), "two values within a second: {row}");
    }
    assert_eq!(held.len(), tickets.len() * 4);
    for ((ticket, field), value) in held {
        assert_eq!(now_of(&tickets[&ticket], &field), value, "{field} of ticket {ticket}");
    }
}

const NO_FIELDS: &[&str] = &[
    "id",
    "via",
    "via_reference_id",
    "event_type",
    "previous_value",
    "comment_present",
    "comment_public",
    "added_tags",
    "removed_tags",
];

/// The field values that a reader computes from the export. It does not use the timelines.
fn read_fields(account: &Account) -> BTreeMap<String, Value> {
    let mut read = BTreeMap::new();
    for (event, child) in children(account) {
        let kind = match child["event_type"].as_str() {
            Some("Create") => "create",
            Some("Change") => "change",
            _ => continue,
        };
        let members = child.as_object().expect("an object");
        let mut fields: Vec<(String, Value)> = Vec::new();
        for (name, value) in members.iter().filter(|(name, _)| !NO_FIELDS.contains(&name.as_str()))
        {
            match (name.as_str(), value) {
                ("custom_ticket_fields", Value::Null) => {}
                ("custom_ticket_fields", Value::Object(custom)) => fields.extend(custom.clone()),
                _ => fields.push((name.clone(), value.clone())),
            }
        }
        let is_alone = fields.len() == 1;
        for (name, value) in fields {
            let before = match child.get("previous_value") {
                Some(Value::Object(keyed)) if keyed.contains_key(&name) => keyed[&name].clone(),
                Some(whole) if is_alone => whole.clone(),
                _ => Value::Null,
            };
            let via = if child.get("via").is_some() { &child["via"] } else { &event["via"] };
            let channel = via.as_str().or_else(|| via["channel"].as_str());
            let id = format!("{}-{name}", child["id"]);
            let row = json!({
                "id": id,
                "ticket_event_id": event["id"],
                "ticket_id": event["ticket_id"],
                "ticket_field_id": name.parse::<u64>().ok(),
                "field_name": name,
                "value": text(&value),
                "previous_value": text(&before),
                "kind": kind,
                "updated": event["created_at"],
                "user_id": event["updater_id"],
                "via_channel": channel,
            });
            assert!(read.insert(id, row).is_none(), "an id twice");
        }
    }
    read
}

fn the_export_tells_the_history(account: &Account) {
    let history = account.history();
    let truth: BTreeMap<String, Value> = list(&history, "ticket_field_history")
        .iter()
        .map(|row| (row["id"].as_str().expect("an id").to_owned(), row.clone()))
        .collect();
    let read = read_fields(account);
    for (id, row) in &truth {
        assert_eq!(read.get(id), Some(row));
    }
    assert_eq!(read.len(), truth.len());
}

fn metric_sets_say_what_the_truth_says(account: &Account) {
    let history = account.history();
    let sets: BTreeMap<u64, Value> = account
        .table("ticket_metrics")
        .rows
        .values()
        .map(|row| (row.parent.expect("a ticket"), serde_json::from_str(&row.text).expect("JSON")))
        .collect();
    for ticket in list(&history, "tickets") {
        let set = &sets[&ticket["id"].as_u64().expect("an id")];
        for (of_set, of_truth) in [
            ("reply_time_in_minutes", "first_reply"),
            ("first_resolution_time_in_minutes", "first_resolution"),
            ("full_resolution_time_in_minutes", "full_resolution"),
        ] {
            assert_eq!(set[of_set]["calendar"], ticket[format!("{of_truth}_minutes")]);
            assert_eq!(set[of_set]["business"], ticket[format!("{of_truth}_business_minutes")]);
        }
        assert_eq!(set["ticket_id"], ticket["id"]);
    }
}

fn all_is_well(account: &Account) {
    every_id_exists(account);
    the_last_values_are_those_of_now(account);
    the_export_tells_the_history(account);
    the_exports_tell_tags_schedules_and_targets(account);
    days_add_up(account);
    metric_sets_say_what_the_truth_says(account);
}

#[test]
fn a_founded_account_agrees_with_itself() {
    for seed in 1..4 {
        all_is_well(&account(seed, 100));
    }
    all_is_well(&account(1, 1));
}

#[test]
fn steps_keep_it_so_and_leave_what_was_told_alone() {
    let mut account = account(2, 60);
    let mut kinds = BTreeSet::new();
    for round in 0..30 {
        let before = account.history();
        account.set_now(account.now() + 3_600 + round);
        for what in account.step_timelines(4) {
            kinds.insert(what.rsplit_once(' ').expect("a ticket").0.to_owned());
        }
        all_is_well(&account);
        let after = account.history();
        for key in ["ticket_field_history", "ticket_tag_history", "ticket_sla_applications"] {
            for row in list(&before, key) {
                assert!(list(&after, key).contains(row), "{key} lost {row}");
            }
        }
        assert!(
            list(&after, "ticket_field_history").len()
                > list(&before, "ticket_field_history").len()
        );
    }
    let expected =
        ["change fields of", "create", "delete", "note", "reassign", "reply", "schedule", "solve"];
    for kind in expected {
        assert!(kinds.contains(kind), "{kind} is not in {kinds:?}");
    }
}

#[test]
fn no_ticket_changes_twice_in_one_second_of_steps() {
    let mut account = account(3, 60);
    account.set_now(account.now() + 60);
    let told = account.step_timelines(200);
    let tickets: BTreeSet<&str> = told.iter().filter_map(|what| what.rsplit(' ').next()).collect();
    assert_eq!(tickets.len(), told.len());
    all_is_well(&account);
}

#[test]
fn a_seed_fixes_everything() {
    let texts = |account: &Account, resource: &str| -> Vec<String> {
        account.truth(resource).into_iter().map(|row| row.text).collect()
    };
    let (mut one, mut same, other) = (account(5, 60), account(5, 60), account(6, 60));
    for account in [&mut one, &mut same] {
        account.set_now(account.now() + 60);
        account.step_timelines(20);
    }
    for resource in OWN {
        assert_eq!(texts(&one, resource), texts(&same, resource), "{resource}");
    }
    assert_eq!(one.history(), same.history());
    // Texts differ by ids that do not come from the timelines, too.
    assert_ne!(one.history()["backlog_by_day"], other.history()["backlog_by_day"]);
}

#[test]
fn nothing_is_of_the_future_or_older_than_fourteen_months() {
    let account = account(1, 300);
    for resource in [
        "tickets",
        "ticket_events",
        "ticket_metric_events",
        "ticket_metrics",
        "satisfaction_ratings",
    ] {
        for row in account.table(resource).rows.values() {
            let newest = row.created_at.max(row.updated_at).max(row.generated);
            assert!(newest <= account.now(), "{resource} {}", row.key);
            assert!(row.created_at > account.now() - 425 * DAY, "{resource} {}", row.key);
        }
    }
}

#[test]
fn an_account_without_timelines_has_no_history() {
    let mut account = account(1, 0);
    assert_eq!(account.history(), Value::Null);
    assert!(account.step_timelines(3).is_empty());
}

/// The other rows of the history, as a reader computes them from the exports.
fn the_exports_tell_tags_schedules_and_targets(account: &Account) {
    let (mut tags, mut schedules) = (BTreeSet::new(), BTreeSet::new());
    for (event, child) in children(account) {
        let id = child["id"].as_u64().expect("an id");
        let via = if child.get("via").is_some() { &child["via"] } else { &event["via"] };
        let channel = via.as_str().or_else(|| via["channel"].as_str());
        let rest = json!([
            event["id"],
            event["ticket_id"],
            event["created_at"],
            event["updater_id"],
            channel
        ]);
        if child["event_type"] == "ScheduleAssignment" {
            let row = json!([id, child["new_schedule_id"], child["previous_schedule_id"], rest]);
            schedules.insert(row.to_string());
        }
        let Some(Value::Array(now)) = child.get("tags") else { continue };
        let before = match child.get("previous_value") {
            Some(Value::Array(before)) => before.clone(),
            Some(Value::Object(keyed)) => keyed["tags"].as_array().cloned().unwrap_or_default(),
            _ => Vec::new(),
        };
        let came = now.iter().filter(|tag| !before.contains(tag)).map(|tag| ("added", tag));
        let went = before.iter().filter(|tag| !now.contains(tag)).map(|tag| ("removed", tag));
        for (kind, tag) in came.chain(went) {
            let id = format!("{id}-{kind}-{}", tag.as_str().expect("a text"));
            tags.insert(json!([id, tag, kind, rest]).to_string());
        }
    }
    let history = account.history();
    let rest = |row: &Value, at: &str| {
        json!([
            row["ticket_event_id"],
            row["ticket_id"],
            row[at],
            row["user_id"],
            row["via_channel"]
        ])
    };
    let told = list(&history, "ticket_tag_history").iter();
    let told = told
        .map(|row| json!([row["id"], row["tag"], row["kind"], rest(row, "updated")]).to_string());
    assert_eq!(told.collect::<BTreeSet<_>>(), tags);
    let told = list(&history, "ticket_schedule_assignments").iter();
    let told = told.map(|row| {
        json!([row["id"], row["schedule_id"], row["previous_schedule_id"], rest(row, "created_at")])
            .to_string()
    });
    assert_eq!(told.collect::<BTreeSet<_>>(), schedules);
    let applied =
        rows(account, "ticket_metric_events").into_iter().filter(|row| row["type"] == "apply_sla");
    let applied = applied.map(|row| {
        let metric = match (row["metric"].as_str(), row["instance_id"].as_u64()) {
            (Some("reply_time"), Some(0 | 1)) => "first_reply_time",
            (Some("reply_time"), _) => "next_reply_time",
            (metric, _) => metric.expect("a metric"),
        };
        json!({
            "id": row["id"],
            "ticket_id": row["ticket_id"],
            "metric": metric,
            "instance_id": row["instance_id"],
            "sla_policy_id": row["sla"]["policy"]["id"],
            "sla_policy_title": row["sla"]["policy"]["title"],
            "target": row["sla"]["target"],
            "target_in_seconds": row["sla"]["target_in_seconds"],
            "in_business_hours": row["sla"]["business_hours"],
            "applied_at": row["time"],
            "deleted": row["deleted"],
        })
        .to_string()
    });
    let told = list(&history, "ticket_sla_applications").iter().map(Value::to_string);
    assert_eq!(told.collect::<BTreeSet<_>>(), applied.collect::<BTreeSet<_>>());
}

/// Compares the figures by day with a count of rows.
fn days_add_up(account: &Account) {
    let history = account.history();
    let users = rows(account, "users");
    let role = |id: &Value| {
        let user = users.iter().find(|user| user["id"] == *id);
        user.and_then(|user| user["role"].as_str()).unwrap_or_default()
    };
    let (mut public, mut private, mut solved) = (0, 0, 0);
    for (event, child) in children(account) {
        let is_agents = ["agent", "admin"].contains(&role(&child["author_id"]));
        public += u64::from(is_agents && child["public"] == true);
        private += u64::from(is_agents && child["public"] == false);
        let is_solving = child["event_type"] == "Change" && child["status"] == "solved";
        solved += u64::from(is_solving && ["agent", "admin"].contains(&role(&event["updater_id"])));
    }
    let sum = |key: &str| -> u64 {
        list(&history, "agent_work_by_day").iter().filter_map(|row| row[key].as_u64()).sum()
    };
    assert_eq!(
        [sum("public_comments"), sum("private_comments"), sum("solved")],
        [public, private, solved]
    );
    // The account starts at midnight: the backlog of the last day is that of now.
    if account.now() % DAY == 0 {
        let open = rows(account, "tickets");
        let is_open = |row: &&Value| {
            !["solved", "closed", "deleted"].contains(&row["status"].as_str().unwrap_or_default())
        };
        let last = list(&history, "backlog_by_day").last().expect("a day");
        assert_eq!(last["open"], open.iter().filter(is_open).count());
        assert_eq!(last["day"], clock::iso(account.now() - 1)[..10]);
    }
    let ratings = rows(account, "satisfaction_ratings");
    for score in ["good", "bad"] {
        let told: u64 = list(&history, "satisfaction_by_month")
            .iter()
            .filter_map(|row| row[score].as_u64())
            .sum();
        assert_eq!(told, ratings.iter().filter(|row| row["score"] == score).count() as u64);
    }
}
