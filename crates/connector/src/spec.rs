//! `spec`: what can be configured, and how a platform signs its user in.

use serde_json::{Value, json};
use zendesk::oauth::TOKEN_SECONDS;

/// The connector specification. `scope` is what a user is asked to grant. `modes` are the sync
/// modes of a destination.
///
/// Source: Airbyte Protocol, `ConnectorSpecification`.
#[must_use]
pub fn specification(connection: &Value, version: &str, modes: &[&str], scope: &str) -> Value {
    json!({
        "connectionSpecification": connection,
        "protocol_version": version,
        "supportsIncremental": true,
        "supported_destination_sync_modes": modes,
        "advanced_auth": advanced_auth(scope),
    })
}

/// How a platform signs its user in with OAuth and a refresh token. The paths are those of
/// Airbyte's connector, so a connection that was made with it still works. `scope` is what the user
/// is asked to grant.
///
/// Source: Airbyte Protocol, `AdvancedAuth`; Zendesk, "Using OAuth authentication".
fn advanced_auth(scope: &str) -> Value {
    let credential =
        |key: &str| json!({ "type": "string", "path_in_connector_config": ["credentials", key] });
    let expiry = json!({
        "type": "string",
        "format": "date-time",
        "path_in_connector_config": ["credentials", "token_expiry_date"],
    });
    let account = "https://{{ subdomain }}.zendesk.com/oauth";
    let consent = [
        "response_type=code",
        "{{ client_id_key }}={{ client_id_value }}",
        "{{ redirect_uri_key }}={{ redirect_uri_value | urlEncoder }}",
        "{{ scopes_key }}={{ scopes_value | urlEncoder }}",
        "{{ state_key }}={{ state_value }}",
    ];
    json!({
        "auth_flow_type": "oauth2.0",
        "predicate_key": ["credentials", "credentials"],
        "predicate_value": "oauth2_refresh",
        "oauth_config_specification": {
            "oauth_user_input_from_connector_config_specification": {
                "type": "object",
                "properties": {
                    "subdomain": { "type": "string", "path_in_connector_config": ["subdomain"] },
                },
            },
            "oauth_connector_input_specification": {
                "consent_url": format!("{account}/authorizations/new?{}", consent.join("&")),
                "scopes": [{ "scope": scope }],
                "access_token_url": format!("{account}/tokens"),
                "access_token_headers": { "Content-Type": "application/json" },
                "access_token_params": {
                    "grant_type": "authorization_code",
                    "{{ auth_code_key }}": "{{ auth_code_value }}",
                    "{{ client_id_key }}": "{{ client_id_value }}",
                    "{{ client_secret_key }}": "{{ client_secret_value }}",
                    "{{ redirect_uri_key }}": "{{ redirect_uri_value }}",
                    "{{ scopes_key }}": "{{ scopes_value }}",
                    "expires_in": TOKEN_SECONDS.to_string(),
                },
                // The platform makes `token_expiry_date` of `expires_in`.
                "extract_output": ["access_token", "refresh_token", "expires_in"],
            },
            "complete_oauth_output_specification": {
                "type": "object",
                "properties": {
                    "access_token": credential("access_token"),
                    "refresh_token": credential("refresh_token"),
                    "token_expiry_date": expiry,
                },
            },
            "complete_oauth_server_input_specification": {
                "type": "object",
                "additionalProperties": false,
                "properties": {
                    "client_id": { "type": "string" },
                    "client_secret": { "type": "string" },
                },
            },
            "complete_oauth_server_output_specification": {
                "type": "object",
                "additionalProperties": false,
                "properties": {
                    "client_id": credential("client_id"),
                    "client_secret": credential("client_secret"),
                },
            },
        },
    })
}
