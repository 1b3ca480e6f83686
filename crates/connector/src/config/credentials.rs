//! The ways of signing in. Property names are those of Airbyte's connector, so an existing
//! configuration works unchanged.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;
use zendesk::secret::Secret;

/// The schema of a secret.
#[derive(Debug)]
pub struct SecretText;

impl JsonSchema for SecretText {
    fn schema_name() -> Cow<'static, str> {
        "Secret".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        schemars::json_schema!({ "type": "string", "airbyte_secret": true })
    }
}

/// How to sign in.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(tag = "credentials")]
pub enum Credentials {
    #[serde(rename = "oauth2_refresh")]
    #[schemars(title = "OAuth2.0 with Refresh Token", extend("additionalProperties" = true))]
    Refresh {
        /// The unique identifier of your OAuth client.
        #[schemars(with = "SecretText", title = "Client ID", extend("order" = 1))]
        client_id: Secret,
        /// The secret of your OAuth client.
        #[schemars(with = "SecretText", title = "Client Secret", extend("order" = 2))]
        client_secret: Secret,
        /// The current access token. It is renewed automatically.
        #[schemars(with = "SecretText", title = "Access Token", extend("order" = 3))]
        #[serde(default)]
        access_token: Option<Secret>,
        /// The time at which the access token expires. It is updated automatically.
        #[schemars(with = "String", title = "Token Expiry Date", extend("order" = 4, "format" = "date-time"))]
        #[serde(default)]
        token_expiry_date: Option<String>,
        /// The refresh token. It works only once, so give every connector its own.
        #[schemars(with = "SecretText", title = "Refresh Token", extend("order" = 5))]
        refresh_token: Secret,
    },
    #[serde(rename = "api_token")]
    #[schemars(title = "API Token", extend("additionalProperties" = true))]
    ApiToken {
        /// The e-mail address of the user that the token belongs to.
        #[schemars(title = "Email", extend("order" = 1))]
        email: String,
        /// The API token. Zendesk stops all API tokens on 2027-04-30.
        #[schemars(with = "SecretText", title = "API Token", extend("order" = 2))]
        api_token: Secret,
    },
    #[serde(rename = "oauth2.0")]
    #[schemars(title = "OAuth2.0 (Legacy)", extend("additionalProperties" = true))]
    Legacy {
        /// An OAuth access token that does not expire. Zendesk stops these tokens on 2027-04-01.
        #[schemars(with = "SecretText", title = "Access Token", extend("order" = 1))]
        access_token: Secret,
        /// The unique identifier of your OAuth client.
        #[schemars(with = "SecretText", title = "Client ID", extend("order" = 2))]
        #[serde(default)]
        client_id: Option<Secret>,
        /// The secret of your OAuth client.
        #[schemars(with = "SecretText", title = "Client Secret", extend("order" = 3))]
        #[serde(default)]
        client_secret: Option<Secret>,
    },
    #[serde(rename = "oauth2_client_credentials")]
    #[schemars(title = "OAuth2.0 with Client Credentials", extend("additionalProperties" = true))]
    ClientCredentials {
        /// The unique identifier of your confidential OAuth client.
        #[schemars(with = "SecretText", title = "Client ID", extend("order" = 1))]
        client_id: Secret,
        /// The secret of your OAuth client.
        #[schemars(with = "SecretText", title = "Client Secret", extend("order" = 2))]
        client_secret: Secret,
        /// The scopes to request, separated by spaces. Empty: `read`.
        #[schemars(with = "String", title = "Scope", extend("order" = 3))]
        #[serde(default)]
        scope: Option<String>,
    },
}

impl Credentials {
    /// Whether requests are signed with an access token. Such a token has scopes and may expire.
    #[must_use]
    pub fn is_oauth(&self) -> bool {
        !matches!(self, Self::ApiToken { .. })
    }
}
