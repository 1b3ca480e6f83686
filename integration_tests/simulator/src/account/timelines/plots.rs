//! The tickets of a new account, as drafts. Each plot is a kind of ticket life. Their times are
//! chosen so that many lives cross clock changes and holidays.

use super::cast::{DAY, PRIORITIES};
use super::{Beat, Draft, Timelines, Wish, cast::Cast};
use crate::prng::Prng;
use serde_json::{Value, json};
use std::collections::BTreeMap;

const HOUR: i64 = 3_600;

/// The plots, which are used in turn. Plots that must begin long ago or recently choose their own
/// time.
const PLOTS: &[fn(&mut Pen)] = &[
    answered,
    reopened,
    reassigned,
    tagged,
    with_fields,
    merged,
    deleted,
    archived,
    imported,
    rated,
    waiting,
    for_a_customer,
    in_one_second,
    unfinished,
    rated_anew,
    unanswered,
    imported,
];

/// The drafts of `count` tickets, in the order of their creation.
pub(super) fn drafts(timelines: &mut Timelines, count: u64, now: i64) -> Vec<Draft> {
    let Timelines { cast, chance, .. } = timelines;
    let anchors = cast.anchors(now);
    let mut drafts: Vec<Draft> = (0..count)
        .map(|n| {
            let plot = PLOTS[n as usize % PLOTS.len()];
            let round = n / PLOTS.len() as u64;
            let drawn = chance.below((now - cast.origin - 12 * DAY) as u64) as i64;
            let anchor = anchors.get((n / 2) as usize % anchors.len().max(1)).filter(|_| n % 3 > 0);
            let near = anchor.map(|at| at - 30 * HOUR - chance.below(60 * HOUR as u64) as i64);
            // Some lives are young: now cuts them off.
            let young = (n % 9 == 3).then(|| now - HOUR - drawn % (8 * DAY));
            let at = young.or(near).unwrap_or(cast.origin + 6 * DAY + drawn);
            let mut pen = Pen::new(cast, chance, at, n, round);
            plot(&mut pen);
            pen.draft
        })
        .collect();
    drafts.iter_mut().for_each(|draft| draft.beats.retain(|beat| beat.at < now));
    drafts.sort_by_key(|draft| draft.created_at);
    drafts
}

/// A ticket's creation at time `at`.
pub(super) fn creation(cast: &Cast, chance: &mut Prng, at: i64, n: u64) -> Draft {
    let customers = cast.customers();
    let requester = customers[chance.below(customers.len() as u64) as usize];
    let group = cast.groups[chance.below(3) as usize].id;
    let policy = [Some(0), Some(1), None, Some(1), None][n as usize % 5];
    let priority = match policy {
        None if n.is_multiple_of(2) => Value::Null,
        _ => json!(PRIORITIES[chance.below(4) as usize]),
    };
    let brand = cast.brands.get(chance.below(2) as usize).or(cast.brands.first());
    let mut first: BTreeMap<String, Value> = [
        ("status", json!("new")),
        ("priority", priority),
        ("type", json!([None, Some("question"), Some("incident"), Some("task")][n as usize % 4])),
        ("subject", json!(format!("A question, number {n} \u{2013} \"{}\"", requester.name))),
        ("requester_id", json!(requester.id)),
        ("organization_id", json!(requester.organization)),
        ("group_id", json!(Some(group).filter(|_| !n.is_multiple_of(5)))),
        ("assignee_id", Value::Null),
        ("brand_id", json!(brand)),
        ("ticket_form_id", json!(cast.forms[n as usize % 2].id)),
        (
            "tags",
            json!(
                [json!([]), json!(["vip"]), json!(["web", "caf\u{e9}_\u{1f600}"])][n as usize % 3]
            ),
        ),
    ]
    .into_iter()
    .map(|(field, value)| (field.to_owned(), value))
    .collect();
    for field in cast.fields.iter().filter(|field| (field.id / 7 + n).is_multiple_of(2)) {
        first.insert(field.id.to_string(), cast.value_of(field, chance));
    }
    let channel = ["web", "email", "api"][n as usize % 3];
    let mut wishes = vec![Wish::Comment { author: requester.id, public: true }];
    match n % 4 {
        1 => wishes.push(Wish::Schedule(cast.schedules[1].id)),
        3 => wishes.push(Wish::Notify),
        _ => {}
    }
    let by = requester.id as i64;
    Draft {
        created_at: at,
        requester: requester.id,
        submitter: requester.id,
        channel,
        is_imported: false,
        policy,
        first,
        beats: vec![Beat { at, by, channel, wishes }],
    }
}

