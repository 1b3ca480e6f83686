//! The config as the user writes it, and as the program uses it. The spec is derived from the first, and
//! every config is validated against the spec.

use std::sync::Arc;

use connector::config::{Account, Read, Violation};
use serde_json::{Value, json};

mod audiences;
mod storage;
mod written;

pub use storage::{Keys, ObjectStorage, Place, Storage};
pub use written::{
    NullHandling, OnEmailMatch, OrganizationMode, TagsMode, UnknownStreams, WrittenAs,
    WrittenAudience, WrittenAudienceOf, WrittenConfig, WrittenOperation, WrittenStream,
};

use crate::audience::Audience;

/// The default of `api_quota_percent`. The rest is for the agents.
const DEFAULT_PERCENT: u32 = 50;

const DEFAULT_JOBS: u64 = 5;

/// The default of `max_removal_percent`.
const DEFAULT_REMOVAL_PERCENT: u64 = 30;

/// The config as the program uses it.
#[derive(Debug)]
pub struct Config {
    pub account: Arc<Account>,
    /// The most bulk jobs at the same time.
    pub max_jobs: usize,
    pub dry_run: bool,
    pub streams: Vec<WrittenStream>,
    pub unknown_streams: UnknownStreams,
    pub null_handling: NullHandling,
    pub tags_mode: TagsMode,
    pub organization_mode: OrganizationMode,
    pub on_email_match: OnEmailMatch,
    pub allow_agents: bool,
    pub allow_deletes: bool,
    pub notify: bool,
    pub audiences: Vec<Arc<Audience>>,
    /// The largest share of its members that a mirror may remove, in percent.
    pub max_removal_percent: u64,
    /// Whether a mirror may remove members at the end of input without a COMPLETE.
    pub accept_end_of_input: bool,
    /// Where rejected rows are stored.
    pub rejected_rows: Option<Storage>,
}

impl Config {
    /// Reads and validates a config.
    ///
    /// # Errors
    /// Every [`Violation`] at once.
    pub fn parse(text: &[u8]) -> Result<Self, Vec<Violation>> {
        let Read { as_written, account, own: written } =
            connector::config::read::<WrittenConfig>(text, &connection_specification())?;
        let jobs = written.max_jobs.unwrap_or(DEFAULT_JOBS);
        Ok(Self {
            account: Arc::new(Account::new(account, as_written, DEFAULT_PERCENT)?),
            max_jobs: usize::try_from(jobs).unwrap_or(1).clamp(1, 30),
            dry_run: written.dry_run.unwrap_or_default(),
            streams: written.streams.unwrap_or_default(),
            unknown_streams: written.unknown_streams.unwrap_or_default(),
            null_handling: written.null_handling.unwrap_or_default(),
            tags_mode: written.tags_mode.unwrap_or_default(),
            organization_mode: written.organization_mode.unwrap_or_default(),
            on_email_match: written.on_email_match.unwrap_or_default(),
            allow_agents: written.allow_agents.unwrap_or_default(),
            allow_deletes: written.allow_deletes.unwrap_or_default(),
            notify: written.notify.unwrap_or_default(),
            audiences: audiences::audiences(written.audiences.unwrap_or_default())?,
            max_removal_percent: written.max_removal_percent.unwrap_or(DEFAULT_REMOVAL_PERCENT),
            accept_end_of_input: written.accept_end_of_input.unwrap_or_default(),
            rejected_rows: match written.object_storage_config {
                Some(storage) => storage.place()?,
                None => None,
            },
        })
    }
}

/// The JSON schema of a config.
#[must_use]
pub fn connection_specification() -> Value {
    let mut schema = connector::config::connection_specification::<WrittenConfig>();
    let properties = &mut schema["properties"];
    // Both programs have these options, with different defaults.
    properties["api_quota_percent"]["default"] = json!(DEFAULT_PERCENT);
    let variants = properties["credentials"]["oneOf"].as_array_mut();
    for variant in variants.into_iter().flatten() {
        if let Some(scope) = variant["properties"].get_mut("scope") {
            scope["description"] =
                json!("The scopes to request, separated by spaces. Empty: `read write`.");
        }
    }
    for variant in properties["object_storage_config"]["oneOf"].as_array_mut().into_iter().flatten()
    {
        variant["properties"]["storage_type"]["order"] = json!(0);
    }
    schema
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIGN_IN: &str =
        r#""subdomain":"acme","credentials":{"credentials":"oauth2.0","access_token":"hush-hush"}"#;

    #[test]
    fn defaults_neither_mail_nor_overwrite_nor_delete() {
        let config = Config::parse(format!("{{{SIGN_IN}}}").as_bytes()).unwrap();
        assert_eq!((config.max_jobs, config.account.quota_percent), (5, 50));
        assert!(!config.notify && !config.allow_agents && !config.allow_deletes && !config.dry_run);
        assert_eq!(config.tags_mode, TagsMode::Add);
        assert_eq!(config.organization_mode, OrganizationMode::Add);
        assert_eq!(config.null_handling, NullHandling::Ignore);
        assert_eq!(config.unknown_streams, UnknownStreams::Fail);
        assert_eq!(config.rejected_rows, None);
        assert!(!format!("{config:?}").contains("hush"));
    }

    #[test]
    fn every_violation_is_told_at_once_by_field() {
        let text = format!(
            r#"{{{SIGN_IN},"max_jobs":31,"notify":"yes","tags_mode":"merge","streams":[{{"stream":"a"}}],
                "max_removal_percent":101,
                "object_storage_config":{{"storage_type":"Local"}}}}"#
        );
        let violations = Config::parse(text.as_bytes()).unwrap_err();
        let fields: Vec<&str> =
            violations.iter().map(|violation| violation.field.as_str()).collect();
        for field in [
            "max_jobs",
            "notify",
            "tags_mode",
            "streams.0.object",
            "streams.0.operation",
            "object_storage_config.path",
            "max_removal_percent",
        ] {
            assert!(fields.contains(&field), "{field}: {fields:?}");
        }
    }
}
