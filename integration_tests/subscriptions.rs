//! Who follows what: asked for again where a parent changed or counts another number of followers, and
//! for nobody else.

use simulator::{Account, Simulator};

use crate::harness::{Connector, INCREMENTAL, Run, of_brands};

const UNTIL_VISIBLE_SECONDS: i64 = 70;

const STREAMS: [&str; 6] = [
    "article_subscriptions",
    "section_subscriptions",
    "posts",
    "post_votes",
    "post_subscriptions",
    "topic_subscriptions",
];

fn has(run: &Run, stream: &str, id: &str) -> bool {
    run.records(stream).iter().any(|row| row["id"].to_string() == id)
}

/// The distinct paths that were asked for, of those that end so.
fn asked(sim: &Simulator, end: &str) -> Vec<String> {
    let mut paths: Vec<String> = sim.requests().into_iter().map(|seen| seen.path).collect();
    paths.retain(|path| path.trim_end_matches(".json").ends_with(end));
    paths.sort_unstable();
    paths.dedup();
    paths
}

#[test]
fn new_followers_come_with_the_next_read_and_cost_one_request_each() {
    let sim = of_brands(140, 2);
    let connector = Connector::new(&sim);
    sim.advance_seconds(UNTIL_VISIBLE_SECONDS);
    let first = connector.read(&STREAMS, INCREMENTAL, &[]).complete();
    sim.advance_seconds(3600);
    let (of_post, of_topic, silent, told) = sim.account(|account: &mut Account| {
        let (posts, topics) = (account.keys("posts"), account.keys("topics"));
        let of_post = account.add_counted_follower("posts", &posts[2]).expect("a post");
        let of_topic = account.add_counted_follower("topics", &topics[3]).expect("a topic");
        // One article stays as it is, the other is changed.
        let articles = account.keys("articles");
        let follow = |account: &mut Account, key: &str| {
            account.create_under("article_subscriptions", key.parse().ok())
        };
        let silent = follow(account, &articles[4]);
        let told = follow(account, &articles[5]);
        account.touch("articles", &articles[5]);
        (of_post, of_topic, silent, told)
    });
    sim.advance_seconds(UNTIL_VISIBLE_SECONDS);
    sim.clear_requests();
    let states = first.states_over(&[]);
    let second = connector.read(&STREAMS, INCREMENTAL, &states).complete();
    assert!(has(&second, "post_subscriptions", &of_post));
    assert!(has(&second, "topic_subscriptions", &of_topic));
    assert!(has(&second, "article_subscriptions", &told));
    assert!(!has(&second, "article_subscriptions", &silent));
    let of = |collection: &str, end: &str| {
        asked(&sim, end).iter().filter(|path| path.contains(collection)).count()
    };
    // Few others share a bucket with them, or stand at the edge of the last read.
    for collection in ["/posts/", "/topics/", "/articles/"] {
        let asked = of(collection, "/subscriptions");
        assert!((1..=4).contains(&asked), "{asked} of {collection}");
    }
    assert!(of("/sections/", "/subscriptions") <= 2);
    // A follower is no vote: none is asked for, but at the edge of the last read.
    assert!(of("/posts/", "/votes") < of("/posts/", "/subscriptions"));
    // Both numbers come from one listing of all posts, beside the walk.
    let of_posts = sim.requests().into_iter().filter(|seen| seen.feed == "posts").count();
    let posts = sim.account(|account| account.keys("posts").len());
    assert!(of_posts <= 2 * posts.div_ceil(5) + 2, "{of_posts} requests for {posts} posts");
    // The silent one comes with the weekly pass.
    sim.advance_seconds(7 * 86_400 + 3600);
    let states = second.states_over(&states);
    let third = connector.read(&STREAMS, INCREMENTAL, &states).complete();
    assert!(has(&third, "article_subscriptions", &silent));
}
