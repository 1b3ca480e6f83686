//! What can go wrong with a job after it is ordered.

use crate::prng::Prng;

/// One way in which a job goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobFault {
    /// All items take effect, and the job can never be found again.
    Vanishes,
    /// Half of the items take effect. The job ends as `killed`, without results.
    KilledHalfWay,
    /// No item takes effect. The job ends as `failed`, with a failed result for each item.
    FailsWithResults,
    /// Half of the items take effect. The job ends as `failed`, without results.
    FailsWithoutResults,
    /// 429 `TooManyJobs`. There is no job.
    Refused,
    /// All items take effect. Their results come in reverse order.
    ResultsOutOfOrder,
    /// All items take effect. The result of one in the middle is missing.
    ResultMissing,
    /// The second half of the items takes effect one hour later.
    Stuck,
}

impl JobFault {
    pub const ALL: [Self; 8] = [
        Self::Vanishes,
        Self::KilledHalfWay,
        Self::FailsWithResults,
        Self::FailsWithoutResults,
        Self::Refused,
        Self::ResultsOutOfOrder,
        Self::ResultMissing,
        Self::Stuck,
    ];
}

/// A job at the moment when it is ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JobOrdered {
    /// The running number of the job, from 1. A refused job gets the number that the next job gets
    /// too.
    pub n: u64,
    /// `users/create_or_update_many`
    pub kind: &'static str,
    pub items: usize,
}

type Decision = Box<dyn FnMut(&JobOrdered) -> Option<JobFault> + Send>;

/// Which jobs go wrong, and how.
#[derive(Default)]
pub struct JobFaults(Option<Decision>);

impl JobFaults {
    pub fn none() -> Self {
        Self::default()
    }

    pub fn by(decide: impl FnMut(&JobOrdered) -> Option<JobFault> + Send + 'static) -> Self {
        Self(Some(Box::new(decide)))
    }

    pub fn always(fault: JobFault) -> Self {
        Self::by(move |_| Some(fault))
    }

    /// Only the nth order from now on, counted from 1.
    pub fn once(nth: u64, fault: JobFault) -> Self {
        let mut seen = 0;
        Self::by(move |_| {
            seen += 1;
            (seen == nth).then_some(fault)
        })
    }

    /// Faults of random kinds on this share of all orders. None of them takes an hour.
    pub fn on_share(share: f64, seed: u64) -> Self {
        let mut chance = Prng::new(seed);
        let kinds = &JobFault::ALL[..JobFault::ALL.len() - 1];
        Self::by(move |_| {
            let fault = kinds[chance.below(kinds.len() as u64) as usize];
            chance.chance(share).then_some(fault)
        })
    }

    pub(super) fn decide(&mut self, job: &JobOrdered) -> Option<JobFault> {
        self.0.as_mut().and_then(|decide| decide(job))
    }
}
