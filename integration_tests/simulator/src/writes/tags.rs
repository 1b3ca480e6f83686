//! Writes of tags alone: replacing, adding, removing. Source: Zendesk, Tags.

use super::refusal::Refusal;
use super::world::World;
use serde_json::json;

/// What a request does with its tags.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TagDeed {
    Set,
    Add,
    Remove,
}

impl World<'_> {
    /// Changes the tags of a row. Returns all tags that it has afterwards.
    pub(super) fn change_tags(
        &mut self,
        object: &'static str,
        id: u64,
        deed: TagDeed,
        tags: &[String],
    ) -> Result<Vec<String>, Refusal> {
        self.account.living(object, id).ok_or(Refusal::NotFound)?;
        let mut all = self.account.tags_of(object, id);
        match deed {
            TagDeed::Set => {
                self.note_lost_tags(object, id, tags);
                all = tags.to_vec();
            }
            TagDeed::Add => {
                for tag in tags {
                    if !all.contains(tag) {
                        all.push(tag.clone());
                    }
                }
            }
            TagDeed::Remove => all.retain(|tag| !tags.contains(tag)),
        }
        if object == "tickets" {
            self.change_ticket_tags(id, &all)?;
        } else {
            self.update(object, id, &vec![("tags".into(), json!(all).to_string())]);
        }
        Ok(all)
    }
}
