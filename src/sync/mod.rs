//! Reading. The selection and the saved positions become walks. A walk reads pages, delivers rows
//! and moves positions. Decisions are pure functions; `walk` and `children` act on them.

use std::error::Error;
use std::fmt;

use airbyte::stdout::Closed;
use zendesk::error::ApiError;
use zendesk::timestamp;

pub mod children;
pub mod files;
pub mod listing;
pub mod plan;
pub mod position;
pub mod records;
pub mod walk;

/// Why a stream could not be read to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WalkError {
    Api(ApiError),
    /// A listing does not end, and does not say how to go on.
    Broken {
        path: String,
        why: &'static str,
    },
    /// In some seconds, more rows changed than the listing's largest page holds. The listing was
    /// read to its end without the rest of these rows.
    CutShort {
        path: String,
        first: i64,
        seconds: u64,
    },
    /// A listing says that it ends, and other answers show that it goes on. Times are unix seconds.
    EndedEarly {
        path: String,
        at: Option<i64>,
        /// The latest time of known rows, if they are in the order of time.
        known: Option<i64>,
    },
    /// Most parents were refused.
    Refused {
        refused: u64,
        of: u64,
        last: ApiError,
    },
    /// Most files could not be fetched.
    NoFiles {
        missing: u64,
        of: u64,
        last: ApiError,
    },
    /// Nobody reads the program's output any more.
    Closed,
}

impl fmt::Display for WalkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Api(error) => error.fmt(f),
            Self::Broken { path, why } => write!(f, "the listing {path} is broken: {why}"),
            Self::CutShort { path, first, seconds } => {
                let first = timestamp::to_iso(*first);
                write!(
                    f,
                    "/api/v2/{path} returned only some of the rows of {seconds} seconds, the \
                     first is {first}"
                )
            }
            Self::EndedEarly { path, at, known } => {
                write!(f, "the listing {path} ended")?;
                if let Some(at) = at {
                    write!(f, " at {}", timestamp::to_iso(*at))?;
                }
                match known {
                    Some(known) => {
                        write!(f, ", but it has rows up to {}", timestamp::to_iso(*known))
                    }
                    None => f.write_str(
                        " with an empty page, but the page before it has a next \
                        page",
                    ),
                }
            }
            Self::Refused { refused, of, last } => {
                write!(
                    f,
                    "{refused} of the last {of} listings were refused; the last refusal: \
                    {last}"
                )
            }
            Self::NoFiles { missing, of, last } => {
                write!(
                    f,
                    "{missing} of the last {of} files could not be fetched; the last \
                    error: {last}"
                )
            }
            Self::Closed => f.write_str("the program that reads the output has ended"),
        }
    }
}

impl Error for WalkError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Api(error) => Some(error),
            Self::Refused { last, .. } | Self::NoFiles { last, .. } => Some(last),
            Self::Broken { .. }
            | Self::CutShort { .. }
            | Self::EndedEarly { .. }
            | Self::Closed => None,
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
