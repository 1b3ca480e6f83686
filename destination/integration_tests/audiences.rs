//! Audiences: who is marked and unmarked by each mode and each kind of mark. Nothing else may
//! change.

mod disturbed;
mod kept;
mod killed;
mod mirror;
mod random;

use std::collections::BTreeSet;

use serde_json::{Value, json};
use simulator::{Fault, FaultRule, Faults, Simulator, When};

use crate::account::{account, all, snapshot, touched};
use crate::run::{Ended, catalog, config, messages, write};

/// The number of people in a test. The first half are members already.
const PEOPLE: usize = 60;

/// What marks a member, and whether members are users or organizations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Kind {
    of: &'static str,
    by: &'static str,
}

const KINDS: [Kind; 5] = [
    Kind { of: "users", by: "field" },
    Kind { of: "users", by: "tag" },
    Kind { of: "users", by: "organization_external_id" },
    Kind { of: "organizations", by: "field" },
    Kind { of: "organizations", by: "tag" },
];

const BY_FIELD: Kind = KINDS[0];

impl Kind {
    /// A config with the audience `vip` and more options.
    fn options(self, more: &Value) -> Value {
        let mark = match self.by {
            "organization_external_id" => "club",
            _ => "vip",
        };
        let mut audience = json!({ "slug": "vip", "of": self.of, "as": { self.by: mark } });
        let (of_audience, others): (Vec<_>, Vec<_>) = more
            .as_object()
            .into_iter()
            .flatten()
            .partition(|(name, _)| ["create_missing", "allow_empty"].contains(&name.as_str()));
        audience
            .as_object_mut()
            .unwrap()
            .extend(of_audience.into_iter().map(|(name, value)| (name.clone(), value.clone())));
        let mut options = json!({ "audiences": [audience] });
        options
            .as_object_mut()
            .unwrap()
            .extend(others.into_iter().map(|(name, value)| (name.clone(), value.clone())));
        config(&options)
    }

    fn is_member(self, sim: &Simulator, row: &Value) -> bool {
        match self.by {
            "field" => {
                row["user_fields"]["vip"] == true || row["organization_fields"]["vip"] == true
            }
            "tag" => row["tags"].as_array().unwrap().contains(&json!("vip")),
            _ => {
                let club = club(sim);
                sim.account(|account| account.organizations_of(row["id"].as_u64().unwrap()))
                    .contains(&club)
            }
        }
    }

    /// The keys of the members among the people of the test.
    fn members(self, sim: &Simulator) -> BTreeSet<String> {
        let rows = all(sim, self.of);
        let ours = rows
            .iter()
            .filter(|row| row["external_id"].as_str().is_some_and(|key| key.starts_with("M-")));
        let members = ours.filter(|row| self.is_member(sim, row));
        members.map(|row| row["external_id"].as_str().unwrap().to_owned()).collect()
    }

    /// An account with people `M-0`, `M-1` and so on. `is_member` says which of them are members
    /// already. Each has a tag and a field, and each user has an organization.
    fn account(self, people: usize, is_member: impl Fn(usize) -> bool) -> Simulator {
        let sim = account();
        sim.account(|account| {
            let club = account.write_new(
                "organizations",
                json!({ "external_id": "club", "name": "The Club" }),
            );
            let home = account.write_new(
                "organizations",
                json!({ "external_id": "home", "name": "Home" }),
            );
            for at in 0..people {
                let fields = if self.of == "users" { "user_fields" } else { "organization_fields" };
                let mut row = json!({ "external_id": format!("M-{at}"), "name": format!("Person {at}"),
                    "tags": ["kept"], fields: { "plan": "gold" } });
                if self.of == "users" {
                    row["email"] = json!(format!("m{at}@x.test"));
                    row["organization_id"] = json!(home);
                }
                if is_member(at) && self.by == "field" {
                    row[fields]["vip"] = json!(true);
                }
                if is_member(at) && self.by == "tag" {
                    row["tags"] = json!(["kept", "vip"]);
                }
                let id = account.write_new(self.of, row);
                if is_member(at) && self.by == "organization_external_id" {
                    account.write_new(
                        "organization_memberships",
                        json!({ "user_id": id, "organization_id": club }),
                    );
                }
            }
        });
        // The index knows them by then.
        sim.advance_seconds(600);
        sim.clear_ledger();
        sim
    }
}