/// Writes one draft, moment by moment.
struct Pen<'a> {
    cast: &'a Cast,
    chance: &'a mut Prng,
    draft: Draft,
    at: i64,
    agent: u64,
    other_agent: u64,
    /// The running number of the ticket, and how many times its plot was used before.
    n: u64,
    round: u64,
}

impl<'a> Pen<'a> {
    fn new(cast: &'a Cast, chance: &'a mut Prng, at: i64, n: u64, round: u64) -> Self {
        let agents = cast.agents();
        let place = chance.below(agents.len() as u64) as usize;
        let draft = creation(cast, chance, at, n);
        let (agent, other_agent) = (agents[place], agents[(place + 1) % agents.len()]);
        Self { cast, chance, draft, at, agent, other_agent, n, round }
    }

    /// Moves the beginning to another time.
    fn begin(&mut self, at: i64) {
        self.at = at;
        self.draft.created_at = at;
        self.draft.beats[0].at = at;
    }

    fn beat(&mut self, hours: (i64, i64), by: i64, channel: &'static str, wishes: Vec<Wish>) {
        let (least, most) = (hours.0 * HOUR, hours.1 * HOUR);
        self.at += 61 + least + self.chance.below((most - least).max(1) as u64) as i64;
        self.draft.beats.push(Beat { at: self.at, by, channel, wishes });
    }

    fn by_agent(&mut self, hours: (i64, i64), wishes: Vec<Wish>) {
        self.beat(hours, self.agent as i64, "web", wishes);
    }

    fn take(&mut self, hours: (i64, i64)) {
        let wishes = vec![set([("assignee_id", json!(self.agent)), ("status", json!("open"))])];
        self.by_agent(hours, wishes);
    }

    fn reply(&mut self, hours: (i64, i64), status: &str) {
        let wishes = vec![public(self.agent), set([("status", json!(status))])];
        self.by_agent(hours, wishes);
    }

    fn note(&mut self, hours: (i64, i64)) {
        let wishes = vec![Wish::Comment { author: self.other_agent, public: false }];
        self.beat(hours, self.other_agent as i64, "web", wishes);
    }

    fn customer(&mut self, hours: (i64, i64)) {
        let requester = self.draft.requester;
        let wishes = vec![public(requester), set([("status", json!("open"))])];
        self.beat(hours, requester as i64, "email", wishes);
    }

    /// An automation closes the ticket four days after it was solved.
    fn close(&mut self) {
        self.beat((96, 97), -1, "rule", vec![set([("status", json!("closed"))])]);
    }

    fn system(&mut self, hours: (i64, i64), wish: Wish) {
        self.beat(hours, -1, "rule", vec![wish]);
    }
}

fn set<const N: usize>(values: [(&str, Value); N]) -> Wish {
    Wish::Set(values.into_iter().map(|(field, value)| (field.to_owned(), value)).collect())
}

fn public(author: u64) -> Wish {
    Wish::Comment { author, public: true }
}

fn answered(pen: &mut Pen) {
    pen.take((0, 6));
    pen.reply((0, 20), "pending");
    pen.customer((1, 40));
    pen.note((0, 3));
    pen.reply((0, 60), "solved");
    pen.close();
}

fn reopened(pen: &mut Pen) {
    pen.reply((0, 30), "solved");
    pen.customer((1, 70));
    pen.reply((0, 30), "pending");
    pen.reply((5, 50), "solved");
    if pen.round % 2 == 1 {
        pen.customer((2, 30));
        pen.reply((1, 90), "solved");
    }
    pen.close();
}

