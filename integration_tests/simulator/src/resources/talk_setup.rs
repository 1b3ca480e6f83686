//! The settings of Talk, its counts, and the account's settings. All of them come in one piece.
//! Source: Zendesk, Talk API; Account Settings.

use super::{Resource, Stamp, plain};
use crate::account::table::Order;
use crate::listings::{Listing, object, single};
use crate::rows::{account, talk_setup as talk};

/// A resource with few rows. Talk's settings have no pages.
const fn few(
    name: &'static str,
    make: crate::rows::RowMaker,
    listings: &'static [Listing],
) -> Resource {
    Resource { tiny: 7, stamp: Stamp::None, listings, ..plain(name, "id", make) }
}

const fn in_one(path: &'static str, name: &'static str) -> Listing {
    Listing { order: Order::Id, ..single(path, name, name) }
}

const fn one(
    name: &'static str,
    make: crate::rows::RowMaker,
    listings: &'static [Listing],
) -> Resource {
    Resource { tiny: 1, ..few(name, make, listings) }
}

pub(super) const RESOURCES: &[Resource] = &[
    few(
        "phone_numbers",
        talk::phone_number,
        &[in_one("channels/voice/phone_numbers", "phone_numbers")],
    ),
    few("lines", talk::line, &[in_one("channels/voice/lines", "lines")]),
    few("ivrs", talk::ivr, &[in_one("channels/voice/ivr", "ivrs")]),
    few("greetings", talk::greeting, &[in_one("channels/voice/greetings", "greetings")]),
    few(
        "greeting_categories",
        talk::greeting_category,
        &[in_one("channels/voice/greeting_categories", "greeting_categories")],
    ),
    few("addresses", talk::address, &[in_one("channels/voice/addresses", "addresses")]),
    Resource {
        key: "agent_id",
        label: "agent_id",
        ..few(
            "agents_activity",
            talk::agent_activity,
            &[in_one("channels/voice/stats/agents_activity", "agents_activity")],
        )
    },
    one(
        "agents_overview",
        talk::agents_overview,
        &[object("channels/voice/stats/agents_overview", "agents_overview", "agents_overview")],
    ),
    one(
        "account_overview",
        talk::account_overview,
        &[object("channels/voice/stats/account_overview", "account_overview", "account_overview")],
    ),
    one(
        "current_queue_activity",
        talk::current_queue_activity,
        &[object(
            "channels/voice/stats/current_queue_activity",
            "current_queue_activity",
            "current_queue_activity",
        )],
    ),
    one(
        "talk_settings",
        talk::settings,
        &[object("channels/voice/settings", "talk_settings", "settings")],
    ),
    one(
        "account_settings",
        account::settings,
        &[object("account/settings", "account_settings", "settings")],
    ),
];
