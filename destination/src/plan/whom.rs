//! Finds the row in Zendesk that a row means, or the reason why there is none. Pure.

use serde_json::Value;

use crate::config::Config;
use crate::id::Id;
use crate::object::Object;
use crate::rejected::Reason;

/// Returns the id of the row if it may be written.
pub(super) fn of_whom(object: Object, row: &Value, config: &Config) -> Result<Id, Reason> {
    let Some(id) = Id::of(&row["id"]) else {
        return Err(Reason::new(
            "unreadable",
            None,
            "Zendesk's answer has a row without an id".into(),
        ));
    };
    if object == Object::Users && !config.allow_agents && row["role"] != "end-user" {
        let why =
            format!("the user {id} is an agent or an administrator, and `allow_agents` is off");
        return Err(Reason::new("not_an_end_user", None, why));
    }
    Ok(id)
}

/// The reason if several rows have the key.
pub(super) fn ambiguous(key: Option<&str>, rows: &[Value]) -> Reason {
    let ids: Vec<String> = rows.iter().map(|row| row["id"].to_string()).collect();
    let why = format!("several rows in Zendesk have this key, with the ids {}", ids.join(", "));
    Reason::new("ambiguous_key", key, why)
}

/// The reason if the related row is not found.
pub(super) fn related_not_found(field: Option<&str>) -> Reason {
    let why = "the row that it refers to does not exist, or exists more than once".to_owned();
    Reason::new("related_not_found", field, why)
}
