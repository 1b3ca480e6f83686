//! Why a write is refused. The same reason makes the answer to a single request and the result of a
//! job's item.

use crate::answer::Answer;
use serde_json::{Map, Value, json};

/// One complaint about one field.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Problem {
    pub(super) field: String,
    pub(super) description: String,
    pub(super) error: &'static str,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Refusal {
    /// 422: Zendesk, envelopes of errors, `RecordInvalid`.
    Invalid(Vec<Problem>),
    /// 400: a value of the wrong type. Names the attribute, such as `user.tags`, and the type that
    /// it must have.
    Attribute {
        name: String,
        must_be: &'static str,
        action: String,
    },
    /// 400: the body lacks the object that it must contain.
    Missing(&'static str),
    NotFound,
    Forbidden,
    /// 409: the row was changed in the meantime.
    Conflict,
    /// Something went wrong with a job.
    Broken,
}

impl Refusal {
    pub(super) fn of(field: &str, description: String, error: &'static str) -> Self {
        Self::Invalid(vec![Problem { field: field.to_owned(), description, error }])
    }

    pub(super) fn answer(&self) -> Answer {
        match self {
            Self::Invalid(problems) => {
                let mut details = Map::new();
                for problem in problems {
                    let list = details.entry(&problem.field).or_insert_with(|| json!([]));
                    if let Value::Array(list) = list {
                        list.push(json!({
                            "description": problem.description,
                            "error": problem.error,
                        }));
                    }
                }
                let body = json!({
                    "error": "RecordInvalid",
                    "description": "Record validation errors",
                    "details": details,
                });
                Answer::json(422, body.to_string())
            }
            Self::Attribute { .. } => {
                let message = self.words();
                let error = json!({ "title": "Invalid attribute", "message": message });
                Answer::json(400, json!({ "error": error }).to_string())
            }
            Self::Missing(name) => {
                let description = format!("Required parameter missing: {name}");
                Answer::bad_value("ParameterMissing", &description)
            }
            Self::NotFound => Answer::not_found(),
            Self::Forbidden => Answer::no_access(),
            Self::Conflict => {
                let body = json!({ "error": "UpdateConflict", "description": self.words() });
                Answer::json(409, body.to_string())
            }
            Self::Broken => Answer::json(500, r#"{"error":"InternalError"}"#),
        }
    }

    /// The name of the error in a job's item. If it has none, the one of the job's kind.
    pub(super) fn name(&self, of_job: &'static str) -> &'static str {
        match self {
            Self::Conflict => "UpdateConflict",
            Self::NotFound => "RecordNotFound",
            Self::Forbidden => "PermissionDenied",
            Self::Invalid(_) | Self::Attribute { .. } | Self::Missing(_) | Self::Broken => of_job,
        }
    }

    /// The reason in words, as the item of a job shows it.
    pub(super) fn words(&self) -> String {
        match self {
            Self::Invalid(problems) => {
                let words = problems.iter().map(|problem| problem.description.as_str());
                words.collect::<Vec<_>>().join("; ")
            }
            Self::Attribute { name, must_be, action } => format!(
                "You passed an invalid value for the {name} attribute. \
                 Invalid parameter: {name} must be {must_be} from {action}"
            ),
            Self::Missing(name) => format!("Required parameter missing: {name}"),
            Self::NotFound => "Not found".to_owned(),
            Self::Broken => "Something went wrong".to_owned(),
            Self::Forbidden => "You do not have access to this record".to_owned(),
            Self::Conflict => {
                "Safe Update prevented the update due to outdated ticket data. Please \
                               fetch the latest ticket data and try again."
                    .to_owned()
            }
        }
    }
}
