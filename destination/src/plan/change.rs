//! The differences between an item and the existing row.

use airbyte::destination::ledger::Move;
use serde_json::{Map, Value};

use crate::id::Id;

/// The differences, one part for each request that can write it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Change {
    pub id: Id,
    /// The fields that differ.
    pub body: Map<String, Value>,
    /// The new primary e-mail address.
    pub email: Option<String>,
    pub tags_added: Vec<String>,
    pub tags_removed: Vec<String>,
    /// The organization that the user joins.
    pub organization: Option<u64>,
    /// The membership that is deleted.
    pub ended: Option<u64>,
    pub comment: Option<String>,
    /// The effect on the audience of the stream.
    pub moved: Option<Move>,
    /// The names of the fields that differ.
    pub fields: Vec<String>,
}

impl Change {
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }
}
