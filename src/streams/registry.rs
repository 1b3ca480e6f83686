//! All streams, made from the declarations and the configuration.

use super::stream::Stream;
use super::{
    business_rules, community, conditions, custom_objects, help_center, lifecycle, options, people,
    searches, settings, support, talk, tickets,
};
use crate::config::Config;

/// Every stream of this configuration, in the order of the documentation, those that are offered
/// and those that are read when they are asked for by name. It is made once and lives as long as
/// the program.
#[must_use]
pub fn registry(config: &Config) -> Vec<Stream> {
    registry_with(config, Vec::new())
}

/// The same with the streams that only this account has.
#[must_use]
pub fn registry_with(config: &Config, of_account: Vec<Stream>) -> Vec<Stream> {
    let mut streams = support::streams();
    streams.extend(tickets::streams());
    streams.extend(people::streams());
    streams.extend(business_rules::streams());
    streams.extend(settings::streams());
    streams.extend(help_center::streams());
    streams.extend(community::streams());
    streams.extend(conditions::streams());
    streams.extend(lifecycle::streams());
    streams.extend(talk::streams());
    streams.extend(custom_objects::streams());
    streams.extend(of_account);
    options::apply(&mut streams, config);
    streams.extend(searches::streams(config));
    streams
}
