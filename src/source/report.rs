//! Reports to the user and the platform while a sync runs: how streams end, and which limits they wait
//! for.

use tokio::sync::mpsc::UnboundedReceiver;

use super::endings::{Endings, Whole, some};
use super::failure;
use super::waits::Waits;
use crate::sync::WalkError;
use crate::sync::listing::member::{Ended, FileStats, Report};
use airbyte::message::{FailureType, Level, Status};
use airbyte::source::emitter::Emitter;
use airbyte::source::ledger::Totals;
use airbyte::stdout::Closed;
use zendesk::budget::Wait;
use zendesk::client::Client;
use zendesk::error::ErrorKind;

/// The most hosts for which a stream reports an error. Further hosts are only named.
const MOST_ERRORS: usize = 10;

/// Reports what the walks send.
pub struct Reporter<'r> {
    pub client: &'r Client,
    pub emitter: &'r Emitter,
    /// How streams ended at their hosts so far.
    pub endings: Endings,
    /// The waits that were reported already.
    pub waits: Waits,
    /// The streams that failed so far, and why.
    pub failed: &'r mut Vec<(String, FailureType)>,
}

impl Reporter<'_> {
    /// Reports until the last stream has ended. Returns whether the program was asked to stop.
    ///
    /// # Errors
    /// [`Closed`] when nobody reads the messages.
    pub async fn report(
        &mut self,
        mut ended: UnboundedReceiver<Ended>,
        mut waits: UnboundedReceiver<Wait>,
    ) -> Result<bool, Closed> {
        let mut stopped = false;
        loop {
            tokio::select! {
                one = ended.recv() => match one {
                    Some(one) => {
                        if let Some(whole) = self.endings.note(one)? {
                            stopped |= self.end(&whole).await?;
                        }
                    }
                    None => {
                        for warning in self.endings.left_out() {
                            self.emitter.log(Level::Warn, &warning).await?;
                        }
                        return Ok(stopped);
                    }
                },
                Some(wait) = waits.recv() => {
                    // Those that began to wait at the same moment are reported together.
                    let others = std::iter::from_fn(|| waits.try_recv().ok());
                    let together: Vec<Wait> = std::iter::once(wait).chain(others).collect();
                    self.waits(&together).await?;
                }
            }
        }
    }

    /// Reports which limits are waited for, and which streams wait for them.
    async fn waits(&mut self, together: &[Wait]) -> Result<(), Closed> {
        let clock = self.client.clock();
        for notice in self.waits.note(together, clock.elapsed()) {
            if let Some(line) = &notice.line {
                self.emitter.log(Level::Info, line).await?;
            }
            if !notice.is_limit {
                continue;
            }
            let until_unix = clock.now_unix().saturating_add_unsigned(notice.length.as_secs());
            let until_ms = u64::try_from(until_unix).unwrap_or_default().saturating_mul(1000);
            let streams: Vec<&str> = notice.streams.iter().map(|name| &**name).collect();
            self.emitter.rate_limited(&streams, until_ms).await?;
        }
        Ok(())
    }

    /// Reports how a stream ended. Returns true if it ended because the program was asked to stop.
    async fn end(&mut self, whole: &Whole) -> Result<bool, Closed> {
        let (name, emitter) = (&*whole.stream.name, self.emitter);
        let stopped = whole.errors.iter().any(is_stopped);
        let kinds = self.errors(whole).await?;
        if !stopped && !whole.errors.is_empty() {
            self.failed.push((name.to_owned(), failure::of_all(kinds)));
        }
        let status = if whole.errors.is_empty() { Status::Complete } else { Status::Incomplete };
        let totals = emitter.close(name, status).await?;
        for warning in warnings(name, &whole.report) {
            emitter.log(Level::Warn, &warning).await?;
        }
        if whole.report.files != FileStats::default() {
            let FileStats { fetched, bytes, left_out, missing } = whole.report.files;
            let files = format!(
                "{name}: {fetched} files fetched ({bytes} bytes), {left_out} left out, {missing} \
                 could not be fetched"
            );
            emitter.log(Level::Info, &files).await?;
        }
        emitter.log(Level::Info, &summary(whole, totals)).await?;
        Ok(stopped)
    }

    /// Reports the errors of a stream at its hosts: one ERROR, and only a few lines, however many
    /// hosts there are. Returns the failure type of each error.
    async fn errors(&self, whole: &Whole) -> Result<Vec<FailureType>, Closed> {
        let errors: Vec<_> = whole.errors.iter().filter(|error| !is_stopped(error)).collect();
        let (shown, more) = errors.split_at(errors.len().min(MOST_ERRORS));
        let mut kinds = Vec::new();
        for (number, (at, error)) in shown.iter().enumerate() {
            let trouble = failure::of_stream(&whole.stream, at.as_deref(), error);
            kinds.push(trouble.failure_type);
            match number {
                0 => self.emitter.error(&trouble).await?,
                _ => self.emitter.log(Level::Warn, &trouble.message).await?,
            }
        }
        if !more.is_empty() {
            let of_more = more
                .iter()
                .map(|(at, error)| failure::of_stream(&whole.stream, at.as_deref(), error));
            kinds.extend(of_more.map(|trouble| trouble.failure_type));
            let hosts: Vec<&str> = more.iter().filter_map(|(at, _)| at.as_deref()).collect();
            let name = &whole.stream.name;
            let why = format!("{name}: the stream also failed at these hosts: {}", some(&hosts));
            self.emitter.log(Level::Warn, &why).await?;
        }
        Ok(kinds)
    }
}

