//! A mirror that is killed at any request and run again from its beginning. At the end the members
//! are those of its rows.

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use serde_json::json;
use simulator::{Faults, JobFaults, Prng};

use super::{KINDS, keys};
use crate::run::{Folder, record, start};

/// The number of runs within which a sync must end.
const MOST_RUNS: u64 = 40;

#[test]
fn a_mirror_that_is_killed_ends_as_its_rows_are() {
    let rounds =
        std::env::var("TEST_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(1);
    let mut kills = 0;
    for round in 0..rounds {
        for (at, kind) in KINDS.into_iter().enumerate() {
            let seed = 100 * round + at as u64;
            let mut chance = Prng::new(seed);
            let sim = kind.account(240, |at| at < 200);
            let catalog = json!({ "streams": [{ "stream": { "name": "rows", "namespace": "warehouse" },
                "sync_mode": "full_refresh", "destination_sync_mode": "append_dedup",
                "destination_object_name": "audience_mirror:vip", "primary_key": [["external_id"]] }] });
            let options = kind.options(&json!({}));
            let rows = super::rows(40..240);
            let complete = json!({ "type": "TRACE", "trace": { "type": "STREAM_STATUS", "emitted_at": 1,
                "stream_status": { "status": "COMPLETE",
                    "stream_descriptor": { "name": "rows", "namespace": "warehouse" } } } });
            let input: String = rows.iter().map(|row| record(row) + "\n").collect::<String>()
                + &crate::run::state_of("rows", 200).replace("1.0", "200.0")
                + &format!("\n{complete}\n");
            let mut is_done = false;
            for run in 0..MOST_RUNS {
                sim.faults(Faults::on_share_of_all(0.05, seed + run));
                sim.job_faults(JobFaults::on_share(0.2, seed + run));
                let (pid, seen) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU64::new(0)));
                if run < 8 {
                    let (pid, most) = (Arc::clone(&pid), 1 + chance.below(120));
                    sim.on_request(move |_, _| {
                        let pid = pid.load(Ordering::SeqCst);
                        if seen.fetch_add(1, Ordering::SeqCst) >= most && pid != 0 {
                            let _ = Command::new("kill").args(["-9", &pid.to_string()]).output();
                        }
                    });
                }
                // The platform begins a stream anew that cannot be resumed.
                let folder = Folder::new();
                let running = start(&sim, &folder, (&options, &catalog), input.clone(), run);
                pid.store(running.pid(), Ordering::SeqCst);
                let ended = running.end();
                sim.no_hook();
                let members = kind.members(&sim);
                assert!(
                    keys(40..200).is_subset(&members),
                    "{kind:?}: somebody who stays was removed, seed {seed}"
                );
                if ended.code == Some(0) {
                    is_done = true;
                    break;
                }
                assert_eq!(ended.states().len(), 0, "{kind:?}: the last state waits for the sweep");
                kills += 1;
            }
            assert!(is_done, "{kind:?} did not end, seed {seed}");
            // What the index missed at the last run is found by the next.
            sim.faults(Faults::none());
            sim.job_faults(JobFaults::none());
            sim.advance_seconds(600);
            start(&sim, &Folder::new(), (&options, &catalog), input, 0).end().succeeded();
            assert_eq!(kind.members(&sim), keys(40..240), "{kind:?}, seed {seed}");
        }
    }
    assert!(kills >= rounds * 5, "only {kills} runs were killed");
}
