//! Finds what exists in Zendesk for the items of a batch, before anything is decided.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;
use zendesk::error::ApiError;

use super::Writer;
use crate::audience::Mark;
use crate::config::OrganizationMode;
use crate::fields::Place;
use crate::id::Id;
use crate::look::key_of;
use crate::object::{KeyField, Object, Operation};
use crate::plan::Found;
use crate::rows::{Doubt, Item, Layout, text_of};

impl Writer {
    /// Finds what exists for each item, in their order.
    pub(super) async fn found(
        &self,
        layout: &Layout,
        items: &[Item],
    ) -> Result<Vec<Found>, ApiError> {
        let mut found: Vec<Found> = items.iter().map(|_| Found::default()).collect();
        if layout.bound.object == Object::OrganizationMemberships {
            self.find_ends(layout, items, &mut found).await?;
            return Ok(found);
        }
        self.find_rows(layout, items, &mut found).await?;
        self.find_rivals(layout, items, &mut found).await?;
        if self.config.dry_run {
            self.meet_planned(layout, items, &mut found);
        }
        self.find_related(layout, items, &mut found).await?;
        if layout.bound.object == Object::Users {
            self.find_memberships(layout, items, &mut found).await?;
        }
        if self.config.dry_run {
            let planned = self.planned();
            found
                .iter_mut()
                .for_each(|found| planned.overlay_memberships(layout.bound.object, found));
        }
        Ok(found)
    }

    async fn find_rows(
        &self,
        layout: &Layout,
        items: &[Item],
        found: &mut [Found],
    ) -> Result<(), ApiError> {
        let keys = items.iter().filter(|item| item.key.is_some());
        let keys: Vec<(KeyField, String)> =
            keys.filter_map(|item| layout.written_key(&item.wanted)).collect();
        let Some((key, _)) = keys.first() else { return Ok(()) };
        let key = *key;
        let keys: Vec<String> = keys.into_iter().map(|(_, written)| written).collect();
        // A creation itself reveals that the row exists.
        let is_sure = !layout.bound.operation.creates() || self.config.dry_run;
        let looked = self.look.by_key(layout.bound.object, key, &keys, is_sure).await?;
        for (item, found) in items.iter().zip(found) {
            let Some(key) = &item.key else { continue };
            found.rows = looked.rows.get(key).cloned().unwrap_or_default();
            found.refused = looked.refused.get(key).cloned();
        }
        Ok(())
    }

    /// Applies the earlier changes of a dry run to what was found.
    fn meet_planned(&self, layout: &Layout, items: &[Item], found: &mut [Found]) {
        let (object, planned) = (layout.bound.object, self.planned());
        for (item, found) in items.iter().zip(found) {
            if found.rows.is_empty()
                && let Some((key, text)) = layout.written_key(&item.wanted)
            {
                found.rows.extend(planned.made(object, key, &text));
            }
            planned.overlay(object, found);
        }
    }

    /// Finds the users or organizations that block a creation which was refused.
    async fn find_rivals(
        &self,
        layout: &Layout,
        items: &[Item],
        found: &mut [Found],
    ) -> Result<(), ApiError> {
        let object = layout.bound.object;
        let by = match object {
            Object::Users => KeyField::Email,
            Object::Organizations => KeyField::Name,
            Object::Tickets | Object::OrganizationMemberships | Object::Records(_) => return Ok(()),
        };
        self.find_taken(layout, items, found).await?;
        let is_asked = |item: &Item, found: &Found| {
            let is_free = found.rows.is_empty() && found.taken.is_empty();
            is_free && self.may_collide(layout, item)
        };
        let rivals = self.others(layout, by, items, found, is_asked, true).await?;
        for (found, rows) in found.iter_mut().zip(rivals) {
            let Some(rows) = rows else { continue };
            // If it has the key of the stream, it is the row that is meant, and the index lagged.
            match layout.bound.key == Some(by) {
                true => found.rows = rows,
                false => found.rivals = rows,
            }
        }
        Ok(())
    }

    /// Finds rows with the external ids of items that have another key. Unlike an address, an external id is
    /// found immediately.
    async fn find_taken(
        &self,
        layout: &Layout,
        items: &[Item],
        found: &mut [Found],
    ) -> Result<(), ApiError> {
        let by = KeyField::ExternalId;
        let Some(key) = layout.bound.key.filter(|key| *key != by) else { return Ok(()) };
        let is_asked =
            |item: &Item, found: &Found| found.rows.is_empty() && self.may_collide(layout, item);
        let taken = self.others(layout, by, items, found, is_asked, false).await?;
        for ((item, found), rows) in items.iter().zip(found).zip(taken) {
            let Some(rows) = rows else { continue };
            // It may be the row that is meant, which the index does not show yet.
            match rows.iter().any(|row| key_of(layout.bound.object, row, key) == item.key) {
                true => found.rows = rows,
                false => found.taken = rows,
            }
        }
        Ok(())
    }

