//! Reads the audiences of a config.

use std::sync::Arc;

use connector::config::Violation;

use super::{WrittenAudience, WrittenAudienceOf};
use crate::audience::{Audience, WrittenMark};
use crate::object::Object;

/// Reads all audiences. Slugs and marks must be unique.
pub(super) fn audiences(
    written: Vec<WrittenAudience>,
) -> Result<Vec<Arc<Audience>>, Vec<Violation>> {
    let mut audiences: Vec<Arc<Audience>> = Vec::new();
    let mut violations = Vec::new();
    for (at, written) in written.into_iter().enumerate() {
        let mut violation = |option: &str, what: String| {
            violations.push(Violation { field: format!("audiences.{at}.{option}"), what });
        };
        match audience(written) {
            Ok(audience) if audiences.iter().any(|other| other.slug == audience.slug) => {
                violation("slug", "another audience has the same slug".to_owned());
            }
            Ok(audience)
                if audiences
                    .iter()
                    .any(|other| other.by.is_same(&audience.by) && other.of == audience.of) =>
            {
                violation("as", "another audience uses the same mark".to_owned());
            }
            Ok(audience) => audiences.push(Arc::new(audience)),
            Err((option, what)) => violation(option, what),
        }
    }
    if violations.is_empty() { Ok(audiences) } else { Err(violations) }
}

/// Reads one audience.
///
/// # Errors
/// The option that is wrong, and the reason.
fn audience(written: WrittenAudience) -> Result<Audience, (&'static str, String)> {
    let slug = written.slug;
    let is_plain = |character: char| {
        character.is_ascii_lowercase() || character.is_ascii_digit() || "_-".contains(character)
    };
    if slug.is_empty() || !slug.chars().all(is_plain) {
        let why = "use only lower-case letters, digits, `_` and `-`".to_owned();
        return Err(("slug", why));
    }
    let of = match written.of.unwrap_or_default() {
        WrittenAudienceOf::Users => Object::Users,
        WrittenAudienceOf::Organizations => Object::Organizations,
    };
    let by = written.by;
    let given = |text: Option<String>| {
        text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
    };
    let by = match (given(by.field), given(by.tag), given(by.organization_external_id)) {
        (Some(key), None, None) => WrittenMark::Field(key),
        // Source: Zendesk, "Tags": blanks and commas separate tags, and letters are small.
        (None, Some(tag), None) if !tag.contains([' ', ',', '"']) => {
            WrittenMark::Tag(tag.to_lowercase())
        }
        (None, Some(_), None) => {
            return Err(("as", "a tag must not contain spaces, commas or quotes".into()));
        }
        (None, None, Some(_)) if of == Object::Organizations => {
            return Err((
                "as",
                "`organization_external_id` works only for audiences of users".to_owned(),
            ));
        }
        (None, None, Some(key)) => WrittenMark::Organization(key),
        _ => {
            let why = "set exactly one of `field`, `tag` and `organization_external_id`".to_owned();
            return Err(("as", why));
        }
    };
    let create_missing = written.create_missing.unwrap_or_default();
    let allow_empty = written.allow_empty.unwrap_or_default();
    Ok(Audience { slug, of, by, create_missing, allow_empty })
}

#[cfg(test)]
mod tests {
    use crate::config::Config;

    const SIGN_IN: &str =
        r#""subdomain":"acme","credentials":{"credentials":"oauth2.0","access_token":"hush-hush"}"#;

    #[test]
    fn an_audience_has_a_slug_and_one_mark_of_its_own() {
        let parse = |audiences: &str| {
            let config = format!(r#"{{{SIGN_IN},"audiences":[{audiences}]}}"#);
            let parsed = Config::parse(config.as_bytes()).map(|config| config.audiences);
            parsed.map_err(|violations| violations[0].to_string())
        };
        let vip = r#"{"slug":"vip","as":{"field":"audience_vip","tag":""}}"#;
        let audiences = parse(vip).unwrap();
        assert_eq!(audiences[0].by, crate::audience::WrittenMark::Field("audience_vip".into()));
        for (written, culprit) in [
            (r#"{"slug":"V I P","as":{"tag":"a"}}"#.to_owned(), "audiences.0.slug"),
            (r#"{"slug":"a","as":{"tag":"a b"}}"#.to_owned(), "audiences.0.as"),
            (r#"{"slug":"a","as":{}}"#.to_owned(), "audiences.0.as"),
            (r#"{"slug":"a","as":{"tag":"x","field":"y"}}"#.to_owned(), "audiences.0.as"),
            (
                r#"{"slug":"a","of":"organizations","as":{"organization_external_id":"x"}}"#
                    .to_owned(),
                "audiences.0.as",
            ),
            (format!("{vip},{vip}"), "audiences.1.slug"),
            (format!(r#"{vip},{{"slug":"b","as":{{"field":"audience_vip"}}}}"#), "audiences.1.as"),
            (
                r#"{"slug":"a","as":{"organization_external_id":"Club"}},
                    {"slug":"b","as":{"organization_external_id":"club"}}"#
                    .to_owned(),
                "audiences.1.as",
            ),
        ] {
            let why = parse(&written).unwrap_err();
            assert!(why.starts_with(culprit), "{written}: {why}");
        }
    }
}
