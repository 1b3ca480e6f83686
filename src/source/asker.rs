//! Compares what is known about the user and the token with what a stream needs. Pure.

use connector::identity::{Identity, TokenFacts, covers};

use crate::streams::{ResolvedStream, Role};

/// What is known about the user and the token before the first listing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Asker<'a> {
    pub identity: Option<&'a Identity>,
    /// `None` when the credentials have no scopes, or when the scopes are not known.
    pub token: Option<&'a TokenFacts>,
}

impl Asker<'_> {
    /// Whether the token's scopes cover a stream. True when the scopes are not known.
    #[must_use]
    pub fn covers(&self, stream: &ResolvedStream) -> bool {
        self.token.is_none_or(|token| covers(&token.scopes, stream.scope))
    }

    /// Whether the stream needs an administrator and the user is not known to be one.
    #[must_use]
    pub fn may_lack_role(&self, stream: &ResolvedStream) -> bool {
        let is_admin = self.identity.is_some_and(|identity| identity.role == "admin");
        stream.access.role == Role::Admin && !is_admin
    }
}
