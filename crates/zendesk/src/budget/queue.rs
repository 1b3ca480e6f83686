//! Decides which waiting request goes next. Requests that name the same buckets may go at the same
//! moments, so they are in one line. An event looks only at the head of each line. Pure.
//!
//! In a line, the walk that was served longest ago comes first, and of its requests the oldest.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use super::bucket::Bucket;
use super::walk_id::WalkId;

/// How many walks' last turns are remembered. The walk that was served longest ago is forgotten
/// first. It then counts as never served, which also goes first.
const MOST_TURNS: usize = 1024;

/// The order of heads: when the walk was last served, the request's number, and the walk.
type Turn = (u64, u64, WalkId);

/// All waiting requests. `W` is how a waiting request learns that it may go.
#[derive(Debug)]
pub(super) struct Queue<W> {
    entries: HashMap<u64, QueueEntry<W>>,
    /// One line for each set of buckets that was ever named. There are few, so lines are kept.
    lines: Vec<Line>,
    turns: Turns,
    numbers: u64,
    most: usize,
}

/// A waiting request.
#[derive(Debug)]
struct QueueEntry<W> {
    walk: WalkId,
    line: usize,
    waker: W,
}

/// A request whose turn it is.
pub(super) struct Served<W> {
    pub(super) buckets: Vec<Bucket>,
    pub(super) waker: W,
}

/// The requests that name the same buckets.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) buckets: Vec<Bucket>,
    walks: HashMap<WalkId, WalkInLine>,
    order: BTreeSet<Turn>,
    /// Until when the line's wait is reported already.
    pub(super) reported_until: Duration,
}

#[derive(Debug)]
struct WalkInLine {
    turn: u64,
    waiting: BTreeSet<u64>,
}

/// When each walk was last served, by a counter.
#[derive(Debug, Default)]
struct Turns {
    by_walk: HashMap<WalkId, u64>,
    by_number: BTreeMap<u64, WalkId>,
}

impl Turns {
    fn of(&self, walk: WalkId) -> u64 {
        if walk == WalkId::SPARE {
            u64::MAX
        } else {
            self.by_walk.get(&walk).copied().unwrap_or_default()
        }
    }

    fn note(&mut self, walk: WalkId, number: u64) {
        if walk == WalkId::SPARE {
            return;
        }
        if let Some(before) = self.by_walk.insert(walk, number) {
            self.by_number.remove(&before);
        }
        self.by_number.insert(number, walk);
        if self.by_number.len() > MOST_TURNS
            && let Some((_, forgotten)) = self.by_number.pop_first()
        {
            self.by_walk.remove(&forgotten);
        }
    }
}

