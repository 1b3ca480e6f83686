//! Changes of the data, between requests and during a walk.

use super::*;
use crate::{Account, Prng};

#[test]
fn the_seed_decides_everything() {
    let data = || {
        tiny().account(|account| {
            let names = Account::resources().map(|name| (name, account.truth(name)));
            names.collect::<Vec<_>>()
        })
    };
    assert_eq!(data(), data());
}

#[test]
fn a_ticket_dies_comes_back_and_is_scrubbed() {
    let simulator = tiny();
    let key = simulator.account(|account| {
        let truths = account.truth("tickets");
        let live = truths
            .into_iter()
            .find(|truth| !truth.deleted && !account.row("tickets", &truth.key).unwrap().archived);
        live.unwrap().key
    });
    let field = |name: &str| {
        simulator.account(|account| {
            crate::row_text::get_text(&account.row("tickets", &key).unwrap().text, name)
        })
    };
    let is_listed = || truth(&simulator, "deleted_tickets").contains(&key);
    let status = field("status");
    simulator.account(|account| account.delete("tickets", &key));
    assert_eq!((field("status").as_deref(), is_listed()), (Some("deleted"), true));
    assert_eq!(get(&simulator, &format!("tickets/{key}/audits")).status, 404);
    simulator.account(|account| account.restore(&key));
    assert_eq!((field("status"), is_listed()), (status, false));
    simulator.account(|account| account.delete("tickets", &key));
    simulator.account(|account| account.scrub(&key));
    assert_eq!((field("subject").as_deref(), is_listed()), (Some("SCRUBBED"), false));
    simulator.account(|account| account.restore(&key));
    assert_eq!(field("status").as_deref(), Some("deleted"));
}

#[test]
fn silent_updates_and_touches_differ_in_what_they_stamp() {
    let simulator = tiny();
    let key = simulator.account(|account| account.create("tickets"));
    simulator.advance_seconds(100);
    simulator.account(|account| {
        let count = account.keys("ticket_events").len();
        let born = account.row("tickets", &key).unwrap().updated_at;
        account.silent_update(&key);
        let row = account.row("tickets", &key).unwrap();
        assert_eq!((row.updated_at, row.generated), (born, account.now()));
        assert_eq!(account.keys("ticket_events").len(), count);
        account.touch("tickets", &key);
        let row = account.row("tickets", &key).unwrap();
        assert_eq!((row.updated_at, row.generated), (account.now(), account.now()));
        assert_eq!(account.keys("ticket_events").len(), count + 1);
    });
}

#[test]
fn children_come_without_touching_their_parents() {
    let simulator = tiny();
    simulator.advance_seconds(10);
    simulator.account(|account| {
        let article = account.keys("articles").remove(0);
        let before = account.row("articles", &article).unwrap().text.clone();
        let comment = account.add_comment("articles", &article).unwrap();
        account.add_vote("article_comments", &comment).unwrap();
        account.add_vote("articles", &article).unwrap();
        assert_eq!(account.row("articles", &article).unwrap().text, before);
        account.delete("articles", &article);
        assert!(account.row("article_comments", &comment).is_none());
    });
}

#[test]
fn a_rename_moves_a_row_in_its_listing() {
    let simulator = tiny();
    let last = simulator.account(|account| {
        let key = account.keys("groups").remove(0);
        account.rename("groups", &key, "\u{10ffff} last");
        key
    });
    let pages = walk(&simulator, "groups?page[size]=100", |page| {
        (page["meta"]["has_more"] == true).then(|| route_of(&page["links"]["next"])).flatten()
    });
    assert_eq!(ids(&pages, "groups").pop(), Some(last));
}

#[test]
fn random_changes_leave_an_account_that_can_be_walked() {
    let simulator = tiny();
    let mut chance = Prng::new(7);
    simulator.on_request(move |_, account| {
        for _ in 0..5 {
            account.random_change(&mut chance);
        }
    });
    for _ in 0..60 {
        simulator.advance_seconds(7);
        assert_eq!(get(&simulator, "groups?page[size]=5").status, 200);
    }
    simulator.no_hook();
    simulator.advance_seconds(120);
    let route = "incremental/tickets/cursor?start_time=0&support_type_scope=all";
    let pages = walk(&simulator, route, |page| {
        (page["end_of_stream"] == false).then(|| route_of(&page["after_url"])).flatten()
    });
    assert_eq!(set(&ids(&pages, "tickets")), truth(&simulator, "tickets"));
    for name in Account::resources() {
        simulator.account(|account| account.truth(name));
    }
}

#[test]
fn requests_are_logged_without_secrets() {
    let simulator = tiny();
    get(&simulator, "incremental/tickets/cursor.json?start_time=0&include=metric_sets");
    let seen = simulator.requests().remove(0);
    assert_eq!((seen.n, seen.feed.as_str(), seen.status), (1, "tickets", 200));
    assert_eq!(seen.param("include"), Some("metric_sets"));
    assert_eq!(seen.authorization, crate::AuthorizationKind::Bearer);
    assert!(!format!("{seen:?}").contains(ADMIN_BEARER));
    simulator.clear_requests();
    assert!(simulator.requests().is_empty());
    assert_eq!(simulator.peak_in_flight(), 0);
}
#[test]
fn the_text_of_a_row_says_what_its_columns_say() {
    let simulator = tiny();
    let mut chance = Prng::new(3);
    for _ in 0..400 {
        simulator.advance_seconds(3);
        simulator.account(|account| account.random_change(&mut chance));
    }
    simulator.account(|account| {
        for ticket in account.truth("tickets") {
            assert_eq!(ticket.json["generated_timestamp"], ticket.at_unix);
            assert_eq!(ticket.json["status"] == "deleted", ticket.deleted);
        }
        for name in Account::resources() {
            for truth in account.truth(name) {
                let time = |field: &str| {
                    truth.json.get(field).and_then(Value::as_str).and_then(crate::clock::parse_iso)
                };
                let about = format!("{name} {}", truth.key);
                let row_at =
                    account.row(name, truth.key.trim_end_matches(":all").trim_end_matches(":any"));
                let updated_at = row_at.map(|row| row.updated_at);
                assert!(time("updated_at").is_none_or(|at| Some(at) == updated_at), "{about}");
                assert!(time("created_at").is_none_or(|at| at == truth.created_at), "{about}");
            }
        }
    });
}
