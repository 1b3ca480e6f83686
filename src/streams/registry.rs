//! All streams, made from the declarations, the configuration and the account.

use super::custom_objects::CustomObject;
use super::resolved::ResolvedStream;
use super::{
    account, business_rules, community, conditions, conversations, custom_objects, help_center,
    help_center_setup, integrations, lifecycle, options, people, searches, settings, support, talk,
    talk_setup, ticket_history, tickets,
};
use crate::config::Config;

/// Every stream of this configuration, in the order of the documentation, those that are offered
/// and those that are read when they are asked for by name.
#[must_use]
pub fn registry(config: &Config) -> Vec<ResolvedStream> {
    registry_with(config, &[])
}

/// The same with a stream for each kind of custom object that the account has.
#[must_use]
pub fn registry_with(config: &Config, objects: &[CustomObject]) -> Vec<ResolvedStream> {
    let declared = [
        support::streams(),
        tickets::streams(),
        conversations::streams(),
        people::streams(),
        business_rules::streams(),
        settings::streams(),
        account::streams(),
        integrations::streams(),
        help_center::streams(),
        community::streams(),
        help_center_setup::streams(),
        conditions::streams(),
        lifecycle::streams(),
        ticket_history::streams(),
        talk::streams(),
        talk_setup::streams(),
        custom_objects::streams(),
    ];
    let declared = declared.into_iter().flatten().map(ResolvedStream::declared);
    let of_objects = objects.iter().map(CustomObject::records);
    let streams = declared.chain(of_objects).chain(searches::streams(config));
    streams.map(|stream| options::apply(stream, config)).collect()
}
