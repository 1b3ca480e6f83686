//! Adds rows for tests as other programs would write them. The simulator's ledger does not record
//! these writes.

use super::ledger::Ledger;
use super::refusal::Refusal;
use super::validation::Input;
use super::world::{Actor, World};
use crate::account::{ADMIN_USER_ID, Account};
use crate::auth::Role;
use serde_json::Value;

impl Account {
    /// Creates a user, an organization, a ticket or a membership with these attributes, like a
    /// request of an administrator. Returns its id.
    pub fn write_new(&mut self, object: &str, attributes: Value) -> u64 {
        let input = input(attributes);
        let made = self.as_admin(|world| match object {
            "users" => world.create_user(&input),
            "organizations" => world.create_organization(&input),
            "tickets" => world.create_ticket(&input).map(|(id, _)| id),
            "organization_memberships" => world.create_membership(&input),
            _ => panic!("{object} are not written to"),
        });
        made.unwrap_or_else(|refusal| panic!("{object} {input:?}: {}", refusal.words()))
    }

    /// Updates a user, an organization or a ticket, like a request of an administrator.
    pub fn write_over(&mut self, object: &str, id: u64, attributes: Value) {
        let input = input(attributes);
        let done = self.as_admin(|world| match object {
            "users" => world.update_user(id, &input),
            "organizations" => world.update_organization(id, &input),
            "tickets" => world.update_ticket(id, &input).map(|_| ()),
            _ => panic!("{object} are not written to"),
        });
        done.unwrap_or_else(|refusal| panic!("{object} {id} {input:?}: {}", refusal.words()));
    }

    fn as_admin<T>(
        &mut self,
        act: impl FnOnce(&mut World<'_>) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        let (mut ledger, unpermitted) = (Ledger::default(), Vec::new());
        let actor = Actor { user_id: ADMIN_USER_ID, role: Role::Admin };
        let (ledger, job) = (&mut ledger, None);
        act(&mut World { account: self, ledger, actor, job, unpermitted, adds_tags: false })
    }
}

fn input(attributes: Value) -> Input {
    match attributes {
        Value::Object(input) => input,
        other => panic!("{other} is no object"),
    }
}
