//! The parts of a stream's state: a stream of help centers has one position for each brand. The
//! main host's is the state itself, so that one brand alone has the shape that Airbyte's connector
//! reads; those of other brands stand in it by their ids. Pure.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::plan::{self, Now};
use super::position::{Position, to_state};
use crate::config::Config;
use crate::protocol::catalog::SyncMode;
use crate::protocol::ledger::Positions;
use crate::protocol::state::BRANDS;
use crate::streams::Stream;
use crate::zendesk::site::Site;

/// Where a stream begins at each of its hosts.
#[derive(Debug, Default)]
pub struct Beginnings {
    /// All its positions, those where there is nothing to read among them.
    pub positions: Positions,
    /// Where there is something to read. No site: the main host, with nothing known of its brand.
    pub open: Vec<(Option<Arc<Site>>, Position)>,
    pub warnings: Vec<String>,
}

/// Decides where a stream begins at each of these hosts. Positions of brands that are not read now
/// stay as they are.
#[must_use]
pub fn begin(
    stream: &Stream,
    mode: SyncMode,
    state: Option<&Map<String, Value>>,
    config: &Config,
    now: Now,
    sites: &[Option<Arc<Site>>],
) -> Beginnings {
    let (own, parts, mut warnings) = split(stream, state);
    let text = |part: &Map<String, Value>| Value::Object(part.clone()).to_string();
    let mut positions = Positions {
        state: own.as_ref().map_or_else(|| "{}".to_owned(), text),
        brands: parts.iter().map(|(brand, part)| (*brand, text(part))).collect(),
    };
    let mut open = Vec::new();
    for site in sites {
        let brand = site.as_ref().and_then(|site| site.part_of_state());
        let saved = brand.map_or(own.as_ref(), |brand| parts.get(&brand));
        let begin = plan::begin(stream, mode, saved, config, now);
        // The start date is the same for all of them.
        warnings.extend(begin.warnings);
        match begin.repeat {
            Some(state) => positions.set(brand, state),
            None => {
                positions.set(brand, to_state(stream, &begin.position));
                open.push((site.clone(), begin.position));
            }
        }
    }
    warnings.dedup();
    Beginnings { positions, open, warnings }
}

type Split = (Option<Map<String, Value>>, BTreeMap<u64, Map<String, Value>>, Vec<String>);

/// A saved state as the main host's part, those of other brands, and what could not be understood.
fn split(stream: &Stream, state: Option<&Map<String, Value>>) -> Split {
    let mut own = state.cloned().unwrap_or_default();
    let mut warnings = Vec::new();
    let mut parts = BTreeMap::new();
    let mut ignore = |what: &str| {
        let name = stream.name;
        warnings.push(format!("{name}: {what} is not used; that help center is read anew"));
    };
    match own.remove(BRANDS).filter(|_| stream.feed.root().is_of_brands()) {
        Some(Value::Object(saved)) => {
            for (brand, part) in saved {
                match (brand.parse(), part) {
                    (Ok(id), Value::Object(part)) => drop(parts.insert(id, part)),
                    _ => ignore(&format!("the saved position of the brand `{brand}`")),
                }
            }
        }
        Some(Value::Null) | None => {}
        Some(_) => ignore("what is saved of other brands"),
    }
    (Some(own).filter(|own| !own.is_empty()), parts, warnings)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::streams::registry;

    const NOW: Now = Now { unix: 1_795_000_000, attempt: 0 };

    fn config() -> Config {
        let credentials = json!({ "credentials": "oauth2.0", "access_token": "x" });
        let config = json!({ "subdomain": "acme", "credentials": credentials });
        Config::parse(config.to_string().as_bytes()).unwrap()
    }

    fn sites(brands: &[u64]) -> Vec<Option<Arc<Site>>> {
        let main = Site::main("https://acme.zendesk.com".parse().unwrap(), None);
        let main = main.with_brand(1);
        let others = brands.iter().map(|id| main.of_brand(&format!("b{id}"), *id).unwrap());
        std::iter::once(main.clone()).chain(others).map(|site| Some(Arc::new(site))).collect()
    }

    fn begun(state: &Value, mode: SyncMode, now: Now, brands: &[u64]) -> Beginnings {
        let (streams, config) = (registry(&config()), config());
        let stream = streams.iter().find(|stream| stream.name == "articles").unwrap();
        begin(stream, mode, state.as_object(), &config, now, &sites(brands))
    }

    fn flats(begun: &Beginnings) -> Vec<Option<i64>> {
        begun.open.iter().map(|(_, position)| position.flat).collect()
    }

    #[test]
    fn each_brand_goes_on_from_its_own_part_and_a_new_one_from_the_beginning() {
        let state = json!({ "updated_at": "1790000000", "brands":
            { "7": { "updated_at": "1780000000" }, "8": { "updated_at": "1770000000" } } });
        let begun = begun(&state, SyncMode::Incremental, NOW, &[7, 9]);
        assert_eq!(flats(&begun), [Some(1_790_000_000), Some(1_780_000_000), None]);
        // A brand that is not read now keeps its place.
        let text: Value = serde_json::from_str(&begun.positions.text()).unwrap();
        assert_eq!(text["brands"]["8"], state["brands"]["8"]);
        assert_eq!(
            (&text["updated_at"], &text["brands"]["7"]["updated_at"]),
            (&json!("1790000000"), &json!("1780000000"))
        );
        assert!(begun.warnings.is_empty(), "{:?}", begun.warnings);
    }

    #[test]
    fn the_state_of_one_brand_alone_has_no_parts() {
        let begun = begun(&json!({ "updated_at": "1790000000" }), SyncMode::Incremental, NOW, &[]);
        let text: Value = serde_json::from_str(&begun.positions.text()).unwrap();
        assert_eq!(text.as_object().unwrap().keys().collect::<Vec<_>>(), ["updated_at", "walk"]);
    }

    #[test]
    fn a_full_refresh_that_was_cut_off_goes_on_with_the_brands_that_are_left() {
        let walk = |done| json!({ "v": 1, "feed": "incremental_articles", "kind": "start_time", "token": "5", "full": true, "done": done });
        let state = json!({ "walk": walk(true), "brands": { "7": { "walk": walk(false) } } });
        let again = Now { attempt: 1, ..NOW };
        let begun_again = begun(&state, SyncMode::FullRefresh, again, &[7, 9]);
        let open = |begun: &Beginnings| -> Vec<Option<u64>> {
            begun
                .open
                .iter()
                .map(|(site, _)| site.as_ref().and_then(|site| site.part_of_state()))
                .collect()
        };
        assert_eq!(open(&begun_again), [Some(7), Some(9)]);
        assert_eq!(
            open(&begun(&state, SyncMode::FullRefresh, NOW, &[7, 9])),
            [None, Some(7), Some(9)]
        );
    }

    #[test]
    fn what_is_saved_otherwise_is_told_and_read_anew() {
        for (saved, told) in [
            (json!("x"), "what is saved of other brands"),
            (json!({ "x": {} }), "the brand `x`"),
            (json!({ "7": 5 }), "the brand `7`"),
        ] {
            let state = json!({ "updated_at": "1790000000", "brands": saved });
            let begun = begun(&state, SyncMode::Incremental, NOW, &[7]);
            assert_eq!(flats(&begun), [Some(1_790_000_000), None], "{told}");
            assert!(begun.warnings[0].contains(told), "{:?}", begun.warnings);
        }
    }
}
