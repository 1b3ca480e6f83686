//! Votes and comments that do not change their parent's time. They come with the next read if the
//! parent's numbers show them, and cost requests for these parents only.

use serde_json::{Value, json};
use simulator::{Settings, Simulator};

use crate::harness::{Connector, INCREMENTAL, Run, SCALE, of_brands};

const UNTIL_VISIBLE_SECONDS: i64 = 70;

const STREAMS: [&str; 6] =
    ["articles", "article_votes", "posts", "post_votes", "post_comments", "post_comment_votes"];

/// The largest size of the `walk` in a saved state.
const LARGEST_WALK: usize = 8 << 10;

/// The ids of a stream's records.
fn ids(run: &Run, stream: &str) -> Vec<String> {
    run.records(stream).iter().map(|row| row["id"].to_string()).collect()
}

/// The number of parents whose votes were requested: the distinct paths of these requests.
fn asked(sim: &Simulator, collection: &str) -> usize {
    let requests = sim.requests();
    let of_parents = requests.iter().map(|seen| seen.path.as_str());
    let mut paths: Vec<&str> = of_parents
        .filter(|path| path.contains(collection) && path.contains("/votes"))
        .filter(|path| !path.contains("/comments/"))
        .collect();
    paths.sort_unstable();
    paths.dedup();
    paths.len()
}

fn walk<'r>(run: &'r Run, stream: &str) -> &'r Value {
    &run.state(stream).expect("a state")["walk"]
}

#[test]
fn what_only_moves_the_numbers_of_its_parent_comes_with_the_next_read() {
    let sim = of_brands(95, 2);
    let connector = Connector::new(&sim);
    sim.advance_seconds(UNTIL_VISIBLE_SECONDS);
    let first = connector.read(&STREAMS, INCREMENTAL, &[]).complete();
    // A vote each on an article and a post, a comment on another post; none of them is touched.
    sim.advance_seconds(3600);
    let (article_vote, post_vote, comment) = sim.account(|account| {
        let (articles, posts) = (account.keys("articles"), account.keys("posts"));
        (
            account.add_counted_vote("articles", &articles[3]).expect("a vote"),
            account.add_counted_vote("posts", &posts[2]).expect("a vote"),
            account.add_counted_comment(&posts[5]).expect("a comment"),
        )
    });
    sim.advance_seconds(UNTIL_VISIBLE_SECONDS);
    sim.clear_requests();
    let states = first.states_over(&[]);
    let second = connector.read(&STREAMS, INCREMENTAL, &states).complete();
    assert!(ids(&second, "article_votes").contains(&article_vote));
    assert!(ids(&second, "post_votes").contains(&post_vote));
    assert!(ids(&second, "post_comments").contains(&comment));
    // Few others share a bucket with them, or stand at the edge of the last read.
    let (articles, posts) = (asked(&sim, "/articles/"), asked(&sim, "/posts/"));
    assert!((1..=8).contains(&articles), "{articles} articles");
    assert!((2..=8).contains(&posts), "{posts} posts");
    for stream in ["article_votes", "post_votes", "post_comments", "post_comment_votes"] {
        assert!(walk(&second, stream)["numbers"].is_string(), "{stream}");
        assert!(walk(&second, stream).to_string().len() <= LARGEST_WALK, "{stream}");
    }
    // Where nothing moved nothing is read again.
    sim.advance_seconds(3600);
    sim.clear_requests();
    let states = second.states_over(&states);
    let third = connector.read(&STREAMS, INCREMENTAL, &states).complete();
    assert!(!ids(&third, "article_votes").contains(&article_vote));
    assert!(!ids(&third, "post_comments").contains(&comment));
    assert!(asked(&sim, "/articles/") <= 2, "{}", asked(&sim, "/articles/"));
}

#[test]
fn a_kill_before_the_children_came_asks_for_them_again() {
    let sim = of_brands(96, 2);
    let connector = Connector::new(&sim);
    sim.advance_seconds(UNTIL_VISIBLE_SECONDS);
    let streams = ["post_votes"];
    let first = connector.read(&streams, INCREMENTAL, &[]).complete();
    sim.advance_seconds(3600);
    let votes: Vec<String> = sim.account(|account| {
        let posts = account.keys("posts");
        posts.iter().filter_map(|post| account.add_counted_vote("posts", post)).collect()
    });
    sim.advance_seconds(UNTIL_VISIBLE_SECONDS);
    let mut states = first.states_over(&[]);
    let mut came = Vec::new();
    for lines in 1..200 {
        let run = connector.read_killed(&streams, INCREMENTAL, &states, lines * 3);
        came.extend(ids(&run, "post_votes"));
        states = run.states_over(&states);
        if run.code == Some(0) {
            break;
        }
    }
    for vote in &votes {
        assert!(came.contains(vote), "vote {vote}");
    }
}

/// A listing of more than ten requests is read at most once a day, so the vote comes a day later.
#[test]
fn the_numbers_of_many_parents_are_listed_once_a_day() {
    let sim = of_brands(97, 1);
    let connector = Connector::new(&sim);
    sim.account(|account| (0..60).for_each(|_| drop(account.create("posts"))));
    sim.advance_seconds(UNTIL_VISIBLE_SECONDS);
    let streams = ["post_votes"];
    let mut states = connector.read(&streams, INCREMENTAL, &[]).complete().states_over(&[]);
    sim.advance_seconds(3600);
    let vote = sim.account(|account| {
        let posts = account.keys("posts");
        account.add_counted_vote("posts", &posts[2]).expect("a vote")
    });
    sim.advance_seconds(UNTIL_VISIBLE_SECONDS);
    for (wait, comes) in [(0, false), (3600, false), (86_400, true), (3600, false)] {
        sim.advance_seconds(wait);
        let run = connector.read(&streams, INCREMENTAL, &states).complete();
        assert_eq!(ids(&run, "post_votes").contains(&vote), comes, "{wait} seconds later");
        states = run.states_over(&states);
    }
}

/// The account has more posts than the connector remembers while it lists them.
#[test]
fn what_moved_among_many_parents_is_found_too() {
    let settings = Settings { seed: 98, scale: SCALE, page_cap: None, ..Settings::default() };
    let sim = Simulator::start(settings).expect("the simulator starts");
    let mut connector = Connector::new(&sim);
    connector.config["num_workers"] = 20.into();
    sim.account(|account| (0..5_050).for_each(|_| drop(account.create("posts"))));
    sim.advance_seconds(UNTIL_VISIBLE_SECONDS);
    let first = connector.read(&["posts"], INCREMENTAL, &[]).complete();
    sim.advance_seconds(3600);
    // A state in which all posts were read, and had other numbers.
    let now = (sim.now_unix() - 600).to_string();
    let state = json!({
        "use_global_cursor": true, "state": { "updated_at": now }, "lookback_window": 0,
        "parent_state": { "posts": { "updated_at": now } },
        "walk": {
            "v": 1, "feed": "posts", "kind": "first", "token": "", "done": true,
            "cursor": sim.now_unix() - 600, "passed": sim.now_unix() - 600, "numbers": "0".repeat(2048),
        },
    });
    sim.clear_requests();
    let run = connector.read_from(&["post_votes"], INCREMENTAL, &state).complete();
    let wanted = sim.account(|account| account.keys("post_votes").len());
    assert!(wanted > 10 && run.records("post_votes").len() == wanted, "{wanted} votes");
    assert_eq!(asked(&sim, "/posts/"), first.records("posts").len());
}
