//! How long commands wait for the end of what they do.

use std::time::Duration;

use tokio::time::timeout;
use zendesk::client::Client;

/// How long somebody who waits for `check` is let wait. A check answers within twenty seconds, also when the
/// network is black; what is left of them is for new tokens that have to be saved.
pub const PATIENCE: Duration = Duration::from_secs(16);

/// How long a command that is done waits for new tokens to be saved.
const SETTLE_WITHIN: Duration = Duration::from_secs(2);

/// How long the last lines may take to be written once everything is done.
pub const LAST_WORDS_WITHIN: Duration = Duration::from_secs(3600);

/// The same for a program that was asked to stop.
pub const STOPPED_WITHIN: Duration = Duration::from_secs(1);

/// How long a command may take to end once it was asked to stop.
pub const ANSWER_WITHIN: Duration = Duration::from_secs(3);

/// Waits until new tokens that are on their way are saved, as long as a command that is done may.
pub async fn settle(client: &Client) {
    let _ = timeout(SETTLE_WITHIN, client.settle()).await;
}
