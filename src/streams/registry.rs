//! All streams, from the declarations, the configuration and the account.

use super::custom_objects::CustomObject;
use super::family::Family;
use super::resolved::ResolvedStream;
use super::{
    account, approvals, audit, badges, business_rules, community, conditions, conversations,
    custom_object_rules, custom_objects, help_center, help_center_setup, integrations, lifecycle,
    merges, omnichannel, options, people, routing, routing_events, searches, settings,
    subscriptions, support, talk, talk_setup, ticket_history, tickets,
};
use crate::config::Config;

/// Every stream of this configuration, in the order of the documentation. Some of these are not
/// offered by `discover`, and are read only if they are selected by name.
#[must_use]
pub fn registry(config: &Config) -> Vec<ResolvedStream> {
    registry_with(config, &[])
}

/// The same list, with a stream of records for each of these custom objects.
#[must_use]
pub fn registry_with(config: &Config, objects: &[CustomObject]) -> Vec<ResolvedStream> {
    let families = [
        (
            Family::Tickets,
            vec![
                support::streams(),
                tickets::streams(),
                conversations::streams(),
                approvals::streams(),
                conditions::streams(),
                lifecycle::of_tickets(),
                ticket_history::streams(),
            ],
        ),
        (Family::People, vec![people::streams(), merges::streams(), lifecycle::of_users()]),
        (
            Family::Settings,
            vec![
                business_rules::streams(),
                settings::streams(),
                account::streams(),
                integrations::streams(),
            ],
        ),
        (
            Family::HelpCenter,
            vec![
                help_center::streams(),
                help_center_setup::streams(),
                subscriptions::of_help_centers(),
            ],
        ),
        (
            Family::Community,
            vec![community::streams(), subscriptions::of_communities(), badges::streams()],
        ),
        (Family::Talk, vec![talk::streams(), talk_setup::streams()]),
        (
            Family::Routing,
            vec![routing::streams(), omnichannel::streams(), routing_events::streams()],
        ),
        (Family::CustomObjects, vec![custom_objects::streams(), custom_object_rules::streams()]),
        (Family::Audit, vec![audit::streams()]),
    ];
    let declared = families.into_iter().flat_map(|(family, streams)| {
        let streams = streams.into_iter().flatten();
        streams.map(move |stream| ResolvedStream::declared(stream, family))
    });
    let of_objects = objects.iter().map(CustomObject::records);
    let streams = declared.chain(of_objects).chain(searches::streams(config));
    streams.map(|stream| options::apply(stream, config)).collect()
}