impl Line {
    fn new(buckets: &[Bucket]) -> Self {
        Self {
            buckets: buckets.to_vec(),
            walks: HashMap::new(),
            order: BTreeSet::new(),
            reported_until: Duration::ZERO,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// The walks that wait in the line.
    pub(super) fn walks(&self) -> impl Iterator<Item = WalkId> {
        self.walks.keys().copied()
    }

    fn change(&mut self, walk: WalkId, change: impl FnOnce(&mut WalkInLine)) {
        let Some(waiting) = self.walks.get_mut(&walk) else { return };
        if let Some(head) = waiting.waiting.first() {
            self.order.remove(&(waiting.turn, *head, walk));
        }
        change(waiting);
        match waiting.waiting.first() {
            Some(head) => _ = self.order.insert((waiting.turn, *head, walk)),
            None => _ = self.walks.remove(&walk),
        }
    }
}

impl<W> Queue<W> {
    pub(super) fn new() -> Self {
        Self {
            entries: HashMap::new(),
            lines: Vec::new(),
            turns: Turns::default(),
            numbers: 0,
            most: 0,
        }
    }

    /// Adds a request. Returns its number and the number of its line.
    pub(super) fn push(&mut self, walk: WalkId, buckets: &[Bucket], waker: W) -> (u64, usize) {
        self.numbers += 1;
        let number = self.numbers;
        let line = self.lines.iter().position(|line| line.buckets == buckets);
        let line = line.unwrap_or_else(|| {
            self.lines.push(Line::new(buckets));
            self.lines.len() - 1
        });
        self.entries.insert(number, QueueEntry { walk, line, waker });
        let turn = self.turns.of(walk);
        let new = || WalkInLine { turn, waiting: BTreeSet::new() };
        self.lines[line].walks.entry(walk).or_insert_with(new);
        self.lines[line].change(walk, |waiting| _ = waiting.waiting.insert(number));
        self.most = self.most.max(self.entries.len());
        (number, line)
    }

    /// Removes a request that will not be sent. Returns false if it is not in the queue any more.
    pub(super) fn remove(&mut self, number: u64) -> bool {
        self.take(number).is_some()
    }

    /// Removes and returns the request whose turn it is, among the lines that are ready.
    pub(super) fn serve(
        &mut self,
        mut is_ready: impl FnMut(&[Bucket]) -> bool,
    ) -> Option<Served<W>> {
        let heads = self.lines.iter().filter_map(|line| Some((*line.order.first()?, line)));
        let ready = heads.filter(|(_, line)| is_ready(&line.buckets));
        let ((_, number, walk), _) = ready.min_by_key(|(turn, _)| *turn)?;
        let QueueEntry { line, waker, .. } = self.take(number)?;
        self.numbers += 1;
        self.turns.note(walk, self.numbers);
        let turn = self.turns.of(walk);
        for line in &mut self.lines {
            line.change(walk, |waiting| waiting.turn = turn);
        }
        Some(Served { buckets: self.lines[line].buckets.clone(), waker })
    }

    /// The lines that have waiting requests.
    pub(super) fn waiting(&mut self) -> impl Iterator<Item = &mut Line> {
        self.lines.iter_mut().filter(|line| !line.is_empty())
    }

    /// The walk of a request that still waits, and the request's line.
    pub(super) fn entry(&self, number: u64) -> Option<(WalkId, &Line)> {
        let entry = self.entries.get(&number)?;
        Some((entry.walk, &self.lines[entry.line]))
    }

    /// The largest number of requests that waited at the same time.
    pub(super) fn most(&self) -> usize {
        self.most
    }

    fn take(&mut self, number: u64) -> Option<QueueEntry<W>> {
        let entry = self.entries.remove(&number)?;
        self.lines[entry.line].change(entry.walk, |waiting| _ = waiting.waiting.remove(&number));
        Some(entry)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SETS: [&[Bucket]; 3] =
        [&[Bucket::Account], &[Bucket::Account, Bucket::Incremental], &[Bucket::HelpCenter]];

    #[derive(Clone, Debug)]
    enum Event {
        Push { walk: WalkId, set: usize },
        Remove(usize),
        Serve { ready: [bool; 3] },
    }

    fn event() -> impl Strategy<Value = Event> {
        let walk = prop_oneof![4 => (0_u64..5).prop_map(WalkId::of), 1 => Just(WalkId::SPARE)];
        prop_oneof![
            4 => (walk, 0_usize..3).prop_map(|(walk, set)| Event::Push { walk, set }),
            1 => any::<usize>().prop_map(Event::Remove),
            4 => any::<[bool; 3]>().prop_map(|ready| Event::Serve { ready }),
        ]
    }

    proptest! {
        /// The queue does what a look at every waiting request would do.
        #[test]
        fn the_turn_is_that_of_the_walk_served_longest_ago_among_those_that_can_go(
            events in proptest::collection::vec(event(), 1..200),
        ) {
            let mut queue: Queue<u64> = Queue::new();
            let mut waiting: Vec<(u64, WalkId, usize)> = Vec::new();
            let mut served: HashMap<WalkId, u64> = HashMap::new();
            for (at, event) in (1_u64..).zip(events) {
                match event {
                    Event::Push { walk, set } => {
                        let (number, _) = queue.push(walk, SETS[set], at);
                        prop_assert!(waiting.iter().all(|(other, ..)| *other != number));
                        waiting.push((number, walk, set));
                    }
                    Event::Remove(any) if !waiting.is_empty() => {
                        let (number, ..) = waiting.remove(any % waiting.len());
                        prop_assert!(queue.remove(number));
                        prop_assert!(!queue.remove(number));
                    }
                    Event::Remove(_) => {}
                    Event::Serve { ready } => {
                        let can_go = |set: usize| ready[set];
                        let turn = |(number, walk, _): &(u64, WalkId, usize)| {
                            let last = served.get(walk).copied().unwrap_or_default();
                            (if *walk == WalkId::SPARE { u64::MAX } else { last }, *number)
                        };
                        let ready = waiting.iter().filter(|(_, _, set)| can_go(*set));
                        let expected = ready.min_by_key(|waiter| turn(waiter)).copied();
                        let is_ready = |buckets: &[Bucket]| {
                            SETS.iter().position(|set| *set == buckets).is_some_and(can_go)
                        };
                        let came = queue.serve(is_ready).map(|served| served.buckets);
                        prop_assert_eq!(came, expected.map(|(_, _, set)| SETS[set].to_vec()));
                        if let Some((number, walk, _)) = expected {
                            prop_assert!(queue.entry(number).is_none());
                            waiting.retain(|(other, ..)| *other != number);
                            served.insert(walk, at);
                        }
                    }
                }
                prop_assert_eq!(queue.entries.len(), waiting.len());
            }
        }

        /// However many walks there are and whatever they ask, each is served before any other is
        /// served twice more.
        #[test]
        fn nobody_starves(walks in proptest::collection::vec(0_u64..6, 1..60)) {
            let mut queue: Queue<u64> = Queue::new();
            for walk in &walks {
                queue.push(WalkId::of(*walk), SETS[(*walk % 3) as usize], *walk);
            }
            let mut last: HashMap<u64, usize> = HashMap::new();
            let mut left = walks.clone();
            for at in 0..walks.len() {
                let walk = queue.serve(|_| true).expect("somebody waits").waker;
                let place = left.iter().position(|other| *other == walk).expect("it waited");
                left.swap_remove(place);
                last.insert(walk, at);
                let distinct: BTreeSet<u64> = left.iter().copied().collect();
                for other in distinct {
                    let waited = at - last.get(&other).map_or(0, |at| *at);
                    prop_assert!(waited <= 6, "{} waited {} turns", other, waited);
                }
            }
            prop_assert!(queue.serve(|_| true).is_none());
        }
    }

    #[test]
    fn turns_of_walks_that_are_over_are_forgotten() {
        let mut queue: Queue<()> = Queue::new();
        for walk in 0..3 * MOST_TURNS as u64 {
            queue.push(WalkId::of(walk), SETS[0], ());
            assert!(queue.serve(|_| true).is_some());
        }
        assert_eq!(queue.turns.by_walk.len(), MOST_TURNS);
        assert_eq!(queue.turns.by_number.len(), MOST_TURNS);
        assert!(queue.lines[0].walks.is_empty() && queue.entries.is_empty());
    }
}
