//! Later changes in an account with timelines, which later syncs read.

use super::{Beat, Timelines, Wish, plots};
use crate::account::Account;
use serde_json::{Value, json};

impl Account {
    /// Makes `times` more things happen, all of them now: a new ticket, a change of fields, a
    /// comment, a solve, a reopening, a deletion. No ticket changes twice within one second.
    /// Returns texts that say what happened.
    pub fn step_timelines(&mut self, times: u64) -> Vec<String> {
        (0..times).filter_map(|_| self.step_timeline()).collect()
    }

    fn step_timeline(&mut self) -> Option<String> {
        let now = self.now;
        let timelines = self.timelines.as_deref_mut()?;
        // What waits for its turn may be any ticket that can change and was left alone this second.
        let free: Vec<u64> = timelines.free(now);
        let place = timelines.chance.below(free.len() as u64) as usize;
        let kind = timelines.chance.below(10);
        let Some(ticket) = free.get(place).copied().filter(|_| kind > 1) else {
            let n = timelines.lives.len() as u64;
            let Timelines { cast, chance, .. } = &mut *timelines;
            let draft = plots::creation(cast, chance, now, n);
            let ticket = timelines.begin(&draft);
            for beat in &draft.beats {
                self.happen(ticket, beat);
            }
            return Some(format!("create {ticket}"));
        };
        let (what, beat) = timelines.next_beat(ticket, kind, now)?;
        self.happen(ticket, &beat);
        Some(format!("{what} {ticket}"))
    }
}

impl Timelines {
    /// The tickets that may change now.
    fn free(&self, now: i64) -> Vec<u64> {
        let lives = self.lives.values();
        let free = lives.filter(|timeline| {
            !["closed", "deleted"].contains(&timeline.status()) && timeline.updated_at() < now
        });
        free.map(|timeline| timeline.ticket).collect()
    }

    fn next_beat(&mut self, ticket: u64, kind: u64, now: i64) -> Option<(&'static str, Beat)> {
        let timeline = self.lives.get(&ticket)?;
        let agents = self.cast.agents();
        let agent = agents[self.chance.below(agents.len() as u64) as usize];
        let is_solved = timeline.status() == "solved";
        let set = |field: &str, value: Value| Wish::Set(vec![(field.to_owned(), value)]);
        let by_agent = |wishes| Beat { at: now, by: agent as i64, channel: "web", wishes };
        let comment = |public| Wish::Comment { author: agent, public };
        Some(match kind {
            2 => ("delete", by_agent(vec![set("status", json!("deleted"))])),
            3 | 4 if is_solved => {
                let author = timeline.requester;
                let wishes =
                    vec![Wish::Comment { author, public: true }, set("status", json!("open"))];
                ("reopen", Beat { at: now, by: author as i64, channel: "email", wishes })
            }
            3 | 4 => ("solve", by_agent(vec![comment(true), set("status", json!("solved"))])),
            5 => ("note", by_agent(vec![comment(false)])),
            6 if !is_solved => {
                ("reply", by_agent(vec![comment(true), set("status", json!("pending"))]))
            }
            7 if is_solved => {
                let wishes = vec![set("status", json!("closed"))];
                ("close", Beat { at: now, by: -1, channel: "rule", wishes })
            }
            7 => {
                let applies = timeline.schedules().last().map(|(_, id)| *id);
                let other = self.cast.schedules.iter().find(|other| Some(other.id) != applies);
                let to = other?.id;
                let wishes = vec![Wish::Schedule(to)];
                ("schedule", Beat { at: now, by: -1, channel: "rule", wishes })
            }
            8 => {
                let field = self.cast.fields[self.chance.below(6) as usize].clone();
                let value = self.cast.value_of(&field, &mut self.chance);
                let tags = json!([format!("tag_{}", now % 7), "vip"]);
                let wishes = vec![set(&field.id.to_string(), value), set("tags", tags)];
                // A ticket that has these values already is commented on instead.
                ("change fields of", by_agent([wishes, vec![comment(false)]].concat()))
            }
            _ => {
                let to = json!(self.cast.groups[(now % 3) as usize].id);
                let wishes =
                    vec![set("assignee_id", json!(agent)), set("group_id", to), comment(false)];
                ("reassign", by_agent(wishes))
            }
        })
    }
}
