//! Refusals of listings per parent. Some are about one parent, others about the request or the
//! account.

use simulator::{Fault, Faults, Simulator};

use crate::equality::Warehouse;
use crate::harness::{Connector, INCREMENTAL, Run, simulator};
use crate::skips::account_of;

const ARTICLES: [&str; 3] = ["articles", "article_comments", "article_votes"];

/// Refusals that every other parent would get too.
fn of_no_parent() -> [(&'static str, Fault); 5] {
    let field = r#"{"errors":{"page":["is not valid"]}}"#.to_owned();
    [
        ("400", Fault::named(400, "InvalidValue")),
        ("400 by field", Fault::Status { status: 400, headers: Vec::new(), body: field }),
        ("422", Fault::named(422, "RecordInvalid")),
        ("404 InvalidEndpoint", Fault::named(404, "InvalidEndpoint")),
        ("404 of a web page", Fault::page(404)),
    ]
}

fn refuse(sim: &Simulator, feed: &str, fault: &Fault) {
    sim.faults(Faults::endless(feed, fault.clone()));
}

/// The WARN at the end about a stream's skipped parents.
fn told<'r>(run: &'r Run, stream: &str) -> Option<&'r str> {
    let own = format!("{stream}: ");
    run.logs("WARN").into_iter().find(|line| line.starts_with(&own) && line.contains("parents"))
}

#[test]
fn what_every_parent_would_be_answered_ends_the_stream_before_the_first() {
    for parents in [1, 2, 5] {
        for (what, fault) in of_no_parent() {
            let what = format!("{what}, {parents} parents");
            let sim = account_of(parents);
            let connector = Connector::new(&sim);
            refuse(&sim, "article_comments", &fault);
            let mut warehouse = Warehouse::default();
            let run = connector.read(&ARTICLES, INCREMENTAL, &[]);
            assert_eq!(run.code, Some(1), "{what}");
            assert_eq!(run.status("article_comments"), Some("INCOMPLETE"), "{what}");
            assert_eq!(run.status("article_votes"), Some("COMPLETE"), "{what}");
            warehouse.take(&run);
            sim.faults(Faults::none());
            let states = warehouse.states.clone();
            warehouse.take(&connector.read(&ARTICLES, INCREMENTAL, &states).complete());
            let found = warehouse.differences(&sim, &["article_comments"]);
            assert!(found.is_empty(), "{what}: {found:#?}");
        }
    }
}

#[test]
fn what_zendesk_says_of_a_parent_is_counted_quoted_and_names_it() {
    for fault in [Fault::named(404, "RecordNotFound"), Fault::named(410, "Gone")] {
        let sim = account_of(5);
        let connector = Connector::new(&sim);
        refuse(&sim, "article_comments", &fault);
        let run = connector.read(&ARTICLES, INCREMENTAL, &[]).complete();
        let told = told(&run, "article_comments").expect("a WARN");
        let Fault::Status { status, body, .. } = &fault else { unreachable!() };
        let name = body.split('"').nth(3).expect("a name");
        assert!(told.starts_with("article_comments: 5 parents"), "{told}");
        assert!(told.contains(&format!("answered {status}: {name}")), "{told}");
        assert!(told.contains("/articles/") && told.contains("/comments"), "{told}");
    }
}

#[test]
fn a_minority_that_is_refused_is_passed_over_whatever_the_refusal_is() {
    for (what, fault) in of_no_parent() {
        let sim = account_of(12);
        let connector = Connector::new(&sim);
        let mut asked = 0;
        sim.faults(Faults::by(move |seen| {
            let is_asked = seen.feed == "article_comments";
            asked += usize::from(is_asked);
            (is_asked && asked % 4 == 0).then(|| fault.clone())
        }));
        let run = connector.read(&ARTICLES, INCREMENTAL, &[]).complete();
        let told = told(&run, "article_comments").expect("a WARN");
        assert!(told.starts_with("article_comments: 3 parents"), "{what}: {told}");
    }
}

#[test]
fn what_every_grandparents_child_would_be_answered_ends_the_grandchildren_alone() {
    for (what, fault) in of_no_parent() {
        let sim = account_of(4);
        let connector = Connector::new(&sim);
        let streams = ["articles", "article_comments", "article_comment_votes"];
        refuse(&sim, "article_comment_votes", &fault);
        let mut warehouse = Warehouse::default();
        let run = connector.read(&streams, INCREMENTAL, &[]);
        assert_eq!(run.status("article_comment_votes"), Some("INCOMPLETE"), "{what}");
        assert_eq!(run.status("article_comments"), Some("COMPLETE"), "{what}");
        warehouse.take(&run);
        sim.faults(Faults::none());
        let states = warehouse.states.clone();
        warehouse.take(&connector.read(&streams, INCREMENTAL, &states).complete());
        let found = warehouse.differences(&sim, &streams);
        assert!(found.is_empty(), "{what}: {found:#?}");
    }
}

/// These parents are found by their numbers, after the walk's position has passed them.
#[test]
fn parents_that_their_numbers_name_are_held_too() {
    let sim = account_of(3);
    let connector = Connector::new(&sim);
    let first = connector.read(&["article_votes"], INCREMENTAL, &[]).complete();
    sim.advance_seconds(3600);
    let votes: Vec<String> = sim.account(|account| {
        let articles = account.keys("articles");
        let add = |key: &String| account.add_counted_vote("articles", key);
        articles.iter().filter_map(add).collect()
    });
    sim.advance_seconds(70);
    refuse(&sim, "article_votes", &Fault::named(422, "RecordInvalid"));
    let second = connector.read(&["article_votes"], INCREMENTAL, &first.states_over(&[]));
    assert_eq!(second.status("article_votes"), Some("INCOMPLETE"));
    sim.faults(Faults::none());
    let states = second.states_over(&first.states_over(&[]));
    let third = connector.read(&["article_votes"], INCREMENTAL, &states).complete();
    let came: Vec<String> =
        third.records("article_votes").iter().map(|row| row["id"].to_string()).collect();
    assert!(votes.iter().all(|vote| came.contains(vote)), "{votes:?} of {came:?}");
}

#[test]
fn files_that_are_all_refused_end_their_stream_and_few_are_quoted() {
    for (stream, path) in [
        ("ticket_attachments", "/attachments/"),
        ("article_attachments", "/hc/article_attachments/"),
    ] {
        for fault in [Fault::status(400), Fault::status(422), Fault::status(500), Fault::page(404)]
        {
            let sim = simulator(206);
            sim.advance_seconds(70);
            let mut connector = Connector::new(&sim);
            connector.include_files = Some(true);
            sim.faults(Faults::rule(path, simulator::When::Always, fault.clone()));
            let run = connector.read(&[stream], INCREMENTAL, &[]);
            assert_eq!(run.status(stream), Some("INCOMPLETE"), "{stream} {fault:?}");
            sim.faults(Faults::rule(path, simulator::When::EveryNth(9), fault.clone()));
            let run = connector.read(&[stream], INCREMENTAL, &[]);
            let told = run.logs("WARN");
            let told = told.iter().find(|line| line.contains("files could not be fetched"));
            if let Fault::Status { status, .. } = fault
                && status < 500
            {
                let told = told.expect("a WARN");
                assert!(told.contains(&format!("answered {status}")), "{told}");
                assert!(told.contains(&format!("the file of {stream}")), "{told}");
            }
        }
    }
}
