//! Collects how a stream ended at each of its hosts, so that it is reported once.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::failure;
use crate::streams::ResolvedStream;
use crate::sync::WalkError;
use crate::sync::listing::member::{Ended, Report};
use airbyte::stdout::Closed;
use zendesk::error::ErrorKind;

/// The most hosts that a line names. Further hosts are counted.
const MOST_NAMED: usize = 10;

/// Collects how a stream ended at each of its hosts.
pub struct Endings {
    /// How many hosts of each stream have not ended yet.
    hosts: BTreeMap<Cow<'static, str>, usize>,
    wholes: BTreeMap<Cow<'static, str>, Whole>,
    /// The states of help centers that are not enabled, by brand.
    not_enabled: BTreeMap<u64, String>,
    /// What was left out, with the streams that ended without it.
    left_out: BTreeMap<LeftOut, BTreeSet<Cow<'static, str>>>,
}

/// How a stream ended, over all of its hosts.
pub struct Whole {
    pub stream: Arc<ResolvedStream>,
    /// The errors, each with its host. The host is `None` if the stream is read at the main host
    /// only, or at no particular host.
    pub errors: Vec<(Option<String>, WalkError)>,
    /// Help centers that are left out: they do not exist, and that is no failure.
    pub left_out: Vec<LeftOut>,
    pub report: Report,
    /// The number of hosts where the stream is read.
    hosts: usize,
}

/// A help center that is not enabled, and whose host answered 404 to the first request.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LeftOut {
    state: String,
    detail: String,
    host: String,
}

impl Endings {
    #[must_use]
    pub fn new(
        hosts: BTreeMap<Cow<'static, str>, usize>,
        not_enabled: BTreeMap<u64, String>,
    ) -> Self {
        Self { hosts, wholes: BTreeMap::new(), not_enabled, left_out: BTreeMap::new() }
    }

    /// Notes how a stream ended at one host. Returns the whole when it has ended at all of its
    /// hosts.
    ///
    /// # Errors
    /// [`Closed`] when the stream ended because nobody reads the output any more.
    pub fn note(&mut self, ended: Ended) -> Result<Option<Whole>, Closed> {
        let name = ended.stream.name.clone();
        let left = self.hosts.entry(name.clone()).or_insert(1);
        let (stream, hosts) = (ended.stream, *left);
        let new = || Whole {
            stream,
            errors: Vec::new(),
            left_out: Vec::new(),
            report: Report::default(),
            hosts,
        };
        let known = self.wholes.entry(name.clone()).or_insert_with(new);
        let is_first = ended.report.tally.pages == 0;
        known.report.add(ended.report);
        let named = ended.site.as_ref().filter(|site| !site.is_main || known.hosts > 1);
        let at = named.map(|site| site.name().to_owned());
        let state = ended.site.as_ref().and_then(|site| self.not_enabled.get(&site.brand?));
        match (ended.result, state) {
            (Ok(()), _) => {}
            (Err(WalkError::Closed), _) => return Err(Closed),
            (Err(WalkError::Api(error)), Some(state))
                if error.kind == ErrorKind::NotFound && is_first && known.hosts > 1 =>
            {
                known.left_out.push(LeftOut {
                    state: state.clone(),
                    detail: error.detail.clone(),
                    host: at.clone().unwrap_or_default(),
                });
                known.errors.push((at, error.into()));
            }
            (Err(error), _) => known.errors.push((at, error)),
        }
        *left = left.saturating_sub(1);
        if *left > 0 {
            return Ok(None);
        }
        Ok(self.wholes.remove(&name).map(|whole| self.judge(whole)))
    }

    /// Leaves out the help centers that do not exist, and drops their errors. If nothing would be
    /// left to read, the errors stay.
    fn judge(&mut self, mut whole: Whole) -> Whole {
        if whole.left_out.len() >= whole.hosts {
            whole.left_out.clear();
            return whole;
        }
        let is_left_out = |at: &Option<String>| {
            at.as_ref().is_some_and(|at| whole.left_out.iter().any(|left| left.host == *at))
        };
        whole.errors.retain(|(at, _)| !is_left_out(at));
        for left in &whole.left_out {
            self.left_out.entry(left.clone()).or_default().insert(whole.stream.name.clone());
        }
        whole
    }

    /// The warnings about help centers that were left out. Those with the same reason and the same
    /// streams share one warning.
    #[must_use]
    pub fn left_out(&self) -> Vec<String> {
        let mut alike: BTreeMap<(&str, &str, Vec<&str>), Vec<&str>> = BTreeMap::new();
        for (LeftOut { state, detail, host }, streams) in &self.left_out {
            let streams = streams.iter().map(|name| &**name).collect();
            alike.entry((state, detail, streams)).or_default().push(host);
        }
        let warnings = alike.into_iter().map(|((state, detail, streams), hosts)| {
            failure::left_out(&some(&hosts), state, detail, &streams.join(", "))
        });
        warnings.collect()
    }
}

