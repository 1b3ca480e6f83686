//! Where each stream is written to, what is refused before the first row is read, and the dry run.

use serde_json::{Value, json};

use super::{catalog, config, seed, write};
use crate::account::{account, snapshot, touched, with};
use crate::run::{messages, messages_of, plain_catalog};

#[test]
fn a_plain_catalog_is_bound_by_the_config() {
    let sim = account();
    let options = config(&json!({ "streams": [
        { "stream": "dim_customers", "namespace": "elsewhere", "object": "organizations", "operation": "insert" },
        { "stream": "dim_customers", "namespace": "warehouse", "object": "users", "operation": "upsert",
          "match_on": "external_id", "fields": { "customer_id": "external_id", "mail": "email", "tier": "custom_plan" } },
    ] }));
    let catalog = plain_catalog(
        "dim_customers",
        "append",
        &["customer_id", "region"],
        &["customer_id", "mail", "tier", "name", "shoe_size"],
    );
    let row = |at: usize| {
        json!({ "customer_id": at, "mail": format!("c{at}@x.test"), "tier": "Gold", "name": "N", "shoe_size": 44,
        "_airbyte_raw_id": "x", "_airbyte_meta": {} })
    };
    let mut rows: Vec<Value> = (0..130).map(row).collect();
    rows.push(json!({ "customer_id": "  ", "name": "N" }));
    rows.push(json!({ "customer_id": 5_000_000, "mail": "bad", "name": "N" }));
    let ended = write(&sim, &options, &catalog, messages_of("dim_customers", &rows)).succeeded();
    assert_eq!(
        (ended.count("created"), ended.count("rejectedRecordCount")),
        (130, 2),
        "{:#?}",
        ended.logged("WARN")
    );
    let warnings = ended.logged("WARN");
    let told: Vec<&String> = warnings.iter().filter(|line| line.contains("shoe_size")).collect();
    assert_eq!(told.len(), 1, "{warnings:#?}");
    assert!(!told[0].contains("_airbyte"));
    assert!(
        warnings.iter().any(|line| line.contains("`5000000`") && line.contains("`email`")),
        "{warnings:#?}"
    );
    let found = &with(&sim, "users", "external_id", &json!("7"))[0];
    assert_eq!(
        (&found["email"], &found["user_fields"]["plan"]),
        (&json!("c7@x.test"), &json!("gold"))
    );
}

#[test]
fn streams_that_are_called_as_objects_need_no_entry() {
    let sim = account();
    seed(&sim, json!({ "external_id": "old", "name": "Old" }));
    let rows = [
        json!({ "external_id": "new", "name": "N" }),
        json!({ "external_id": "old", "name": "O" }),
    ];
    for (mode, counts) in
        [("append", (1, 0, 1)), ("append_dedup", (0, 1, 0)), ("update", (0, 0, 0))]
    {
        let catalog = plain_catalog("users", mode, &["external_id"], &["external_id", "name"]);
        let ended =
            write(&sim, &config(&json!({})), &catalog, messages_of("users", &rows)).succeeded();
        let told =
            (ended.count("created"), ended.count("updated"), ended.count("rejectedRecordCount"));
        assert_eq!(told, counts, "{mode}");
    }
    let catalog = plain_catalog("users", "soft_delete", &["external_id"], &["external_id"]);
    let ended = write(
        &sim,
        &config(&json!({ "allow_deletes": true })),
        &catalog,
        messages_of("users", &rows),
    )
    .succeeded();
    assert_eq!(ended.count("deleted"), 2);
}

#[test]
fn what_is_refused_is_refused_before_a_row_is_read() {
    let sim = account();
    let before = snapshot(&sim);
    let rows = [json!({ "external_id": "x", "name": "N" })];
    let bound = |more: Value| {
        let mut stream = json!({ "stream": "s", "object": "users", "operation": "upsert" });
        stream.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({ "streams": [stream] })
    };
    let plain =
        |name: &str, mode: &str| plain_catalog(name, mode, &["external_id"], &["external_id"]);
    for (options, catalog, culprits) in [
        (json!({}), plain("users", "soft_delete"), ["users", "allow_deletes"]),
        (json!({}), plain("users", "overwrite"), ["users", "overwrite"]),
        (json!({}), plain("dim", "append_dedup"), ["dim", "unknown_streams"]),
        (
            bound(json!({ "fields": { "a": "shoe_size" } })),
            plain("s", "append"),
            ["s`", "shoe_size"],
        ),
        (bound(json!({ "match_on": "name" })), plain("s", "append"), ["s`", "`name`"]),
        (bound(json!({ "object": "cars" })), plain("s", "append"), ["s`", "cars"]),
        (bound(json!({ "operation": "delete" })), plain("s", "append"), ["s`", "allow_deletes"]),
        (json!({}), catalog("cars", "append_dedup", Some("id")), ["rows", "cars"]),
        (json!({}), catalog("users", "append_dedup", Some("phone")), ["rows", "phone"]),
        (json!({}), catalog("users", "overwrite", Some("id")), ["rows", "overwrite"]),
    ] {
        let ended = write(&sim, &config(&options), &catalog, messages(&rows, 1));
        assert_eq!((ended.code, ended.states().len()), (Some(1), 0), "{culprits:?}");
        let told = ended.errors().join(" ");
        assert!(culprits.iter().all(|culprit| told.contains(culprit)), "{culprits:?}: {told}");
        let kind = &ended.of_type("TRACE")[0]["trace"]["error"]["failure_type"];
        assert_eq!(kind, "config_error", "{told}");
    }
    assert_eq!(touched(&before, &snapshot(&sim)), []);
    assert_eq!(sim.ledger().writes, []);
}