fn club(sim: &Simulator) -> u64 {
    let rows = all(sim, "organizations");
    let club = rows.iter().find(|row| row["external_id"] == "club").unwrap();
    club["id"].as_u64().unwrap()
}

fn key(at: usize) -> String {
    format!("M-{at}")
}

fn keys(of: impl IntoIterator<Item = usize>) -> BTreeSet<String> {
    of.into_iter().map(key).collect()
}

fn row(at: usize) -> Value {
    json!({ "external_id": key(at) })
}

fn rows(of: impl IntoIterator<Item = usize>) -> Vec<Value> {
    of.into_iter().map(row).collect()
}

/// The counts of a run, in the words of a dry run.
fn as_said(done: &Ended) -> String {
    let count = |name: &str| done.count(name);
    format!(
        "warehouse.rows: would create {}, update {}, leave {} unchanged, reject {}, mark {}, unmark {}",
        count("created"),
        count("updated"),
        count("unchanged"),
        count("rejectedRecordCount"),
        count("membersAdded"),
        count("membersRemoved"),
    )
}

/// Writes rows to the audience in this mode.
fn moved(sim: &Simulator, kind: Kind, mode: &str, rows: &[Value]) -> Ended {
    let catalog = catalog("audience:vip", mode, Some("external_id"));
    write(sim, &kind.options(&json!({})), &catalog, messages(rows, 25)).succeeded()
}

#[test]
fn each_mark_is_set_and_taken_and_all_else_stays() {
    for kind in KINDS {
        let sim = kind.account(PEOPLE, |at| at < PEOPLE / 2);
        let before = snapshot(&sim);
        let joining: Vec<Value> = rows(20..50).into_iter().chain([row(9999)]).collect();
        let ended = moved(&sim, kind, "update", &joining);
        assert_eq!(kind.members(&sim), keys(0..50), "{kind:?}");
        let counts = ["membersAdded", "updated", "unchanged", "rejectedRecordCount"]
            .map(|name| ended.count(name));
        assert_eq!(counts, [20, 20, 10, 1], "{kind:?}");
        sim.clear_ledger();
        assert_eq!(moved(&sim, kind, "append", &joining).count("membersAdded"), 0);
        assert_eq!(sim.ledger().writes, [], "{kind:?}: the second time changes nothing");
        // Whoever is not there is out already.
        let ended = moved(&sim, kind, "soft_delete", &[rows(0..30), vec![row(9999)]].concat());
        assert_eq!(kind.members(&sim), keys(30..50), "{kind:?}");
        let counts = ["membersRemoved", "unchanged", "deleted", "rejectedRecordCount"]
            .map(|name| ended.count(name));
        assert_eq!(counts, [30, 1, 0, 0], "{kind:?}");
        moved(&sim, kind, "soft_delete", &rows(30..50));
        moved(&sim, kind, "update", &rows(0..30));
        let after = snapshot(&sim);
        for (resource, key) in touched(&before, &after) {
            let (was, is) =
                (&before[&(resource, key.clone())], after.get(&(resource, key.clone())));
            let Some(is) = is else {
                assert_eq!(resource, "organization_memberships", "{kind:?}: {key} is gone");
                continue;
            };
            for field in was.as_object().unwrap().keys() {
                let moves = ["updated_at", "user_fields", "organization_fields", "tags", "url"];
                assert!(
                    was[field] == is[field] || moves.contains(&field.as_str()),
                    "{kind:?} {resource} {key} {field}"
                );
            }
        }
        for row in all(&sim, kind.of)
            .iter()
            .filter(|row| row["external_id"].as_str().is_some_and(|key| key.starts_with("M-")))
        {
            let fields =
                &row[if kind.of == "users" { "user_fields" } else { "organization_fields" }];
            assert_eq!(fields["plan"], "gold", "{kind:?}");
            assert!(row["tags"].as_array().unwrap().contains(&json!("kept")), "{kind:?}");
        }
        let ledger = sim.ledger();
        assert_eq!((ledger.verification_mails.len(), ledger.role_changes.len()), (0, 0));
    }
}

