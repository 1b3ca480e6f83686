//! Decides what to do with organization memberships. Pure.

use std::collections::BTreeMap;

use airbyte::destination::ledger::Settled;
use serde_json::{Map, Value};

use super::whom::{ambiguous, of_whom, related_not_found};
use crate::config::Config;
use crate::id::Id;
use crate::object::{KeyField, Object, Operation};
use crate::rejected::Reason;
use crate::rows::{Doubt, Item, Layout};

/// What exists in Zendesk for the two ends of a membership.
#[derive(Clone, Debug, Default)]
pub struct Ends {
    /// The users who have the user's key.
    pub users: Vec<Value>,
    /// The only organization that has the organization's key.
    pub organization: Option<Id>,
    /// The user's memberships, by the id of the organization.
    pub memberships: BTreeMap<Id, Id>,
}

/// What to do with a membership.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Decision {
    Settle(Settled),
    Add(Map<String, Value>),
    Remove(Id),
}

/// Decides what to do with a membership.
///
/// # Errors
/// The [`Reason`] why the row is rejected.
pub(super) fn membership(
    layout: &Layout,
    item: &Item,
    ends: &Ends,
    config: &Config,
) -> Result<Decision, Reason> {
    let removes = layout.bound.operation == Operation::Delete;
    let fields = layout.bound.key.map(KeyField::fields).unwrap_or_default();
    let field = |at: usize| fields.get(at).copied();
    let settled = |usual| Ok(Decision::Settle(item.intended.unwrap_or(usual)));
    let missing = |at: usize| Err(related_not_found(field(at)));
    let user = match ends.users.as_slice() {
        // Without a user there is nothing to remove.
        [] if removes => return settled(Settled::Unchanged),
        [] => return missing(0),
        [user] => user,
        users => return Err(ambiguous(field(0), users)),
    };
    let id = of_whom(Object::Users, user, config)?;
    let Some(organization) = &ends.organization else {
        return if removes { settled(Settled::Unchanged) } else { missing(1) };
    };
    match (ends.memberships.get(organization), removes) {
        (Some(membership), true) => Ok(Decision::Remove(membership.clone())),
        (None, true) | (Some(_), false) => settled(Settled::Unchanged),
        (None, false) => match &item.doubt {
            // Zendesk refused it for another reason than that it exists: the message is Zendesk's.
            Some(Doubt::Duplicate(why)) => Err(why.clone()),
            _ => Ok(Decision::Add(body(id, organization.clone()))),
        },
    }
}

fn body(user: Id, organization: Id) -> Map<String, Value> {
    let pair = [("user_id", user), ("organization_id", organization)];
    pair.into_iter().map(|(name, id)| (name.to_owned(), id.into())).collect()
}

#[cfg(test)]
mod tests {
    use airbyte::destination::catalog::Descriptor;
    use airbyte::destination::ledger::Ledger;
    use serde_json::json;

    use super::*;
    use crate::rows::{Columns, Row};

    fn planned(
        operation: Operation,
        ends: &Ends,
        doubt: Option<Doubt>,
        options: &str,
    ) -> Result<Decision, Reason> {
        let text = format!(
            r#"{{"subdomain":"acme","credentials":{{"credentials":"oauth2.0","access_token":"x"}}{options}}}"#
        );
        let config = Config::parse(text.as_bytes()).unwrap();
        let object = Object::OrganizationMemberships;
        let layout = crate::rows::layout_of(object, operation, object.keys()[0]);
        let row = json!({ "user_external_id": "u", "organization_external_id": "o" });
        let wanted = Columns::default().wanted(&layout, row.as_object().unwrap()).unwrap();
        let key = layout.key(&wanted);
        let stream = Descriptor { namespace: None, name: "dim".into() };
        let row = Row { id: Ledger::default().came(&stream), data: Map::new() };
        let item = Item { doubt, ..Item::new(key, wanted, row) };
        membership(&layout, &item, ends, &config)
    }

    fn ends() -> Ends {
        Ends {
            users: vec![json!({ "id": 7, "role": "end-user" })],
            organization: Some(Id::Number(1)),
            memberships: [(Id::Number(1), Id::Number(99))].into(),
        }
    }

    #[test]
    fn a_membership_is_added_where_it_is_missing_and_removed_where_it_is_there() {
        let unchanged = Ok(Decision::Settle(Settled::Unchanged));
        let other = Ends { memberships: [(Id::Number(2), Id::Number(98))].into(), ..ends() };
        let (add, remove) = (Operation::Upsert, Operation::Delete);
        assert_eq!(planned(add, &ends(), None, ""), unchanged);
        assert_eq!(planned(remove, &other, None, ""), unchanged);
        assert_eq!(planned(remove, &ends(), None, ""), Ok(Decision::Remove(Id::Number(99))));
        let Ok(Decision::Add(body)) = planned(add, &other, None, "") else { panic!() };
        assert_eq!(Value::Object(body), json!({ "user_id": 7, "organization_id": 1 }));
    }

    #[test]
    fn who_is_missing_is_told_by_the_field_and_has_nothing_to_remove() {
        for (ends, field) in [
            (Ends { users: Vec::new(), ..ends() }, "user_external_id"),
            (Ends { organization: None, ..ends() }, "organization_external_id"),
        ] {
            let why = planned(Operation::Upsert, &ends, None, "").unwrap_err();
            let told = (why.reason.as_str(), why.field.as_deref());
            assert_eq!(told, ("related_not_found", Some(field)));
            let removed = planned(Operation::Delete, &ends, None, "");
            assert_eq!(removed, Ok(Decision::Settle(Settled::Unchanged)));
        }
    }

    #[test]
    fn agents_and_ambiguous_users_are_left_alone() {
        let agent = Ends { users: vec![json!({ "id": 7, "role": "agent" })], ..ends() };
        let two = Ends { users: vec![json!({ "id": 7 }), json!({ "id": 8 })], ..ends() };
        for operation in [Operation::Upsert, Operation::Delete] {
            let why = planned(operation, &agent, None, "").unwrap_err();
            assert_eq!(why.reason, "not_an_end_user");
            assert_eq!(planned(operation, &two, None, "").unwrap_err().reason, "ambiguous_key");
            assert!(planned(operation, &agent, None, r#","allow_agents":true"#).is_ok());
        }
    }

    #[test]
    fn a_refusal_is_told_in_zendesks_words_unless_the_membership_is_there() {
        let refused = Reason::new("RecordInvalid", None, "one organization only".into());
        let doubt = || Some(Doubt::Duplicate(refused.clone()));
        let none = Ends { memberships: BTreeMap::new(), ..ends() };
        assert_eq!(planned(Operation::Upsert, &none, doubt(), ""), Err(refused.clone()));
        let there = planned(Operation::Upsert, &ends(), doubt(), "");
        assert_eq!(there, Ok(Decision::Settle(Settled::Unchanged)));
    }
}
