//! What is read, as data. Nothing here acts: `sync` reads the declarations.
//!
//! The vocabulary, from the bottom. Each file imports only from files above it in this list:
//! - [`Feed`] (`feed`): a listing of Zendesk's that is walked page by page. `query_options` are the
//!   parameters of a feed whose values the user chooses.
//! - [`Source`], [`Splice`] (`sources`): where the value of a column comes from. [`DerivedRows`]
//!   (`derived`) are rows that Zendesk does not list. [`RowsAt`] (`rows`): the path that leads to a
//!   stream's rows in a page of the feed.
//! - [`Cursor`] (`cursor`): how recent a row is. [`Deletion`] (`deletion`): which rows are deleted.
//!   [`AccessRule`] (`access`): who may read. [`FileKeys`] (`file`): the file of a row.
//!   `custom_fields`: which columns custom fields make. [`SideLoad`] (`side_loads`): what comes
//!   with a row on request.
//! - [`Stream`] (`stream`): what Airbyte selects. It takes its rows from a feed. An [`Alternative`]
//!   is another listing for its rows.
//! - [`ResolvedFeed`] (`resolved_feed`) and [`ResolvedStream`] (`resolved`): a declaration with the
//!   decisions of configuration and account. All code that reads uses these two. `lookups` says
//!   which keys a page is scanned for.
//! - The families, one file each: `tickets`, `support`, `people`, `help_center` and so on.
//! - `options`: what the configuration decides. [`registry`]: all streams, resolved.
//!
//! To add a stream: write `schemas/<name>.json`. Add a [`Feed`] (or use an existing one) and a
//! [`Stream`] literal in the file of its family, which [`registry`] reads. `tests` says what is
//! missing. `UPDATE_GENERATED=1 cargo test` then rewrites `docs/streams.md`.

mod access;
mod account;
mod approvals;
mod audit;
mod badges;
pub mod brands;
mod business_rules;
mod community;
mod conditions;
mod conversations;
pub mod counts;
mod cursor;
pub mod custom_fields;
mod custom_object_rules;
pub mod custom_objects;
mod deletion;
pub mod derived;
#[cfg(test)]
mod docs;
mod fallbacks;
mod family;
mod feed;
mod fields;
mod file;
mod help_center;
mod help_center_setup;
mod integrations;
mod lifecycle;
mod lookups;
mod merges;
mod omnichannel;
mod options;
mod people;
mod prose;
mod query_options;
mod registry;
mod resolved;
mod resolved_feed;
mod routing;
mod routing_events;
mod rows;
mod schema;
mod searches;
mod settings;
mod side_loads;
mod sources;
mod stream;
mod subscriptions;
mod support;
mod talk;
mod talk_setup;
#[cfg(test)]
mod tests;
mod ticket_history;
mod tickets;

pub use access::{AccessRule, Role};
pub use cursor::{Cursor, CursorFormat, Former};
pub use deletion::{DeletedRows, Deletion, DeletionMarker};
pub use derived::DerivedRows;
pub use family::Family;
pub use feed::{ChangeSource, Feed, Host, Order, PageRows, Parent, TimeFilter};
pub use file::FileKeys;
pub use options::{names_twice, with_another};
pub use query_options::QueryOption;
pub use registry::{registry, registry_with};
pub use resolved::{Reading, ResolvedStream, ValueFilter};
pub use resolved_feed::ResolvedFeed;
pub use rows::{Beside, Column, Lists, RowsAt, Step};
pub use side_loads::{Comes, SideLoad};
pub use sources::{ATTRIBUTES, INCLUDED, RELATIONSHIPS, Source, Splice};
pub use stream::{Alternative, Stream};
