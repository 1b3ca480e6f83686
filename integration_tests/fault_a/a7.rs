//! `subdomain` is changed to that of another brand. Each brand keeps its own position.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use simulator::Simulator;

use crate::expected::{ByKey, listing, newest};
use crate::harness::{Connector, FULL, INCREMENTAL, Run, of_brands};

const STREAMS: [&str; 3] = ["articles", "article_votes", "posts"];

fn account(seed: u64, help_centers: usize) -> Simulator {
    let sim = of_brands(seed, help_centers);
    sim.advance_seconds(70);
    sim
}

/// The ids and subdomains of the brands with a help center, the account's own brand first.
fn brands(sim: &Simulator) -> Vec<(u64, String)> {
    let brands = sim.account(|account| account.help_centers());
    brands.into_iter().map(|brand| (brand.id, brand.subdomain)).collect()
}

/// The keys of a brand's articles among these rows, which either came or are in the account.
fn articles_of<'v>(rows: impl IntoIterator<Item = &'v Value>, brand: u64) -> BTreeSet<String> {
    let of_brand = rows.into_iter().filter(|row| row["brand_id"] == brand);
    of_brand.map(|row| row["id"].to_string()).collect()
}

fn all_of(sim: &Simulator, brand: u64) -> BTreeSet<String> {
    articles_of(listing(sim, "articles").values(), brand)
}

fn warnings(run: &Run) -> Vec<&str> {
    run.logs("WARN").into_iter().filter(|told| told.contains("another brand")).collect()
}

#[test]
fn a_brand_that_becomes_the_main_one_is_read_from_its_own_place_and_not_the_former_ones() {
    let sim = account(410, 2);
    let mut connector = Connector::new(&sim);
    let brands = brands(&sim);
    let (first, second) = (&brands[0], &brands[1]);
    connector.config["help_center_brands"] = json!([first.1]);
    let before = connector.read(&["articles"], INCREMENTAL, &[]).complete();
    assert_eq!(articles_of(before.records("articles"), first.0), all_of(&sim, first.0));
    assert_eq!(before.state("articles").expect("a state")["walk"]["brand"], first.0);
    // All of the other one's, and a word about it.
    connector.config["subdomain"] = json!(second.1);
    connector.config["help_center_brands"] = json!([second.1]);
    sim.advance_seconds(3600);
    let states = before.states_over(&[]);
    let moved = connector.read(&["articles"], INCREMENTAL, &states).complete();
    assert_eq!(articles_of(moved.records("articles"), second.0), all_of(&sim, second.0));
    let told = warnings(&moved);
    assert!(told.len() == 1 && told[0].contains(&first.0.to_string()), "{told:?}");
    let state = moved.state("articles").expect("a state");
    assert_eq!(state["walk"]["brand"], second.0);
    assert!(state["brands"][first.0.to_string()]["walk"].is_object(), "{state}");
    // Back again: nothing comes twice, and nothing is left to say.
    connector.config["subdomain"] = json!(first.1);
    connector.config.as_object_mut().expect("a config").remove("help_center_brands");
    sim.advance_seconds(3600);
    let states = moved.states_over(&states);
    let back = connector.read(&["articles"], INCREMENTAL, &states).complete();
    assert_eq!(back.records("articles"), Vec::<&Value>::new());
    assert_eq!(warnings(&back), Vec::<&str>::new());
    let state = back.state("articles").expect("a state");
    assert_eq!(state["walk"]["brand"], first.0);
    assert!(state["brands"][second.0.to_string()]["walk"].is_object(), "{state}");
}

#[test]
fn a_brand_that_was_renamed_keeps_its_place() {
    for of in [0, 1] {
        let sim = account(411, 2);
        let mut connector = Connector::new(&sim);
        let brands = brands(&sim);
        connector.config["subdomain"] = json!(brands[of].1);
        let before = connector.read(&STREAMS, INCREMENTAL, &[]).complete();
        let name = json!("acme-renamed");
        sim.account(|account| {
            account.set_field("brands", &brands[of].0.to_string(), "subdomain", &name.to_string());
        });
        connector.config["subdomain"] = name;
        sim.advance_seconds(3600);
        let states = before.states_over(&[]);
        let renamed = connector.read(&STREAMS, INCREMENTAL, &states).complete();
        assert_eq!(renamed.records("articles"), Vec::<&Value>::new());
        assert_eq!(warnings(&renamed), Vec::<&str>::new());
    }
}

#[test]
fn a_state_that_names_no_brand_is_the_main_ones() {
    let sim = account(412, 2);
    let connector = Connector::new(&sim);
    let brands = brands(&sim);
    let before = connector.read(&["articles"], INCREMENTAL, &[]).complete();
    let mut states = before.states_over(&[]);
    let state = &mut states[0]["stream"]["stream_state"];
    state["walk"].as_object_mut().expect("a walk").remove("brand").expect("a brand");
    sim.advance_seconds(3600);
    let next = connector.read(&["articles"], INCREMENTAL, &states).complete();
    assert_eq!(next.records("articles"), Vec::<&Value>::new());
    assert_eq!(next.state("articles").expect("a state")["walk"]["brand"], brands[0].0);
    // Airbyte's own has no walk at all.
    let at = next.state("articles").expect("a state")["updated_at"].clone();
    states[0]["stream"]["stream_state"] = json!({ "updated_at": at });
    let next = connector.read(&["articles"], INCREMENTAL, &states).complete();
    assert_eq!(articles_of(next.records("articles"), brands[1].0), all_of(&sim, brands[1].0));
    assert!(articles_of(next.records("articles"), brands[0].0).len() < 3);
}

#[test]
fn no_row_is_lost_however_often_the_subdomain_changes_and_the_process_is_killed() {
    for seed in 413..416 {
        let sim = account(seed, 3);
        let mut connector = Connector::new(&sim);
        let brands = brands(&sim);
        let mut states: Vec<Value> = Vec::new();
        let mut rows: BTreeMap<&str, ByKey> = BTreeMap::new();
        let turns = [1, 0, 2, 2, 0, 1, 2, 0];
        for (turn, lines) in turns.into_iter().zip([20, 35, 30, 40, 25, 60, 50, usize::MAX]) {
            let name = &brands[turn].1;
            connector.config["subdomain"] = json!(name);
            // One brand at a time, so that they are at different places; all of them at the end.
            let chosen = if lines == usize::MAX { vec![] } else { vec![name] };
            connector.config["help_center_brands"] = json!(chosen);
            let run = connector.read_killed(&STREAMS, INCREMENTAL, &states, lines);
            for stream in STREAMS {
                let known = rows.entry(stream).or_default();
                known.extend(newest(stream, run.records(stream)));
            }
            states = run.states_over(&states);
            if lines == usize::MAX {
                drop(run.complete());
            }
            sim.advance_seconds(600);
        }
        for stream in STREAMS {
            assert_eq!(rows[stream], listing(&sim, stream), "{stream}, seed {seed}");
        }
    }
}

#[test]
fn a_full_refresh_reads_every_brand_whatever_the_subdomain_is() {
    let sim = account(416, 3);
    let mut connector = Connector::new(&sim);
    let brands = brands(&sim);
    let first = connector.read(&STREAMS, FULL, &[]).complete();
    connector.config["subdomain"] = json!(brands[2].1);
    let states = first.states_over(&[]);
    let second = connector.read(&STREAMS, FULL, &states).complete();
    for stream in STREAMS {
        let all = listing(&sim, stream);
        assert_eq!(newest(stream, first.records(stream)), all, "{stream}");
        assert_eq!(newest(stream, second.records(stream)), all, "{stream}");
    }
}