/// The names of the first hosts, and how many more there are.
#[must_use]
pub fn some(hosts: &[&str]) -> String {
    let named: Vec<&str> = hosts.iter().copied().take(MOST_NAMED).collect();
    match hosts.len().saturating_sub(MOST_NAMED) {
        0 => named.join(", "),
        more => format!("{} and {more} more hosts", named.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::config::Config;
    use crate::streams::registry;
    use zendesk::error::ApiError;
    use zendesk::site::Site;

    fn articles() -> Arc<ResolvedStream> {
        let config =
            br#"{"subdomain":"acme","credentials":{"credentials":"oauth2.0","access_token":"x"}}"#;
        let streams = registry(&Config::parse(config).unwrap());
        Arc::new(streams.into_iter().find(|stream| stream.name == "articles").unwrap())
    }

    fn refused(kind: ErrorKind) -> WalkError {
        let (request, detail) = ("GET /x".to_owned(), "not here".to_owned());
        ApiError { kind, status: None, request, detail, again_in: None, is_zendesks: true }.into()
    }

    /// The whole of a stream of brands 1 (the main one), 2 and 3. Brands 1 and 3 are restricted.
    fn whole(results: [(Result<(), WalkError>, u64); 3]) -> (Whole, Vec<String>) {
        let stream = articles();
        let main = Site::main("https://acme.zendesk.com".parse().unwrap(), None);
        let of = |brand| main.of_brand(&format!("b{brand}"), brand).unwrap();
        let sites = [main.with_brand(1), of(2), of(3)];
        let restricted = |brand| (brand, "restricted".to_owned());
        let not_enabled = [1, 3].map(restricted).into();
        let mut endings = Endings::new([("articles".into(), 3)].into(), not_enabled);
        let mut last = None;
        for (site, (result, pages)) in sites.into_iter().zip(results) {
            let site = Some(Arc::new(site));
            let mut report = Report::default();
            report.tally.pages = pages;
            let stream = Arc::clone(&stream);
            last = endings.note(Ended { stream, site, result, report }).unwrap();
        }
        (last.expect("all have ended"), endings.left_out())
    }

    #[test]
    fn a_first_404_of_a_help_center_that_is_not_enabled_is_reported_and_no_failure() {
        let not_found = || Err(refused(ErrorKind::NotFound));
        let (main, warnings) = whole([(not_found(), 0), (Ok(()), 4), (not_found(), 0)]);
        assert!(main.errors.is_empty());
        assert_eq!((main.left_out.len(), warnings.len()), (2, 1));
        assert!(warnings[0].starts_with("acme.zendesk.com, b3.zendesk.com: "), "{warnings:?}");
        assert!(warnings[0].contains("`help_center_brands`") && warnings[0].contains("articles"));
    }

    #[test]
    fn anything_else_is_a_failure_of_its_host() {
        let not_found = || Err(refused(ErrorKind::NotFound));
        for results in [
            // Enabled; in the middle of the walk; another refusal.
            [(Ok(()), 1), (not_found(), 0), (Ok(()), 1)],
            [(Ok(()), 1), (Ok(()), 1), (not_found(), 2)],
            [(Ok(()), 1), (Ok(()), 1), (Err(refused(ErrorKind::Forbidden)), 0)],
        ] {
            let (whole, warnings) = whole(results);
            assert_eq!((whole.errors.len(), whole.left_out.len(), warnings.len()), (1, 0, 0));
        }
    }

    #[test]
    fn a_stream_of_which_no_help_center_is_there_fails() {
        let not_found = || (Err(refused(ErrorKind::NotFound)), 0);
        let main = Site::main("https://acme.zendesk.com".parse().unwrap(), None);
        let not_enabled: BTreeMap<u64, String> = [(1, "restricted".to_owned())].into();
        let mut endings = Endings::new([("articles".into(), 1)].into(), not_enabled);
        let (result, _) = not_found();
        let site = Some(Arc::new(main.with_brand(1)));
        let ended = Ended { stream: articles(), site, result, report: Report::default() };
        let alone = endings.note(ended).unwrap().unwrap();
        assert_eq!((alone.errors.len(), alone.left_out.len()), (1, 0));
        // The second is enabled here, so that it fails by itself and the others are left out.
        let (three, _) = whole([not_found(), not_found(), not_found()]);
        assert_eq!((three.errors.len(), three.left_out.len()), (1, 2));
    }
}