fn is_stopped((_, error): &(Option<String>, WalkError)) -> bool {
    matches!(error, WalkError::Api(error) if error.kind == ErrorKind::Stopped)
}

/// The warnings about what a stream lost of its rows, parents and files, one for each kind of loss.
fn warnings(name: &str, report: &Report) -> Vec<String> {
    let Report { coercion_failures, truncated, mended, rows_without_key, .. } = report;
    let Report { parents_skipped, files, .. } = report;
    let first = |first: &Option<String>| first.clone().unwrap_or_default();
    let mut warnings = Vec::new();
    if *coercion_failures > 0 {
        warnings.push(format!(
            "{name}: {coercion_failures} values of custom fields do not fit the types of their \
             columns and are null there. `meta.changes` of each record names the columns, and \
             the record still has the values as Zendesk sent them."
        ));
    }
    if *truncated > 0 {
        warnings.push(format!(
            "{name}: {truncated} rows were larger than 20 MB and lost their largest text. \
             `meta.changes` of each record names the field."
        ));
    }
    if *mended > 0 {
        warnings.push(format!(
            "{name}: {mended} rows had texts or values that are not valid JSON or not Unicode. \
             They were replaced, and `meta.changes` of each record names the fields."
        ));
    }
    if *rows_without_key > 0 {
        warnings.push(format!(
            "{name}: {rows_without_key} rows have no primary key or are not valid rows. They \
             were not delivered."
        ));
    }
    if *parents_skipped > 0 {
        warnings.push(format!(
            "{name}: {parents_skipped} parents were skipped: they were deleted, this user may \
             not see them, or they failed in several syncs. Check the first in Zendesk: {}",
            first(&report.first_skipped)
        ));
    }
    if files.missing > 0 {
        warnings.push(format!(
            "{name}: {} files could not be fetched, so their rows have no `file_reference`. The \
             first: {}",
            files.missing,
            first(&report.first_missing)
        ));
    }
    warnings
}

/// The last line of a stream: what was read, and what it took.
fn summary(whole: &Whole, totals: Totals) -> String {
    let name = &whole.stream.name;
    let Report { tally, waited, rows_without_key, parents_skipped, mended, cut_short, .. } =
        &whole.report;
    let left_out = match whole.left_out.len() {
        0 => String::new(),
        hosts => format!(", {hosts} help centers skipped"),
    };
    format!(
        "{name}: {} rows, {} pages, {} requests, {} states, {:.1} s waited, {rows_without_key} \
         rows not delivered, {parents_skipped} parents skipped, {mended} rows \
         repaired{left_out}{}",
        totals.rows,
        tally.pages,
        tally.requests,
        totals.states,
        waited.as_secs_f64(),
        match cut_short.seconds {
            0 => String::new(),
            seconds => format!(", {seconds} seconds incomplete"),
        },
    )
}
