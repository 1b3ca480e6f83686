//! Budgets on a paused clock.

use proptest::prelude::*;

use super::*;

const EXPORT: [Bucket; 2] = [Bucket::Account, Bucket::Incremental];

fn headers(remaining: u32, resets: u64) -> Quota {
    Quota {
        family: Some("incremental-exports".into()),
        limit: Some(30),
        remaining: Some(remaining),
        resets: Some(Duration::from_secs(resets)),
    }
}

#[tokio::test(start_paused = true)]
async fn the_eleventh_export_of_a_minute_waits_for_the_next() {
    let clock = Clock::new(1.0);
    let budget = Budget::new(3, 100, clock.clone());
    for _ in 0..10 {
        drop(budget.acquire(&EXPORT, WalkId::of(1)).await);
    }
    assert_eq!(clock.elapsed().as_secs(), 0);
    drop(budget.acquire(&[Bucket::Account], WalkId::of(2)).await);
    assert_eq!(clock.elapsed().as_secs(), 0);
    drop(budget.acquire(&EXPORT, WalkId::of(1)).await);
    assert_eq!(clock.elapsed().as_secs(), 60);
}

#[tokio::test(start_paused = true)]
async fn headers_correct_the_limit_what_is_left_and_when_it_is_full() {
    let clock = Clock::new(1.0);
    let budget = Budget::new(3, 100, clock.clone());
    budget.acquire(&EXPORT, WalkId::of(1)).await.observe(&[headers(1, 7)]);
    drop(budget.acquire(&EXPORT, WalkId::of(1)).await);
    assert_eq!(clock.elapsed().as_secs(), 0);
    for _ in 0..30 {
        drop(budget.acquire(&EXPORT, WalkId::of(1)).await);
    }
    assert_eq!(clock.elapsed().as_secs(), 7);
}

#[tokio::test(start_paused = true)]
async fn users_share_the_exports_until_a_header_names_a_limit_of_their_own() {
    const USERS: [Bucket; 3] = [Bucket::Account, Bucket::Incremental, Bucket::IncrementalUsers];
    let clock = Clock::new(1.0);
    let budget = Budget::new(1, 100, clock.clone());
    for _ in 0..9 {
        drop(budget.acquire(&EXPORT, WalkId::of(1)).await);
    }
    let mut slot = budget.acquire(&USERS, WalkId::of(2)).await;
    assert_eq!(slot.refusing_bucket(&[headers(0, 40)]), Some(Bucket::Incremental));
    // What no limit explains holds nobody else.
    assert_eq!(slot.refusing_bucket(&[]), None);
    assert_eq!(slot.refusing_bucket(&[headers(3, 40)]), None);
    let family = Some("incremental-exports-cursor".to_owned());
    slot.observe(&[Quota { family, ..headers(7, 40) }]);
    drop(slot);
    for _ in 0..7 {
        drop(budget.acquire(&USERS, WalkId::of(2)).await);
    }
    assert_eq!(clock.elapsed().as_secs(), 0);
    drop(budget.acquire(&USERS, WalkId::of(2)).await);
    assert_eq!(clock.elapsed().as_secs(), 40);
    drop(budget.acquire(&EXPORT, WalkId::of(1)).await);
    assert_eq!(clock.elapsed().as_secs(), 60);
}

#[tokio::test(start_paused = true)]
async fn what_the_sync_can_do_without_goes_where_nobody_else_could() {
    let budget = Budget::new(1, 100, Clock::new(1.0));
    let order = Arc::new(Mutex::new(Vec::new()));
    let held = budget.acquire(&[Bucket::Account], WalkId::of(1)).await;
    let mut tasks = Vec::new();
    // Walk 1 was served a moment ago and still goes before what was never served.
    for walk in [WalkId::SPARE, WalkId::SPARE, WalkId::of(1), WalkId::of(2)] {
        let (budget, order) = (Arc::clone(&budget), Arc::clone(&order));
        tasks.push(tokio::spawn(async move {
            let slot = budget.acquire(&[Bucket::Account], walk).await;
            order.lock().unwrap().push(walk);
            drop(slot);
        }));
        tokio::task::yield_now().await;
    }
    drop(held);
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(
        *order.lock().unwrap(),
        [WalkId::of(2), WalkId::of(1), WalkId::SPARE, WalkId::SPARE]
    );
}

