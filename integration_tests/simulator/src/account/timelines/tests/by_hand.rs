//! A ticket life that is written by hand, with figures that are worked out by hand.

use super::*;

fn unix(text: &str) -> i64 {
    clock::parse_iso(text).expect("a time")
}

fn beat(at: &str, by: u64, wishes: Vec<Wish>) -> Beat {
    Beat { at: unix(at), by: by as i64, channel: "web", wishes }
}

fn status(to: &str) -> Wish {
    Wish::Set(vec![("status".into(), json!(to))])
}

/// New York. The clocks went back on Sunday 2025-11-02, so that nine o'clock is 13:00 UTC on Friday
/// and 14:00 UTC on Monday. Tuesday 2025-11-04 is a holiday, as it is two days after each such Sunday.
///
/// - Created on Friday at 15:30 local, which is 19:30:30 UTC.
/// - A note of an agent at 15:40 is no reply.
/// - First reply on Monday at 10:15 local, 15:15:00 UTC. Calendar: 4 h 29 min 30 s to midnight UTC, two
///   days, 15 h 15 min: 269.5 + 2880 + 915 = 4064.5, so 4064. Business: 89.5 minutes on Friday, 75 on
///   Monday: 164.5, so 164.
/// - Solved on Wednesday at 9:30 local, 14:30:30 UTC: calendar 5 days less 5 hours: 6900 minutes.
///   Business: 89.5 + 480 on Monday + 0 on Tuesday + 30.5 on Wednesday: 600.
/// - Opened again on Wednesday at noon, and moved to Copenhagen's schedule on Thursday at 10:00 UTC.
/// - Solved again on Thursday at 13:00 UTC: calendar 8250 - 2400 = 5 days 17 h 29.5 min, 8249. Business:
///   89.5 + 480 + 0 + 480 on Wednesday; New York's Thursday begins at 14:00 UTC, Copenhagen's lasts
///   from 7:30 to 15:45 UTC: 180 minutes. 1229.5, so 1229.
#[test]
fn a_ticket_across_a_change_of_clocks_and_a_holiday_has_the_figures_worked_out_by_hand() {
    let mut account = account(1, 1);
    let cast = &account.timelines.as_deref().expect("timelines").cast;
    let (agent, other) = (cast.agents()[1], cast.agents()[2]);
    let requester = cast.customers()[0].id;
    let copenhagen = cast.schedules[1].id;
    let public = |author| Wish::Comment { author, public: true };
    let first = BTreeMap::from([
        ("status".to_owned(), json!("new")),
        ("requester_id".to_owned(), json!(requester)),
    ]);
    let draft = Draft {
        created_at: unix("2025-10-31T19:30:30Z"),
        requester,
        submitter: requester,
        channel: "web",
        is_imported: false,
        policy: None,
        first,
        beats: vec![
            beat("2025-10-31T19:30:30Z", requester, vec![public(requester)]),
            beat(
                "2025-10-31T19:40:00Z",
                other,
                vec![Wish::Comment { author: other, public: false }],
            ),
            beat("2025-11-03T15:15:00Z", agent, vec![public(agent), status("pending")]),
            beat("2025-11-05T14:30:30Z", agent, vec![status("solved")]),
            beat("2025-11-05T17:00:00Z", requester, vec![public(requester), status("open")]),
            beat("2025-11-06T10:00:00Z", agent, vec![Wish::Schedule(copenhagen)]),
            beat("2025-11-06T13:00:00Z", other, vec![public(other), status("solved")]),
        ],
    };
    let timelines = account.timelines.as_deref_mut().expect("timelines");
    let ticket = timelines.begin(&draft);
    for beat in &draft.beats {
        assert!(account.happen(ticket, beat));
    }
    let history = account.history();
    let of_ticket = |key: &str| -> Vec<Value> {
        list(&history, key).iter().filter(|row| row["ticket_id"] == ticket).cloned().collect()
    };
    let told =
        list(&history, "tickets").iter().find(|row| row["id"] == ticket).expect("the ticket");
    let figures = [
        ("first_reply_minutes", 4064),
        ("first_reply_business_minutes", 164),
        ("first_resolution_minutes", 6900),
        ("first_resolution_business_minutes", 600),
        ("full_resolution_minutes", 8249),
        ("full_resolution_business_minutes", 1229),
        ("replies", 2),
        ("reopens", 1),
    ];
    for (key, figure) in figures {
        assert_eq!(told[key], figure, "{key}");
    }
    let statuses: Vec<Value> = of_ticket("ticket_field_history")
        .into_iter()
        .filter(|row| row["field_name"] == "status")
        .map(|row| json!([row["value"], row["previous_value"], row["kind"], row["updated"]]))
        .collect();
    assert_eq!(
        statuses,
        [
            json!(["new", null, "create", "2025-10-31T19:30:30Z"]),
            json!(["pending", "new", "change", "2025-11-03T15:15:00Z"]),
            json!(["solved", "pending", "change", "2025-11-05T14:30:30Z"]),
            json!(["open", "solved", "change", "2025-11-05T17:00:00Z"]),
            json!(["solved", "open", "change", "2025-11-06T13:00:00Z"]),
        ]
    );
    let assigned = of_ticket("ticket_schedule_assignments");
    assert_eq!(assigned.len(), 1);
    assert_eq!(
        (&assigned[0]["schedule_id"], &assigned[0]["previous_schedule_id"]),
        (&json!(copenhagen), &Value::Null)
    );
    let work = |day: &str, user: u64| {
        let rows = list(&history, "agent_work_by_day");
        let row = rows.iter().find(|row| row["day"] == day && row["user_id"] == user);
        row.map(|row| {
            [
                row["public_comments"].as_u64(),
                row["private_comments"].as_u64(),
                row["solved"].as_u64(),
            ]
            .map(Option::unwrap_or_default)
        })
    };
    let alone = account_without(&draft);
    let added = |day: &str, user: u64| {
        let before = alone.get(&(day.to_owned(), user)).copied().unwrap_or_default();
        let after = work(day, user).unwrap_or_default();
        [after[0] - before[0], after[1] - before[1], after[2] - before[2]]
    };
    assert_eq!(added("2025-10-31", other), [0, 1, 0]);
    assert_eq!(added("2025-11-03", agent), [1, 0, 0]);
    assert_eq!(added("2025-11-05", agent), [0, 0, 1]);
    assert_eq!(added("2025-11-06", other), [1, 0, 1]);
    // It alone is in the backlog of its days, or with the account's other ticket.
    let open_on = |day: &str| {
        let rows = list(&history, "backlog_by_day");
        rows.iter()
            .find(|row| row["day"] == day)
            .and_then(|row| row["open"].as_u64())
            .expect("a day")
    };
    assert_eq!(open_on("2025-11-04") - open_on("2025-11-06"), 1);
    assert_eq!(open_on("2025-11-05"), open_on("2025-11-04"));
}

