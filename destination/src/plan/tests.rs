use serde_json::json;

use super::*;
use crate::object::KeyField;
use crate::rows::Columns;

fn config(options: &str) -> Config {
    let text = format!(
        r#"{{"subdomain":"acme","credentials":{{"credentials":"oauth2.0","access_token":"x"}}{options}}}"#
    );
    Config::parse(text.as_bytes()).unwrap()
}

fn item(layout: &Layout, row: &Value) -> Item {
    let wanted = Columns::default().wanted(layout, row.as_object().unwrap()).unwrap();
    Item::of_nobody(layout.key(&wanted), wanted)
}

fn planned(operation: Operation, row: &Value, found: &Found, options: &str) -> Plan {
    let layout = crate::rows::layout_of(Object::Users, operation, KeyField::ExternalId);
    plan(&layout, &item(&layout, row), found, &config(options))
}

fn user(more: &Value) -> Found {
    let mut user = json!({ "id": 7, "role": "end-user", "external_id": "U1", "name": "A",
        "email": "a@x.test", "organization_id": 1, "tags": ["old"] });
    user.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
    Found { rows: vec![user], ..Found::default() }
}

fn reason(plan: &Plan) -> &str {
    match plan {
        Plan::Settle(Err(why)) => &why.reason,
        _ => "",
    }
}

#[test]
fn an_unchanged_row_causes_no_write() {
    let row = json!({ "external_id": "u1", "name": "A", "email": "A@x.test", "tags": ["old"], "organization_id": 1 });
    for operation in [Operation::Upsert, Operation::Update, Operation::Insert] {
        let plan = planned(operation, &row, &user(&json!({})), "");
        assert_eq!(plan, Plan::Settle(Ok(Settled::Unchanged)), "{operation:?}");
    }
}

#[test]
fn only_what_differs_is_sent_and_each_part_by_the_call_that_does_just_this() {
    let row = json!({ "external_id": "u1", "name": "B", "email": "b@x.test", "tags": "new,old",
        "organization_id": 2, "phone": "+1" });
    let Plan::Change(change) =
        planned(Operation::Upsert, &row, &user(&json!({ "phone": "1" })), "")
    else {
        panic!()
    };
    assert_eq!(Value::Object(change.body), json!({ "name": "B" }));
    assert_eq!(change.email.as_deref(), Some("b@x.test"));
    assert_eq!((change.tags_added, change.organization), (vec!["new".to_owned()], Some(2)));
    let replace = r#","tags_mode":"replace","organization_mode":"replace""#;
    let Plan::Change(change) = planned(Operation::Upsert, &row, &user(&json!({})), replace) else {
        panic!()
    };
    assert_eq!(change.body["tags"], json!(["new", "old"]));
    assert_eq!((change.body["organization_id"].as_u64(), change.organization), (Some(2), None));
}

#[test]
fn what_is_missing_is_created_without_a_mail_or_told() {
    let row = json!({ "external_id": "u1", "name": "A" });
    let Plan::Create(body) = planned(Operation::Upsert, &row, &Found::default(), "") else {
        panic!()
    };
    assert_eq!(
        Value::Object(body),
        json!({ "external_id": "u1", "name": "A", "skip_verify_email": true })
    );
    assert_eq!(reason(&planned(Operation::Update, &row, &Found::default(), "")), "not_found");
    let row = json!({ "external_id": "u1" });
    assert_eq!(reason(&planned(Operation::Insert, &row, &Found::default(), "")), "missing_field");
    let delete = planned(Operation::Delete, &row, &Found::default(), "");
    assert_eq!(delete, Plan::Settle(Ok(Settled::Unchanged)));
}

