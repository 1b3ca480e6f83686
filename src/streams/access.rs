//! Which access a stream requires.

use std::fmt;

/// The role, plan and feature that a stream requires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccessRule {
    pub role: Role,
    /// The plan that the stream requires, if not every plan has it.
    pub plan: Option<&'static str>,
    /// What else must be switched on or permitted.
    pub feature: Option<&'static str>,
}

/// Prints the role, the plan and the feature as a list for people.
impl fmt::Display for AccessRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.role {
            Role::Agent => "agent",
            Role::Admin => "admin",
        })?;
        if let Some(plan) = self.plan {
            write!(f, ", {plan} plan")?;
        }
        self.feature.map_or(Ok(()), |feature| write!(f, ", {feature}"))
    }
}

/// The lowest role that may read a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Agent,
    Admin,
}

pub(super) const ANY_AGENT: AccessRule =
    AccessRule { role: Role::Agent, plan: None, feature: None };
pub(super) const ADMIN: AccessRule = AccessRule { role: Role::Admin, plan: None, feature: None };
