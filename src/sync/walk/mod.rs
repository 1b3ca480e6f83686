//! Reads the streams of one feed: segment by segment, page by page. A page's rows and the positions
//! after them go out in one batch.

use self::search_windows::{freeze_bounds, search_on};
use self::segment::{Aim, Segment};
use self::window_fetchers::Fetchers;
use crate::config::Config;
use crate::streams::{ResolvedFeed, ResolvedStream};
use crate::sync::WalkError;
use crate::sync::children::parents::{changed_key, parent_keys};
use crate::sync::listing::context::Context;
use crate::sync::listing::member::{ActiveStream, Group};
use crate::sync::listing::pager::Listing;
use crate::sync::plan::time_filter;
use crate::sync::position::catch_up::{SegmentPlan, StreamState, WalkProgress, next_segment};
use crate::sync::position::windows;
use crate::sync::records::filter;
use zendesk::budget::WalkId;

mod changed_counts;
mod deliver;
#[cfg(test)]
mod interleavings;
mod named;
mod pages;
pub mod search_first;
pub mod search_windows;
pub mod segment;
pub mod silent_changes;
pub mod split_windows;
pub mod take;
pub mod window_fetchers;

/// Where a segment has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reached {
    /// At the place of the stream ahead.
    Aim,
    /// At the feed's end.
    End,
}

/// Reads every stream of a feed to its end.
pub async fn read(context: Context<'_>, mut group: Group) {
    let site = group.site.clone();
    let walk = FeedWalk { context: Context { site: site.as_ref(), ..context } };
    walk.read(&mut group).await;
}

/// The walk over one feed, on the feed's host.
#[derive(Clone, Copy)]
struct FeedWalk<'a> {
    context: Context<'a>,
}

impl FeedWalk<'_> {
    async fn read(self, group: &mut Group) {
        self.search_first(group).await;
        let ordered = group.feed.time_key().is_some();
        if group.feed.windows {
            let members = group.members.iter_mut().filter(|member| !member.keeps_waiting());
            let mut positions: Vec<_> = members.map(|member| &mut member.position).collect();
            windows::bring_together(&mut positions);
        }
        loop {
            let progress: Vec<WalkProgress> =
                group.members.iter().map(ActiveStream::progress).collect();
            let Some(mut plan) = next_segment(&progress, ordered) else { return };
            self.leave_children_behind(group, &progress, &mut plan);
            let result = self.segment(group, &plan).await;
            for at in &plan.who {
                let member = &mut group.members[*at];
                let Some(state) = state_behind(member, &plan, &result, &progress) else { continue };
                member.state = state;
                if state != StreamState::Reading {
                    self.context.report_end(member, result.clone().map(drop));
                }
            }
        }
    }

    /// Reads the fallbacks of streams that need that first, then lets each stream begin on the feed
    /// itself. A stream that fails does not begin, and the other streams go on.
    async fn search_first(self, group: &mut Group) {
        for (member, stream) in std::mem::take(&mut group.first) {
            let feed = member.stream.feed.root();
            let (members, first) = (vec![member], Vec::new());
            let mut detour = Group { site: None, feed, members, walk: group.walk, first };
            let result =
                self.segment(&mut detour, &SegmentPlan { who: vec![0], up_to: None }).await;
            let Some(member) = detour.members.pop() else { continue };
            if member.state == StreamState::Failed {
                continue;
            }
            if let Err(error) = result {
                self.context.report_end(&member, Err(error));
                continue;
            }
            let Context { client, config, .. } = self.context;
            let now = client.clock().now_unix();
            group.members.push(search_first::onward(member, stream, config, now));
        }
    }

    /// In a long history, lets streams that are read per parent or with files follow behind the
    /// others. They send requests for each row of the feed, and all streams that walk with them
    /// would have to wait.
    fn leave_children_behind(
        self,
        group: &Group,
        progress: &[WalkProgress],
        plan: &mut SegmentPlan,
    ) {
        let waits = |at: &usize| group.members[*at].keeps_waiting();
        let now = self.context.client.clock().now_unix();
        let is_long = plan.who.iter().any(|at| windows::is_long(progress[*at].point, now));
        if group.feed.windows && is_long && !plan.who.iter().all(waits) {
            plan.who.retain(|at| !waits(at));
        }
    }

    /// Reads one segment: to the feed's end, or up to the place of a stream ahead.
    async fn segment(self, group: &mut Group, plan: &SegmentPlan) -> Result<Reached, WalkError> {
        let Context { client, config, .. } = self.context;
        let known = group.members.iter().filter_map(|member| member.newest).max();
        let feed = &group.feed.clone();
        let leader = plan.up_to.map(|leader| &group.members[leader]);
        let timed = leader.filter(|_| feed.time_key().is_some());
        let aim = Aim {
            until: timed.map(|leader| leader.progress().point),
            ahead: leader.map(|leader| leader.position.clone()),
        };
        let listing = listing(feed, &group.members, group.walk, config);
        let mut listing = listing.at(self.context.site.cloned());
        let members = group.members.iter_mut().enumerate();
        let mut who: Vec<&mut ActiveStream> =
            members.filter(|(at, _)| plan.who.contains(at)).map(|(_, member)| member).collect();
        self.wait_out_refusal(feed, &who, group.walk).await?;
        freeze_bounds(self.context, feed, &mut who);
        let Some(first) = who.first_mut() else { return Ok(Reached::End) };
        let start = first.position.walk.place.token.clone();
        let now = client.clock().now_unix();
        listing.query.extend(time_filter::begin(feed, &mut first.position, now));
        let mut segment = Segment::new(feed, group.walk, who, &start, aim);
        segment.scope = config.ticket_scope;
        segment.path_params = self.context.path_params();
        segment.newest = segment.newest.max(known);
        silent_changes::read(self.context, &mut segment, &start).await?;
        let mut fetchers = Fetchers::new(client, listing);
        for start in segment.open_windows() {
            fetchers.start(start, feed.page_size(config), 0);
        }
        search_on(self.context, &mut segment, &mut fetchers);
        let result = pages::read(self.context, &mut segment, &mut fetchers).await;
        segment.count(fetchers.tally());
        for member in &mut segment.who {
            member.page_time = fetchers.page_time().or(member.page_time);
            member.newest = segment.newest;
        }
        let reached = if segment.aim.ahead.is_some() { Reached::Aim } else { Reached::End };
        if let Some(end) = result? {
            deliver::finish(self.context, segment, &end).await?;
        }
        Ok(reached)
    }

    /// Waits until the refusal ends that left these streams behind.
    async fn wait_out_refusal(
        self,
        feed: &ResolvedFeed,
        who: &[&mut ActiveStream],
        walk: WalkId,
    ) -> Result<(), WalkError> {
        let client = self.context.client;
        let until = who.iter().map(|member| member.refused_until).max().unwrap_or_default();
        let wait = until.saturating_sub(client.clock().elapsed());
        if wait.is_zero() {
            return Ok(());
        }
        let is_limit = who.iter().any(|member| member.is_limited);
        Ok(client.rest(feed.path(), walk, wait, is_limit).await?)
    }
}

