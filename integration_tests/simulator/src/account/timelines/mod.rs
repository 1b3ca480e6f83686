//! A coherent account: its tickets have timelines, and everything that belongs to a ticket is made
//! from them. Events become rows in one way only, `Account::pass`, both when the account is founded
//! and in later steps. The truth (`history`) is computed from the timelines.

mod business_time;
mod cast;
mod durations;
mod history;
mod measures;
mod plots;
mod present;
mod rows;
mod settings;
mod shapes;
mod steps;
#[cfg(test)]
mod tests;
mod timeline;

use super::Account;
use crate::prng::Prng;
use crate::settings::Settings;
use cast::Cast;
use serde_json::Value;
use std::collections::BTreeMap;
use timeline::{Act, Change, Deed, Moment, Rating, Timeline};

/// The resources whose rows come only from the timelines.
const OWN: &[&str] = &[
    "users",
    "organizations",
    "groups",
    "ticket_fields",
    "ticket_forms",
    "schedules",
    "schedule_holidays",
    "sla_policies",
    "tickets",
    "ticket_metrics",
    "deleted_tickets",
    "ticket_events",
    "ticket_metric_events",
    "ticket_audits",
    "satisfaction_ratings",
];

pub(super) fn is_own(resource: &str) -> bool {
    OWN.contains(&resource)
}

pub(super) struct Timelines {
    cast: Cast,
    /// The timelines by ticket.
    lives: BTreeMap<u64, Timeline>,
    chance: Prng,
    last_id: u64,
}

/// Something that should happen to a ticket.
#[derive(Debug, Clone)]
enum Wish {
    /// Fields get values. Fields that have the value already are left out.
    Set(Vec<(String, Value)>),
    Comment {
        author: u64,
        public: bool,
    },
    Schedule(u64),
    Notify,
}

/// A moment that has not happened yet.
#[derive(Debug, Clone)]
struct Beat {
    at: i64,
    by: i64,
    channel: &'static str,
    wishes: Vec<Wish>,
}

/// A ticket that does not exist yet.
#[derive(Debug, Clone)]
struct Draft {
    created_at: i64,
    requester: u64,
    submitter: u64,
    channel: &'static str,
    is_imported: bool,
    policy: Option<usize>,
    first: BTreeMap<String, Value>,
    /// The first beat is the creation, except for an imported ticket.
    beats: Vec<Beat>,
}

impl Timelines {
    fn new(settings: &Settings) -> Self {
        let mut chance = Prng::new(settings.seed ^ 0x7469_6d65);
        let cast = Cast::new(settings.timelines, settings.start_now, &mut chance);
        Self { cast, lives: BTreeMap::new(), chance, last_id: 28_900_000_000_000 }
    }

    /// The next id, for an event, a child, a metric event, a metric set or a rating.
    fn next_id(&mut self) -> u64 {
        self.last_id += 1 + self.chance.below(211);
        self.last_id
    }

    /// Begins the timeline of a draft.
    fn begin(&mut self, draft: &Draft) -> u64 {
        let ticket = self.lives.len() as u64 + 1;
        let timeline = Timeline {
            ticket,
            created_at: draft.created_at,
            requester: draft.requester,
            submitter: draft.submitter,
            channel: draft.channel,
            is_imported: draft.is_imported,
            policy: draft.policy,
            first: draft.first.clone(),
            now: draft.first.clone(),
            moments: Vec::new(),
            measures: Vec::new(),
            clocks: BTreeMap::new(),
            rating: None,
            metric_set: self.next_id(),
        };
        self.lives.insert(ticket, timeline);
        ticket
    }

