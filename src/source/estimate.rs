//! Estimates how many rows a sync will deliver, by Zendesk's own counts. The counts are requested
//! while the walks run, one after another, and no other request waits for them. A count that does
//! not come is left out.
//!
//! Sources: Zendesk, "Tickets: Count Tickets" and the counts of other listings (above 100,000 a
//! count is up to a day old); "Search: Show Results Count".

use std::sync::Arc;

use futures_util::future::{join_all, try_join_all};
use serde::Deserialize;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout_at};

use crate::config::Config;
use crate::streams::ResolvedStream;
use crate::streams::counts::Count as Counting;
use airbyte::message::Level;
use airbyte::source::emitter::Emitter;
use airbyte::stdout::Closed;
use zendesk::budget::Bucket;
use zendesk::client::Client;
use zendesk::page::Shape;

/// A stream that is read from its beginning.
#[derive(Clone, Debug)]
pub struct FromTheBeginning {
    pub stream: Arc<ResolvedStream>,
    /// The start date that limits the read, unix seconds.
    pub bound: Option<i64>,
}

/// The value of a count while Zendesk is still counting and the true number is larger.
const STILL_COUNTING: u64 = 100_000;

#[derive(Deserialize)]
struct Counted {
    count: Count,
}

/// The answer of a search's count.
#[derive(Deserialize)]
struct Found {
    count: u64,
}

#[derive(Deserialize)]
struct Count {
    value: u64,
    refreshed_at: Option<String>,
}

/// Reports about how many rows these streams have. They are read from their beginning. A count is
/// requested after the first page of its streams.
///
/// # Errors
/// [`Closed`] when nobody reads the output any more.
pub async fn estimate(
    client: &Client,
    emitter: &Emitter,
    config: &Config,
    streams: &[FromTheBeginning],
) -> Result<(), Closed> {
    let turn = Mutex::new(());
    // Polled together: see ARCHITECTURE, Invariants.
    let bounded = streams.iter().map(|FromTheBeginning { stream, bound }| (&**stream, *bound));
    let counts = by_count(bounded, config).into_iter().map(|((count, bound), streams)| {
        let turn = &turn;
        async move {
            // First the first page, which streams of one count have in common.
            let mut is_wanted = false;
            for stream in &streams {
                is_wanted |= emitter.until_begun(&stream.name).await;
            }
            let _turn = turn.lock().await;
            if !is_wanted {
                return Ok(());
            }
            let path = count.path();
            match asked(client, &count, bound).await {
                Ok(rows) => {
                    for stream in streams {
                        emitter.estimate(&stream.name, rows).await?;
                    }
                    Ok(())
                }
                Err(why) => {
                    let why = format!("no estimate from {path}: {why}");
                    emitter.log(Level::Debug, &why).await
                }
            }
        }
    });
    try_join_all(counts).await.map(drop)
}

/// About how many rows a first read of each of these streams would bring. A stream is left out if
/// Zendesk does not count it, or has not answered by the deadline.
pub async fn counts<'s>(
    client: &Client,
    config: &Config,
    streams: impl Iterator<Item = &'s ResolvedStream>,
    deadline: Instant,
) -> Vec<(&'s str, u64)> {
    let start = config.start.unix(client.clock().now_unix());
    let bounded = streams.map(|stream| (stream, stream.dated.then_some(start)));
    let counts =
        by_count(bounded, config).into_iter().map(|((count, bound), streams)| async move {
            let rows = timeout_at(deadline, Box::pin(asked(client, &count, bound))).await;
            rows.ok().and_then(Result::ok).map(|rows| (rows, streams))
        });
    let counted = join_all(counts).await.into_iter().flatten();
    counted
        .flat_map(|(rows, streams)| streams.into_iter().map(move |stream| (&*stream.name, rows)))
        .collect()
}

/// A count, and the lower bound in time that it is asked with, unix seconds.
type Asked = (Counting, Option<i64>);

/// Groups the streams by the count that is true for them.
fn by_count<'s>(
    streams: impl Iterator<Item = (&'s ResolvedStream, Option<i64>)>,
    config: &Config,
) -> Vec<(Asked, Vec<&'s ResolvedStream>)> {
    let mut counts: Vec<(Asked, Vec<&ResolvedStream>)> = Vec::new();
    for (stream, bound) in streams {
        let Some(count) = stream.counted(config) else { continue };
        let asked = (count, bound);
        match counts.iter_mut().find(|(other, _)| *other == asked) {
            Some((_, streams)) => streams.push(stream),
            None => counts.push((asked, vec![stream])),
        }
    }
    counts
}

async fn asked(client: &Client, count: &Counting, bound: Option<i64>) -> Result<u64, String> {
    let (path, query, shape) = (count.path(), count.query(bound), Shape::default());
    let asked = client.ask_in_passing(path, &query, &[Bucket::Account], &shape).await;
    let body = asked.map_err(|error| error.to_string())?.text.body;
    value(count, &body).map_err(str::to_owned)
}

/// The count in a body. A search answers with a number, a listing with an object.
fn value(counting: &Counting, body: &[u8]) -> Result<u64, &'static str> {
    let is_none = |_| "the answer has no count";
    if let Counting::Changed { .. } = counting {
        return serde_json::from_slice(body).map(|Found { count }| count).map_err(is_none);
    }
    let Counted { count } = serde_json::from_slice(body).map_err(is_none)?;
    if count.refreshed_at.is_none() && count.value >= STILL_COUNTING {
        return Err("Zendesk is still counting");
    }
    Ok(count.value)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LISTING: Counting = Counting::Whole("groups/count.json");

    #[test]
    fn a_count_is_believed_unless_zendesk_is_still_counting() {
        let counted = |value: &str, at: &str| {
            super::value(
                &LISTING,
                format!(r#"{{"count":{{"value":{value},"refreshed_at":{at}}}}}"#).as_bytes(),
            )
        };
        assert_eq!(counted("102", r#""2026-11-21T00:00:00Z""#), Ok(102));
        assert_eq!(counted("102", "null"), Ok(102));
        assert_eq!(counted("5000000", r#""2026-11-21T00:00:00Z""#), Ok(5_000_000));
        assert!(counted("100000", "null").is_err());
        assert!(counted("-1", "null").is_err());
        assert_eq!(value(&LISTING, br#"{"count":{"value":7}}"#), Ok(7));
        assert!(value(&LISTING, br#"{"count":7}"#).is_err());
        let search = Counting::Changed { of: "ticket" };
        assert_eq!(value(&search, br#"{"count":7}"#), Ok(7));
        assert!(value(&search, br#"{"count":"7"}"#).is_err());
        assert!(value(&LISTING, b"").is_err());
    }
}
