//! Guide: articles, and the listings below them. The help center has a bucket of its own.

use super::access::{ANY_AGENT, AccessRule};
use super::brands::BRAND;
use super::cursor::{Cursor, CursorFormat};
use super::feed::{ChangeSource, Feed, Order, Parent};
use super::file::FileKeys;
use super::prose::prose;
use super::schema::schema;
use super::sources::Source::{Object, Of};
use super::stream::Stream;
use zendesk::paging::Paging;

pub(super) static INCREMENTAL_ARTICLES: Feed = Feed {
    paging: Paging::ExportTime { end_mark: false },
    order: Order::ByTime("updated_at"),
    ..Feed::of_help_centers(
        "incremental_articles",
        "help_center/incremental/articles.json",
        &["articles"],
    )
};

static ARTICLE_COMMENTS: Feed = Feed {
    parent: Some(Parent::of(&INCREMENTAL_ARTICLES, &[("article_id", "id")])),
    ..Feed::of_help_centers(
        "article_comments",
        "help_center/articles/{article_id}/comments.json",
        &["comments"],
    )
};

static ARTICLE_COMMENT_VOTES: Feed = Feed {
    parent: Some(Parent::of(&ARTICLE_COMMENTS, &[("comment_id", "id")])),
    ..Feed::of_help_centers(
        "article_comment_votes",
        "help_center/articles/{article_id}/comments/{comment_id}/votes.json",
        &["votes"],
    )
};

/// The incremental export does not list an article again after a vote. This listing has its new
/// counts.
static ARTICLES: Feed =
    Feed::of_help_centers("articles", "help_center/articles.json", &["articles"]);

/// A vote changes an article's counts, not its time.
const COUNTED: Option<ChangeSource> =
    Some(ChangeSource::Numbers { feed: &ARTICLES, keys: &["vote_count", "vote_sum"] });

static ARTICLE_VOTES: Feed = Feed {
    parent: Some(Parent {
        told_by: COUNTED,
        ..Parent::of(&INCREMENTAL_ARTICLES, &[("article_id", "id")])
    }),
    ..Feed::of_help_centers(
        "article_votes",
        "help_center/articles/{article_id}/votes.json",
        &["votes"],
    )
};

static ARTICLE_ATTACHMENTS: Feed = Feed {
    parent: Some(Parent::of(&INCREMENTAL_ARTICLES, &[("article_id", "id")])),
    ..Feed::of_help_centers(
        "article_attachments",
        "help_center/articles/{article_id}/attachments.json",
        &["article_attachments"],
    )
};

static CATEGORIES: Feed =
    Feed::of_help_centers("categories", "help_center/categories.json", &["categories"]);

pub(super) static SECTIONS: Feed =
    Feed::of_help_centers("sections", "help_center/sections.json", &["sections"]);

static ARTICLE_TRANSLATIONS: Feed = Feed {
    parent: Some(Parent::of(&INCREMENTAL_ARTICLES, &[("article_id", "id")])),
    ..Feed::of_help_centers(
        "article_translations",
        "help_center/articles/{article_id}/translations.json",
        &["translations"],
    )
};

static SECTION_TRANSLATIONS: Feed = Feed {
    parent: Some(Parent::of(&SECTIONS, &[("section_id", "id")])),
    ..Feed::of_help_centers(
        "section_translations",
        "help_center/sections/{section_id}/translations.json",
        &["translations"],
    )
};

static CATEGORY_TRANSLATIONS: Feed = Feed {
    parent: Some(Parent::of(&CATEGORIES, &[("category_id", "id")])),
    ..Feed::of_help_centers(
        "category_translations",
        "help_center/categories/{category_id}/translations.json",
        &["translations"],
    )
};

pub(super) const OF_SECTIONS: &[(&str, &str)] = &[("sections", "updated_at")];
const OF_CATEGORIES: &[(&str, &str)] = &[("categories", "updated_at")];
pub(super) const OF_ARTICLES: &[(&str, &str)] = &[("articles", "updated_at")];
const OF_ARTICLE_COMMENTS: &[(&str, &str)] =
    &[("article_comments", "updated_at"), ("articles", "updated_at")];

/// The limitations of children of articles: deletions and silent changes.
const UNSEEN_CHILDREN: &str = "Deletions; a full refresh shows them. Changes that do not update \
    the article arrive within a week, when all articles are read again.";

/// The limitations of children that an article counts.
const UNSEEN_COUNTED: &str = "Deletions; a full refresh shows them. A vote that does not update \
    the article is found through the article's counts of votes. With more than 1,000 articles, \
    this takes up to a day. Other changes arrive within a week, when all articles are read \
    again.";

/// The limitations of translations of sections and categories.
const UNSEEN_TRANSLATIONS: &str = "Deletions; a full refresh shows them. Changes that do not \
    update the section or category arrive within a week, when all of them are read again.";

const TRANSLATIONS: &str = schema!("translations");
const TRANSLATIONS_DOCS: &str =
    "https://developer.zendesk.com/api-reference/help_center/help-center-api/translations/";

