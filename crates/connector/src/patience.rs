//! How long commands wait for their work to end.

use std::time::Duration;

use tokio::time::timeout;
use zendesk::client::Client;

/// How long `check` looks for its answer. A check answers within twenty seconds, even if the
/// network swallows every packet. The rest of that time is for new tokens that must be saved.
pub const PATIENCE: Duration = Duration::from_secs(16);

/// How long a finished command waits for new tokens to be saved.
const SETTLE_WITHIN: Duration = Duration::from_secs(2);

/// How long the last lines may take to be written when all else is done.
pub const LAST_WORDS_WITHIN: Duration = Duration::from_secs(3600);

/// The same for a program that was asked to stop.
pub const STOPPED_WITHIN: Duration = Duration::from_secs(1);

/// How long a command that was asked to stop may take to end.
pub const ANSWER_WITHIN: Duration = Duration::from_secs(3);

/// Waits until new tokens are saved, as long as a finished command may wait.
pub async fn settle(client: &Client) {
    let _ = timeout(SETTLE_WITHIN, client.settle()).await;
}