#[test]
fn rows_are_found_by_each_key_and_agents_are_left_alone() {
    let sim = BY_FIELD.account(PEOPLE, |_| false);
    let people = all(&sim, "users");
    let id = |at: usize| {
        people.iter().find(|row| row["external_id"] == key(at).as_str()).unwrap()["id"].clone()
    };
    let agent =
        people.iter().find(|row| row["role"] == "admin" && row["email"].is_string()).unwrap();
    let by_email = [json!({ "email": "M1@x.test" }), json!({ "email": agent["email"] })];
    for (key, rows, rejected) in [
        ("email", &by_email[..], 1),
        ("id", &[json!({ "id": id(2) }), json!({ "id": 999_999_999_999_u64 })], 1),
    ] {
        let catalog = catalog("audience:vip", "update", Some(key));
        let options = BY_FIELD.options(&json!({}));
        let ended = write(&sim, &options, &catalog, messages(rows, 25)).succeeded();
        assert_eq!(ended.count("rejectedRecordCount"), rejected, "{key}");
    }
    assert_eq!(BY_FIELD.members(&sim), keys([1, 2]));
}

#[test]
fn one_stream_carries_joins_and_leaves() {
    let sim = BY_FIELD.account(PEOPLE, |at| at < 30);
    let row = |at: usize, member: Value| json!({ "external_id": key(at), "member": member });
    let rows = [
        row(1, json!(false)),
        row(40, json!(true)),
        row(2, json!("false")),
        // The last of one key counts.
        row(41, json!(true)),
        row(41, json!(false)),
        // Nobody is no member.
        row(9999, json!(false)),
        row(3, json!(null)),
        row(4, json!("perhaps")),
    ];
    let ended = moved(&sim, BY_FIELD, "update", &rows);
    let expected: BTreeSet<String> = keys((0..30).filter(|at| ![1, 2].contains(at)).chain([40]));
    assert_eq!(BY_FIELD.members(&sim), expected);
    assert_eq!(ended.count("rejectedRecordCount"), 2, "{:#?}", ended.logged("WARN"));
    let counts = ["membersAdded", "membersRemoved"].map(|name| ended.count(name));
    assert_eq!(counts, [1, 2]);
    // A stream that removes does not add.
    let ended = moved(&sim, BY_FIELD, "soft_delete", &[row(50, json!(true)), row(5, json!(false))]);
    assert_eq!((ended.count("rejectedRecordCount"), ended.count("membersRemoved")), (1, 1));
}

#[test]
fn an_upsert_marks_writes_fields_and_creates_who_is_missing() {
    for kind in KINDS {
        let sim = kind.account(10, |at| at < 5);
        let row = |at: usize| {
            json!({ "external_id": key(at), "name": format!("New {at}"), "custom_plan": "silver",
                "tags": ["mine"], "custom_vip": false })
        };
        let rows: Vec<Value> = (3..13)
            .map(row)
            .chain([json!({ "external_id": "M-77", "name": "N", "member": false })])
            .collect();
        let ended = moved(&sim, kind, "append_dedup", &rows);
        assert_eq!(kind.members(&sim), keys(0..13), "{kind:?}");
        let counts =
            ["membersAdded", "created", "updated", "unchanged"].map(|name| ended.count(name));
        assert_eq!(counts, [8, 3, 7, 1], "{kind:?}: whoever leaves is not created");
        let people = all(&sim, kind.of);
        let made = people.iter().find(|row| row["external_id"] == "M-12").unwrap();
        assert_eq!(made["name"], "New 12", "{kind:?}");
        sim.clear_ledger();
        assert_eq!(moved(&sim, kind, "append_dedup", &rows).count("unchanged"), 11, "{kind:?}");
        assert_eq!(sim.ledger().writes, [], "{kind:?}");
    }
}

