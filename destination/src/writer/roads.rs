//! Remembers which bulk requests the account refuses. A refused kind is not tried again in this run.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use crate::object::Object;

/// A kind of bulk request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Verb {
    Create,
    Update,
    Delete,
}

/// The kinds of bulk requests that are refused.
#[derive(Debug, Default)]
pub(super) struct Roads(Mutex<Refused>);

#[derive(Debug, Default)]
struct Refused {
    closed: BTreeSet<(Object, Verb)>,
    untold: Vec<String>,
}

impl Roads {
    pub(super) fn is_open(&self, object: Object, verb: Verb) -> bool {
        !self.0.lock().unwrap_or_else(PoisonError::into_inner).closed.contains(&(object, verb))
    }

    /// Notes that a kind of bulk request is refused, and the message about it.
    pub(super) fn close(&self, object: Object, verb: Verb, why: &str) {
        let mut refused = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !refused.closed.insert((object, verb)) {
            return;
        }
        let (does, how) = match verb {
            Verb::Create => ("create", "one by one, within the account's rate limit"),
            Verb::Update => {
                ("update", "one by one: at most one user a second, and a hundred tickets a minute")
            }
            Verb::Delete => ("delete", "one by one, within the account's rate limit"),
        };
        refused.untold.push(format!(
            "Zendesk refuses to {does} {} in bulk ({why}), so they are written {how}. Ask Zendesk's support to \
             turn bulk imports on, and sign in as an administrator.",
            object.name()
        ));
    }

    pub(super) fn take_warnings(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner).untold)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_closed_road_is_told_once() {
        let roads = Roads::default();
        assert!(roads.is_open(Object::Users, Verb::Create));
        roads.close(Object::Users, Verb::Create, "Forbidden");
        roads.close(Object::Users, Verb::Create, "Forbidden");
        assert!(!roads.is_open(Object::Users, Verb::Create));
        assert!(roads.is_open(Object::Users, Verb::Update));
        assert_eq!(roads.take_warnings().len(), 1);
        assert_eq!(roads.take_warnings().len(), 0);
    }
}