fn reassigned(pen: &mut Pen) {
    let groups: Vec<u64> = pen.cast.groups.iter().map(|group| group.id).collect();
    let (first, second) = (groups[pen.n as usize % 3], groups[(pen.n as usize + 1) % 3]);
    pen.take((0, 4));
    let to_group = set([("group_id", json!(first)), ("assignee_id", json!(pen.other_agent))]);
    pen.by_agent((1, 20), vec![to_group]);
    let other_office = Wish::Schedule(pen.cast.schedules[(pen.round % 2) as usize].id);
    pen.system((1, 30), other_office);
    let handed_over = set([("group_id", json!(second)), ("assignee_id", Value::Null)]);
    pen.beat((0, 20), pen.other_agent as i64, "web", vec![handed_over]);
    pen.take((1, 40));
    pen.reply((0, 20), "solved");
    pen.close();
}

fn tagged(pen: &mut Pen) {
    pen.by_agent((0, 9), vec![set([("tags", json!(["vip", "refund"]))])]);
    pen.system((0, 1), set([("tags", json!(["refund", "escalated", "sk\u{f8}n"]))]));
    pen.reply((0, 40), "pending");
    pen.by_agent(
        (0, 40),
        vec![set([("tags", json!(["escalated"])), ("priority", json!("urgent"))])],
    );
    pen.by_agent((3, 30), vec![set([("tags", json!(["escalated", "vip"]))])]);
    pen.reply((0, 40), "solved");
}

fn with_fields(pen: &mut Pen) {
    for (place, field) in pen.cast.fields.iter().enumerate() {
        let value = pen.cast.value_of(field, pen.chance);
        let mut values = vec![(field.id.to_string(), value)];
        if place % 2 == 1 {
            let other = &pen.cast.fields[(place + 2) % 6];
            let value = pen.cast.value_of(other, pen.chance);
            values.push((other.id.to_string(), value));
        }
        pen.by_agent((0, 12), vec![Wish::Set(values)]);
    }
    pen.reply((0, 20), "hold");
    let field = &pen.cast.fields[1];
    pen.by_agent((1, 9), vec![Wish::Set(vec![(field.id.to_string(), json!("plan_silver"))])]);
    pen.reply((0, 70), "solved");
    pen.close();
}

fn merged(pen: &mut Pen) {
    if pen.round % 2 == 1 {
        pen.take((0, 5));
    }
    let mut tags = pen.draft.first["tags"].as_array().cloned().unwrap_or_default();
    tags.push(json!("closed_by_merge"));
    let wishes = vec![
        Wish::Comment { author: pen.agent, public: false },
        set([("tags", json!(tags)), ("status", json!("closed"))]),
    ];
    pen.by_agent((1, 30), wishes);
}

/// Half of these tickets were deleted so recently that the listing of deleted tickets has them.
fn deleted(pen: &mut Pen) {
    if pen.round.is_multiple_of(2) {
        let recently = pen.cast.origin + super::cast::AGE - 20 * DAY;
        let at = recently + pen.chance.below(10 * DAY as u64) as i64;
        pen.begin(at);
    }
    pen.take((0, 6));
    pen.reply((0, 20), if pen.round % 3 == 2 { "solved" } else { "pending" });
    pen.by_agent((1, 90), vec![set([("status", json!("deleted"))])]);
}

fn archived(pen: &mut Pen) {
    let at = pen.cast.origin + 6 * DAY + pen.chance.below(150 * DAY as u64) as i64;
    pen.begin(at);
    pen.take((0, 2));
    pen.reply((0, 30), "solved");
    if pen.round % 2 == 1 {
        pen.customer((2, 50));
        pen.reply((1, 30), "solved");
    }
    pen.close();
}

/// A ticket from another help desk. No event shows the values that it was created with.
fn imported(pen: &mut Pen) {
    pen.draft.is_imported = true;
    pen.draft.policy = None;
    pen.draft.beats.clear();
    pen.draft.first.insert("status".into(), json!("open"));
    pen.draft.first.insert("priority".into(), json!(PRIORITIES[(pen.n % 4) as usize]));
    if pen.round % 3 < 2 {
        pen.draft.first.insert("assignee_id".into(), json!(pen.other_agent));
    }
    if pen.n % 17 == 8 && pen.round % 3 == 1 {
        return; // Nothing happened to it since.
    }
    pen.by_agent(
        (1, 90),
        vec![set([("assignee_id", json!(pen.agent)), ("priority", json!("high"))])],
    );
    pen.reply((0, 40), "pending");
    pen.customer((0, 50));
    let groups = &pen.cast.groups;
    let elsewhere = json!(groups[(pen.n as usize + 1) % 3].id);
    pen.by_agent((0, 4), vec![set([("group_id", elsewhere), ("tags", json!(["imported"]))])]);
    match pen.round % 3 {
        0 => pen.reply((0, 50), "solved"),
        1 => pen.reply((0, 50), "hold"),
        _ => pen.by_agent((5, 50), vec![set([("status", json!("deleted"))])]),
    }
}

