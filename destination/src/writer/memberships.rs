//! What is special about organization memberships: both ends are searched, and a membership is checked if the
//! results of a job do not report it.

use std::collections::BTreeMap;

use airbyte::destination::ledger::Settled;
use serde_json::{Map, Value};
use zendesk::error::ApiError;

use super::{After, Writer, unknown};
use crate::id::Id;
use crate::jobs::Came;
use crate::object::{KeyField, Object, Operation, fold};
use crate::plan::{Ends, Found};
use crate::rejected::Reason;
use crate::rows::{Doubt, Item, Layout, text_of};

impl Writer {
    /// Finds the users and the organizations of items, and the memberships of these users.
    pub(super) async fn find_ends(
        &self,
        layout: &Layout,
        items: &[Item],
        found: &mut [Found],
    ) -> Result<(), ApiError> {
        let Some(KeyField::Pair(pair)) = layout.bound.key else { return Ok(()) };
        let [by_user, by_organization] = pair.by;
        let written = |item: &Item| -> Option<[String; 2]> {
            let values = layout.key_values(&item.wanted).into_iter();
            values.map(|(_, value)| text_of(value)).collect::<Vec<_>>().try_into().ok()
        };
        let written: Vec<Option<[String; 2]>> = items.iter().map(written).collect();
        let each = |at: usize| {
            let keys = written.iter().flatten().map(|keys| (fold(&keys[at]), keys[at].clone()));
            keys.collect::<BTreeMap<_, _>>().into_values().collect::<Vec<String>>()
        };
        let mut users = self.look.by_key(Object::Users, by_user, &each(0), true).await?;
        // In a dry run, earlier rows may have created some of them.
        for key in each(0).into_iter().filter(|_| self.config.dry_run) {
            if let Some(user) = self.planned().made(Object::Users, by_user, &key) {
                users.rows.entry(fold(&key)).or_insert_with(|| vec![user]);
            }
        }
        let organizations = self.look.ids(Object::Organizations, by_organization, &each(1)).await?;
        for (keys, found) in written.iter().zip(found.iter_mut()) {
            let Some([user, organization]) = keys else { continue };
            found.refused = users.refused.get(&fold(user)).cloned();
            found.ends = Some(Ends {
                users: users.rows.get(&fold(user)).cloned().unwrap_or_default(),
                organization: organizations.get(&fold(organization)).cloned(),
                memberships: BTreeMap::new(),
            });
        }
        self.find_own(found).await
    }

    /// Finds the memberships of the users that were found.
    async fn find_own(&self, found: &mut [Found]) -> Result<(), ApiError> {
        let user = |found: &Found| {
            let ends = found.ends.as_ref().filter(|ends| ends.organization.is_some())?;
            let [user] = ends.users.as_slice() else { return None };
            Id::of(&user["id"]).filter(|id| !id.is_planned())
        };
        let mut by_user: BTreeMap<Id, Vec<usize>> = BTreeMap::new();
        for (at, found) in found.iter().enumerate() {
            if let Some(id) = user(found) {
                by_user.entry(id).or_default().push(at);
            }
        }
        let asked = by_user.into_iter().map(|(id, places)| (places, id));
        let answers = self.look.memberships_of(asked).await?;
        for (places, memberships) in answers {
            for at in places {
                let Some(found) = found.get_mut(at) else { continue };
                match (&memberships, &mut found.ends) {
                    (Ok(memberships), Some(ends)) => {
                        let pair = |(at, id): (&u64, &u64)| (Id::Number(*at), Id::Number(*id));
                        ends.memberships = memberships.iter().map(pair).collect();
                    }
                    (Err(why), _) => found.refused = Some(why.clone()),
                    (Ok(_), None) => {}
                }
            }
        }
        Ok(())
    }
}

/// The results of a job that added memberships. A failed one may exist already, so it is checked.
pub(super) fn added(items: Vec<(Item, Map<String, Value>)>, came: Vec<Came>) -> Vec<(Item, After)> {
    let after = |came| match came {
        Came::Done | Came::Created(_) => After::Settled(Ok(Settled::Created)),
        Came::Failed(why) if why.is_conflict() => After::Doubt(Doubt::Conflict(why)),
        Came::Failed(why) => After::Doubt(Doubt::Duplicate(why)),
        Came::Unknown => unknown(),
    };
    items.into_iter().zip(came).map(|((item, _), came)| (item, after(came))).collect()
}

/// Whether a refusal may mean that the membership exists already.
pub(super) fn may_be_there(layout: &Layout, why: &Reason) -> bool {
    layout.bound.object == Object::OrganizationMemberships
        && layout.bound.operation == Operation::Upsert
        && why.http_status == Some(422)
}