    /// Whether a row may exist that no creation reveals: the creation was refused, would be refused, or is
    /// not sent at all (in a dry run, or for a row that is not a member).
    fn may_collide(&self, layout: &Layout, item: &Item) -> bool {
        let creates = layout.bound.operation.creates();
        matches!(item.doubt, Some(Doubt::Duplicate(_)))
            || (creates && (self.config.dry_run || layout.leaves(&item.wanted)))
            || (creates && layout.lack(&item.wanted).is_some())
    }

    /// Finds rows by another key of the items, for the items selected.
    async fn others(
        &self,
        layout: &Layout,
        by: KeyField,
        items: &[Item],
        found: &[Found],
        is_asked: impl Fn(&Item, &Found) -> bool,
        is_sure: bool,
    ) -> Result<Vec<Option<Vec<Value>>>, ApiError> {
        let written = |(item, found): (&Item, &Found)| {
            let value = layout.value(&item.wanted, by.name()).and_then(Value::as_str);
            let value = value.filter(|text| is_asked(item, found) && !text.is_empty());
            value.map(str::to_owned)
        };
        let written: Vec<Option<String>> = items.iter().zip(found).map(written).collect();
        let keys: Vec<String> = written.iter().flatten().cloned().collect();
        let looked = self.look.by_key(layout.bound.object, by, &keys, is_sure).await?;
        let rows = |written: Option<String>| {
            looked.rows.get(&layout.bound.object.fold(&written?)).cloned()
        };
        Ok(written.into_iter().map(rows).collect())
    }

    async fn find_related(
        &self,
        layout: &Layout,
        items: &[Item],
        found: &mut [Found],
    ) -> Result<(), ApiError> {
        let mut named: BTreeMap<usize, Vec<String>> = BTreeMap::new();
        for item in items.iter().filter(|_| layout.bound.operation != Operation::Delete) {
            for (at, value) in &item.wanted {
                let place = layout.fields.get(*at).map(|field| &field.place);
                if matches!(place, Some(Place::Related(_))) && !value.is_null() {
                    named.entry(*at).or_default().push(text_of(value));
                }
            }
        }
        for (at, mut keys) in named {
            let Some(Place::Related(relation)) = layout.fields.get(at).map(|field| &field.place)
            else {
                continue;
            };
            let fold = |text: &str| relation.object.fold(text);
            keys.sort_unstable();
            keys.dedup_by(|one, other| fold(one) == fold(other));
            let ids: HashMap<String, Id> =
                self.look.ids(relation.object, relation.by, &keys).await?;
            for (item, found) in items.iter().zip(found.iter_mut()) {
                let text = item.wanted.get(&at).map(text_of);
                if let Some(id) = text.and_then(|text| ids.get(&fold(&text))) {
                    found.related.insert(at, id.clone());
                }
            }
        }
        Ok(())
    }

    /// Finds the organizations of users, if it matters whether they have more than the first one.
    async fn find_memberships(
        &self,
        layout: &Layout,
        items: &[Item],
        found: &mut [Found],
    ) -> Result<(), ApiError> {
        let mut asked = Vec::new();
        for (at, (item, found)) in items.iter().zip(found.iter()).enumerate() {
            // A user who is adopted by address may have organizations, too.
            let users = if found.rows.is_empty() { &found.rivals } else { &found.rows };
            let ([user], Some(wanted)) = (users.as_slice(), organization_of(layout, item, found))
            else {
                continue;
            };
            let is_first = user["organization_id"].as_u64() == Some(wanted);
            let is_replaced = self.config.organization_mode == OrganizationMode::Replace
                || layout.leaves(&item.wanted);
            let is_asked = |id: &Id| (!is_first || is_replaced) && !id.is_planned();
            if let Some(id) = Id::of(&user["id"]).filter(is_asked) {
                asked.push((at, id));
            }
        }
        let answers = self.look.memberships_of(asked).await?;
        for (at, memberships) in answers {
            let Some(found) = found.get_mut(at) else { continue };
            match memberships {
                Ok(memberships) => found.memberships = Some(memberships),
                Err(why) => found.refused = Some(why),
            }
        }
        Ok(())
    }
}

/// The organization that a user's row refers to.
fn organization_of(layout: &Layout, item: &Item, found: &Found) -> Option<u64> {
    item.wanted.iter().find_map(|(at, value)| match &layout.fields.get(*at)?.place {
        Place::Organization => value.as_u64(),
        Place::Related(relation) if relation.is_organization_of(Object::Users) => {
            found.related.get(at).and_then(Id::number)
        }
        Place::Mark(Mark::Organization(id)) => Some(*id),
        _ => None,
    })
}
