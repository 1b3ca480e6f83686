//! Writes a hundred rows with one job, and returns the result of each.

use std::collections::HashMap;

use airbyte::destination::ledger::Settled;
use serde_json::{Map, Value};
use zendesk::client::Repeat;
use zendesk::error::ApiError;

use super::memberships::added;
use super::requests::{JobRequest, creates, deletes, updates};
use super::roads::Verb;
use super::{After, Writer, unknown};
use crate::api::{Write, refusal};
use crate::id::Id;
use crate::jobs::{Came, JobEnd, Sent, attribute, attribute_unordered};
use crate::look::key_of;
use crate::object::{KeyField, Object};
use crate::plan::Change;
use crate::rejected::Reason;
use crate::rows::{Doubt, Item, Layout};

/// The result of a bulk request.
pub(super) enum Bulk {
    Came(Vec<Came>),
    /// The account does not allow this kind of request.
    Closed,
}

impl Writer {
    /// Creates rows.
    pub(super) async fn create(
        &self,
        layout: &Layout,
        mut items: Vec<(Item, Map<String, Value>)>,
    ) -> Result<Vec<(Item, After)>, ApiError> {
        let object = layout.bound.object;
        for (item, _) in &mut items {
            item.intended = Some(Settled::Created);
        }
        // Tickets are created one by one: a job of a killed run might create them a second time.
        if object == Object::Tickets || !self.roads.is_open(object, Verb::Create) {
            return self.create_singly(layout, items).await;
        }
        let (alone, items): (Vec<_>, Vec<_>) =
            items.into_iter().partition(|(item, _)| item.goes_alone());
        let mut done = self.create_singly(layout, alone).await?;
        if !items.is_empty() {
            done.extend(self.create_by_job(layout, items).await?);
        }
        Ok(done)
    }

    async fn create_by_job(
        &self,
        layout: &Layout,
        items: Vec<(Item, Map<String, Value>)>,
    ) -> Result<Vec<(Item, After)>, ApiError> {
        let object = layout.bound.object;
        let rows: Vec<Value> = items.iter().map(|(_, body)| Value::Object(body.clone())).collect();
        let key = |body: &Map<String, Value>| match object {
            Object::Records(_) => {
                body.get("external_id").and_then(Value::as_str).map(str::to_owned)
            }
            _ => None,
        };
        let sent: Vec<Sent> =
            items.iter().map(|(_, body)| Sent { id: None, external_id: key(body) }).collect();
        match self.bulk(object, Verb::Create, creates(object, rows), &sent).await? {
            Bulk::Closed => self.create_singly(layout, items).await,
            Bulk::Came(came) if object == Object::OrganizationMemberships => Ok(added(items, came)),
            Bulk::Came(came) => {
                let confirmed = self.confirmed(layout, &items, &came).await?;
                let items = items.into_iter().map(|(item, _)| item);
                let came = came.into_iter().zip(confirmed);
                Ok(items
                    .zip(came)
                    .map(|(mut item, (came, id))| {
                        item.meet(id.as_ref().and_then(Id::number));
                        let after = match came {
                            Came::Failed(why) => of_failed(why),
                            _ if id.is_some() => After::Settled(Ok(Settled::Created)),
                            Came::Created(_) | Came::Done | Came::Unknown => unknown(),
                        };
                        (item, after)
                    })
                    .collect())
            }
        }
    }

    /// Reads the rows that a job reports as created, and returns the id of each item's row, if it is found.
    /// The results of a creation have ids but no keys, and their order is not guaranteed.
    async fn confirmed(
        &self,
        layout: &Layout,
        items: &[(Item, Map<String, Value>)],
        came: &[Came],
    ) -> Result<Vec<Option<Id>>, ApiError> {
        let created = came.iter().filter_map(|came| match came {
            Came::Created(Some(id)) => Some(id.to_string()),
            _ => None,
        });
        let ids: Vec<String> = created.collect();
        if ids.is_empty() {
            return Ok(vec![None; items.len()]);
        }
        let rows = self.look.by_key(layout.bound.object, KeyField::Id, &ids, true).await?.rows;
        self.look.remember(layout.bound.object, rows.values().flatten());
        let by = |key: KeyField| -> HashMap<String, Id> {
            let rows = rows.values().flatten();
            rows.filter_map(|row| {
                Some((key_of(layout.bound.object, row, key)?, Id::of(&row["id"])?))
            })
            .collect()
        };
        let keys = [KeyField::ExternalId, KeyField::Email, KeyField::Name];
        let known = keys.map(|key| (key, by(key)));
        let id = |(_, body): &(Item, Map<String, Value>)| {
            let body = Value::Object(body.clone());
            known.iter().find_map(|(key, rows)| {
                let object = layout.bound.object;
                let is_names = *key == KeyField::Name && object != Object::Organizations;
                let key = key_of(object, &body, *key).filter(|_| !is_names)?;
                rows.get(&key).cloned()
            })
        };
        Ok(items.iter().map(id).collect())
    }

    /// Changes rows. First the parts that need requests of their own, then the fields that differ, with one
    /// job.
    pub(super) async fn change(
        &self,
        layout: &Layout,
        mut items: Vec<(Item, Change)>,
    ) -> Result<Vec<(Item, After)>, ApiError> {
        for (item, _) in &mut items {
            item.intended = item.intended.or(Some(Settled::Updated));
        }
        let mut done = Vec::new();
        let mut by_job = Vec::new();
        for (item, change, after) in self.change_parts(layout, items).await? {
            match after {
                Some(after) => done.push((item, after)),
                None if change.body.is_empty() => {
                    let settled = item.intended.unwrap_or(Settled::Updated);
                    done.push((item, After::Settled(Ok(settled))));
                }
                None => by_job.push((item, change)),
            }
        }
        if !by_job.is_empty() {
            done.extend(self.change_fields(layout, by_job).await?);
        }
        Ok(done)
    }

