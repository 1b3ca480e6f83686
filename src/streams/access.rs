//! Who can read a stream.

/// Who can read a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccessRule {
    pub role: Role,
    /// The plan it comes with, if not every plan has it.
    pub plan: Option<&'static str>,
    /// What must be switched on or permitted besides.
    pub feature: Option<&'static str>,
}

/// The least role that may read a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Agent,
    Admin,
}

pub(super) const ANY_AGENT: AccessRule =
    AccessRule { role: Role::Agent, plan: None, feature: None };
pub(super) const ADMIN: AccessRule = AccessRule { role: Role::Admin, plan: None, feature: None };