#[test]
fn a_stream_that_nothing_binds_is_rejected_or_left_out_as_is_wished() {
    let rows: Vec<Value> = (0..30).map(|at| json!({ "external_id": at, "name": "N" })).collect();
    for mode in ["reject", "skip"] {
        let sim = account();
        let catalog = plain_catalog("dim", "append", &[], &["external_id"]);
        let options = json!({ "unknown_streams": mode });
        let (ended, stored) =
            crate::operations::write_and_store(&sim, &options, &catalog, messages_of("dim", &rows));
        let rejected = if mode == "reject" { 30 } else { 0 };
        assert_eq!(
            (ended.count("rejectedRecordCount"), ended.count("recordCount")),
            (rejected, 30 - rejected)
        );
        assert_eq!(stored.len() as u64, rejected);
        assert!(stored.iter().all(|row| row["reason"] == "unknown_stream"));
        assert!(ended.logged("WARN").iter().any(|line| line.contains("dim")), "{mode}");
        assert_eq!(sim.ledger().writes, []);
    }
}

#[test]
fn a_dry_run_tells_all_and_writes_nothing() {
    let sim = account();
    for at in 0..40 {
        seed(
            &sim,
            json!({ "external_id": format!("U-{at}"), "name": "Same", "email": format!("u{at}@x.test") }),
        );
    }
    let before = snapshot(&sim);
    sim.clear_ledger();
    let row = |at: usize| json!({ "external_id": format!("U-{at}"), "name": if at < 15 { "Same" } else { "New" }, "email": format!("u{at}@x.test") });
    let mut rows: Vec<Value> = (0..140).map(row).collect();
    rows.extend((0..12).map(
        |at| json!({ "external_id": format!("B-{at}"), "name": "N", "custom_seats": "many" }),
    ));
    // An address that somebody has who has an external id.
    rows.push(json!({ "external_id": "other", "name": "N", "email": "u1@x.test" }));
    for (mode, expected) in [
        (
            "append_dedup",
            "would create 100, update 25, leave 15 unchanged, reject 13, mark 0, unmark 0",
        ),
        ("update", "would create 0, update 25, leave 15 unchanged, reject 113, mark 0, unmark 0"),
        ("append", "would create 100, update 0, leave 15 unchanged, reject 38, mark 0, unmark 0"),
    ] {
        let catalog = catalog("users", mode, Some("external_id"));
        let (ended, stored) = crate::operations::write_and_store(
            &sim,
            &json!({ "dry_run": true }),
            &catalog,
            messages(&rows, 50),
        );
        assert_eq!((ended.states().len(), stored.len()), (0, 0));
        let lines = ended.logged("INFO");
        assert!(lines.iter().any(|line| line.contains(expected)), "{mode}: {lines:#?}");
        assert!(ended.logged("WARN").iter().any(|line| line.contains("custom_seats")));
    }
    assert_eq!(touched(&before, &snapshot(&sim)), []);
    assert_eq!(sim.ledger().writes, []);
    assert_eq!(sim.requests().iter().filter(|request| request.is_write()).count(), 0);
}

#[test]
fn a_dry_run_meets_what_its_earlier_rows_would_have_written() {
    for (mode, expected) in [
        (
            "soft_delete",
            "would create 0, update 0, leave 110 unchanged, reject 0, mark 0, unmark 0, delete 110",
        ),
        (
            "append_dedup",
            "would create 110, update 0, leave 220 unchanged, reject 0, mark 0, unmark 0",
        ),
        ("append", "would create 110, update 0, leave 220 unchanged, reject 0, mark 0, unmark 0"),
    ] {
        let sim = account();
        let row = |at: usize| json!({ "external_id": format!("U-{at}"), "name": "Same" });
        let mut rows: Vec<Value> = (0..110).chain(0..110).map(row).collect();
        if mode == "soft_delete" {
            for at in 0..110 {
                seed(&sim, row(at));
            }
        } else {
            rows.extend((0..110).map(row));
        }
        let catalog = catalog("users", mode, Some("external_id"));
        let options = |is_dry: bool| config(&json!({ "dry_run": is_dry, "allow_deletes": true }));
        let told = write(&sim, &options(true), &catalog, messages(&rows, 50)).succeeded();
        let lines = told.logged("INFO");
        assert!(lines.iter().any(|line| line.ends_with(expected)), "{mode}: {lines:#?}");
        let done = write(&sim, &options(false), &catalog, messages(&rows, 50)).succeeded();
        let counts = ["created", "unchanged", "deleted"].map(|name| done.count(name).to_string());
        let [created, unchanged, deleted] = counts;
        assert!(expected.contains(&format!("create {created}, update 0, leave {unchanged} ")));
        assert!(deleted == "0" || expected.ends_with(&format!("delete {deleted}")));
    }
}

#[test]
fn a_dry_run_counts_rows_that_name_what_the_same_sync_would_create() {
    let sim = account();
    let catalog = json!({ "streams": [
        crate::run::stream("o", "organizations", "append_dedup", Some("external_id")),
        crate::run::stream("u", "users", "append_dedup", Some("external_id")),
    ] });
    let organizations: Vec<Value> = (0..20)
        .map(|at| json!({ "external_id": format!("O-{at}"), "name": format!("O {at}") }))
        .collect();
    let users: Vec<Value> = (0..20).map(|at| json!({ "external_id": format!("U-{at}"), "name": "N", "organization_external_id": format!("O-{at}") })).collect();
    let input = messages_of("o", &organizations) + &messages_of("u", &users);
    let ended = write(&sim, &config(&json!({ "dry_run": true })), &catalog, input).succeeded();
    let lines = ended.logged("INFO");
    assert_eq!(
        lines.iter().filter(|line| line.contains("would create 20,")).count(),
        2,
        "{lines:#?}"
    );
}
