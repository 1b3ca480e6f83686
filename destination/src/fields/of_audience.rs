//! The fields of an audience's stream: its key fields, `member`, and all others if the mode writes them.

use crate::audience::{MEMBER, Mark, Membership};
use crate::object::{Object, Operation};

use super::field::{Field, Fields, Kind, Place};

/// Selects the fields of an audience's stream from those of its object.
#[must_use]
pub fn of_audience(fields: &Fields, membership: &Membership, mark: &Mark) -> Fields {
    let object = membership.audience.of;
    let is_key = |field: &Field| object.keys().iter().any(|key| key.name() == field.name);
    let writes = membership.operation() == Operation::Upsert;
    let is_kept = |field: &&Field| is_key(field) || (writes && !is_marks_own(field, mark));
    let own_tag = fields.iter().find(|field| is_marks_own(field, mark));
    let member = Field {
        name: MEMBER.to_owned(),
        place: Place::Mark(mark.clone()),
        kind: Kind::Boolean,
        description: Some(
            "Whether the row is a member. Without this column, all rows are members".to_owned(),
        ),
        tag: own_tag.and_then(|field| field.tag.clone()),
    };
    let kept = fields.iter().filter(is_kept).cloned();
    Fields::of(std::iter::once(member).chain(kept).collect())
}

/// Whether the field would write the mark of the audience through another column.
fn is_marks_own(field: &Field, mark: &Mark) -> bool {
    match mark {
        Mark::Field(key) => field.place == Place::CustomKey(key.clone()),
        Mark::Tag(_) => field.place == Place::Tags,
        Mark::Organization(_) => match &field.place {
            Place::Organization => true,
            Place::Related(relation) => relation.is_organization_of(Object::Users),
            _ => false,
        },
    }
}

/// Whether the account has a checkbox field with this key.
#[must_use]
pub fn has_checkbox(custom: &[Field], key: &str) -> bool {
    custom
        .iter()
        .any(|field| field.kind == Kind::Boolean && field.place == Place::CustomKey(key.to_owned()))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::system::all;
    use super::*;
    use crate::audience::{Audience, Mode, WrittenMark};

    fn names(mode: Mode, mark: &Mark) -> Vec<String> {
        let audience = Arc::new(Audience {
            slug: "vip".into(),
            of: Object::Users,
            by: WrittenMark::Tag("vip".into()),
            create_missing: false,
            allow_empty: false,
        });
        let vip = Field {
            name: "custom_audience_vip".into(),
            place: Place::CustomKey("audience_vip".into()),
            kind: Kind::Boolean,
            description: None,
            tag: Some("vip_tag".into()),
        };
        let fields = all(Object::Users, false, vec![vip]);
        let fields = of_audience(&fields, &Membership { audience, mode }, mark);
        fields.iter().map(|field| field.name.clone()).collect()
    }

    #[test]
    fn only_an_upsert_writes_more_than_the_mark() {
        let mark = Mark::Field("audience_vip".into());
        for mode in [Mode::Add, Mode::Remove, Mode::Mirror] {
            assert_eq!(names(mode, &mark), ["member", "id", "external_id", "email"], "{mode:?}");
        }
        let written = names(Mode::Upsert, &mark);
        assert!(written.contains(&"name".to_owned()) && written.contains(&"tags".to_owned()));
        assert!(!written.contains(&"custom_audience_vip".to_owned()), "by its column alone");
        assert!(!names(Mode::Upsert, &Mark::Tag("vip".into())).contains(&"tags".to_owned()));
        let written = names(Mode::Upsert, &Mark::Organization(7));
        assert!(!written.iter().any(|name| name.starts_with("organization")));
    }
}