#[test]
fn an_audience_without_its_field_or_organization_is_told_before_a_row_is_read() {
    let sim = account();
    let rows = messages(&rows(0..3), 25);
    let catalog = catalog("audience:a", "update", Some("external_id"));
    for (by, of, words) in [
        (json!({ "field": "audience_a" }), "users", "`audience_a`"),
        // It is a dropdown.
        (json!({ "field": "plan" }), "organizations", "`plan`"),
        (json!({ "organization_external_id": "nowhere" }), "users", "`nowhere`"),
    ] {
        let options = config(&json!({ "audiences": [{ "slug": "a", "of": of, "as": by }] }));
        let ended = write(&sim, &options, &catalog, rows.clone());
        assert_eq!(ended.code, Some(1));
        assert!(ended.errors()[0].contains(words), "{:#?}", ended.errors());
        let ended = crate::run::command(&sim, "check", &options).succeeded();
        let status = &ended.of_type("CONNECTION_STATUS")[0]["connectionStatus"];
        assert!(
            status["status"] == "FAILED" && status["message"].as_str().unwrap().contains(words),
            "{status}"
        );
        let ended = crate::run::command(&sim, "discover", &options).succeeded();
        assert!(ended.logged("WARN").iter().any(|line| line.contains(words)));
    }
    assert_eq!(sim.ledger().writes, []);
}

#[test]
fn a_catalog_has_each_audience_and_its_mirror() {
    let sim = BY_FIELD.account(3, |_| false);
    let ended = crate::run::command(&sim, "discover", &BY_FIELD.options(&json!({}))).succeeded();
    let catalog = ended.of_type("DESTINATION_CATALOG")[0]["destination_catalog"].clone();
    let operations = catalog["operations"].as_array().unwrap().iter();
    let ours =
        operations.filter(|one| one["object_name"].as_str().unwrap().starts_with("audience"));
    let shown: Vec<String> = ours
        .map(|one| {
            let name = |field: &str| one[field].as_str().unwrap().to_owned();
            let keys: Vec<&str> = one["matching_keys"]
                .as_array()
                .unwrap()
                .iter()
                .map(|key| key[0].as_str().unwrap())
                .collect();
            format!("{} {} by {}", name("object_name"), name("sync_mode"), keys.join(", "))
        })
        .collect();
    assert_eq!(
        shown,
        [
            "audience:vip append by external_id, email, id",
            "audience:vip append_dedup by external_id, email, id",
            "audience:vip update by external_id, email, id",
            "audience:vip soft_delete by external_id, email, id",
            "audience_mirror:vip append_dedup by external_id, email, id",
        ]
    );
}

#[test]
fn a_404_that_is_not_zendesks_is_looked_at_and_fails_no_sync() {
    for (kind, path) in [(KINDS[2], "/organization_memberships/"), (BY_FIELD, "/update_many")] {
        for body in ["", "<html>Not here</html>"] {
            let sim = kind.account(PEOPLE, |at| at < 30);
            let fault = Fault::with_body(404, body);
            let rule = FaultRule::new(path, When::Always, Fault::before(fault)).at_most(2);
            sim.faults(Faults::rules([rule]));
            let ended = moved(&sim, kind, "soft_delete", &rows(0..10));
            assert_eq!(kind.members(&sim), keys(10..30), "{kind:?} {body}");
            assert_eq!(ended.count("membersRemoved"), 10, "{kind:?} {body}");
        }
    }
}