    /// Adds a moment to a timeline. Returns `None` and does nothing if all fields have their values
    /// already.
    fn live(&mut self, ticket: u64, beat: &Beat) -> Option<Moment> {
        let id = self.next_id();
        let timeline = self.lives.get(&ticket)?;
        let is_creation = timeline.moments.is_empty() && !timeline.is_imported;
        let mut now = timeline.now.clone();
        let mut acts = Vec::new();
        if is_creation {
            acts.extend(shapes::creation(timeline, &mut self.chance));
        }
        let mut schedule = timeline.schedules().last().map(|(_, id)| *id);
        for wish in &beat.wishes {
            match wish {
                Wish::Set(values) => {
                    let changes = changes(&mut now, values);
                    acts.extend(shapes::changes(changes, &mut self.chance));
                }
                Wish::Comment { author, public } => {
                    let body = format!("Words of {author} about ticket {ticket}, number {id}");
                    acts.push(Act::Comment { author: *author, public: *public, body });
                }
                Wish::Schedule(to) if schedule == Some(*to) => {}
                Wish::Schedule(to) => {
                    acts.push(Act::Schedule { from: schedule, to: *to });
                    schedule = Some(*to);
                }
                Wish::Notify => acts.push(Act::Notification),
            }
        }
        if acts.is_empty() {
            return None;
        }
        let via = shapes::via(beat.channel, &mut self.chance);
        let mut deeds = Vec::new();
        for act in acts {
            let own = self.chance.below(3) > 0;
            let via = own.then(|| shapes::via(beat.channel, &mut self.chance));
            deeds.push(Deed { id: self.next_id(), via, act });
        }
        let moment = Moment { id, at: beat.at, by: beat.by, via, deeds };
        let rating_id = self.next_id();
        let measures = measures::of(self, ticket, &now, &moment);
        let timeline = self.lives.get_mut(&ticket)?;
        timeline.clocks = measures.clocks;
        timeline.measures.extend(measures.events);
        rate(timeline, &moment, &now, rating_id);
        timeline.now = now;
        timeline.moments.push(moment.clone());
        Some(moment)
    }
}

/// Sets the values of fields. Returns those that changed.
fn changes(now: &mut BTreeMap<String, Value>, values: &[(String, Value)]) -> Vec<Change> {
    let mut changes = Vec::new();
    for (field, to) in values {
        let from = now.insert(field.clone(), to.clone()).unwrap_or(Value::Null);
        if from != *to {
            changes.push(Change { field: field.clone(), from, to: to.clone() });
        }
    }
    changes
}

/// Offers a rating, answers it, or changes the answer.
fn rate(timeline: &mut Timeline, moment: &Moment, now: &BTreeMap<String, Value>, id: u64) {
    let differs =
        |field: &str| now.get(field).is_some_and(|value| *value != timeline.now_of(field));
    let is_rated = differs("satisfaction_score") || differs("satisfaction_comment");
    let score = now.get("satisfaction_score").and_then(Value::as_str);
    let Some(score) = score.filter(|_| is_rated) else { return };
    let comment = now.get("satisfaction_comment").and_then(Value::as_str);
    let (created_at, id) =
        timeline.rating.as_ref().map_or((moment.at, id), |old| (old.created_at, old.id));
    timeline.rating = Some(Rating {
        id,
        score: score.to_owned(),
        comment: comment.map(str::to_owned),
        created_at,
        updated_at: moment.at,
    });
}

/// Founds people and settings.
pub(super) fn found_cast(account: &mut Account, settings: &Settings) {
    let timelines = Timelines::new(settings);
    settings::add(account, &timelines.cast);
    account.timelines = Some(Box::new(timelines));
}

/// Founds the tickets and plays their timelines until now.
pub(super) fn found_tickets(account: &mut Account, settings: &Settings) {
    settings::tie_brands(account);
    let now = account.now;
    let Some(timelines) = account.timelines.as_deref_mut() else { return };
    let drafts = plots::drafts(timelines, settings.timelines, now);
    let mut due: Vec<(i64, u64, Beat)> = Vec::new();
    for draft in &drafts {
        let ticket = timelines.begin(draft);
        due.extend(draft.beats.iter().map(|beat| (beat.at, ticket, beat.clone())));
    }
    // Ids of events rise with time, over the whole account.
    due.sort_by_key(|(at, ticket, _)| (*at, *ticket));
    for (at, ticket, beat) in due.iter().filter(|(at, ..)| *at < now) {
        account.now = *at;
        account.pass(*ticket, beat);
    }
    account.now = now;
    let tickets: Vec<u64> = account
        .timelines
        .as_deref()
        .map(|all| all.lives.keys().copied().collect())
        .unwrap_or_default();
    for ticket in tickets {
        account.show_ticket(ticket);
    }
}

impl Account {
    /// Makes something happen to a ticket, and updates every row that shows it.
    fn happen(&mut self, ticket: u64, beat: &Beat) -> bool {
        let has_happened = self.pass(ticket, beat);
        if has_happened {
            self.show_ticket(ticket);
        }
        has_happened
    }

    /// Like `happen`, without the rows that show the ticket's present state.
    fn pass(&mut self, ticket: u64, beat: &Beat) -> bool {
        let Some(timelines) = self.timelines.as_deref_mut() else { return false };
        let measured = timelines.lives.get(&ticket).map_or(0, |timeline| timeline.measures.len());
        let Some(moment) = timelines.live(ticket, beat) else { return false };
        self.show_moment(ticket, &moment, measured);
        true
    }
}
