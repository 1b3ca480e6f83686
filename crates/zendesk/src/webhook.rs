//! Verifies that a webhook's call comes from Zendesk, and is not an old call that is sent again.
//!
//! Source: Zendesk, "Verifying webhook authenticity". It names no time limit against replay; five
//! minutes are usual.

use std::error::Error;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;

use super::timestamp;
use crate::secret::Secret;

/// How far the call's time may be from now, in seconds, in either direction.
pub const WINDOW_SECONDS: u64 = 300;

/// Why a call must not be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotAuthentic {
    /// The signature is not base64, or is not that of this body, this timestamp and this secret.
    Signature,
    /// The timestamp is not a time such as `2021-03-25T05:09:27Z`.
    Timestamp,
    /// The signature is right, but the call is too old. Seconds; negative if the call is from the
    /// future.
    Replay { age_seconds: i64 },
}

impl fmt::Display for NotAuthentic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Signature => {
                write!(f, "the signature does not belong to this body, timestamp and secret")
            }
            Self::Timestamp => write!(
                f,
                "the timestamp is not a time such as \
                2021-03-25T05:09:27Z"
            ),
            Self::Replay { age_seconds } => write!(
                f,
                "the call is {age_seconds} seconds old, and only calls of the last \
                 {WINDOW_SECONDS} seconds are accepted"
            ),
        }
    }
}

impl Error for NotAuthentic {}

/// Verifies a webhook's call. `signature` and `timestamp` are the headers
/// `X-Zendesk-Webhook-Signature` and `X-Zendesk-Webhook-Signature-Timestamp`. `body` is the bytes
/// as received. `secret` is the webhook's signing secret as Zendesk shows it. `now_unix` is the
/// current time, unix seconds.
///
/// # Errors
/// [`NotAuthentic`] when the call must not be believed.
pub fn verify(
    body: &[u8],
    signature: &str,
    timestamp: &str,
    secret: &Secret,
    now_unix: i64,
) -> Result<(), NotAuthentic> {
    // Anybody can sign with nothing.
    if secret.expose().is_empty() {
        return Err(NotAuthentic::Signature);
    }
    let signature = STANDARD.decode(signature.trim()).map_err(|_| NotAuthentic::Signature)?;
    let timestamp = timestamp.trim();
    // The secret looks like base64 and is used as it stands; nothing separates time and body.
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes());
    let signed = [timestamp.as_bytes(), body].concat();
    // In a time that does not tell how much of it is right.
    hmac::verify(&key, &signed, &signature).map_err(|_| NotAuthentic::Signature)?;
    let sent_unix = timestamp::from_text(timestamp).ok_or(NotAuthentic::Timestamp)?;
    let age_seconds = now_unix.saturating_sub(sent_unix);
    if age_seconds.unsigned_abs() > WINDOW_SECONDS {
        return Err(NotAuthentic::Replay { age_seconds });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timestamp;

    /// The vector of Zendesk's own test deliveries: their secret is the same for everybody.
    const SECRET: &str = "dGhpc19zZWNyZXRfaXNfZm9yX3Rlc3Rpbmdfb25seQ==";
    const TIMESTAMP: &str = "2021-03-25T05:09:27Z";
    const BODY: &[u8] = br#"{"event":"ticket.updated","id":123}"#;
    const SIGNATURE: &str = "S/RDdU2ERmj7LHDDoWJ2onPYH+t7/f2+LTM4dL7UiLM=";

    fn sent() -> i64 {
        timestamp::from_text(TIMESTAMP).unwrap()
    }

    fn at(now_unix: i64) -> Result<(), NotAuthentic> {
        verify(BODY, SIGNATURE, TIMESTAMP, &Secret::new(SECRET), now_unix)
    }

    #[test]
    fn a_call_is_believed_within_five_minutes_of_its_time() {
        assert_eq!(at(sent()), Ok(()));
        assert_eq!((at(sent() + 300), at(sent() - 300)), (Ok(()), Ok(())));
        assert_eq!(at(sent() + 301), Err(NotAuthentic::Replay { age_seconds: 301 }));
        assert_eq!(at(sent() - 301), Err(NotAuthentic::Replay { age_seconds: -301 }));
        assert!(at(i64::MIN).is_err() && at(i64::MAX).is_err());
    }

    #[test]
    fn nothing_of_a_call_may_differ() {
        let secret = Secret::new(SECRET);
        let verify = |body: &[u8], signature: &str, timestamp: &str| {
            super::verify(body, signature, timestamp, &secret, sent())
        };
        let wrong = Err(NotAuthentic::Signature);
        assert_eq!(verify(b"{}", SIGNATURE, TIMESTAMP), wrong);
        assert_eq!(verify(BODY, SIGNATURE, "2021-03-25T05:09:28Z"), wrong);
        for signature in ["", "no base64!", "S/RDdU2ERmj7LHDDoWJ2onPYH+t7/f2+LTM4dL7UiLI="] {
            assert_eq!(verify(BODY, signature, TIMESTAMP), wrong, "{signature}");
        }
        let other = Secret::new("another");
        assert_eq!(super::verify(BODY, SIGNATURE, TIMESTAMP, &other, sent()), wrong);
        // As headers come, with blanks around.
        assert_eq!(verify(BODY, &format!(" {SIGNATURE}\n"), TIMESTAMP), Ok(()));
    }

    #[test]
    fn without_a_secret_nothing_is_believed() {
        let key = hmac::Key::new(hmac::HMAC_SHA256, b"");
        let signature = STANDARD.encode(hmac::sign(&key, &[TIMESTAMP.as_bytes(), BODY].concat()));
        let verified = verify(BODY, &signature, TIMESTAMP, &Secret::new(""), sent());
        assert_eq!(verified, Err(NotAuthentic::Signature));
    }

    #[test]
    fn a_timestamp_that_is_no_time_is_not_believed_though_it_is_signed() {
        let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
        let signature = STANDARD.encode(hmac::sign(&key, b"someday{}"));
        let secret = Secret::new(SECRET);
        assert_eq!(verify(b"{}", &signature, "someday", &secret, 0), Err(NotAuthentic::Timestamp));
    }
}
