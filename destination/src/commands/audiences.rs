//! Finds the mark of an audience in Zendesk: its field, its tag or its organization.

use zendesk::error::ApiError;

use crate::audience::{Audience, Mark, WrittenMark};
use crate::fields::{Field, has_checkbox};
use crate::id::Id;
use crate::look::Look;
use crate::object::{KeyField, Object, fold};

/// Finds the mark of an audience. `custom` are the account's custom fields of users or organizations.
///
/// # Errors
/// [`ApiError`] if the search fails. The inner error says what the user has to do if the mark does not exist.
pub(super) async fn mark(
    look: &Look,
    audience: &Audience,
    custom: &[Field],
) -> Result<Result<Mark, String>, ApiError> {
    let of = audience.of.name();
    match &audience.by {
        WrittenMark::Field(key) if has_checkbox(custom, key) => Ok(Ok(Mark::Field(key.clone()))),
        WrittenMark::Field(key) => Ok(Err(format!(
            "{of} have no checkbox field with the key `{key}`. Create it in Zendesk's Admin Center, under \
             People, Configuration."
        ))),
        WrittenMark::Tag(tag) => Ok(Ok(Mark::Tag(tag.clone()))),
        WrittenMark::Organization(key) => {
            let keys = [key.clone()];
            let ids = look.ids(Object::Organizations, KeyField::ExternalId, &keys).await?;
            Ok(ids.get(&fold(key)).and_then(Id::number).map(Mark::Organization).ok_or_else(|| {
                format!(
                    "no organization has the external id `{key}`. Create it, or correct \
                     `organization_external_id`."
                )
            }))
        }
    }
}