#[tokio::test(start_paused = true)]
async fn a_limit_is_awaited_while_somebody_waits_for_it() {
    let budget = Budget::new(1, 100, Clock::new(1.0));
    budget.hold(Bucket::Incremental, Duration::from_secs(30));
    assert_eq!(budget.awaited(), []);
    let waiting = tokio::spawn({
        let budget = Arc::clone(&budget);
        async move { drop(budget.acquire(&EXPORT, WalkId::of(1)).await) }
    });
    tokio::task::yield_now().await;
    assert_eq!(budget.awaited(), [(Bucket::Incremental, Duration::from_secs(30))]);
    waiting.await.unwrap();
    assert_eq!(budget.awaited(), []);
}

#[tokio::test(start_paused = true)]
async fn a_held_bucket_holds_its_walks_and_no_worker() {
    let clock = Clock::new(1.0);
    let budget = Budget::new(1, 100, clock.clone());
    budget.hold(Bucket::Incremental, Duration::from_secs(30));
    let waiting = tokio::spawn({
        let budget = Arc::clone(&budget);
        async move { drop(budget.acquire(&EXPORT, WalkId::of(1)).await) }
    });
    tokio::task::yield_now().await;
    drop(budget.acquire(&[Bucket::Account], WalkId::of(2)).await);
    assert_eq!(clock.elapsed().as_secs(), 0);
    waiting.await.unwrap();
    assert_eq!(clock.elapsed().as_secs(), 30);
}

#[tokio::test(start_paused = true)]
async fn slots_bound_the_requests_in_flight_and_a_walk_that_gave_up_blocks_nobody() {
    let budget = Budget::new(1, 100, Clock::new(1.0));
    let held = budget.acquire(&[Bucket::Account], WalkId::of(1)).await;
    let second = [Bucket::Account];
    let impatient = budget.acquire(&second, WalkId::of(2));
    assert!(tokio::time::timeout(Duration::from_secs(5), impatient).await.is_err());
    drop(held);
    drop(budget.acquire(&[Bucket::Account], WalkId::of(3)).await);
}

#[tokio::test(start_paused = true)]
async fn walks_of_one_bucket_take_turns() {
    let budget = Budget::new(1, 100, Clock::new(1.0));
    let order = Arc::new(Mutex::new(Vec::new()));
    let first = budget.acquire(&EXPORT, WalkId::of(0)).await;
    let mut tasks = Vec::new();
    // Walk 1 queues three requests before walk 2 queues its first.
    for walk in [1, 1, 1, 2].map(WalkId::of) {
        let (budget, order) = (Arc::clone(&budget), Arc::clone(&order));
        tasks.push(tokio::spawn(async move {
            let slot = budget.acquire(&EXPORT, walk).await;
            order.lock().unwrap().push(walk);
            drop(slot);
        }));
        tokio::task::yield_now().await;
    }
    drop(first);
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(*order.lock().unwrap(), [1, 2, 1, 1].map(WalkId::of));
}

/// A server that counts requests when they come in, tells by then how many are left and for how
/// long, and answers seconds later. Its minutes are all used up, and no longer than ours.
#[tokio::test(start_paused = true)]
async fn slow_answers_that_overlap_leave_nothing_unused() {
    const MINUTES: usize = 5;
    let clock = Clock::new(1.0);
    let budget = Budget::new(3, 100, clock.clone());
    let counted = Arc::new(Mutex::new([0_u32; MINUTES + 1]));
    let workers = (0..3).map(|worker| {
        let (budget, clock, counted) = (Arc::clone(&budget), clock.clone(), Arc::clone(&counted));
        tokio::spawn(async move {
            for request in 0_u64.. {
                let mut slot = budget.acquire(&EXPORT, WalkId::of(worker)).await;
                let second = clock.elapsed().as_secs();
                let minute = usize::try_from(second / 60).unwrap();
                if minute >= MINUTES {
                    return;
                }
                counted.lock().unwrap()[minute] += 1;
                let used = counted.lock().unwrap()[minute];
                clock.sleep(Duration::from_secs(4 + (request * 5 + worker * 3) % 9)).await;
                let remaining = 10_u32.checked_sub(used).expect("the server refuses none");
                slot.observe(&[Quota { limit: Some(10), ..headers(remaining, 60 - second % 60) }]);
            }
        })
    });
    for worker in workers.collect::<Vec<_>>() {
        worker.await.unwrap();
    }
    assert_eq!(counted.lock().unwrap()[..MINUTES], [10; MINUTES]);
}

