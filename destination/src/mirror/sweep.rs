//! Unmarks whoever is a member and was not among the rows of a mirror.

use futures_util::stream::{self, StreamExt, TryStreamExt};
use serde_json::{Map, Value, json};
use zendesk::error::ApiError;

use super::members::members;
use super::seen::Seen;
use crate::api::{SIDE_BY_SIDE, unreadable};
use crate::audience::Mark;
use crate::id::Id;
use crate::object::KeyField;
use crate::rejected::Reason;
use crate::rows::{Batch, Columns, Item, LARGEST, Layout};
use crate::writer::{Writer, Written};

/// An audience of fewer members is not held to the largest removal.
const SMALLEST_HELD: u64 = 20;

/// How a sweep ended.
#[derive(Debug)]
pub enum Swept {
    /// Whoever had to go is gone.
    Done(Done),
    /// More would have had to go than the config allows: nobody is gone.
    Stopped { removals: u64, members: u64 },
    /// It is not known whom some rows mean: nobody is gone.
    Unresolved(String),
}

/// Who is gone.
#[derive(Debug, Default)]
pub struct Done {
    /// The ids of those who are gone.
    pub removed: Vec<u64>,
    /// Members that stay.
    pub kept: u64,
    /// Those who should have gone, with the reasons why they could not.
    pub refused: Vec<(u64, Reason)>,
}

/// Sweeps the audience of a mirror's stream, once all of its rows are settled.
///
/// # Errors
/// [`ApiError`] when the members cannot be listed or read, or what came of a write cannot be found out.
pub async fn sweep(
    writer: &Writer,
    layout: &Layout,
    mark: &Mark,
    mut seen: Seen,
) -> Result<Swept, ApiError> {
    if let Some(why) = resolve(writer, layout, &mut seen).await? {
        return Ok(Swept::Unresolved(why));
    }
    let object = layout.bound.object;
    let mut listed = members(&writer.api, object, mark, |id| seen.has(id)).await?;
    listed.sort_unstable();
    listed.dedup();
    let (Some(removal), Some(key)) = (layout.for_removal(), layout.bound.key) else {
        return Err(unreadable("", "a mirror has no audience"));
    };
    // The list may be old. Each one is read as it is now, before it is decided whether too many would go. Whoever
    // has the key of a row stays, though the row did not find them: an index that lags, or an answer that left
    // somebody out, must remove nobody.
    let side_by_side = writer.config.max_jobs;
    let is_meant = |row: &Value| seen.means(object, row, key);
    let would = stream::iter(listed.chunks(LARGEST))
        .map(|ids| async {
            Ok(outcomes(writer.would(&removal, batch(&removal, ids), is_meant).await?))
        })
        .buffer_unordered(side_by_side)
        .try_concat()
        .await?;
    let would = match key == KeyField::Email && seen.has_unmet() {
        true => without_further_addresses(writer, &seen, would).await?,
        false => would,
    };
    let mut done = Done { kept: seen.kept(), ..Done::default() };
    let goes = done.take(would);
    let removals = goes.len() as u64;
    let members = done.kept + removals + done.refused.len() as u64;
    let is_held = members >= SMALLEST_HELD;
    let most = u128::from(members) * u128::from(writer.config.max_removal_percent);
    if is_held && u128::from(removals) * 100 > most {
        return Ok(Swept::Stopped { removals, members });
    }
    // Each batch is read once more right before it is written.
    let gone = stream::iter(goes.chunks(LARGEST))
        .map(|ids| async { Ok(outcomes(writer.write(&removal, batch(&removal, ids)).await?)) })
        .buffer_unordered(side_by_side)
        .try_concat()
        .await?;
    done.removed = done.take(gone);
    Ok(Swept::Done(done))
}

/// What came, or would come, of members: gone, or why not. Whoever is no member any more is left out.
type Outcomes = Vec<(u64, Result<(), Reason>)>;

fn outcomes(written: Vec<Written>) -> Outcomes {
    let one = |written: Written| {
        let id = written.item.key.as_ref()?.parse().ok()?;
        match written.came {
            Ok(_) => written.item.moved.is_some().then_some((id, Ok(()))),
            Err(why) => Some((id, Err(why))),
        }
    };
    written.into_iter().filter_map(one).collect()
}

impl Done {
    /// Keeps those who could not go, and returns the others.
    fn take(&mut self, outcomes: Outcomes) -> Vec<u64> {
        let mut gone = Vec::new();
        for (id, came) in outcomes {
            match came {
                Ok(()) => gone.push(id),
                Err(why) => self.refused.push((id, why)),
            }
        }
        gone
    }
}

/// Looks once more for whom rows mean that were not met. Says why it is not known of some.
async fn resolve(
    writer: &Writer,
    layout: &Layout,
    seen: &mut Seen,
) -> Result<Option<String>, ApiError> {
    let Some(keys) = seen.take_keys() else {
        return Ok(Some(
            "too many of its rows were rejected. Correct them, and sync again.".to_owned(),
        ));
    };
    let Some(key) = layout.bound.key.filter(|_| !keys.is_empty()) else { return Ok(None) };
    let keys = keys.into_iter().filter(|text| key != KeyField::Id || text.parse::<u64>().is_ok());
    let keys: Vec<String> = keys.collect();
    for keys in keys.chunks(LARGEST) {
        let found = writer.look.by_key(layout.bound.object, key, keys, true).await?;
        if let Some((key, why)) = found.refused.iter().next() {
            return Ok(Some(format!(
                "Zendesk cannot search for the key `{key}` ({why}). Correct it, and sync again."
            )));
        }
        for row in found.rows.values().flatten() {
            row["id"].as_u64().into_iter().for_each(|id| seen.met(id));
        }
    }
    Ok(None)
}

/// Leaves out whom the address of a row means by one that is not their first.
async fn without_further_addresses(
    writer: &Writer,
    seen: &Seen,
    would: Outcomes,
) -> Result<Outcomes, ApiError> {
    let asked = stream::iter(would).map(|(id, came)| async move {
        let identities = writer.look.identities(&Id::Number(id)).await?;
        Ok::<_, ApiError>((!seen.means_address(&identities)).then_some((id, came)))
    });
    let strangers: Vec<_> = asked.buffered(SIDE_BY_SIDE).try_collect().await?;
    Ok(strangers.into_iter().flatten().collect())
}

/// Items that unmark members, by their ids.
fn batch(removal: &Layout, ids: &[u64]) -> Batch {
    let mut columns = Columns::default();
    let item = |id: &u64| {
        let data: Map<_, _> = [(KeyField::Id.name().to_owned(), json!(id))].into_iter().collect();
        let wanted = columns.wanted(removal, &data).unwrap_or_default();
        Item::of_nobody(Some(id.to_string()), wanted)
    };
    Batch::of(ids.iter().map(item).collect())
}
