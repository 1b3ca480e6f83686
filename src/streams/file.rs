//! Where a row tells of a file.

/// The keys of a row that tell of its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileKeys {
    /// Under which name it is counted whether files came. Unlike a feed's, it is saved nowhere.
    pub answers: &'static str,
    pub url: &'static str,
    pub name: &'static str,
    pub content_type: &'static str,
    /// Bytes.
    pub size: &'static str,
    /// Tells that the file is shown inside a text.
    pub inline: &'static str,
    /// Tells that the file is gone.
    pub deleted: Option<&'static str>,
    /// Tells what a scan found, and that the file may be had in spite of it.
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

    /// All of them.
    pub(super) fn keys(&self) -> impl Iterator<Item = &'static str> {
        let always = [self.url, self.name, self.content_type, self.size, self.inline];
        let scan = self.scan.into_iter().flat_map(|(found, allowed)| [found, allowed]);
        always.into_iter().chain(self.deleted).chain(scan)
    }
}
