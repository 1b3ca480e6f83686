//! Integrations of the account: webhooks, targets, apps and OAuth.
//!
//! Their rows hold secrets. So a record has the columns of its schema and no others.

use super::access::{ADMIN, ANY_AGENT};
use super::cursor::{Cursor, CursorFormat};
use super::deletion::DeletedRows;
use super::feed::{Feed, Parent, TimeFilter};
use super::prose::prose;
use super::schema::schema;
use super::sources::Source;
use super::stream::Stream;

static WEBHOOKS: Feed = Feed::listing("webhooks", "webhooks", &["webhooks"]);

/// A webhook's row does not change when the webhook is invoked. So each webhook's listing is
/// requested for what is new since the position.
static WEBHOOK_INVOCATIONS: Feed = Feed {
    parent: Some(Parent::of(&WEBHOOKS, &[("webhook_id", "id")])),
    since: TimeFilter::Between("filter[from_ts]", "filter[to_ts]"),
    kept_days: Some(7),
    ..Feed::listing("webhook_invocations", "webhooks/{webhook_id}/invocations", &["invocations"])
};

static TARGETS: Feed = Feed::single("targets", "targets.json", &["targets"]);

static TARGET_FAILURES: Feed =
    Feed::single("target_failures", "target_failures.json", &["target_failures"]);

static APP_INSTALLATIONS: Feed =
    Feed::single("app_installations", "apps/installations.json", &["installations"]);

static OAUTH_CLIENTS: Feed = Feed::listing("oauth_clients", "oauth/clients.json", &["clients"]);

static OAUTH_GLOBAL_CLIENTS: Feed =
    Feed::listing("oauth_global_clients", "oauth/global_clients.json", &["global_clients"]);

/// Without parameters the listing has only the tokens of the user who asks.
static OAUTH_TOKENS: Feed = Feed {
    query: &[("all", "true")],
    ..Feed::listing("oauth_tokens", "oauth/tokens.json", &["tokens"])
};

const WEBHOOKS_DOCS: &str =
    "https://developer.zendesk.com/api-reference/webhooks/webhooks-api/webhooks/";

/// A stream of integrations.
const fn connected(name: &'static str, feed: &'static Feed, schema: &'static str) -> Stream {
    Stream { only_columns: true, access: ADMIN, ..Stream::listed(name, feed, schema) }
}

pub(super) fn streams() -> Vec<Stream> {
    let [targets, failures] = targets();
    vec![
        webhooks(),
        invocations(),
        targets,
        failures,
        app_installations(),
        oauth_clients(),
        oauth_global_clients(),
        oauth_tokens(),
    ]
}

fn webhooks() -> Stream {
    Stream {
        cursor: Cursor::UPDATED,
        splice: &[
            ("endpoint", Source::AddressOf(0, "endpoint")),
            (
                "authentication",
                Source::Object(&[
                    ("type", Source::Inside(0, "authentication", &["type"])),
                    ("add_position", Source::Inside(0, "authentication", &["add_position"])),
                ]),
            ),
        ],
        scope: "webhooks:read",
        documentation: prose(WEBHOOKS_DOCS),
        about: prose(
            "Webhooks, inactive ones included, with their addresses, their formats and the \
             events that start them.",
        ),
        limitations: prose(
            "Deleted webhooks; a full refresh drops them. Secrets are removed: `signing_secret`, \
             the data of `authentication`, `custom_headers`, and the user, the password and the \
             query of `endpoint`. A key in the path of an `endpoint` stays. Fields that Zendesk \
             adds to these rows later are removed too, because they might be secrets.",
        ),
        ..connected("webhooks", &WEBHOOKS, schema!("webhooks"))
    }
}

fn invocations() -> Stream {
    Stream {
        cursor: Some(Cursor {
            field: "latest_completed_at",
            format: CursorFormat::Iso,
            formerly: &[],
            parents: &[("webhooks", "updated_at")],
        }),
        dated: true,
        splice: &[("webhook_id", Source::Filled("webhook_id"))],
        scope: "webhooks:read",
        deleted_rows: DeletedRows::Vanish,
        documentation: prose(WEBHOOKS_DOCS),
        about: prose(
            "Invocations of webhooks, with their results. The stream takes one request for each \
             webhook.",
        ),
        limitations: prose(
            "Invocations older than 7 days, which Zendesk drops. The attempts of an invocation, \
             with requests and answers. The listing was not tried on a real account. It is not \
             known whether a row has `status_code` or `created_at`, and whether a repeated \
             invocation is listed by its last attempt.",
        ),
        ..connected("webhook_invocations", &WEBHOOK_INVOCATIONS, schema!("webhook_invocations"))
    }
}

