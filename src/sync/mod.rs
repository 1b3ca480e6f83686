//! Reading: what is selected and where it stands becomes walks; a walk reads pages, delivers rows
//! and moves positions. The decisions are pure functions, `reader` and `children` act.

use std::fmt;

use crate::protocol::emitter::Closed;
use crate::zendesk::error::ApiError;

pub mod chains;
pub mod children;
pub mod columns;
mod counted;
pub mod cuts;
pub mod failing;
pub mod fetch;
pub mod files;
mod fit;
pub mod frontier;
#[cfg(test)]
mod interleavings;
pub mod join;
pub mod joins;
mod line;
pub mod made;
pub mod numbers;
pub mod oversize;
pub mod pager;
pub mod parents;
pub mod parts;
pub mod plan;
pub mod position;
pub mod prelude;
pub mod reader;
pub mod refusals;
pub mod rows;
pub mod saved;
pub mod search;
pub mod sift;
pub mod stretch;
pub mod told;
pub mod window;
pub mod windows;

/// Why a stream could not be read to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WalkError {
    Api(ApiError),
    /// A listing that neither ends nor goes on.
    Broken {
        path: String,
        why: &'static str,
    },
    /// Most parents refused to be read.
    Refused {
        refused: u64,
        of: u64,
        last: ApiError,
    },
    /// Most files could not be had.
    NoFiles {
        missing: u64,
        of: u64,
        last: ApiError,
    },
    /// Nobody reads our output any more.
    Closed,
}

impl fmt::Display for WalkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Api(error) => error.fmt(f),
            Self::Broken { path, why } => write!(f, "the listing {path} is broken: {why}"),
            Self::Refused { refused, of, last } => {
                write!(f, "{refused} of the last {of} listings were refused, lastly {last}")
            }
            Self::NoFiles { missing, of, last } => {
                write!(f, "{missing} of the last {of} files could not be had, lastly {last}")
            }
            Self::Closed => f.write_str("the reader of our output has gone"),
        }
    }
}

impl From<ApiError> for WalkError {
    fn from(error: ApiError) -> Self {
        Self::Api(error)
    }
}

impl From<Closed> for WalkError {
    fn from(_: Closed) -> Self {
        Self::Closed
    }
}
