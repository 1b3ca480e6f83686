//! The requests that write up to a hundred rows with one job. Pure.
//!
//! Sources: Zendesk, "Create Many Users" and its like; "Custom Object Record Bulk Jobs".

use reqwest::Method;
use serde_json::{Value, json};

use crate::id::Id;
use crate::object::Object;

/// The request that starts a job.
#[derive(Debug, PartialEq)]
pub(super) struct JobRequest {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) query: Vec<(&'static str, String)>,
    pub(super) body: Option<Value>,
}

/// Creates rows. A record whose external id exists is refused, and never overwritten.
pub(super) fn creates(object: Object, rows: Vec<Value>) -> JobRequest {
    match object {
        Object::Records(_) => of_records(object, "create", Value::Array(rows)),
        _ => JobRequest {
            method: Method::POST,
            path: format!("{}/create_many", object.path()),
            query: Vec::new(),
            body: Some(json!({ object.list(): rows })),
        },
    }
}

/// Changes rows by id.
pub(super) fn updates(object: Object, rows: Vec<Value>) -> JobRequest {
    match object {
        Object::Records(_) => of_records(object, "update", Value::Array(rows)),
        _ => JobRequest {
            method: Method::PUT,
            path: format!("{}/update_many", object.path()),
            query: Vec::new(),
            body: Some(json!({ object.list(): rows })),
        },
    }
}

/// Deletes rows.
pub(super) fn deletes<'i>(object: Object, ids: impl Iterator<Item = &'i Id>) -> JobRequest {
    let ids: Vec<String> = ids.map(Id::to_string).collect();
    match object {
        Object::Records(_) => of_records(object, "delete", json!(ids)),
        _ => JobRequest {
            method: Method::DELETE,
            path: format!("{}/destroy_many", object.path()),
            query: vec![("ids", ids.join(","))],
            body: None,
        },
    }
}

fn of_records(object: Object, action: &str, items: Value) -> JobRequest {
    let path = match object {
        Object::Records(custom) => custom.jobs(),
        _ => object.path(),
    };
    JobRequest {
        method: Method::POST,
        path: path.to_owned(),
        query: Vec::new(),
        body: Some(json!({ "job": { "action": action, "items": items } })),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_have_calls_of_their_own_and_records_jobs() {
        let car = Object::of("custom_object:car").unwrap();
        let ids = [Id::Number(7), Id::Text("01G".into())];
        let shown = |request: JobRequest| {
            let body = request.body.map(|body| body.to_string()).unwrap_or_default();
            let query: Vec<String> =
                request.query.iter().map(|(name, value)| format!("{name}={value}")).collect();
            format!("{} {}?{} {body}", request.method, request.path, query.join("&"))
        };
        let row = || vec![json!({ "name": "A" })];
        for (request, expected) in [
            (creates(Object::Users, row()), r#"POST users/create_many? {"users":[{"name":"A"}]}"#),
            (updates(Object::Users, row()), r#"PUT users/update_many? {"users":[{"name":"A"}]}"#),
            (deletes(Object::Users, ids.iter()), "DELETE users/destroy_many?ids=7,01G "),
            (
                creates(car, row()),
                r#"POST custom_objects/car/jobs? {"job":{"action":"create","items":[{"name":"A"}]}}"#,
            ),
            (
                updates(car, row()),
                r#"POST custom_objects/car/jobs? {"job":{"action":"update","items":[{"name":"A"}]}}"#,
            ),
            (
                deletes(car, ids.iter()),
                r#"POST custom_objects/car/jobs? {"job":{"action":"delete","items":["7","01G"]}}"#,
            ),
        ] {
            assert_eq!(shown(request), expected);
        }
    }
}
