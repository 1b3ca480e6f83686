//! What tickets are routed by: skills and queues.

use super::access::{ADMIN, AccessRule};
use super::cursor::Cursor;
use super::feed::{Feed, Parent};
use super::prose::prose;
use super::rows::{Lists, RowsAt};
use super::schema::schema;
use super::sources::Source;
use super::stream::Stream;

static ACCOUNT_ATTRIBUTES: Feed =
    Feed::single("account_attributes", "routing/attributes.json", &["attributes"]);

/// It is not known whether the side-load `include=attribute_values` names the attribute of each
/// value. The path of this listing names it.
static ATTRIBUTE_VALUES: Feed = Feed {
    parent: Some(Parent::of(&ACCOUNT_ATTRIBUTES, &[("attribute_id", "id")])),
    ..Feed::single(
        "attribute_values",
        "routing/attributes/{attribute_id}/values.json",
        &["attribute_values"],
    )
};

const CONDITIONS_ALL: &[&str] = &["definitions", "conditions_all"];

const CONDITIONS_ANY: &[&str] = &["definitions", "conditions_any"];

static ATTRIBUTE_DEFINITIONS: Feed =
    Feed::single("attribute_definitions", "routing/attributes/definitions.json", CONDITIONS_ALL);

static QUEUES: Feed = Feed::single("queues", "queues.json", &["queues"]);

pub(super) const SKILLS: AccessRule =
    AccessRule { plan: Some("Enterprise"), feature: Some("skills-based routing"), ..ADMIN };

const SKILLS_DOCS: &str =
    "https://developer.zendesk.com/api-reference/ticketing/ticket-management/skill_based_routing/";

pub(super) fn streams() -> Vec<Stream> {
    vec![
        Stream {
            access: SKILLS,
            documentation: prose(SKILLS_DOCS),
            about: prose("Kinds of skills (attributes) for routing tickets."),
            limitations: prose("There is no incremental read."),
            ..Stream::listed(
                "account_attributes",
                &ACCOUNT_ATTRIBUTES,
                schema!("account_attributes"),
            )
        },
        Stream {
            splice: &[("attribute_id", Source::Filled("attribute_id"))],
            access: SKILLS,
            documentation: prose(SKILLS_DOCS),
            about: prose("Skills of each kind. The stream takes one request for each kind."),
            limitations: prose("There is no incremental read."),
            ..Stream::listed("attribute_values", &ATTRIBUTE_VALUES, schema!("attribute_values"))
        },
        Stream {
            rows: RowsAt {
                lists: Lists::Several(&[("all", CONDITIONS_ALL), ("any", CONDITIONS_ANY)]),
                ..RowsAt::LISTED
            },
            splice: &[("condition", Source::ListName)],
            primary_key: &["subject", "condition"],
            access: SKILLS,
            documentation: prose(SKILLS_DOCS),
            about: prose(
                "Conditions on tickets that require a skill: all of them, or any of \
                them, must be true.",
            ),
            limitations: prose("There is no incremental read."),
            ..Stream::listed(
                "attribute_definitions",
                &ATTRIBUTE_DEFINITIONS,
                schema!("attribute_definitions"),
            )
        },
        Stream {
            cursor: Cursor::UPDATED,
            access: AccessRule {
                plan: Some("Suite or Support Professional"),
                feature: Some("omnichannel routing"),
                ..ADMIN
            },
            documentation: prose(
                "https://developer.zendesk.com/api-reference/ticketing/ticket-management/omnichannel_routing_queues/",
            ),
            about: prose(
                "Queues of work for agents: their conditions, their order, and the groups that \
                 serve them.",
            ),
            limitations: prose("Inactive queues. Deleted queues; a full refresh drops them."),
            ..Stream::listed("queues", &QUEUES, schema!("queues"))
        },
    ]
}
