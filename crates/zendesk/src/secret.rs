//! Texts that are never shown: not by Debug, not in an error, and not where another text quotes
//! them.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use serde::Deserialize;

/// A secret. Its Debug output shows nothing of it.
#[derive(Clone, Deserialize, PartialEq, Eq)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The secret itself. Only for code that signs with it, or that hands it back to the platform.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// The secrets of this run. A server, or a proxy in its place, may quote them in an error, and
/// errors are shown.
#[derive(Default)]
pub struct Secrets(Mutex<Vec<Secret>>);

/// A shorter secret is not struck out, because it could be a part of innocent words.
const SHORTEST_STRUCK: usize = 6;

impl Secrets {
    /// Remembers a secret. Secrets that are too short are ignored.
    pub fn add(&self, secret: &Secret) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if secret.0.len() >= SHORTEST_STRUCK && !known.contains(secret) {
            known.push(secret.clone());
            // Of two that begin alike the longer is struck whole.
            known.sort_by_key(|secret| std::cmp::Reverse(secret.0.len()));
        }
    }

    /// The text with every known secret struck out.
    #[must_use]
    pub fn strike(&self, mut text: String) -> String {
        for secret in self.0.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            if text.contains(secret.expose()) {
                text = text.replace(secret.expose(), "(secret)");
            }
        }
        text
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secrets")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quoted_secret_is_struck_whole() {
        let secrets = Secrets::default();
        for secret in ["token-1", "token-12", "abc", ""] {
            secrets.add(&Secret::new(secret));
        }
        let struck = secrets.strike("bad token-12, token-1 and abc".into());
        assert_eq!(struck, "bad (secret), (secret) and abc");
        assert_eq!(format!("{:?} {secrets:?}", Secret::new("token-1")), "Secret Secrets");
    }
}
