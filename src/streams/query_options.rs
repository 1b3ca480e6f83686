//! Parameters whose values are the user's to choose.

use crate::config::{Config, TicketScope, TicketsHistory};

/// A parameter's value that an option of the user decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueryOption {
    /// Tickets of which support: `ticket_scope`.
    Support,
    /// Whether deleted rows stay away: they do, unless `deleted_at_field` wants to tell of them, or a
    /// search may have delivered them before their deletion.
    WithoutDeleted,
}

impl QueryOption {
    /// The value to send, if any.
    #[must_use]
    pub fn value(self, config: &Config) -> Option<&'static str> {
        match self {
            Self::Support => Some(match config.ticket_scope {
                TicketScope::All => "all",
                TicketScope::Human => "agent",
                TicketScope::Ai => "ai_agent",
            }),
            Self::WithoutDeleted => {
                let searched = config.tickets_history == TicketsHistory::SearchThenIncremental;
                (config.deleted_at_field.is_none() && !searched).then_some("true")
            }
        }
    }
}
