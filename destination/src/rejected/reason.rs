//! Why a row is rejected.

use std::error::Error;
use std::fmt;

use serde_json::Value;

/// Why a row is rejected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// One word: the program's own, or Zendesk's name of the error.
    pub reason: String,
    /// The field that caused it.
    pub field: Option<String>,
    /// A message of the program or of Zendesk.
    pub message: String,
    pub http_status: Option<u16>,
    pub job_id: Option<String>,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.reason, self.message)
    }
}

impl Error for Reason {}

impl Reason {
    /// No row in Zendesk has the key.
    pub const NOT_FOUND: &str = "not_found";

    #[must_use]
    pub fn new(reason: &str, field: Option<&str>, message: String) -> Self {
        let field = field.map(str::to_owned);
        Self { reason: reason.to_owned(), field, message, http_status: None, job_id: None }
    }

    /// Reads the reason from a refusal: Zendesk's name of the error, the field and the message.
    ///
    /// Source: Zendesk, "Using the Zendesk API: errors"; recorded answers.
    #[must_use]
    pub fn of_refusal(status: u16, body: &Value) -> Self {
        let error = match &body["error"] {
            Value::String(name) => name.clone(),
            object => object["title"].as_str().unwrap_or("Refused").to_owned(),
        };
        let by_field = body["details"].as_object().and_then(|details| details.iter().next());
        let (field, words) = match by_field {
            Some((field, what)) => {
                let first = what.get(0).unwrap_or(what);
                let words = first["description"].as_str().or(first.as_str()).unwrap_or_default();
                (Some(field.clone()), words.to_owned())
            }
            None => (None, String::new()),
        };
        let message = [
            words.as_str(),
            body["error"]["message"].as_str().unwrap_or_default(),
            body["description"].as_str().unwrap_or_default(),
            body["message"].as_str().unwrap_or_default(),
        ];
        let message = message.into_iter().find(|words| !words.is_empty()).unwrap_or_default();
        Self {
            reason: error,
            field,
            message: message.to_owned(),
            http_status: Some(status),
            job_id: None,
        }
    }

    /// Reads the reason from a failed item of a job. Its message may be text or the body of a refusal.
    #[must_use]
    pub fn of_item(item: &Value, job: &str) -> Self {
        let details = match &item["details"] {
            Value::String(text) => text.clone(),
            Value::Null => match &item["errors"] {
                Value::String(text) => text.clone(),
                list => list[0]["title"].as_str().unwrap_or_default().to_owned(),
            },
            other => other.to_string(),
        };
        let reason = item["error"].as_str().or(item["errors"][0]["code"].as_str());
        let reason = reason.unwrap_or("Failed").to_owned();
        let field = field_of(&details);
        Self { reason, field, message: details, http_status: None, job_id: Some(job.to_owned()) }
    }

    /// Whether a row in Zendesk already has the key or the address.
    #[must_use]
    pub fn is_duplicate(&self) -> bool {
        let words = self.message.to_lowercase();
        ["already being used", "already been taken", "already exists", "duplicatevalue"]
            .iter()
            .any(|phrase| words.contains(phrase))
            || self.reason == "DuplicateValue"
    }

    /// Whether another attempt may succeed, because the row was changed by someone else meanwhile.
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        self.reason.contains("Conflict") || self.message.contains("UpdateConflict")
    }
}

/// The field at the start of Zendesk's message: `Email: x is not properly formatted`.
fn field_of(words: &str) -> Option<String> {
    let known =
        [("Email", "email"), ("Name", "name"), ("External", "external_id"), ("Phone", "phone")];
    let found =
        known.iter().filter_map(|(word, field)| Some((words.find(&format!("{word}:"))?, *field)));
    found.max().map(|(_, field)| field.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn zendesks_envelopes_become_a_reason_a_field_and_words() {
        let body = json!({ "error": "RecordInvalid", "description": "Record validation errors", "details": {
            "email": [{ "description": "Email: a@x.test is already being used by another user", "error": "DuplicateValue" }] } });
        let why = Reason::of_refusal(422, &body);
        assert_eq!((why.reason.as_str(), why.field.as_deref()), ("RecordInvalid", Some("email")));
        assert!(why.is_duplicate() && why.message.starts_with("Email: a@x.test"));
        let body = json!({ "error": { "title": "Invalid attribute", "message": "You passed an invalid value" } });
        let why = Reason::of_refusal(400, &body);
        assert_eq!(
            (why.reason.as_str(), why.message.as_str()),
            ("Invalid attribute", "You passed an invalid value")
        );
        let item = json!({ "id": 3, "error": "UserUpdateError", "status": "Failed",
            "details": "Name: Email: x is not properly formatted" });
        let why = Reason::of_item(&item, "V3-1");
        assert_eq!((why.reason.as_str(), why.field.as_deref()), ("UserUpdateError", Some("email")));
        assert!(!why.is_duplicate() && !why.is_conflict());
        assert!(Reason::of_item(&json!({ "error": "UpdateConflict" }), "j").is_conflict());
        let item = json!({ "status": "failed", "errors": [{ "code": "RecordInvalid", "title": "Name: taken" }] });
        let why = Reason::of_item(&item, "j");
        let told = (why.reason.as_str(), why.message.as_str(), why.field.as_deref());
        assert_eq!(told, ("RecordInvalid", "Name: taken", Some("name")));
        assert_eq!(Reason::of_refusal(422, &Value::Null).reason, "Refused");
    }
}