const fn updated_at(parents: &'static [(&'static str, &'static str)]) -> Option<Cursor> {
    Some(Cursor { field: "updated_at", format: CursorFormat::Unix, formerly: &[], parents })
}

pub(super) const GUIDE: AccessRule =
    AccessRule { feature: Some("the help center (Guide)"), ..ANY_AGENT };

pub(super) fn streams() -> Vec<Stream> {
    vec![
        Stream {
            cursor: updated_at(&[]),
            access: GUIDE,
            documentation: prose(
                "https://developer.zendesk.com/api-reference/help_center/help-center-api/articles/",
            ),
            about: prose("Articles of the help center that the user may see, drafts included."),
            limitations: prose(
                "Archived and deleted articles; a full refresh drops them. New vote counts of an \
                 article that did not change, unless `article_votes` is read in the same sync.",
            ),
            counted_by: COUNTED,
            ..Stream::of_help_centers("articles", &INCREMENTAL_ARTICLES, schema!("articles"))
        },
        Stream {
            cursor: updated_at(OF_ARTICLES),
            splice: &[
                BRAND,
                (
                    "_airbyte_parent_id",
                    Object(&[("article_id", Of(0, "source_id")), ("comment_id", Of(0, "id"))]),
                ),
            ],
            access: GUIDE,
            documentation: prose(
                "https://developer.zendesk.com/api-reference/help_center/help-center-api/article_comments/",
            ),
            about: prose("Comments on articles."),
            limitations: prose(UNSEEN_CHILDREN),
            ..Stream::of_help_centers(
                "article_comments",
                &ARTICLE_COMMENTS,
                schema!("article_comments"),
            )
        },
        Stream {
            cursor: updated_at(OF_ARTICLE_COMMENTS),
            access: GUIDE,
            documentation: prose(
                "https://developer.zendesk.com/api-reference/help_center/help-center-api/votes/",
            ),
            about: prose("Votes on comments on articles."),
            limitations: prose(UNSEEN_CHILDREN),
            ..Stream::of_help_centers(
                "article_comment_votes",
                &ARTICLE_COMMENT_VOTES,
                schema!("votes"),
            )
        },
        Stream {
            cursor: updated_at(OF_ARTICLES),
            access: GUIDE,
            documentation: prose(
                "https://developer.zendesk.com/api-reference/help_center/help-center-api/votes/",
            ),
            about: prose("Votes on articles."),
            limitations: prose(UNSEEN_COUNTED),
            ..Stream::of_help_centers("article_votes", &ARTICLE_VOTES, schema!("votes"))
        },
        Stream {
            cursor: updated_at(OF_ARTICLES),
            access: GUIDE,
            documentation: prose(
                "https://developer.zendesk.com/api-reference/help_center/help-center-api/article_attachments/",
            ),
            file: Some(FileKeys::of_attachments("files of articles")),
            about: prose(
                "Files attached to articles: names, types, sizes and addresses. The files \
                 themselves come too if the platform transfers files.",
            ),
            limitations: prose(UNSEEN_CHILDREN),
            ..Stream::of_help_centers(
                "article_attachments",
                &ARTICLE_ATTACHMENTS,
                schema!("article_attachments"),
            )
        },
        Stream {
            cursor: updated_at(&[]),
            access: GUIDE,
            documentation: prose(
                "https://developer.zendesk.com/api-reference/help_center/help-center-api/categories/",
            ),
            about: prose("Categories of the help center."),
            limitations: prose("Deleted categories; a full refresh drops them."),
            ..Stream::of_help_centers("categories", &CATEGORIES, schema!("categories"))
        },
        Stream {
            cursor: updated_at(&[]),
            access: GUIDE,
            documentation: prose(
                "https://developer.zendesk.com/api-reference/help_center/help-center-api/sections/",
            ),
            about: prose("Sections of the help center."),
            limitations: prose("Deleted sections; a full refresh drops them."),
            ..Stream::of_help_centers("sections", &SECTIONS, schema!("sections"))
        },
        Stream {
            cursor: updated_at(OF_ARTICLES),
            access: GUIDE,
            documentation: prose(TRANSLATIONS_DOCS),
            about: prose("Articles in every language, including the original one."),
            limitations: prose(UNSEEN_CHILDREN),
            ..Stream::of_help_centers("article_translations", &ARTICLE_TRANSLATIONS, TRANSLATIONS)
        },
        Stream {
            cursor: updated_at(OF_SECTIONS),
            access: GUIDE,
            documentation: prose(TRANSLATIONS_DOCS),
            about: prose("Sections in every language, including the original one."),
            limitations: prose(UNSEEN_TRANSLATIONS),
            ..Stream::of_help_centers("section_translations", &SECTION_TRANSLATIONS, TRANSLATIONS)
        },
        Stream {
            cursor: updated_at(OF_CATEGORIES),
            access: GUIDE,
            documentation: prose(TRANSLATIONS_DOCS),
            about: prose("Categories in every language, including the original one."),
            limitations: prose(UNSEEN_TRANSLATIONS),
            ..Stream::of_help_centers("category_translations", &CATEGORY_TRANSLATIONS, TRANSLATIONS)
        },
    ]
}
