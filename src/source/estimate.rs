//! About how many rows a sync will deliver, by Zendesk's own counts. They are asked for while the
//! walks are under way, one after another and with requests that nobody waits for; a count that
//! does not come is not missed.
//!
//! Source: Zendesk, "Tickets: Count Tickets" and its like. Past 100,000 a count is up to a day old.

use futures_util::future::try_join_all;
use serde::Deserialize;
use tokio::sync::Mutex;

use crate::protocol::emitter::{Closed, Emitter};
use crate::protocol::message::Level;
use crate::streams::Stream;
use crate::zendesk::budget::Bucket;
use crate::zendesk::client::Client;
use crate::zendesk::page::Shape;

/// What a count shows while Zendesk is still counting more than that.
const STILL_COUNTING: u64 = 100_000;

#[derive(Deserialize)]
struct Counted {
    count: Count,
}

#[derive(Deserialize)]
struct Count {
    value: u64,
    refreshed_at: Option<String>,
}

/// Tells about how many rows there are of these streams, which are read from their beginning.
///
/// # Errors
/// [`Closed`] when nobody reads any more.
pub async fn estimate(
    client: &Client,
    emitter: &Emitter,
    streams: &[&'static Stream],
) -> Result<(), Closed> {
    let turn = Mutex::new(());
    // All are polled at once: one that was handed a lock must be polled to give it back.
    let counts = by_count(streams).into_iter().map(|(path, streams)| {
        let turn = &turn;
        async move {
            // First the first page, which streams of one count have in common.
            let mut is_wanted = false;
            for stream in &streams {
                is_wanted |= emitter.until_begun(stream.name).await;
            }
            let _turn = turn.lock().await;
            if !is_wanted {
                return Ok(());
            }
            match count(client, path).await {
                Ok(rows) => {
                    for stream in streams {
                        emitter.estimate(stream.name, rows).await?;
                    }
                    Ok(())
                }
                Err(why) => {
                    let why = format!("there is no estimate by {path}: {why}");
                    emitter.log(Level::Debug, &why).await
                }
            }
        }
    });
    try_join_all(counts).await.map(drop)
}

/// Streams by the count that is true of them.
fn by_count(streams: &[&'static Stream]) -> Vec<(&'static str, Vec<&'static Stream>)> {
    let mut counts: Vec<(&'static str, Vec<&'static Stream>)> = Vec::new();
    for stream in streams {
        let Some(path) = stream.count else { continue };
        match counts.iter_mut().find(|(other, _)| *other == path) {
            Some((_, streams)) => streams.push(stream),
            None => counts.push((path, vec![stream])),
        }
    }
    counts
}

async fn count(client: &Client, path: &str) -> Result<u64, String> {
    let asked = client.ask_in_passing(path, &[Bucket::Account], &Shape::default()).await;
    value(&asked.map_err(|error| error.to_string())?.text.body).map_err(str::to_owned)
}

/// The count that a body holds.
fn value(body: &[u8]) -> Result<u64, &'static str> {
    let Counted { count } = serde_json::from_slice(body).map_err(|_| "the answer is no count")?;
    if count.refreshed_at.is_none() && count.value >= STILL_COUNTING {
        return Err("Zendesk is still counting");
    }
    Ok(count.value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_is_believed_unless_zendesk_is_still_counting() {
        let counted = |value: &str, at: &str| {
            super::value(
                format!(r#"{{"count":{{"value":{value},"refreshed_at":{at}}}}}"#).as_bytes(),
            )
        };
        assert_eq!(counted("102", r#""2026-11-21T00:00:00Z""#), Ok(102));
        assert_eq!(counted("102", "null"), Ok(102));
        assert_eq!(counted("5000000", r#""2026-11-21T00:00:00Z""#), Ok(5_000_000));
        assert!(counted("100000", "null").is_err());
        assert!(counted("-1", "null").is_err());
        assert_eq!(value(br#"{"count":{"value":7}}"#), Ok(7));
        assert!(value(br#"{"count":7}"#).is_err());
        assert!(value(b"").is_err());
    }
}
