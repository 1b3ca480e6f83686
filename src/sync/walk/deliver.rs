//! Delivers a page: its rows, their files, and the children of its rows.

use std::borrow::Cow;

use super::segment::Segment;
use super::take::{Taken, TakenPage, WindowPage, WithFiles};
use crate::sync::WalkError;
use crate::sync::children::Children;
use crate::sync::children::failures::{Witness, still_read, witnesses};
use crate::sync::children::parents::ParentRow;
use crate::sync::children::shared::{Lent, NextPlace};
use crate::sync::files::Delivery;
use crate::sync::files::download::{DownloadStats, Downloads};
use crate::sync::listing::context::{Context, ends_everything};
use crate::sync::listing::member::ActiveStream;
use crate::sync::listing::pager::Pager;
use airbyte::source::emitter::Batch;
use zendesk::client::Fetched;
use zendesk::error::ApiError;
use zendesk::paging::Token;

/// Delivers one page, and the children of its rows.
pub(super) async fn page(
    context: Context<'_>,
    segment: &mut Segment<'_>,
    fetched: Fetched,
    window: usize,
    at: &Token,
    pager: &Pager,
) -> Result<Taken, WalkError> {
    let now = fetched.now_unix;
    let (next, ended) = (&pager.at, pager.ended);
    let asked = WindowPage { page: &fetched.page, window, at, next, ended, now };
    let TakenPage { mut batch, with_files, taken } = segment.take(asked);
    let has_children = segment.has_children();
    let parents =
        if has_children { segment.parents(&fetched.page, at, &taken) } else { Vec::new() };
    // What is needed of the page is in the batch, which may have to wait for its turn.
    let Fetched { page, slot, share, .. } = fetched;
    drop(page);
    // The page's slot goes back before files and children are asked for: with one worker
    // nothing could be asked otherwise.
    let slot = Some((slot, share)).filter(|_| with_files.is_empty());
    let failed = files(context, segment, &mut batch, with_files).await?;
    context.emitter.batch(batch).await?;
    for (stream, error) in failed {
        context.fail(segment.member(&stream), error);
    }
    drop(slot);
    if has_children {
        let (token, time) = match &segment.aim.ahead {
            Some(ahead) if segment.rows_arrived => (&ahead.walk.place.token, segment.aim.until),
            // A listing in no order of time has no place behind its last page.
            _ if pager.ended && segment.feed.time_key().is_none() => (at, taken.reached),
            _ => (&pager.at, taken.reached),
        };
        let next = NextPlace { token: token.clone(), time };
        children(context, segment, parents, next, now).await?;
    }
    Ok(taken)
}

/// Adds the lines of streams with files to a batch, as soon as the files are complete. A stream
/// whose files failed is left out, rows and position. Returns these streams with their errors.
async fn files(
    context: Context<'_>,
    segment: &mut Segment<'_>,
    batch: &mut Batch,
    with_files: Vec<WithFiles>,
) -> Result<Vec<(Cow<'static, str>, WalkError)>, WalkError> {
    let mut failed = Vec::new();
    for WithFiles { member, delivery } in with_files {
        let Delivery { stream, lines, files } = delivery;
        let name = &stream.name;
        let Some(keys) = stream.file else { continue };
        let mut stats = DownloadStats::default();
        let refusals = &mut segment.refusals;
        let (mut refused_at, mut first) = (None, None);
        let note = |missing: Option<ApiError>| {
            let is_missing = missing.is_some();
            first = first.take().or(missing.as_ref().map(ToString::to_string));
            let noted = refusals.note_file(keys, missing);
            if is_missing {
                refused_at = Some(refusals.count(keys.answers));
            }
            noted
        };
        let downloads = Downloads { context, stream: &stream, walk: segment.walk };
        let lines = downloads.fetch(lines, files, &mut stats, note).await;
        let answers = segment.refusals.count(keys.answers);
        if let Some(member) = segment.member(name) {
            member.report.note_files(stats.files, stats.requests, first);
        }
        match lines {
            Ok(lines) => batch.lines.extend(lines),
            Err(error) if ends_everything(&error) => return Err(error),
            Err(error) => {
                batch.parts.retain(|part| part.stream != *name);
                failed.push((name.clone(), error));
            }
        }
        let pending = segment.pending.entry(member).or_default();
        for part in batch.parts.iter_mut().filter(|part| part.stream == *name) {
            let position = part.position.take();
            part.position =
                position.and_then(|position| pending.push(position, refused_at, answers));
        }
    }
    Ok(failed)
}

/// Reads the children of these parents. `next` is the place after the page that lists them.
pub(super) async fn children(
    context: Context<'_>,
    segment: &mut Segment<'_>,
    parents: Vec<ParentRow>,
    next: NextPlace,
    now: i64,
) -> Result<(), WalkError> {
    let lent = Lent {
        who: std::mem::take(&mut segment.who),
        frontier: std::mem::take(&mut segment.frontier),
        refusals: std::mem::take(&mut segment.refusals),
    };
    let children = Children::new(context, &segment.feed, segment.walk, lent, next, now);
    let result = children.read(parents).await;
    let Lent { who, frontier, refusals } = children.into_lent();
    (segment.who, segment.frontier, segment.refusals) = (who, frontier, refusals);
    result
}

/// Moves the streams of a finished segment to its end, or to the place of the stream ahead.
pub(super) async fn finish(
    context: Context<'_>,
    mut segment: Segment<'_>,
    end: &Token,
) -> Result<(), WalkError> {
    judge_refusals(context, &mut segment, true).await?;
    segment.frontier.judge_all();
    segment.end(end, context.client.clock().now_unix());
    let parts = segment.alive().map(|member| member.part(0)).collect();
    context.emitter.batch(Batch { lines: Vec::new(), parts }).await?;
    Ok(())
}

/// Ends streams with too many refused parents, and streams that a failing parent holds up. `at_end`
/// says that the walk ends here.
pub(super) async fn judge_refusals(
    context: Context<'_>,
    segment: &mut Segment<'_>,
    at_end: bool,
) -> Result<(), WalkError> {
    if at_end {
        let asks = witnesses(&segment.who, &segment.refusals);
        for Witness { feed, path_params } in still_read(context, asks, segment.walk).await? {
            segment.refusals.failures.read(feed.name(), &path_params);
        }
    }
    let failed = segment.judge_refusals(at_end);
    // What their positions note of the parents that failed.
    let ends = |member: &&ActiveStream| failed.iter().any(|(name, _)| *name == member.stream.name);
    let children = segment.alive().filter(|member| member.is_child()).filter(ends);
    let parts = children.map(|member| member.part(0)).collect();
    context.emitter.batch(Batch { lines: Vec::new(), parts }).await?;
    for (stream, error) in failed {
        context.fail(segment.member(&stream), error);
    }
    Ok(())
}
