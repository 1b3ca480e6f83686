//! A mirror keeps everybody that its rows may mean. Nobody is marked by a row that does not name
//! them.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use simulator::{Fault, FaultRule, Faults, Simulator, When};

use super::mirror::{mirror, run_by, state, whole};
use super::{BY_FIELD, KINDS, as_said, key, keys};
use crate::account::{all, snapshot, touched};
use crate::run::{Folder, catalog, messages, record, start, write, write_as_job};

/// An answer without any user.
fn nobody() -> Fault {
    Fault::with_body(200, r#"{"users":[],"count":0,"next_page":null,"previous_page":null}"#)
}

/// The id of a person, given by number.
fn id(sim: &Simulator, at: usize) -> u64 {
    let people = all(sim, "users");
    let found = people.iter().find(|row| row["external_id"] == key(at).as_str());
    found.and_then(|row| row["id"].as_u64()).unwrap()
}

fn address(at: usize) -> Value {
    json!({ "email": format!("M{at}@X.test") })
}

/// Gives a person a second address.
fn add_address(sim: &Simulator, at: usize) {
    let user = id(sim, at);
    let second = json!({ "email": "second@x.test" });
    sim.account(|account| account.write_over("users", user, second));
    sim.advance_seconds(600);
}

#[test]
fn whoever_was_not_found_by_a_key_of_theirs_stays() {
    // The first answer about external ids leaves everybody out.
    let sim = BY_FIELD.account(80, |at| at < 60);
    sim.faults(Faults::rules([
        FaultRule::new("users/show_many", When::Always, nobody()).at_most(1)
    ]));
    let ended = run_by(&sim, "external_id", &json!({}), whole(&super::rows(0..55))).succeeded();
    assert_eq!(ended.count("rejectedRecordCount"), 55);
    assert_eq!(BY_FIELD.members(&sim), keys(0..55));
    // So does the first one about ids.
    let sim = BY_FIELD.account(80, |at| at < 60);
    sim.faults(Faults::rules([
        FaultRule::new("users/show_many", When::Always, nobody()).at_most(1)
    ]));
    let rows: Vec<Value> = (0..55).map(|at| json!({ "id": id(&sim, at) })).collect();
    run_by(&sim, "id", &json!({}), whole(&rows)).succeeded();
    assert_eq!(BY_FIELD.members(&sim), keys(0..55));
}

#[test]
fn whoever_the_index_does_not_know_by_an_address_yet_stays() {
    let sim = BY_FIELD.account(80, |at| at < 60);
    // One of them has the address of the row as a second one.
    add_address(&sim, 7);
    sim.faults(Faults::rule("users/search", When::Always, nobody()));
    let rows: Vec<Value> = (0..55)
        .map(|at| if at == 7 { json!({ "email": "Second@x.test" }) } else { address(at) })
        .collect();
    let ended = run_by(&sim, "email", &json!({}), whole(&rows)).succeeded();
    assert_eq!(ended.count("rejectedRecordCount"), 55);
    assert_eq!(BY_FIELD.members(&sim), keys(0..55));
}

#[test]
fn addresses_that_are_not_shown_to_their_end_fail_the_sync() {
    let sim = BY_FIELD.account(80, |at| at < 60);
    add_address(&sim, 7);
    let cut = json!({ "identities": [], "meta": { "has_more": true, "after_cursor": null } });
    let same = json!({ "identities": [], "meta": { "has_more": true, "after_cursor": "same" } });
    for page in [cut, same] {
        sim.clear_requests();
        sim.faults(Faults::rules([
            FaultRule::new("users/search", When::Always, nobody()),
            FaultRule::new("/identities", When::Always, Fault::with_body(200, &page.to_string())),
        ]));
        let rows = [json!({ "email": "second@x.test" })];
        let more = json!({ "max_removal_percent": 100 });
        let ended = run_by(&sim, "email", &more, whole(&rows));
        assert_eq!((ended.code, ended.states().len()), (Some(1), 0), "{page}");
        assert_eq!(BY_FIELD.members(&sim), keys(0..60), "{page}");
        let requests = sim.requests();
        let asked = requests.iter().filter(|seen| seen.path.contains("/identities")).count();
        assert!(asked <= 3 * 60, "{page}: {asked} requests");
    }
}

#[test]
fn a_rejected_row_keeps_whom_it_means_however_its_key_is_written() {
    let sim = BY_FIELD.account(80, |at| at < 60);
    let id = |at: usize| id(&sim, at);
    let mut rows: Vec<Value> = (0..52).map(|at| json!({ "id": id(at) })).collect();
    rows.extend([
        json!({ "id": format!("{}.0", id(52)), "member": "perhaps" }),
        json!({ "id": format!(" +{} ", id(53)), "member": null }),
        json!({ "id": id(54) as f64, "member": [true] }),
    ]);
    let ended = run_by(&sim, "id", &json!({}), whole(&rows)).succeeded();
    assert_eq!(ended.count("rejectedRecordCount"), 3, "{:#?}", ended.logged("WARN"));
    assert_eq!(BY_FIELD.members(&sim), keys(0..55));
}

#[test]
fn a_row_without_the_member_that_its_stream_has_marks_nobody() {
    let sim = BY_FIELD.account(80, |at| at < 60);
    // Sources leave out columns that are null.
    let mut rows: Vec<Value> =
        (0..54).map(|at| json!({ "external_id": key(at), "member": true })).collect();
    rows.extend([super::row(54), super::row(70)]);
    let mut catalog = mirror("external_id", "full_refresh", false);
    catalog["streams"][0]["stream"]["json_schema"] =
        json!({ "properties": { "external_id": {}, "member": { "type": ["null", "boolean"] } } });
    let options = BY_FIELD.options(&json!({}));
    let ended = start(&sim, &Folder::new(), (&options, &catalog), whole(&rows), 0).end();
    assert_eq!(ended.succeeded().count("rejectedRecordCount"), 2);
    assert_eq!(BY_FIELD.members(&sim), keys(0..55));
}

#[test]
fn members_that_are_listed_without_an_end_fail_the_sync() {
    let page =
        json!({ "results": [], "meta": { "has_more": true, "after_cursor": "same" }, "links": {} });
    let sim = BY_FIELD.account(80, |at| at < 60);
    sim.faults(Faults::rule(
        "/search/export",
        When::Always,
        Fault::with_body(200, &page.to_string()),
    ));
    let ended = run_by(&sim, "external_id", &json!({}), whole(&super::rows(0..55)));
    assert_eq!((ended.code, ended.states().len()), (Some(1), 0));
    assert_eq!(BY_FIELD.members(&sim), keys(0..60));
    let asked = sim.requests().iter().filter(|seen| seen.path.contains("search/export")).count();
    assert!(asked < 5, "{asked} requests");
}

#[test]
fn whoever_is_met_when_a_creation_is_refused_was_a_member_before() {
    let sim = BY_FIELD.account(80, |at| at < 60);
    add_address(&sim, 7);
    let named = |email: String| json!({ "email": email, "name": "N" });
    let rows: Vec<Value> = (0..55)
        .map(|at| named(if at == 7 { "second@x.test".into() } else { format!("m{at}@x.test") }))
        .collect();
    let ended = run_by(&sim, "email", &json!({ "create_missing": true }), whole(&rows)).succeeded();
    assert_eq!(BY_FIELD.members(&sim), keys(0..55));
    assert_eq!((ended.count("membersAdded"), ended.count("membersRemoved")), (0, 5));
}

#[test]
fn whoever_leaves_is_found_by_a_further_address_too() {
    let sim = BY_FIELD.account(80, |at| at < 60);
    add_address(&sim, 7);
    let row = json!({ "email": "second@x.test", "name": "N", "member": false });
    let catalog = catalog("audience:vip", "append_dedup", Some("email"));
    let options = BY_FIELD.options(&json!({}));
    let ended = write(&sim, &options, &catalog, messages(&[row], 1)).succeeded();
    assert_eq!(ended.count("membersRemoved"), 1);
    assert!(!BY_FIELD.members(&sim).contains(&key(7)));
}

/// The counts that a dry run announces, and the counts of the run that follows.
fn said_and_done(sim: &Simulator, by: &str, rows: &[Value]) -> (String, String) {
    let options = json!({ "create_missing": true });
    let before = snapshot(sim);
    let dry = json!({ "create_missing": true, "dry_run": true });
    let told = run_by(sim, by, &dry, whole(rows)).succeeded();
    assert_eq!(touched(&before, &snapshot(sim)), []);
    let said = told
        .logged("INFO")
        .into_iter()
        .find(|line| line.contains("would create ") && line.contains(", mark "));
    let done = run_by(sim, by, &options, whole(rows)).succeeded();
    (said.unwrap_or_default(), as_said(&done))
}

#[test]
fn whoever_has_the_address_of_a_row_is_taken_even_where_the_row_could_create_nobody() {
    let sim = BY_FIELD.account(30, |at| at < 15);
    // They have no external id.
    let people = sim.account(|account| {
        [true, false].map(|is_member| {
            let email = format!("alone-{is_member}@x.test");
            account.write_new(
                "users",
                json!({ "name": "Alone", "email": email,
                "user_fields": { "vip": is_member } }),
            )
        })
    });
    sim.advance_seconds(600);
    let mut rows: Vec<Value> = super::rows(0..15);
    rows.extend([true, false].map(|is_member| {
        json!({ "external_id": format!("M-{}", if is_member { 90 } else { 91 }),
            "email": format!("Alone-{is_member}@x.test") })
    }));
    rows.push(json!({ "external_id": "M-92", "email": "m3@x.test" }));
    let (said, done) = said_and_done(&sim, "external_id", &rows);
    assert_eq!(said, done);
    let expected: BTreeSet<String> = keys((0..15).chain([90, 91]));
    assert_eq!(BY_FIELD.members(&sim), expected);
    let taken = [id(&sim, 90), id(&sim, 91)];
    assert_eq!(taken, people);
}

#[test]
fn whoever_is_taken_and_in_the_organization_already_does_not_join_it() {
    let kind = KINDS[2];
    let sim = kind.account(30, |at| at < 15);
    let club = super::club(&sim);
    sim.account(|account| {
        let home = account.write_new("organizations", json!({ "name": "First" }));
        let alone = json!({ "name": "Alone", "email": "alone@x.test", "organization_id": home });
        let id = account.write_new("users", alone);
        let membership = json!({ "user_id": id, "organization_id": club });
        account.write_new("organization_memberships", membership);
    });
    sim.advance_seconds(600);
    let mut rows: Vec<Value> = super::rows(0..15);
    rows.push(json!({ "external_id": "M-90", "email": "alone@x.test", "name": "Alone" }));
    let options = kind.options(&json!({ "create_missing": true }));
    let catalog = mirror("external_id", "full_refresh", false);
    let ended = start(&sim, &Folder::new(), (&options, &catalog), whole(&rows), 0).end();
    let ended = ended.succeeded();
    assert_eq!(kind.members(&sim), keys((0..15).chain([90])));
    assert_eq!((ended.count("membersAdded"), ended.count("updated")), (0, 1));
}

#[test]
fn a_dry_run_knows_whose_external_id_is_taken() {
    let sim = BY_FIELD.account(30, |at| at < 15);
    let mut rows: Vec<Value> = (0..15).map(address).collect();
    rows.push(json!({ "email": "new@x.test", "name": "N", "external_id": key(20) }));
    let (said, done) = said_and_done(&sim, "email", &rows);
    assert_eq!(said, done);
}

#[test]
fn a_complete_that_the_platform_tells_without_a_state_removes_nobody() {
    let sim = BY_FIELD.account(80, |at| at < 60);
    let catalog = mirror("external_id", "full_refresh", false);
    let options = BY_FIELD.options(&json!({}));
    let input = whole(&super::rows(0..55));
    let cut_off: String = input
        .lines()
        .filter(|line| !line.contains("\"STATE\""))
        .map(|line| line.to_owned() + "\n")
        .collect();
    let ended = write_as_job(&sim, &options, &catalog, cut_off.clone()).succeeded();
    assert!(ended.logged("WARN").iter().any(|line| line.contains("no STATE followed")));
    assert_eq!(BY_FIELD.members(&sim), keys(0..60));
    write_as_job(&sim, &options, &catalog, input).succeeded();
    assert_eq!(BY_FIELD.members(&sim), keys(0..55));
    // Whatever else runs it may send no states at all.
    sim.advance_seconds(600);
    let fewer = cut_off.lines().skip(5).map(|line| line.to_owned() + "\n").collect();
    run_by(&sim, "external_id", &json!({}), fewer).succeeded();
    assert_eq!(BY_FIELD.members(&sim), keys(5..55));
}

#[test]
fn a_stream_that_is_cleared_removes_nobody() {
    let sim = BY_FIELD.account(30, |at| at < 15);
    let mut catalog = mirror("external_id", "full_refresh", false);
    let options = BY_FIELD.options(&json!({ "allow_empty": true }));
    let run = |catalog: &Value| {
        start(&sim, &Folder::new(), (&options, catalog), whole(&[]), 0).end().succeeded()
    };
    for mode in ["overwrite", "overwrite_dedup"] {
        catalog["streams"][0]["destination_sync_mode"] = json!(mode);
        assert_eq!(run(&catalog).states().len(), 1);
        assert_eq!(BY_FIELD.members(&sim), keys(0..15), "{mode}");
    }
    catalog["streams"][0]["destination_sync_mode"] = json!("append_dedup");
    run(&catalog);
    assert_eq!(BY_FIELD.members(&sim), keys([]));
}

#[test]
fn what_is_told_of_a_stream_of_the_same_name_elsewhere_is_of_another() {
    let sim = BY_FIELD.account(80, |at| at < 60);
    let rows: Vec<String> = (0..55).map(|at| record(&super::row(at))).collect();
    let end = [state(55, Some(55)), super::mirror::status("COMPLETE").replace("warehouse", "lake")];
    let input: String = rows.into_iter().chain(end).map(|line| line + "\n").collect();
    run_by(&sim, "external_id", &json!({}), input).succeeded();
    assert_eq!(BY_FIELD.members(&sim), keys(0..60));
}

#[test]
fn two_mirrors_in_one_sync_are_each_judged_by_their_own_stream() {
    let sim = BY_FIELD.account(80, |at| at < 60);
    let mut catalog = mirror("external_id", "full_refresh", false);
    let mut second = catalog["streams"][0].clone();
    second["stream"]["namespace"] = json!("lake");
    second["destination_object_name"] = json!("audience_mirror:kept");
    catalog["streams"].as_array_mut().unwrap().push(second);
    let mut options = BY_FIELD.options(&json!({ "max_removal_percent": 100 }));
    let other = json!({ "slug": "kept", "as": { "tag": "kept" } });
    options["audiences"].as_array_mut().unwrap().push(other);
    // Of the second one the last state is missing.
    let elsewhere = |line: String| line.replace("warehouse", "lake");
    let ours = whole(&super::rows(0..55));
    let theirs: String = elsewhere(whole(&super::rows(0..10)))
        .lines()
        .filter(|line| !line.contains("COMPLETE"))
        .map(|line| line.to_owned() + "\n")
        .collect();
    let ended =
        start(&sim, &Folder::new(), (&options, &catalog), theirs + &ours, 0).end().succeeded();
    assert_eq!(ended.states().len(), 2);
    assert_eq!(BY_FIELD.members(&sim), keys(0..55));
    let people = all(&sim, "users");
    let is_tagged =
        |row: &&Value| row["tags"].as_array().is_some_and(|tags| tags.contains(&json!("kept")));
    assert_eq!(people.iter().filter(is_tagged).count(), 80, "the second one removes nobody");
}

#[test]
fn keys_of_rows_in_other_letters_mean_the_same_members() {
    let sim = BY_FIELD.account(80, |at| at < 60);
    let rows: Vec<String> =
        (0..55).map(|at| record(&json!({ "external_id": format!(" m-{at} ") }))).collect();
    let end = [state(55, Some(55)), super::mirror::status("COMPLETE")];
    let input: String = rows.into_iter().chain(end).map(|line| line + "\n").collect();
    run_by(&sim, "external_id", &json!({}), input).succeeded();
    assert_eq!(BY_FIELD.members(&sim), keys(0..55));
}