fn offer(pen: &mut Pen) {
    pen.system((24, 25), set([("satisfaction_score", json!("offered"))]));
}

fn rate(pen: &mut Pen, hours: (i64, i64), score: &str, comment: Value) {
    let values = set([("satisfaction_score", json!(score)), ("satisfaction_comment", comment)]);
    pen.beat(hours, pen.draft.requester as i64, "web", vec![values]);
}

fn rated(pen: &mut Pen) {
    pen.take((0, 3));
    pen.reply((0, 30), "solved");
    offer(pen);
    match pen.round % 3 {
        0 => rate(pen, (1, 40), "good", json!("Thank you")),
        1 => rate(pen, (1, 40), "bad", Value::Null),
        _ => {}
    }
    pen.close();
}

fn rated_anew(pen: &mut Pen) {
    pen.take((0, 3));
    pen.reply((0, 30), "solved");
    offer(pen);
    let (first, second) =
        if pen.round.is_multiple_of(2) { ("bad", "good") } else { ("good", "bad") };
    rate(pen, (1, 20), first, json!("In a hurry"));
    rate(pen, (1, 50), second, json!("On second thoughts"));
    pen.close();
}

fn waiting(pen: &mut Pen) {
    pen.take((0, 5));
    pen.reply((0, 9), "pending");
    pen.customer((3, 80));
    pen.reply((0, 20), "hold");
    pen.note((1, 40));
    pen.reply((0, 50), "pending");
    pen.customer((0, 30));
    pen.reply((0, 9), "solved");
    pen.close();
}

/// An agent creates the ticket for a customer. In half of these tickets the customer gets a comment
/// at once.
fn for_a_customer(pen: &mut Pen) {
    pen.draft.policy = None;
    pen.draft.submitter = pen.agent;
    pen.draft.channel = "web";
    pen.draft.first.insert("status".into(), json!("open"));
    pen.draft.first.insert("assignee_id".into(), json!(pen.agent));
    let public = pen.round.is_multiple_of(2);
    let creation = &mut pen.draft.beats[0];
    creation.by = pen.agent as i64;
    creation.channel = "web";
    creation.wishes[0] = Wish::Comment { author: pen.agent, public };
    pen.note((0, 4));
    pen.customer((2, 40));
    pen.reply((0, 40), "pending");
    pen.by_agent((3, 90), vec![set([("status", json!("solved"))])]);
    pen.close();
}

/// Fields change several times within one second: in one event, and in the next event.
fn in_one_second(pen: &mut Pen) {
    pen.draft.policy = None;
    pen.take((0, 9));
    let groups: Vec<u64> = pen.cast.groups.iter().map(|group| group.id).collect();
    let wishes = vec![
        set([("status", json!("pending")), ("group_id", json!(groups[0]))]),
        set([("status", json!("hold")), ("group_id", json!(groups[1]))]),
    ];
    pen.by_agent((0, 9), wishes);
    let again = vec![
        set([("status", json!("open")), ("group_id", json!(groups[2]))]),
        set([("tags", json!(["fast", "faster"]))]),
        set([("tags", json!(["faster"]))]),
    ];
    pen.draft.beats.push(Beat { at: pen.at, by: -1, channel: "rule", wishes: again });
    pen.reply((0, 30), "solved");
}

fn unfinished(pen: &mut Pen) {
    pen.take((0, 10));
    pen.reply((0, 20), "pending");
    pen.customer((0, 60));
    pen.by_agent((0, 30), vec![set([("priority", json!("high"))])]);
    pen.by_agent(
        (0, 30),
        vec![set([("priority", json!("urgent")), ("subject", json!("Still waiting"))])],
    );
}

fn unanswered(pen: &mut Pen) {
    if pen.round.is_multiple_of(2) {
        pen.system((1, 30), set([("priority", json!("urgent")), ("tags", json!(["forgotten"]))]));
    }
}
