//! Streams about the account as a whole.

use super::feed::Feed;
use super::prose::prose;
use super::schema::schema;
use super::stream::Stream;

static ACCOUNT_SETTINGS: Feed =
    Feed::object("account_settings", "account/settings.json", &["settings"]);

pub(super) fn streams() -> Vec<Stream> {
    vec![Stream {
        documentation: prose(
            "https://developer.zendesk.com/api-reference/ticketing/account-configuration/account_settings/",
        ),
        about: prose("Settings of the account, with one object for each group of settings."),
        limitations: prose(
            "Values of the settings between two syncs, and the users who changed them.",
        ),
        ..Stream::snapshot("account_settings", &ACCOUNT_SETTINGS, schema!("account_settings"))
    }]
}
