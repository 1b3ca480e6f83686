//! Lists beside the rows whose elements belong into the rows. They are indexed by id, once for each
//! page.

use std::collections::HashMap;

use crate::streams::{ATTRIBUTES, INCLUDED, ResolvedStream};
use zendesk::edit::Text;
use zendesk::json::{Member, Span, elements, member};
use zendesk::page::Page;

/// The lists of a page from which a stream's rows take elements, by name.
#[derive(Debug, Default)]
pub struct SideLoaded<'p> {
    lists: Vec<(&'static str, HashMap<&'p [u8], Span>)>,
}

impl<'p> SideLoaded<'p> {
    #[must_use]
    pub fn new(stream: &ResolvedStream, page: &'p Page) -> Self {
        let joined = stream.splice.iter().filter_map(|(_, source)| source.beside());
        let lists = joined.filter_map(|key| {
            let list = page.list(&[key])?;
            let by_id = list.rows.iter().enumerate().filter_map(|(at, row)| {
                Some((page.text.raw(list.member(at, "id")?.value), row.span))
            });
            Some((key, by_id.collect()))
        });
        Self { lists: lists.collect() }
    }

    /// Whether Zendesk sent the list.
    #[must_use]
    pub fn has(&self, key: &str) -> bool {
        self.lists.iter().any(|(known, _)| *known == key)
    }

    /// Appends an array of the elements of a list whose ids these members hold. Each element comes
    /// once, in the order of the members. A member holds an id or an array of ids.
    pub fn put(&self, key: &str, ids: &[Member], text: &Text, out: &mut Vec<u8>) {
        out.push(b'[');
        for (at, found) in self.found(key, ids, text).into_iter().enumerate() {
            if at > 0 {
                out.push(b',');
            }
            text.copy(out, found);
        }
        out.push(b']');
    }

    /// The resources of `included` that these resource identifiers name: where the id and the
    /// attributes of each are.
    #[must_use]
    pub fn included(&self, identifiers: &[Span], text: &Text) -> Vec<(Span, Span)> {
        let by_id = self.lists.iter().find(|(known, _)| *known == INCLUDED).map(|(_, by_id)| by_id);
        let found = identifiers.iter().filter_map(|identifier| {
            let id = member(&text.body, *identifier, "id")?;
            let resource = by_id?.get(text.raw(id)).copied()?;
            let attributes = member(&text.body, resource, ATTRIBUTES)?;
            (text.raw(attributes).first() == Some(&b'{')).then_some((id, attributes))
        });
        found.collect()
    }

    /// Where the elements are whose ids these members hold. Each comes once.
    #[must_use]
    pub fn found(&self, key: &str, ids: &[Member], text: &Text) -> Vec<Span> {
        let by_id = self.lists.iter().find(|(known, _)| *known == key).map(|(_, by_id)| by_id);
        let mut put: Vec<Span> = Vec::new();
        for value in ids.iter().flat_map(|member| values(text, member.value)) {
            let found = by_id.and_then(|by_id| by_id.get(text.raw(value))).copied();
            put.extend(found.filter(|found| !put.contains(found)));
        }
        put
    }
}

fn values(text: &Text, value: Span) -> Vec<Span> {
    if text.raw(value).first() == Some(&b'[') { elements(&text.body, value) } else { vec![value] }
}
