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
        about: prose("Webhooks, inactive ones included: what is sent where, and upon what."),
        limitations: prose(
            "Deleted webhooks; a full refresh drops them. What is secret is cut out: `signing_secret`, the data \
                 of `authentication`, `custom_headers`, and of `endpoint` the user, the password and what stands \
                 behind a question mark; a key in the path of an `endpoint` stays. So is what Zendesk may add to \
                 these rows, as that may be a secret, too.",
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
            "What became of each invocation of a webhook. It takes a request for each webhook.",
        ),
        limitations: prose(
            "What Zendesk has dropped: it keeps invocations for 7 days. The attempts of an invocation, with what \
                 was sent and answered. No real account has shown which of `status_code` and `created_at` a row \
                 has, and whether one that was tried again is listed by its last attempt.",
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
            "Targets, the older way to tell other programs of tickets, inactive ones included.",
        ),
        limitations: prose(
            "There is no incremental read. What is secret is cut out: `token`, `secret`, `password`, \
                 `api_token`, and of `target_url` the user, the password and what stands behind a question mark; \
                 a key in the path of a `target_url` stays. So are keys of kinds of targets that the schema \
                 does not name, as they may be secrets, too.",
        ),
        ..connected("targets", &TARGETS, schema!("targets"))
    };
    let failures = Stream {
        documentation: prose(
            "https://developer.zendesk.com/api-reference/ticketing/targets/target_failures/",
        ),
        about: prose("Which calls of targets failed, the last 25 of each target."),
        limitations: prose(
            "There is no incremental read. Older failures, and what was sent and answered.",
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
        about: prose("Apps that are installed in the account, and for whom."),
        limitations: prose(
            "Apps that were uninstalled; a full refresh drops them. What is set in an app: of `settings` there \
                 are `name` and `title` alone, and `settings_objects` is cut out, because an app may keep a key \
                 under any name. So is what Zendesk may add to these rows.",
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
        about: prose("OAuth clients of the account: programs that may ask its people to sign in."),
        limitations: prose(
            "Deleted clients; a full refresh drops them. `secret` is cut out, and so is what Zendesk may add to \
                 these rows.",
        ),
        ..connected("oauth_clients", &OAUTH_CLIENTS, schema!("oauth_clients"))
    }
}

fn oauth_global_clients() -> Stream {
    Stream {
        documentation: prose(
            "https://developer.zendesk.com/api-reference/ticketing/oauth/global_oauth_clients/",
        ),
        about: prose("OAuth clients of others that people of the account have let in."),
        limitations: prose(
            "There is no incremental read. What Zendesk may add to these rows is cut out, as it may be a secret.",
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
            "Access tokens of all people: who let which OAuth client do what, and when it was last used.",
        ),
        limitations: prose(
            "There is no incremental read; a full refresh drops tokens that were revoked. The tokens themselves \
                 are cut out (`token`, `refresh_token`, `full_token`), and so is what Zendesk may add to these rows.",
        ),
        ..connected("oauth_tokens", &OAUTH_TOKENS, schema!("oauth_tokens"))
    }
}
