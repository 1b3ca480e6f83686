//! What differs between an item and what is there.

use airbyte::destination::ledger::Move;
use serde_json::{Map, Value};

use crate::id::Id;

/// What differs, each part by the call that changes just this.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Change {
    pub id: Id,
    /// The fields that differ.
    pub body: Map<String, Value>,
    /// The address that becomes the primary one.
    pub email: Option<String>,
    pub tags_added: Vec<String>,
    pub tags_removed: Vec<String>,
    /// The organization that the user joins.
    pub organization: Option<u64>,
    /// The membership that ends.
    pub ended: Option<u64>,
    pub comment: Option<String>,
    /// What it does to the audience of its stream.
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
