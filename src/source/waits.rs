//! Decides which long waits to report: one line for each limit, however many walks wait for it, and
//! one status for each stream. Each walk reports its own waits, and a stream has a walk for each
//! brand. Pure.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use zendesk::budget::{Bucket, Wait, WalkId};

/// Waits for one limit end within moments of each other. A wait that ends later than this is
/// another wait.
const SAME_WAIT: Duration = Duration::from_secs(5);

/// The most streams that a line names. Further streams are counted.
const MOST_NAMED: usize = 10;

/// What is waited for.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum What {
    Limit(Bucket),
    /// A refusal that no limit explains. It concerns the listing of these streams.
    Listing(BTreeSet<Cow<'static, str>>),
    /// An outage of the listing of these streams, with an end that Zendesk named.
    Outage(BTreeSet<Cow<'static, str>>),
}

/// A report of a wait that is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitNotice {
    /// The line. `None` if this wait has a line already.
    pub line: Option<String>,
    /// The streams whose wait was not reported yet.
    pub streams: Vec<Cow<'static, str>>,
    pub length: Duration,
    /// Whether the wait is for a limit. False for an outage that says when it ends.
    pub is_limit: bool,
}

/// The waits that were reported already. Times are on the clock's `elapsed`.
#[derive(Debug, Default)]
pub struct Waits {
    /// The streams of each walk.
    walks: HashMap<WalkId, Vec<Cow<'static, str>>>,
    lines: HashMap<What, Duration>,
    streams: HashMap<Cow<'static, str>, Duration>,
}

impl Waits {
    /// Starts with no reports. Waits of walks that are not named here are not reported.
    #[must_use]
    pub fn new(walks: impl IntoIterator<Item = (WalkId, Vec<Cow<'static, str>>)>) -> Self {
        Self { walks: walks.into_iter().collect(), ..Self::default() }
    }

    /// The reports that are due about waits that began together.
    pub fn note(&mut self, waits: &[Wait], now: Duration) -> Vec<WaitNotice> {
        let mut by_limit: BTreeMap<What, (BTreeSet<Cow<'static, str>>, Duration)> = BTreeMap::new();
        for wait in waits {
            let Some(names) = self.walks.get(&wait.walk) else { continue };
            let what = match wait.bucket {
                Some(bucket) => What::Limit(bucket),
                None if wait.is_limit => What::Listing(names.iter().cloned().collect()),
                None => What::Outage(names.iter().cloned().collect()),
            };
            let (streams, length) = by_limit.entry(what).or_default();
            streams.extend(names.iter().cloned());
            *length = wait.length.max(*length);
        }
        by_limit.into_iter().filter_map(|(what, wait)| self.say(what, wait, now)).collect()
    }

    fn say(
        &mut self,
        what: What,
        (mut streams, length): (BTreeSet<Cow<'static, str>>, Duration),
        now: Duration,
    ) -> Option<WaitNotice> {
        let until = now.saturating_add(length);
        let is_known = |known: Option<&Duration>| {
            known.is_some_and(|known| until <= known.saturating_add(SAME_WAIT))
        };
        let line = (!is_known(self.lines.get(&what))).then(|| line(&what, &streams, length));
        streams.retain(|name| !is_known(self.streams.get(name)));
        self.streams.extend(streams.iter().map(|name| (name.clone(), until)));
        let is_limit = !matches!(what, What::Outage(_));
        if line.is_some() {
            self.lines.insert(what, until);
        }
        let streams: Vec<_> = streams.into_iter().collect();
        (line.is_some() || !streams.is_empty()).then_some(WaitNotice {
            line,
            streams,
            length,
            is_limit,
        })
    }
}

fn line(what: &What, streams: &BTreeSet<Cow<'static, str>>, length: Duration) -> String {
    let why = match what {
        What::Limit(bucket) => of_limit(*bucket),
        What::Listing(_) => ASKED_TO_WAIT.to_owned(),
        What::Outage(_) => OUT_OF_SERVICE.to_owned(),
    };
    let named: Vec<&str> = streams.iter().take(MOST_NAMED).map(|name| &**name).collect();
    let more = match streams.len().saturating_sub(MOST_NAMED) {
        0 => String::new(),
        more => format!(" and {more} more streams"),
    };
    format!("{}{more}: {why}; continuing in {} s", named.join(", "), length.as_secs())
}

const ASKED_TO_WAIT: &str = "Zendesk asked to wait";
const OUT_OF_SERVICE: &str = "Zendesk is out of service and said when to come back";

fn of_limit(bucket: Bucket) -> String {
    format!("the rate limit of {} is used up", bucket.name())
}

/// What a request waits for.
#[must_use]
pub fn reason(wait: Wait) -> String {
    match wait.bucket {
        Some(bucket) => of_limit(bucket),
        None if wait.is_limit => ASKED_TO_WAIT.to_owned(),
        None => OUT_OF_SERVICE.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn wait(walk: u64, bucket: Option<Bucket>, seconds: u32) -> Wait {
        Wait { walk: walk.into(), bucket, is_limit: true, length: SECOND * seconds }
    }

    /// 300 brands, each with a walk of its own for articles and one for posts.
    fn of_brands() -> Waits {
        let walks = (0..600_u64)
            .map(|walk| (walk.into(), vec![["articles", "posts"][(walk % 2) as usize].into()]));
        Waits::new(walks)
    }

    #[test]
    fn one_line_tells_a_limit_and_one_status_each_stream_however_many_walks_wait() {
        let mut waits = of_brands();
        let limit = Some(Bucket::HelpCenter);
        let together: Vec<Wait> = (0..300).map(|walk| wait(walk, limit, 40)).collect();
        let said = waits.note(&together, SECOND);
        let line =
            "articles, posts: the rate limit of the help center is used up; continuing in 40 s";
        assert_eq!(
            said,
            [WaitNotice {
                line: Some(line.to_owned()),
                streams: vec!["articles".into(), "posts".into()],
                length: SECOND * 40,
                is_limit: true,
            }]
        );
        // The others come one by one.
        for walk in 300..600 {
            assert_eq!(waits.note(&[wait(walk, limit, 38)], SECOND * 3), []);
        }
        let next = waits.note(&[wait(7, limit, 60)], SECOND * 42);
        assert_eq!(next[0].streams, ["posts"]);
        assert!(next[0].line.is_some());
        // A stream that joins has no line of its own, but the platform hears of it.
        let joined = waits.note(&[wait(8, limit, 50)], SECOND * 52);
        assert_eq!((&joined[0].line, &joined[0].streams[..]), (&None, &["articles".into()][..]));
    }

    #[test]
    fn refusals_that_no_limit_explains_are_reported_by_stream_and_not_by_brand() {
        let mut waits = of_brands();
        let each = |walk| wait(walk, None, 30);
        let said: usize = (0..600).map(|walk| waits.note(&[each(walk)], SECOND).len()).sum();
        assert_eq!(said, 2);
        assert_eq!(waits.note(&[wait(9_999, None, 30)], SECOND), []);
    }

    #[test]
    fn a_line_names_ten_streams_and_counts_the_others() {
        let names = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"];
        let mut waits =
            Waits::new((0_u64..).map(WalkId::from).zip(names.map(|name| vec![name.into()])));
        let together: Vec<Wait> =
            (0..12).map(|walk| wait(walk, Some(Bucket::Account), 9)).collect();
        let said = waits.note(&together, SECOND);
        let line = said[0].line.as_deref().unwrap();
        assert!(line.starts_with("a, b, c, d, e, f, g, h, i, j and 2 more streams: "), "{line}");
        assert_eq!(said[0].streams.len(), 12);
    }
}