#[tokio::test(start_paused = true)]
async fn answers_that_come_late_or_out_of_order_give_nothing_back() {
    let clock = Clock::new(1.0);
    let budget = Budget::new(3, 100, clock.clone());
    let mut slow = budget.acquire(&EXPORT, WalkId::of(1)).await;
    let mut slower = budget.acquire(&EXPORT, WalkId::of(1)).await;
    budget.acquire(&EXPORT, WalkId::of(1)).await.observe(&[headers(2, 50)]);
    slow.observe(&[headers(29, 50)]);
    drop(slow);
    for _ in 0..2 {
        drop(budget.acquire(&EXPORT, WalkId::of(1)).await);
    }
    drop(budget.acquire(&EXPORT, WalkId::of(1)).await);
    assert_eq!(clock.elapsed().as_secs(), 50, "two were left");
    // It was asked in the minute before, and tells of that.
    slower.observe(&[headers(0, 2)]);
    drop(budget.acquire(&EXPORT, WalkId::of(1)).await);
    assert_eq!(clock.elapsed().as_secs(), 50);
}

#[tokio::test(start_paused = true)]
async fn a_share_of_the_limit_is_kept_whatever_is_left_of_it() {
    let clock = Clock::new(1.0);
    let budget = Budget::new(3, 50, clock.clone());
    for _ in 0..5 {
        drop(budget.acquire(&EXPORT, WalkId::of(1)).await);
    }
    assert_eq!(clock.elapsed().as_secs(), 0);
    budget.acquire(&EXPORT, WalkId::of(1)).await.observe(&[headers(29, 40)]);
    assert_eq!(clock.elapsed().as_secs(), 60);
    // Half of the thirty that the header names, one of which is used.
    for _ in 0..14 {
        drop(budget.acquire(&EXPORT, WalkId::of(1)).await);
    }
    assert_eq!(clock.elapsed().as_secs(), 60);
    drop(budget.acquire(&EXPORT, WalkId::of(1)).await);
    assert_eq!(clock.elapsed().as_secs(), 100);
}

#[tokio::test(start_paused = true)]
async fn a_long_wait_is_told_once_for_all_chains_of_a_walk() {
    let budget = Budget::new(3, 100, Clock::new(1.0));
    let mut waits = budget.waits();
    budget.acquire(&EXPORT, WalkId::of(1)).await.observe(&[headers(0, 3)]);
    drop(budget.acquire(&EXPORT, WalkId::of(1)).await);
    assert!(waits.try_recv().is_err(), "three seconds are nothing to tell");
    budget.acquire(&EXPORT, WalkId::of(1)).await.observe(&[headers(0, 40)]);
    tokio::join!(budget.acquire(&EXPORT, WalkId::of(1)), budget.acquire(&EXPORT, WalkId::of(1)));
    let reported = waits.try_recv().expect("it was reported");
    let expected = Wait {
        walk: WalkId::of(1),
        bucket: Some(Bucket::Incremental),
        is_limit: true,
        length: Duration::from_secs(40),
    };
    assert_eq!(reported, expected);
    assert!(waits.try_recv().is_err(), "once is enough");
}

