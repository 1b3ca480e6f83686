//! The setup of Talk, and its counts of the current day.
//!
//! Source: Zendesk, Talk API. Its listings come in one answer, with a `next_page` that is null.

use super::access::{ANY_AGENT, AccessRule};
use super::deletion::DeletedRows;
use super::feed::Feed;
use super::prose::prose;
use super::rows::{RowsAt, Step};
use super::schema::schema;
use super::sources::Source::{Of, TextOf};
use super::stream::Stream;

static PHONE_NUMBERS: Feed =
    Feed::single("phone_numbers", "channels/voice/phone_numbers.json", &["phone_numbers"]);

static LINES: Feed = Feed::single("lines", "channels/voice/lines.json", &["lines"]);

static IVRS: Feed = Feed::single("ivrs", "channels/voice/ivr.json", &["ivrs"]);

static GREETINGS: Feed = Feed::single("greetings", "channels/voice/greetings.json", &["greetings"]);

static GREETING_CATEGORIES: Feed = Feed::single(
    "greeting_categories",
    "channels/voice/greeting_categories.json",
    &["greeting_categories"],
);

static ADDRESSES: Feed = Feed::single("addresses", "channels/voice/addresses.json", &["addresses"]);

static AGENTS_ACTIVITY: Feed = Feed::single(
    "agents_activity",
    "channels/voice/stats/agents_activity.json",
    &["agents_activity"],
);

static AGENTS_OVERVIEW: Feed = Feed::object(
    "agents_overview",
    "channels/voice/stats/agents_overview.json",
    &["agents_overview"],
);

static ACCOUNT_OVERVIEW: Feed = Feed::object(
    "account_overview",
    "channels/voice/stats/account_overview.json",
    &["account_overview"],
);

static CURRENT_QUEUE_ACTIVITY: Feed = Feed::object(
    "current_queue_activity",
    "channels/voice/stats/current_queue_activity.json",
    &["current_queue_activity"],
);

static TALK_SETTINGS: Feed =
    Feed::object("talk_settings", "channels/voice/settings.json", &["settings"]);

const TALK: AccessRule = AccessRule { feature: Some("Talk"), ..ANY_AGENT };

const NUMBERS_DOCS: &str =
    "https://developer.zendesk.com/api-reference/voice/talk-api/phone_numbers/";
const IVR_DOCS: &str = "https://developer.zendesk.com/api-reference/voice/talk-api/ivrs/";
const GREETINGS_DOCS: &str =
    "https://developer.zendesk.com/api-reference/voice/talk-api/greetings/";
const STATS_DOCS: &str = "https://developer.zendesk.com/api-reference/voice/talk-api/stats/";

/// The limitations of the counts of a day.
const UNSEEN_OF_DAYS: &str = "Days without a sync, and counts after the last sync of a day. \
    Zendesk does not document when the counts restart, and in which time zone.";

