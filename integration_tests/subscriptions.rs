//! Who follows what. Followers are read again only where a parent changed or shows another number
//! of followers.

use std::collections::BTreeSet;

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
    let mut ids = run.records(stream).into_iter().map(|row| row["id"].to_string());
    ids.any(|listed| listed == id)
}

/// The distinct listings of subscriptions and votes that were requested.
fn asked(sim: &Simulator) -> BTreeSet<String> {
    let paths = sim.requests().into_iter().map(|seen| seen.path.replace(".json", ""));
    paths.filter(|path| path.ends_with("/subscriptions") || path.ends_with("/votes")).collect()
}

#[test]
fn new_followers_come_with_the_next_read_and_cost_one_request_each() {
    let sim = of_brands(140, 2);
    let connector = Connector::new(&sim);
    sim.advance_seconds(UNTIL_VISIBLE_SECONDS);
    let first = connector.read(&STREAMS, INCREMENTAL, &[]).complete();
    // Those at the edge of the last read are asked each time.
    sim.advance_seconds(3600);
    sim.clear_requests();
    let states = first.states_over(&[]);
    let quiet = connector.read(&STREAMS, INCREMENTAL, &states).complete();
    let edge = asked(&sim);
    let states = quiet.states_over(&states);
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
    let second = connector.read(&STREAMS, INCREMENTAL, &states).complete();
    assert!(has(&second, "post_subscriptions", &of_post));
    assert!(has(&second, "topic_subscriptions", &of_topic));
    assert!(has(&second, "article_subscriptions", &told));
    assert!(!has(&second, "article_subscriptions", &silent));
    // A follower is no vote, and the articles and sections that stayed as they were cost nothing.
    let mut news: Vec<String> = asked(&sim).difference(&edge).cloned().collect();
    news.sort_unstable_by_key(|path| path.contains("/articles/"));
    let [of_posts, of_topics, of_articles] = &news[..] else { panic!("{news:?}") };
    assert!(of_posts.contains("/posts/") && of_posts.ends_with("/subscriptions"), "{of_posts}");
    assert!(of_topics.contains("/topics/"), "{of_topics}");
    assert!(of_articles.contains("/articles/"), "{of_articles}");
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
