//! Repeats the answer to a request that has the same key. Source: Zendesk, Tickets, Create Ticket
//! (Idempotency).

use crate::answer::Answer;
use std::collections::HashMap;

/// How long a key is known: two hours (Zendesk, Idempotency).
const KNOWN_SECONDS: i64 = 7200;
const LONGEST_KEY: usize = 255;

struct Given {
    body: Vec<u8>,
    at: i64,
    answer: Answer,
}

/// The answers to all keys.
#[derive(Default)]
pub(crate) struct IdempotentAnswers(HashMap<String, Given>);

impl IdempotentAnswers {
    /// The answer to a known key: the one that was given, or a refusal if the body differs. `None`
    /// for an unknown key.
    pub(super) fn known(&self, key: &str, body: &[u8], now: i64) -> Option<Answer> {
        if key.len() > LONGEST_KEY {
            return Some(refusal("The idempotency key is too long"));
        }
        let given = self.0.get(key).filter(|given| given.at + KNOWN_SECONDS > now)?;
        Some(if given.body == body {
            given.answer.clone().with("x-idempotency-lookup", "hit")
        } else {
            refusal("Request parameters don't match the given idempotency key")
        })
    }

    /// Keeps an answer. It is marked as the answer to a new key.
    pub(super) fn keep(&mut self, key: &str, body: &[u8], now: i64, answer: Answer) -> Answer {
        let given = Given { body: body.to_vec(), at: now, answer: answer.clone() };
        self.0.insert(key.to_owned(), given);
        answer.with("x-idempotency-lookup", "miss")
    }
}

fn refusal(description: &str) -> Answer {
    Answer::bad_value("IdempotentRequestError", description)
}