#[test]
fn agents_and_ambiguous_keys_are_never_written() {
    let row = json!({ "external_id": "u1", "name": "B" });
    for role in ["agent", "admin"] {
        let agent = user(&json!({ "role": role }));
        for operation in [Operation::Upsert, Operation::Update, Operation::Delete] {
            assert_eq!(reason(&planned(operation, &row, &agent, "")), "not_an_end_user");
        }
        let allowed = planned(Operation::Upsert, &row, &agent, r#","allow_agents":true"#);
        assert!(matches!(allowed, Plan::Change(_)));
    }
    let mut two = user(&json!({}));
    two.rows.push(json!({ "id": 8 }));
    let plan = planned(Operation::Upsert, &row, &two, "");
    let Plan::Settle(Err(why)) = plan else { panic!() };
    assert!(why.reason == "ambiguous_key" && why.message.contains("7, 8"), "{why:?}");
}

#[test]
fn an_insert_that_meets_other_values_is_rejected_unless_it_wrote_them_itself() {
    let row = json!({ "external_id": "u1", "name": "B" });
    assert_eq!(reason(&planned(Operation::Insert, &row, &user(&json!({})), "")), "already_exists");
    let layout = crate::rows::layout_of(Object::Users, Operation::Insert, KeyField::ExternalId);
    let mut own = item(&layout, &row);
    own.intended = Some(Settled::Created);
    assert!(matches!(plan(&layout, &own, &user(&json!({})), &config("")), Plan::Change(_)));
    let row = json!({ "external_id": "u1", "name": "A" });
    let own = Item { intended: Some(Settled::Created), ..item(&layout, &row) };
    let settled = plan(&layout, &own, &user(&json!({})), &config(""));
    assert_eq!(settled, Plan::Settle(Ok(Settled::Created)));
}

#[test]
fn a_user_of_the_same_address_is_adopted_only_without_an_external_id() {
    let row = json!({ "external_id": "u1", "name": "A", "email": "a@x.test" });
    let layout = |operation| crate::rows::layout_of(Object::Users, operation, KeyField::ExternalId);
    let doubt = Doubt::Duplicate(Reason::new("RecordInvalid", Some("email"), "in use".into()));
    let rival = |external_id: Value| {
        let rival = user(&json!({ "external_id": external_id })).rows;
        Found { rivals: rival, ..Found::default() }
    };
    let decide = |operation, found: &Found, options: &str| {
        let layout = layout(operation);
        let doubted = Item { doubt: Some(doubt.clone()), ..item(&layout, &row) };
        plan(&layout, &doubted, found, &config(options))
    };
    let Plan::Change(change) = decide(Operation::Upsert, &rival(Value::Null), "") else { panic!() };
    assert_eq!(Value::Object(change.body), json!({ "external_id": "u1" }));
    for (operation, external_id, options) in [
        (Operation::Upsert, json!("other"), ""),
        (Operation::Upsert, Value::Null, r#","on_email_match":"reject""#),
        (Operation::Insert, Value::Null, ""),
    ] {
        let plan = decide(operation, &rival(external_id), options);
        let Plan::Settle(Err(why)) = &plan else { panic!("{plan:?}") };
        assert!(why.reason == "already_exists" && why.message.contains('7'), "{why:?}");
    }
    assert_eq!(decide(Operation::Upsert, &Found::default(), ""), Plan::LookAgain);
}

#[test]
fn nulls_clear_only_where_that_is_wished_and_absent_keys_never_do() {
    let row = json!({ "external_id": "u1", "phone": null, "notes": null });
    let there = user(&json!({ "phone": "+1", "notes": "n", "details": "d" }));
    let ignored = planned(Operation::Upsert, &row, &there, "");
    assert_eq!(ignored, Plan::Settle(Ok(Settled::Unchanged)));
    let layout = Layout::new(
        crate::rows::layout_of(Object::Users, Operation::Upsert, KeyField::ExternalId).bound,
        crate::fields::all(Object::Users, false, Vec::new()),
        NullHandling::Clear,
    )
    .unwrap();
    let clear = config(r#","null_handling":"clear""#);
    let Plan::Change(change) = plan(&layout, &item(&layout, &row), &there, &clear) else {
        panic!()
    };
    assert_eq!(Value::Object(change.body), json!({ "phone": null, "notes": null }));
}

#[test]
fn a_ticket_gets_a_private_comment_and_keeps_its_description() {
    let layout = crate::rows::layout_of(Object::Tickets, Operation::Upsert, KeyField::ExternalId);
    let row = json!({ "external_id": "t1", "subject": "S", "description": "D", "comment": "C" });
    let found = |rows| Found { rows, ..Found::default() };
    let Plan::Create(body) = plan(&layout, &item(&layout, &row), &found(vec![]), &config(""))
    else {
        panic!()
    };
    assert_eq!(body["comment"], json!({ "body": "D", "public": false }));
    let ticket = json!({ "id": 9, "external_id": "t1", "subject": "S", "description": "old", "status": "open" });
    let there = found(vec![ticket.clone()]);
    let Plan::Change(change) = plan(&layout, &item(&layout, &row), &there, &config("")) else {
        panic!()
    };
    assert_eq!((change.comment.as_deref(), change.body.len()), (Some("C"), 0));
    let mut closed = ticket;
    closed["status"] = json!("closed");
    let refused = plan(&layout, &item(&layout, &row), &found(vec![closed]), &config(""));
    assert_eq!(reason(&refused), "closed_ticket");
}

#[test]
fn a_row_that_names_what_is_not_there_is_rejected() {
    let row = json!({ "external_id": "u1", "name": "A", "organization_external_id": "o1" });
    assert_eq!(
        reason(&planned(Operation::Upsert, &row, &Found::default(), "")),
        "related_not_found"
    );
    let layout = crate::rows::layout_of(Object::Users, Operation::Upsert, KeyField::ExternalId);
    let at = layout.fields.find("organization_external_id").unwrap();
    let found = Found { related: [(at, Id::Number(5))].into(), ..user(&json!({})) };
    let Plan::Change(change) = planned(Operation::Upsert, &row, &found, "") else { panic!() };
    assert_eq!(change.organization, Some(5));
    let found = Found { memberships: Some([(1, 11), (5, 15)].into()), ..found };
    let plan = planned(Operation::Upsert, &row, &found, "");
    assert_eq!(plan, Plan::Settle(Ok(Settled::Unchanged)));
}