    async fn change_fields(
        &self,
        layout: &Layout,
        items: Vec<(Item, Change)>,
    ) -> Result<Vec<(Item, After)>, ApiError> {
        let object = layout.bound.object;
        if !self.roads.is_open(object, Verb::Update) {
            return self.change_singly(layout, items).await;
        }
        let (alone, items): (Vec<_>, Vec<_>) =
            items.into_iter().partition(|(item, _)| item.goes_alone());
        let mut done = self.change_singly(layout, alone).await?;
        if items.is_empty() {
            return Ok(done);
        }
        let row = |(_, change): &(Item, Change)| {
            let mut row = change.body.clone();
            row.insert("id".into(), change.id.clone().into());
            Value::Object(row)
        };
        let rows: Vec<Value> = items.iter().map(row).collect();
        let sent: Vec<Sent> = items
            .iter()
            .map(|(_, change)| Sent { id: Some(change.id.clone()), external_id: None })
            .collect();
        match self.bulk(object, Verb::Update, updates(object, rows), &sent).await? {
            Bulk::Closed => done.extend(self.change_singly(layout, items).await?),
            Bulk::Came(came) => done.extend(afters(items.into_iter().map(|(item, _)| item), came)),
        }
        Ok(done)
    }

    /// Deletes rows.
    pub(super) async fn delete(
        &self,
        layout: &Layout,
        mut items: Vec<(Item, Id)>,
    ) -> Result<Vec<(Item, After)>, ApiError> {
        let object = layout.bound.object;
        for (item, _) in &mut items {
            item.intended = Some(Settled::Deleted);
        }
        if !self.roads.is_open(object, Verb::Delete) {
            return self.delete_singly(layout, items).await;
        }
        let (alone, items): (Vec<_>, Vec<_>) =
            items.into_iter().partition(|(item, _)| item.goes_alone());
        let mut done = self.delete_singly(layout, alone).await?;
        if items.is_empty() {
            return Ok(done);
        }
        let request = deletes(object, items.iter().map(|(_, id)| id));
        let sent: Vec<Sent> =
            items.iter().map(|(_, id)| Sent { id: Some(id.clone()), external_id: None }).collect();
        match self.bulk(object, Verb::Delete, request, &sent).await? {
            Bulk::Closed => done.extend(self.delete_singly(layout, items).await?),
            Bulk::Came(came) => {
                // A row that no longer exists cannot be deleted. A search tells.
                let is_looked_at = !object.is_guarded();
                let sure = came.into_iter().map(|came| match came {
                    Came::Failed(_) if is_looked_at => Came::Unknown,
                    came => came,
                });
                done.extend(afters(items.into_iter().map(|(item, _)| item), sure.collect()));
            }
        }
        Ok(done)
    }

    /// Starts a job and returns the result of each item.
    async fn bulk(
        &self,
        object: Object,
        verb: Verb,
        request: JobRequest,
        sent: &[Sent],
    ) -> Result<Bulk, ApiError> {
        let JobRequest { method, path, query, body } = request;
        let request = format!("{method} /api/v2/{path}");
        let (path, body, repeat) = (path.as_str(), body.as_ref(), Repeat::AfterLooking);
        let write = Write { method, path, query, body, repeat, bucket: None };
        let ended = match self.board.run(write).await {
            // A request that is too large is written row by row.
            Err(error) if error.status == Some(413) => return Ok(Bulk::Closed),
            ended => ended?,
        };
        match ended {
            JobEnd::Results { job, results, is_whole } => {
                let came = match object {
                    Object::OrganizationMemberships => attribute_unordered(sent, &results, &job),
                    _ => attribute(sent, &results, &job),
                };
                let came = came.into_iter();
                let is_sure = |came: &Came| is_whole || !matches!(came, Came::Failed(_));
                let sure = came.map(|came| if is_sure(&came) { came } else { Came::Unknown });
                Ok(Bulk::Came(sure.collect()))
            }
            JobEnd::Unknown { .. } => Ok(Bulk::Came(vec![Came::Unknown; sent.len()])),
            JobEnd::Refused(reply) => {
                let error = refusal(&reply, &request);
                match reply.status {
                    403 if connector::refusals::is_scope(&error) => Err(error),
                    403 | 404 => {
                        self.roads.close(object, verb, &error.detail);
                        Ok(Bulk::Closed)
                    }
                    // One row that Zendesk does not accept may make it refuse all. Row by row, that row is
                    // found.
                    _ => Ok(Bulk::Closed),
                }
            }
        }
    }
}

fn afters(items: impl Iterator<Item = Item>, came: Vec<Came>) -> Vec<(Item, After)> {
    items
        .zip(came)
        .map(|(item, came)| {
            let after = match came {
                Came::Done | Came::Created(_) => {
                    After::Settled(Ok(item.intended.unwrap_or(Settled::Updated)))
                }
                Came::Failed(why) => of_failed(why),
                Came::Unknown => unknown(),
            };
            (item, after)
        })
        .collect()
}

/// What a failure means for the row.
pub(super) fn of_failed(why: Reason) -> After {
    if why.is_conflict() {
        After::Doubt(Doubt::Conflict(why))
    } else if why.is_duplicate() {
        After::Doubt(Doubt::Duplicate(why))
    } else {
        After::Settled(Err(why))
    }
}
