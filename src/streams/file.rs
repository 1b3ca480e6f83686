//! Which keys of a row describe a file.

/// The keys of a row that describe its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileKeys {
    /// The name under which files that came and files that did not are counted. Unlike a feed's
    /// name, it is never saved.
    pub answers: &'static str,
    pub url: &'static str,
    pub name: &'static str,
    pub content_type: &'static str,
    /// The size in bytes.
    pub size: &'static str,
    /// The key of the flag that the file is shown inside a text.
    pub inline: &'static str,
    /// The key of the flag that the file was deleted.
    pub deleted: Option<&'static str>,
    /// Two keys: the result of a malware scan, and the flag that the file may be fetched in spite
    /// of it.
    pub scan: Option<(&'static str, &'static str)>,
}

impl FileKeys {
    /// The keys of Zendesk's attachments.
    ///
    /// Source: Zendesk, "Ticket Attachments" and "Article Attachments".
    pub(super) const fn of_attachments(answers: &'static str) -> Self {
        Self {
            answers,
            url: "content_url",
            name: "file_name",
            content_type: "content_type",
            size: "size",
            inline: "inline",
            deleted: None,
            scan: None,
        }
    }

    /// All keys.
    pub(super) fn keys(&self) -> impl Iterator<Item = &'static str> {
        let always = [self.url, self.name, self.content_type, self.size, self.inline];
        let scan = self.scan.into_iter().flat_map(|(found, allowed)| [found, allowed]);
        always.into_iter().chain(self.deleted).chain(scan)
    }
}