/// A look at each line and a wake for each request, however many wait.
#[tokio::test(start_paused = true)]
async fn thousands_of_waiters_cost_a_look_and_a_wake_each() {
    const WAITERS: u64 = 6_400;
    let clock = Clock::new(1.0);
    let budget = Budget::new(40, 100, clock.clone());
    let in_flight = Arc::new(Mutex::new((0_u32, 0_u32)));
    let waiters: Vec<_> = (0..WAITERS)
        .map(|number| {
            let (budget, clock) = (Arc::clone(&budget), clock.clone());
            let in_flight = Arc::clone(&in_flight);
            tokio::spawn(async move {
                // The limits of attachments and tags do not bind here for long.
                let bucket = if number % 2 == 0 { Bucket::Attachments } else { Bucket::Tags };
                let slot = budget.acquire(&[bucket], WalkId::of(number % 7)).await;
                {
                    let mut counts = in_flight.lock().unwrap();
                    counts.0 += 1;
                    counts.1 = counts.1.max(counts.0);
                }
                clock.sleep(Duration::from_millis(50)).await;
                in_flight.lock().unwrap().0 -= 1;
                drop(slot);
            })
        })
        .collect();
    for waiter in waiters {
        waiter.await.unwrap();
    }
    assert_eq!(in_flight.lock().unwrap().1, 40, "every worker was used, and no more");
    let inner = budget.lock();
    assert_eq!(inner.queue.most(), usize::try_from(WAITERS).unwrap() - 40);
    assert_eq!(inner.work.wakes, WAITERS);
    // Three events for each request (it comes, it goes, a timer), two lines at most at each.
    assert!(inner.work.looks <= 3 * 2 * WAITERS, "{:?}", inner.work);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_was_served_and_given_up_leaves_its_slot_to_others() {
    let budget = Budget::new(1, 100, Clock::new(1.0));
    let held = budget.acquire(&[Bucket::Account], WalkId::of(1)).await;
    let second = [Bucket::Account];
    let mut given_up = Box::pin(budget.acquire(&second, WalkId::of(2)));
    assert!(futures_util::poll!(&mut given_up).is_pending());
    // It is served here, and does not hear of it.
    drop(held);
    drop(given_up);
    drop(budget.acquire(&[Bucket::Account], WalkId::of(3)).await);
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "a request was let go and not polled")]
async fn whoever_awaits_something_else_beside_a_request_that_was_let_go_is_caught() {
    let clock = Clock::new(1.0);
    let budget = Budget::new(1, 100, clock.clone());
    let held = budget.acquire(&[Bucket::Account], WalkId::of(1)).await;
    let second = [Bucket::Account];
    let mut not_polled = Box::pin(budget.acquire(&second, WalkId::of(2)));
    assert!(futures_util::poll!(&mut not_polled).is_pending());
    // It is let go here.
    drop(held);
    clock.sleep(Duration::from_secs(1)).await;
    not_polled.await;
}

#[tokio::test(start_paused = true)]
async fn waits_side_by_side_are_not_added_up() {
    let clock = Clock::new(1.0);
    let budget = Budget::new(3, 100, clock.clone());
    budget.hold(Bucket::Incremental, Duration::from_secs(30));
    tokio::join!(
        budget.acquire(&EXPORT, WalkId::of(1)),
        budget.acquire(&EXPORT, WalkId::of(1)),
        budget.acquire(&EXPORT, WalkId::of(2))
    );
    assert_eq!(
        (budget.waited(WalkId::of(1)).as_secs(), budget.waited(WalkId::of(2)).as_secs()),
        (30, 30)
    );
    clock.sleep(Duration::from_secs(10)).await;
    let waiting = budget.waiting(WalkId::of(1));
    clock.sleep(Duration::from_secs(5)).await;
    assert_eq!(budget.waited(WalkId::of(1)).as_secs(), 35);
    drop(waiting);
    clock.sleep(Duration::from_secs(5)).await;
    assert_eq!(
        (budget.waited(WalkId::of(1)).as_secs(), budget.waited(WalkId::of(3))),
        (35, Duration::ZERO)
    );
}

