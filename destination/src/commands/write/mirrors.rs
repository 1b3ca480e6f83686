//! The mirrors of a sync: the state of their streams, and which users or organizations their rows found.

use std::collections::BTreeMap;
use std::sync::Arc;

use airbyte::destination::catalog::Descriptor;
use airbyte::destination::input::{Scope, SourceCount, State};
use connector::environment::Environment;

use crate::audience::{Mark, Mode};
use crate::config::Config;
use crate::fields::Place;
use crate::mirror::{Evidence, Facts, Seen};
use crate::rows::Layout;
use crate::writer::Written;

/// A stream that mirrors an audience.
pub(super) struct Mirror {
    pub(super) layout: Arc<Layout>,
    pub(super) mark: Mark,
    evidence: Evidence,
    pub(super) seen: Seen,
}

/// All mirrors of a sync.
#[derive(Default)]
pub(super) struct Mirrors {
    streams: BTreeMap<Descriptor, Mirror>,
    /// Rows of all streams since the last global STATE.
    open: u64,
}

impl Mirror {
    /// The slug of its audience.
    pub(super) fn slug(&self) -> &str {
        self.layout.bound.membership.as_ref().map_or("", |membership| &membership.audience.slug)
    }

    /// Returns why no member may be removed. `None` if all rows arrived.
    pub(super) fn why_not(
        &self,
        config: &Config,
        environment: &Environment,
        unread: u64,
    ) -> Option<&'static str> {
        let bound = &self.layout.bound;
        let membership = bound.membership.as_ref();
        let facts = Facts {
            is_full_refresh: bound.is_full_refresh,
            is_resumable: bound.is_resumable,
            attempt: environment.attempt,
            is_on_platform: environment.is_on_platform,
            accept_end_of_input: config.accept_end_of_input,
            allow_empty: membership.is_some_and(|membership| membership.audience.allow_empty),
            may_be_cleared: bound.may_be_cleared,
            unread,
        };
        self.evidence.why_not(&facts)
    }
}

impl Mirrors {
    /// Adds the stream, if it is a mirror.
    pub(super) fn bind(&mut self, layout: &Arc<Layout>) {
        let mode = layout.bound.membership.as_ref().map(|membership| membership.mode);
        let mark = layout.fields.iter().find_map(|field| match &field.place {
            Place::Mark(mark) => Some(mark.clone()),
            _ => None,
        });
        if let (Some(Mode::Mirror), Some(mark)) = (mode, mark) {
            let (evidence, seen) = (Evidence::default(), Seen::default());
            let mirror = Mirror { layout: Arc::clone(layout), mark, evidence, seen };
            self.streams.insert(layout.bound.stream.clone(), mirror);
        }
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &Descriptor> {
        self.streams.keys()
    }

    /// Notes that a row arrived.
    pub(super) fn row(&mut self, stream: &Descriptor) {
        self.open += 1;
        if let Some(mirror) = self.streams.get_mut(stream) {
            mirror.evidence.row();
        }
    }

    /// Notes that a row was rejected before the program searched for it.
    pub(super) fn rejected(&mut self, stream: &Descriptor, key: Option<&str>) {
        if let Some(mirror) = self.streams.get_mut(stream) {
            mirror.seen.key(key.map(str::to_owned));
        }
    }

    /// Notes that a STATE arrived.
    pub(super) fn state(&mut self, state: &State) {
        match &state.scope {
            Scope::Stream(stream) => {
                if let Some(mirror) = self.streams.get_mut(stream) {
                    mirror.evidence.state(state.source_count);
                }
            }
            Scope::All => {
                let differs = !state.source_count.agrees_with(self.open);
                self.open = 0;
                for mirror in self.streams.values_mut() {
                    mirror.evidence.state(SourceCount::Unsaid);
                    if differs {
                        mirror.evidence.miscount();
                    }
                }
            }
        }
    }

    /// Notes that the stream ended with COMPLETE or INCOMPLETE.
    pub(super) fn ended(&mut self, stream: &Descriptor, is_complete: bool) {
        if let Some(mirror) = self.streams.get_mut(stream) {
            mirror.evidence.ended(is_complete);
        }
    }

    /// Notes the results of items.
    pub(super) fn settled(&mut self, layout: &Layout, written: &[Written]) {
        if let Some(mirror) = self.streams.get_mut(&layout.bound.stream) {
            mirror.seen.note(layout, written);
        }
    }

    /// Takes the next mirror, with its stream.
    pub(super) fn take(&mut self) -> Option<(Descriptor, Mirror)> {
        self.streams.pop_first()
    }
}