fn targets() -> [Stream; 2] {
    let targets = Stream {
        splice: &[("target_url", Source::AddressOf(0, "target_url"))],
        access: ANY_AGENT,
        scope: "targets:read",
        documentation: prose(
            "https://developer.zendesk.com/api-reference/ticketing/targets/targets/",
        ),
        about: prose(
            "Targets, inactive ones included: the older way to notify other programs of tickets.",
        ),
        limitations: prose(
            "There is no incremental read. Secrets are removed: `token`, `secret`, `password`, \
             `api_token`, and the user, the password and the query of `target_url`. A key in the \
             path of a `target_url` stays. Fields that the schema does not name are removed too, \
             because they might be secrets.",
        ),
        ..connected("targets", &TARGETS, schema!("targets"))
    };
    let failures = Stream {
        documentation: prose(
            "https://developer.zendesk.com/api-reference/ticketing/targets/target_failures/",
        ),
        about: prose("Failed calls of targets, the last 25 of each target."),
        limitations: prose(
            "There is no incremental read. Older failures. Requests and answers of the calls.",
        ),
        ..connected("target_failures", &TARGET_FAILURES, schema!("target_failures"))
    };
    [targets, failures]
}

fn app_installations() -> Stream {
    Stream {
        cursor: Cursor::UPDATED,
        splice: &[(
            "settings",
            Source::Object(&[
                ("name", Source::Inside(0, "settings", &["name"])),
                ("title", Source::Inside(0, "settings", &["title"])),
            ]),
        )],
        access: ANY_AGENT,
        scope: "apps:read",
        documentation: prose(
            "https://developer.zendesk.com/api-reference/ticketing/apps/apps/#list-app-installations",
        ),
        about: prose("Apps that are installed in the account, and who may use them."),
        limitations: prose(
            "Uninstalled apps; a full refresh drops them. Settings of an app, which may have \
             keys under any name: `settings` has only `name` and `title`, and `settings_objects` \
             is removed. Fields that Zendesk adds to these rows later are removed too.",
        ),
        ..connected("app_installations", &APP_INSTALLATIONS, schema!("app_installations"))
    }
}

fn oauth_clients() -> Stream {
    Stream {
        cursor: Cursor::UPDATED,
        documentation: prose(
            "https://developer.zendesk.com/api-reference/ticketing/oauth/oauth_clients/",
        ),
        about: prose("OAuth clients of the account: programs that may ask users to sign in."),
        limitations: prose(
            "Deleted clients; a full refresh drops them. `secret` is removed, and so are fields \
             that Zendesk adds to these rows later.",
        ),
        ..connected("oauth_clients", &OAUTH_CLIENTS, schema!("oauth_clients"))
    }
}

fn oauth_global_clients() -> Stream {
    Stream {
        documentation: prose(
            "https://developer.zendesk.com/api-reference/ticketing/oauth/global_oauth_clients/",
        ),
        about: prose("OAuth clients of other parties that users of the account have authorized."),
        limitations: prose(
            "There is no incremental read. Fields that Zendesk adds to these rows later are \
             removed, because they might be secrets.",
        ),
        ..connected("oauth_global_clients", &OAUTH_GLOBAL_CLIENTS, schema!("oauth_global_clients"))
    }
}

fn oauth_tokens() -> Stream {
    Stream {
        documentation: prose(
            "https://developer.zendesk.com/api-reference/ticketing/oauth/oauth_tokens/",
        ),
        about: prose(
            "Access tokens of all users: who authorized which OAuth client, with which scopes, \
             and when the token was last used.",
        ),
        limitations: prose(
            "There is no incremental read; a full refresh drops revoked tokens. The tokens \
             themselves are removed (`token`, `refresh_token`, `full_token`), and so are fields \
             that Zendesk adds to these rows later.",
        ),
        ..connected("oauth_tokens", &OAUTH_TOKENS, schema!("oauth_tokens"))
    }
}