#[tokio::test(start_paused = true)]
async fn a_walk_that_comes_while_a_limit_is_used_up_is_told_too() {
    let budget = Budget::new(3, 100, Clock::new(1.0));
    let mut waits = budget.waits();
    budget.hold(Bucket::Incremental, Duration::from_secs(30));
    let first = budget.acquire(&EXPORT, WalkId::of(1));
    let later = async {
        budget.clock.sleep(Duration::from_secs(10)).await;
        budget.acquire(&EXPORT, WalkId::of(2)).await
    };
    tokio::join!(first, later);
    let reported: Vec<_> = std::iter::from_fn(|| waits.try_recv().ok()).collect();
    let reported: Vec<_> =
        reported.iter().map(|wait| (wait.walk.number(), wait.length.as_secs())).collect();
    assert_eq!(reported, [(1, 30), (2, 20)]);
}

#[derive(Clone, Debug)]
struct Ask {
    after_ms: u64,
    walk: WalkId,
    export: bool,
    takes_ms: u64,
    gives_up_after_ms: Option<u64>,
}

fn ask() -> impl Strategy<Value = Ask> {
    let walk = prop_oneof![5 => (0_u64..4).prop_map(WalkId::of), 1 => Just(WalkId::SPARE)];
    let patience = proptest::option::weighted(0.2, 0_u64..90_000);
    (0_u64..60_000, walk, any::<bool>(), 0_u64..9_000, patience).prop_map(
        |(after_ms, walk, export, takes_ms, gives_up_after_ms)| Ask {
            after_ms,
            walk,
            export,
            takes_ms,
            gives_up_after_ms,
        },
    )
}

/// When each export went, and how many requests came to nothing.
async fn asked(asks: Vec<Ask>, workers: usize) -> (Vec<Duration>, usize) {
    let clock = Clock::new(1.0);
    let budget = Budget::new(workers, 100, clock.clone());
    let (went, in_flight) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(0_usize)));
    let tasks: Vec<_> = asks
        .into_iter()
        .map(|ask| {
            let (budget, clock) = (Arc::clone(&budget), clock.clone());
            let (went, in_flight) = (Arc::clone(&went), Arc::clone(&in_flight));
            tokio::spawn(async move {
                clock.sleep(Duration::from_millis(ask.after_ms)).await;
                let buckets: &[Bucket] = if ask.export { &EXPORT } else { &[Bucket::Account] };
                let acquiring = budget.acquire(buckets, ask.walk);
                let patience = ask.gives_up_after_ms.map_or(Duration::MAX, Duration::from_millis);
                let Ok(slot) = tokio::time::timeout(patience, acquiring).await else {
                    return false;
                };
                if ask.export {
                    went.lock().unwrap().push(clock.elapsed());
                }
                *in_flight.lock().unwrap() += 1;
                assert!(*in_flight.lock().unwrap() <= workers);
                clock.sleep(Duration::from_millis(ask.takes_ms)).await;
                *in_flight.lock().unwrap() -= 1;
                drop(slot);
                true
            })
        })
        .collect();
    let mut given_up = 0;
    for task in tasks {
        // Two hundred requests of nine seconds with one worker, thirty minutes of exports.
        let done = tokio::time::timeout(Duration::from_secs(7200), task).await;
        given_up += usize::from(!done.expect("nobody starves").unwrap());
    }
    let went = went.lock().unwrap().clone();
    assert!(budget.lock().queue.waiting().next().is_none());
    assert_eq!(budget.lock().free_slots, workers);
    (went, given_up)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whoever comes, goes or gives up: every request that waits is served in the end, no slot is
    /// lost, and no minute has more exports than are allowed.
    #[test]
    fn no_bucket_is_overdrawn_and_nobody_waits_for_ever(
        asks in proptest::collection::vec(ask(), 1..80),
        workers in 1_usize..6,
    ) {
        let patient = asks.iter().filter(|ask| ask.gives_up_after_ms.is_none()).count();
        let all = asks.len();
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_time().start_paused(true).build().unwrap();
        let (mut went, given_up) = runtime.block_on(asked(asks, workers));
        prop_assert!(given_up <= all - patient);
        went.sort_unstable();
        // A minute begins with the first request after the one before.
        let mut minute: Vec<Duration> = Vec::new();
        for at in went {
            if minute.first().is_some_and(|first| at >= *first + Duration::from_secs(60)) {
                minute.clear();
            }
            minute.push(at);
            prop_assert!(minute.len() <= 10, "{:?}", minute);
        }
    }
}