/// What a stream does after a segment that it read. `None` if it failed by itself, which is
/// reported already.
fn state_behind(
    member: &ActiveStream,
    plan: &SegmentPlan,
    result: &Result<Reached, WalkError>,
    progress: &[WalkProgress],
) -> Option<StreamState> {
    match member.state {
        StreamState::Failed => return None,
        // Its place has not moved.
        StreamState::Behind => return Some(StreamState::Reading),
        StreamState::Reading | StreamState::Done => {}
    }
    Some(match (result, plan.up_to) {
        (Err(_), _) => StreamState::Failed,
        // The end came before the place of the one ahead.
        (Ok(Reached::End), Some(_)) if member.has_ended() => StreamState::Done,
        (Ok(_), Some(leader)) => progress[leader].state,
        // Other windows of a search are left.
        (Ok(_), None) if member.position.is_search() => StreamState::Reading,
        (Ok(_), None) => StreamState::Done,
    })
}

/// The feed's listing for all of its selected streams, whichever of them read the segment. A row
/// must look the same in every segment, so that it is recognized when it comes again.
pub(super) fn listing(
    feed: &ResolvedFeed,
    who: &[ActiveStream],
    walk: WalkId,
    config: &Config,
) -> Listing {
    let own: Vec<&ResolvedStream> =
        who.iter().filter(|member| !member.is_child()).map(|member| &*member.stream).collect();
    let mut listing = Listing::new(feed, feed.path().to_owned(), &own, walk, config);
    listing.want(feed.searched_key().map(|_| filter::SUPPORT_KEY));
    let children = || who.iter().filter(|member| member.is_child()).map(|member| &*member.stream);
    listing.want(parent_keys(feed, children()).all());
    listing.want(children().filter_map(changed_key));
    listing
}
