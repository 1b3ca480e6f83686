//! The classic connector acceptance tests, method by method and under their names, since the tool
//! itself wants a repository and images of its own. What a method asks is told in Airbyte's
//! documentation, "Connector acceptance tests"; where another test of ours asks for more, this one
//! asks for no less.
//!
//! Left out: `test_all_supported_file_types_present` (connectors for files), the methods about
//! documentation pages (Airbyte's own site), and those that are about nothing here: OAuth by the
//! old `authSpecification`.

mod reads;
mod spec;
mod streams;
