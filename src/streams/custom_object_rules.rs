//! Triggers of custom objects, and which records a role may see.
//!
//! Source: Zendesk, Object Triggers; Custom Object Permissions. Each kind of custom object has its
//! own.

use super::access::{ADMIN, AccessRule};
use super::custom_objects::{CUSTOM_OBJECTS, OBJECTS, SCOPE};
use super::feed::{Feed, Parent};
use super::prose::prose;
use super::schema::schema;
use super::sources::Source;
use super::stream::Stream;

const OF_OBJECTS: Option<Parent> =
    Some(Parent::of(&CUSTOM_OBJECTS, &[("custom_object_key", "key")]));

static TRIGGERS: Feed = Feed {
    parent: OF_OBJECTS,
    ..Feed::single(
        "custom_object_triggers",
        "custom_objects/{custom_object_key}/triggers",
        &["triggers"],
    )
};

static ACCESS_RULES: Feed = Feed {
    parent: OF_OBJECTS,
    ..Feed::single(
        "custom_object_access_rules",
        "custom_objects/{custom_object_key}/access_rules",
        &["access_rules"],
    )
};

pub(super) fn streams() -> Vec<Stream> {
    vec![
        Stream {
            splice: &[("custom_object_key", Source::Filled("custom_object_key"))],
            access: OBJECTS,
            scope: SCOPE,
            documentation: prose(
                "https://developer.zendesk.com/api-reference/custom-data/custom-objects/custom_object_triggers/",
            ),
            about: prose(
                "Triggers of every kind of custom object, inactive ones included. The stream \
                 takes one request for each kind.",
            ),
            limitations: prose("There is no incremental read."),
            ..Stream::listed("custom_object_triggers", &TRIGGERS, schema!("custom_object_triggers"))
        },
        Stream {
            splice: &[("custom_object_key", Source::Filled("custom_object_key"))],
            access: AccessRule { feature: OBJECTS.feature, ..ADMIN },
            scope: SCOPE,
            documentation: prose(
                "https://developer.zendesk.com/api-reference/custom-data/custom-objects/custom_object_permissions/",
            ),
            about: prose(
                "Access rules of custom objects: conditions that limit which records a role may \
                 see or change. The stream takes one request for each kind.",
            ),
            limitations: prose(
                "There is no incremental read. The policies that use these rules are not read, \
                 because Zendesk's descriptions of their listing differ.",
            ),
            ..Stream::listed(
                "custom_object_access_rules",
                &ACCESS_RULES,
                schema!("custom_object_access_rules"),
            )
        },
    ]
}