pub(super) fn streams() -> Vec<Stream> {
    vec![
        Stream {
            drop: &["token"],
            access: TALK,
            documentation: prose(NUMBERS_DOCS),
            about: prose(
                "Phone numbers of Talk, with their capabilities and the handling of their calls.",
            ),
            limitations: prose(
                "Deleted numbers; a full refresh drops them. The key `token` of a number, which \
                 might be a secret. Trial accounts list no numbers.",
            ),
            ..Stream::listed("phone_numbers", &PHONE_NUMBERS, schema!("phone_numbers"))
        },
        Stream {
            primary_key: &["id", "line_type"],
            drop: &["token"],
            access: TALK,
            documentation: prose(
                "https://developer.zendesk.com/api-reference/voice/talk-api/lines/",
            ),
            about: prose("Lines of Talk: phone numbers and digital lines together."),
            limitations: prose(
                "Deleted lines; a full refresh drops them. The key `token` of a line, which \
                 might be a secret.",
            ),
            ..Stream::listed("lines", &LINES, schema!("lines"))
        },
        Stream {
            access: TALK,
            documentation: prose(IVR_DOCS),
            about: prose("IVR trees of menus for callers, with the menus inside."),
            limitations: prose("Deleted trees; a full refresh drops them."),
            ..Stream::listed("ivrs", &IVRS, schema!("ivrs"))
        },
        Stream {
            rows: RowsAt::inside(&[Step::Each("menus")]),
            splice: &[("ivr_id", Of(0, "id"))],
            access: TALK,
            documentation: prose(
                "https://developer.zendesk.com/api-reference/voice/talk-api/ivr_menus/",
            ),
            about: prose("Menus of the IVR trees, with the routes inside."),
            limitations: prose("Deleted menus; a full refresh drops them."),
            ..Stream::listed("ivr_menus", &IVRS, schema!("ivr_menus"))
        },
        Stream {
            rows: RowsAt::inside(&[Step::Each("menus"), Step::Each("routes")]),
            splice: &[("ivr_id", Of(0, "id")), ("ivr_menu_id", Of(1, "id"))],
            access: TALK,
            documentation: prose(
                "https://developer.zendesk.com/api-reference/voice/talk-api/ivr_routes/",
            ),
            about: prose("Routes of the IVR menus: where each key leads."),
            limitations: prose("Deleted routes; a full refresh drops them."),
            ..Stream::listed("ivr_routes", &IVRS, schema!("ivr_routes"))
        },
        Stream {
            // Zendesk's own greetings are named by a text, the account's by a number.
            splice: &[("id", TextOf(0, "id"))],
            access: TALK,
            documentation: prose(GREETINGS_DOCS),
            about: prose("Greetings that callers hear: Zendesk's own and the account's."),
            limitations: prose("Deleted greetings; a full refresh drops them. Recordings."),
            ..Stream::listed("greetings", &GREETINGS, schema!("greetings"))
        },
        Stream {
            deleted_rows: DeletedRows::None,
            access: TALK,
            documentation: prose(GREETINGS_DOCS),
            about: prose("Occasions for greetings, such as voicemail or hold."),
            limitations: prose("Nothing is known to be missing."),
            ..Stream::listed(
                "greeting_categories",
                &GREETING_CATEGORIES,
                schema!("greeting_categories"),
            )
        },
        Stream {
            access: TALK,
            documentation: prose(
                "https://developer.zendesk.com/api-reference/voice/talk-api/addresses/",
            ),
            about: prose("Postal addresses for the registration of phone numbers."),
            limitations: prose("Deleted addresses; a full refresh drops them."),
            ..Stream::listed("addresses", &ADDRESSES, schema!("addresses"))
        },
        Stream {
            access: TALK,
            documentation: prose(
                "https://developer.zendesk.com/api-reference/voice/talk-api/voice_settings/",
            ),
            about: prose("Settings of Talk."),
            limitations: prose(
                "Settings that changed back between two syncs, and who changed \
                them.",
            ),
            ..Stream::snapshot("talk_settings", &TALK_SETTINGS, schema!("talk_settings"))
        },
        Stream {
            primary_key: &["agent_id"],
            deleted_rows: DeletedRows::None,
            access: TALK,
            documentation: prose(STATS_DOCS),
            about: prose(
                "Current activity of each agent of Talk, and the activity of the \
                current day.",
            ),
            limitations: prose(UNSEEN_OF_DAYS),
            ..Stream::listed("agents_activity", &AGENTS_ACTIVITY, schema!("agents_activity"))
        },
        Stream {
            access: TALK,
            documentation: prose(STATS_DOCS),
            about: prose("Activity of all agents of Talk together on the current day."),
            limitations: prose(UNSEEN_OF_DAYS),
            ..Stream::snapshot("agents_overview", &AGENTS_OVERVIEW, schema!("agents_overview"))
        },
        Stream {
            access: TALK,
            documentation: prose(STATS_DOCS),
            about: prose("Calls, waiting times and voicemails of the current day."),
            limitations: prose(UNSEEN_OF_DAYS),
            ..Stream::snapshot("account_overview", &ACCOUNT_OVERVIEW, schema!("account_overview"))
        },
        Stream {
            access: TALK,
            documentation: prose(STATS_DOCS),
            about: prose("Calls and callbacks that are waiting now, and agents that are online."),
            limitations: prose("Values between two syncs."),
            ..Stream::snapshot(
                "current_queue_activity",
                &CURRENT_QUEUE_ACTIVITY,
                schema!("current_queue_activity"),
            )
        },
    ]
}