/// The agents' work in the same account without the ticket.
fn account_without(_: &Draft) -> BTreeMap<(String, u64), [u64; 3]> {
    let history = account(1, 1).history();
    let count = |row: &Value, key: &str| row[key].as_u64().unwrap_or_default();
    let rows = list(&history, "agent_work_by_day").iter().map(|row| {
        let key = (row["day"].as_str().unwrap_or_default().to_owned(), count(row, "user_id"));
        (key, [count(row, "public_comments"), count(row, "private_comments"), count(row, "solved")])
    });
    rows.collect()
}

/// A rating that is offered in October and answered in November counts in November. A rating that
/// is only offered counts nowhere.
#[test]
fn a_rating_counts_in_the_month_of_its_answer() {
    let mut account = account(1, 1);
    let requester = account.timelines.as_deref().expect("timelines").cast.customers()[0].id;
    let score = |score: &str| Wish::Set(vec![("satisfaction_score".into(), json!(score))]);
    let before = account.history();
    let first = BTreeMap::from([("status".to_owned(), json!("new"))]);
    let draft = Draft {
        created_at: unix("2025-10-30T10:00:00Z"),
        requester,
        submitter: requester,
        channel: "web",
        is_imported: false,
        policy: None,
        first,
        beats: Vec::new(),
    };
    let ticket = account.timelines.as_deref_mut().expect("timelines").begin(&draft);
    for (at, wish) in [
        ("2025-10-30T10:00:00Z", Wish::Comment { author: requester, public: true }),
        ("2025-10-31T10:00:00Z", score("offered")),
        ("2025-10-31T11:00:00Z", score("good")),
        ("2025-11-01T00:00:00Z", score("bad")),
    ] {
        account.happen(ticket, &beat(at, requester, vec![wish]));
    }
    let after = account.history();
    let of = |history: &Value, month: &str| {
        let rows = list(history, "satisfaction_by_month");
        let row = rows.iter().find(|row| row["month"] == month);
        row.map_or([0, 0], |row| {
            [row["good"].as_u64(), row["bad"].as_u64()].map(Option::unwrap_or_default)
        })
    };
    assert_eq!(of(&before, "2025-10-01"), of(&after, "2025-10-01"));
    let (before, after) = (of(&before, "2025-11-01"), of(&after, "2025-11-01"));
    assert_eq!([after[0] - before[0], after[1] - before[1]], [0, 1]);
    let rating = account.table("satisfaction_ratings").children(ticket).next().expect("a rating");
    assert_eq!(clock::iso(rating.updated_at), "2025-11-01T00:00:00Z");
    assert_eq!(clock::iso(rating.created_at), "2025-10-31T10:00:00Z");
}
