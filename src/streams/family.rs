//! What streams are about, for people who choose among streams.

/// What a stream is about. Declared in the order of the documentation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    Tickets,
    People,
    Settings,
    HelpCenter,
    Community,
    Talk,
    Routing,
    CustomObjects,
    Audit,
}

impl Family {
    /// All families, in the order of the documentation.
    pub const ALL: [Self; 9] = [
        Self::Tickets,
        Self::People,
        Self::Settings,
        Self::HelpCenter,
        Self::Community,
        Self::Talk,
        Self::Routing,
        Self::CustomObjects,
        Self::Audit,
    ];

    /// The family's name on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Tickets => "tickets",
            Self::People => "people",
            Self::Settings => "settings",
            Self::HelpCenter => "help_center",
            Self::Community => "community",
            Self::Talk => "talk",
            Self::Routing => "routing",
            Self::CustomObjects => "custom_objects",
            Self::Audit => "audit",
        }
    }

    /// The family's name for people.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Tickets => "Tickets",
            Self::People => "People",
            Self::Settings => "Settings",
            Self::HelpCenter => "Help center",
            Self::Community => "Community",
            Self::Talk => "Talk",
            Self::Routing => "Routing",
            Self::CustomObjects => "Custom objects",
            Self::Audit => "Audit",
        }
    }
}
