//! Parameters whose values the user chooses.

use crate::config::{Config, TicketScope, TicketsHistory};

/// A parameter whose value an option of the user decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueryOption {
    /// Which tickets are read, by who supports them. The option is `ticket_scope`.
    Support,
    /// Whether deleted rows are left out. They are, except in two cases: `deleted_at_field` is set,
    /// or a search may have delivered the rows before their deletion.
    WithoutDeleted,
}

impl QueryOption {
    /// The value to send. `None` if the parameter is not sent.
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
