//! Parents whose listings failed: which of them are passed over, and which streams end with them.

use std::borrow::Cow;

use crate::streams::ResolvedFeed;
use crate::sync::WalkError;
use crate::sync::listing::context::{Context, ends_everything};
use crate::sync::listing::member::ActiveStream;
use crate::sync::listing::pager::Pager;
use crate::sync::listing::refusals::RefusalsByFeed;
use crate::sync::position::failing::Judged;
use crate::sync::position::frontier::Frontier;
use crate::sync::position::path_params::{PathParams, fill_path};
use zendesk::budget::WalkId;
use zendesk::paging::Token;

/// A feed that ends at a failing parent, and the streams that end with it.
pub struct End {
    pub feed: String,
    pub streams: Vec<Cow<'static, str>>,
    pub why: WalkError,
}

/// A listing that was read in an earlier sync. It is requested again if some parents of its feed
/// failed and none was read. Its answer shows whether there is an outage.
pub struct Witness {
    pub feed: ResolvedFeed,
    pub path_params: PathParams,
}

/// Judges the parents whose listings failed. Passes over those that failed in several syncs, and
/// returns the feeds that end here. `is_over` says that nothing more is read after these parents.
pub fn judge_failures(
    who: &mut [&mut ActiveStream],
    refusals: &mut RefusalsByFeed,
    frontier: &mut Frontier,
    is_over: bool,
) -> Vec<End> {
    let mut ends = Vec::new();
    for feed in refusals.failures.feeds() {
        let is_below = |member: &ActiveStream| {
            let is_of = |above: &ResolvedFeed| above.name() == feed;
            member.is_reading() && member.stream.feed.lineage().iter().any(is_of)
        };
        let members = who.iter_mut().map(|member| &mut **member);
        let mut members: Vec<&mut ActiveStream> =
            members.filter(|member| is_below(member)).collect();
        let Some(first) = members.first() else {
            release(&feed, refusals, frontier);
            continue;
        };
        let failing = first.position.walk.children.failing.clone();
        let Judged { passed_over, end, counted } =
            refusals.failures.judge(&feed, &failing, is_over);
        for member in &mut members {
            let failing = &mut member.position.walk.children.failing;
            counted.iter().for_each(|parent| failing.failed(*parent));
            if let Some(ids) = refusals.failures.last_read(&feed).filter(|_| !counted.is_empty()) {
                failing.keep_witness(ids);
            }
            for failed in &passed_over {
                failing.passed_over(failed.parent);
                member.report.skip(failed.listings, &failed.error);
            }
        }
        let streams = members.iter().map(|member| member.stream.name.clone()).collect();
        ends.extend(end.map(|why| End { feed, streams, why }));
        for failed in passed_over {
            if !refusals.failures.holds(failed.number) {
                frontier.refuse(failed.number, refusals.answers());
            }
        }
    }
    frontier.judge(&refusals.answers());
    ends
}

/// The witnesses of feeds with failed parents, none of whose listings was read.
#[must_use]
pub fn witnesses(who: &[&mut ActiveStream], refusals: &RefusalsByFeed) -> Vec<Witness> {
    let witness = |name: String| {
        let members = who.iter().filter(|member| member.is_reading());
        let mut below = members.filter_map(|member| {
            let feed = member.stream.feed.lineage().into_iter().find(|feed| feed.name() == name)?;
            let path_params = member.position.walk.children.failing.witness(&feed)?;
            Some(Witness { feed, path_params })
        });
        below.next()
    };
    let failures = &refusals.failures;
    let feeds = failures.feeds().into_iter().filter(|feed| failures.last_read(feed).is_none());
    feeds.filter_map(witness).collect()
}

/// Requests the first page of each witness, and returns the witnesses that were answered.
///
/// # Errors
/// Only errors that end the whole sync.
pub async fn still_read(
    context: Context<'_>,
    witnesses: Vec<Witness>,
    walk: WalkId,
) -> Result<Vec<Witness>, WalkError> {
    let mut came = Vec::new();
    for Witness { feed, path_params } in witnesses {
        let listing = context.listing(&feed, fill_path(feed.path(), &path_params), &[], walk);
        let size = feed.page_size(context.config);
        match Pager::new(context.client, listing, Token::First, size).next().await {
            Ok(_) => came.push(Witness { feed, path_params }),
            Err(error) if ends_everything(&error) => return Err(error),
            Err(_) => {}
        }
    }
    Ok(came)
}

/// Releases the parents at which a feed ended. They no longer hold up other streams.
pub fn release(feed: &str, refusals: &mut RefusalsByFeed, frontier: &mut Frontier) {
    for number in refusals.failures.forget(feed) {
        frontier.refuse(number, refusals.answers());
    }
    frontier.judge(&refusals.answers());
}
