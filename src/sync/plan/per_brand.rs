//! The parts of a stream's state. A stream of help centers has one position for each brand. The
//! main brand (that of the configured subdomain) uses the state itself. So a state with one brand
//! has the shape that Airbyte's connector reads. The other brands' parts are inside it, keyed by
//! brand id. The main part names its brand in `walk`, so that it can become a part by id when the
//! main brand changes. Pure.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::config::Config;
use crate::streams::ResolvedStream;
use crate::sync::plan::{self, Now};
use crate::sync::position::Position;
use crate::sync::position::decode::BRAND;
use crate::sync::position::encode::to_state;
use airbyte::catalog::SyncMode;
use airbyte::source::ledger::Positions;
use airbyte::source::state::BRANDS;
use zendesk::site::Site;

/// Where a stream begins at each of its hosts.
#[derive(Debug, Default)]
pub struct Beginnings {
    /// All positions, also those with nothing to read.
    pub positions: Positions,
    /// The positions with something to read. A site of `None` is the main host, if its brand is not
    /// known.
    pub open: Vec<(Option<Arc<Site>>, Position)>,
    pub warnings: Vec<String>,
}

/// The hosts at which a stream is read.
#[derive(Clone, Copy, Debug)]
pub struct Hosts<'a> {
    /// The brand of the configured subdomain, whether it is read or not. `None` if it is not known.
    pub main_brand: Option<u64>,
    pub sites: &'a [Option<Arc<Site>>],
}

/// Decides where a stream begins at each of these hosts. Positions of brands that are not read now
/// stay as they are.
#[must_use]
pub fn begin(
    stream: &ResolvedStream,
    mode: SyncMode,
    state: Option<&Map<String, Value>>,
    config: &Config,
    now: Now,
    Hosts { main_brand, sites }: Hosts<'_>,
) -> Beginnings {
    let (mut own, mut parts, mut warnings) = split(stream, state);
    if let Some(main) = main_brand {
        warnings.extend(give_to_owners(stream, main, &mut own, &mut parts));
    }
    let text = |part: &Map<String, Value>| Value::Object(part.clone()).to_string();
    let mut positions = Positions {
        state: own.as_ref().map_or_else(|| "{}".to_owned(), text),
        brands: parts.iter().map(|(brand, part)| (*brand, text(part))).collect(),
    };
    let mut open = Vec::new();
    for site in sites {
        let brand = site.as_ref().and_then(|site| site.part_of_state());
        let saved = brand.map_or(own.as_ref(), |brand| parts.get(&brand));
        let mut begin = plan::begin(stream, mode, saved, config, now);
        // The start date is the same for all of them.
        warnings.extend(begin.warnings);
        match begin.repeat {
            Some(state) => positions.set(brand, state),
            None => {
                let walk = &mut begin.position.walk;
                // A part by id needs no name.
                walk.brand = main_brand.or(walk.brand).filter(|_| brand.is_none());
                positions.set(brand, to_state(stream, &begin.position));
                open.push((site.clone(), begin.position));
            }
        }
    }
    warnings.dedup();
    Beginnings { positions, open, warnings }
}

/// Moves the parts of a state to their owners when the configured subdomain now belongs to another
/// brand. Returns a warning if the main brand is therefore read from its beginning.
///
/// A part by id certainly belongs to that brand. The main part names its brand. A main part without
/// a name (Airbyte's, or of an older version) belongs to the main brand, unless the main brand has
/// a part by id. In that case another brand was the main one when the state was written.
fn give_to_owners(
    stream: &ResolvedStream,
    main: u64,
    own: &mut Option<Map<String, Value>>,
    parts: &mut BTreeMap<u64, Map<String, Value>>,
) -> Option<String> {
    let walk = own.as_ref().and_then(|own| own.get("walk"));
    let owner = walk.and_then(|walk| walk.get(BRAND)).and_then(Value::as_u64);
    let is_anothers = owner.map_or_else(|| parts.contains_key(&main), |owner| owner != main);
    if !is_anothers {
        return None;
    }
    let formers = own.take();
    *own = parts.remove(&main);
    if let Some(Value::Object(walk)) = own.as_mut().and_then(|own| own.get_mut("walk")) {
        walk.insert(BRAND.to_owned(), main.into());
    }
    let name = &stream.name;
    match (owner, formers) {
        (Some(owner), Some(part)) => {
            parts.insert(owner, part);
            own.is_none().then(|| {
                format!(
                    "{name}: `subdomain` now belongs to another brand, whose help center is read \
                     from its beginning. The state keeps the position of the former brand, \
                     {owner}."
                )
            })
        }
        (_, None) => None,
        (None, Some(_)) => Some(format!(
            "{name}: `subdomain` now belongs to another brand than in the saved state, which \
             does not name its brand. The help center of the former brand is read from its \
             beginning."
        )),
    }
}

type Split = (Option<Map<String, Value>>, BTreeMap<u64, Map<String, Value>>, Vec<String>);

/// Splits a saved state into the main host's part, the other brands' parts, and what could not be
/// read.
fn split(stream: &ResolvedStream, state: Option<&Map<String, Value>>) -> Split {
    let mut own = state.cloned().unwrap_or_default();
    let mut warnings = Vec::new();
    let mut parts = BTreeMap::new();
    let mut ignore = |what: &str| {
        let name = &stream.name;
        warnings.push(format!(
            "{name}: {what} is not used, so that help center is read from its \
            beginning"
        ));
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
        Some(_) => ignore("the saved position of the other brands"),
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
        let hosts = Hosts { main_brand: Some(1), sites: &sites(brands) };
        begin(stream, mode, state.as_object(), &config, now, hosts)
    }

    fn text(begun: &Beginnings) -> Value {
        serde_json::from_str(&begun.positions.text()).unwrap()
    }

    /// A state whose main part belongs to this brand.
    fn of_brand(brand: u64, at: &str) -> Value {
        json!({ "updated_at": at, "walk": { "v": 1, "feed": "incremental_articles",
            "kind": "start_time", "token": at, "done": true, "brand": brand } })
    }

    #[test]
    fn a_subdomain_of_another_brand_moves_the_parts_to_their_owners() {
        let mut state = of_brand(7, "1790000000");
        state["brands"] = json!({ "1": { "updated_at": "1780000000" } });
        let begun = begun(&state, SyncMode::Incremental, NOW, &[7]);
        assert_eq!(flats(&begun), [Some(1_780_000_000), Some(1_790_000_000)]);
        assert!(begun.warnings.is_empty(), "{:?}", begun.warnings);
        let text = text(&begun);
        assert_eq!((&text["walk"]["brand"], &text["brands"]["1"]), (&json!(1), &Value::Null));
        assert_eq!(text["brands"]["7"]["updated_at"], "1790000000");
    }

    #[test]
    fn a_main_brand_that_was_never_read_begins_at_the_beginning_and_that_is_told() {
        for brands in [&[7][..], &[]] {
            let begun = begun(&of_brand(7, "1790000000"), SyncMode::Incremental, NOW, brands);
            assert_eq!(flats(&begun)[0], None);
            assert!(begun.warnings[0].contains("another brand"), "{:?}", begun.warnings);
            // The former one keeps its place, read or not.
            assert_eq!(text(&begun)["brands"]["7"]["updated_at"], "1790000000");
        }
    }

    #[test]
    fn a_brand_that_was_renamed_keeps_its_place_and_is_named() {
        for state in [of_brand(1, "1790000000"), json!({ "updated_at": "1790000000" })] {
            let begun = begun(&state, SyncMode::Incremental, NOW, &[]);
            assert_eq!(flats(&begun), [Some(1_790_000_000)]);
            assert!(begun.warnings.is_empty(), "{:?}", begun.warnings);
            assert_eq!(text(&begun)["walk"]["brand"], 1);
        }
    }

    #[test]
    fn a_part_by_the_main_brands_id_is_its_own_though_the_state_names_no_brand() {
        let state = json!({ "updated_at": "1790000000", "brands":
            { "1": { "updated_at": "1780000000" } } });
        let begun = begun(&state, SyncMode::Incremental, NOW, &[7]);
        assert_eq!(flats(&begun), [Some(1_780_000_000), None]);
        assert_eq!(begun.warnings.len(), 1);
    }

    #[test]
    fn without_the_list_of_brands_the_state_keeps_whose_it_is() {
        let (streams, config) = (registry(&config()), config());
        let stream = streams.iter().find(|stream| stream.name == "articles").unwrap();
        let main = Site::main("https://acme.zendesk.com".parse().unwrap(), None);
        let sites = [Some(Arc::new(main))];
        let hosts = Hosts { main_brand: None, sites: &sites };
        let state = of_brand(7, "1790000000");
        let begun = begin(stream, SyncMode::Incremental, state.as_object(), &config, NOW, hosts);
        assert_eq!(flats(&begun), [Some(1_790_000_000)]);
        assert_eq!(text(&begun)["walk"]["brand"], 7);
    }

    #[test]
    fn the_main_part_can_change_its_brand_and_come_back() {
        let mut state = of_brand(1, "1780000000");
        state["brands"] = json!({ "7": of_brand(7, "1790000000") });
        let (streams, config) = (registry(&config()), config());
        let stream = streams.iter().find(|stream| stream.name == "articles").unwrap();
        let first = Value::Object(state.as_object().unwrap().clone());
        let mut state = first.clone();
        for main_brand in [7, 1, 9, 7, 1] {
            let hosts = Hosts { main_brand: Some(main_brand), sites: &[] };
            let begun =
                begin(stream, SyncMode::Incremental, state.as_object(), &config, NOW, hosts);
            state = text(&begun);
        }
        assert_eq!(state["updated_at"], first["updated_at"]);
        assert_eq!(state["brands"]["7"]["updated_at"], first["brands"]["7"]["updated_at"]);
    }

    fn flats(begun: &Beginnings) -> Vec<Option<i64>> {
        begun.open.iter().map(|(_, position)| position.cursor).collect()
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
        for (saved, expected) in [
            (json!("x"), "the saved position of the other brands"),
            (json!({ "x": {} }), "the brand `x`"),
            (json!({ "7": 5 }), "the brand `7`"),
        ] {
            let state = json!({ "updated_at": "1790000000", "brands": saved });
            let begun = begun(&state, SyncMode::Incremental, NOW, &[7]);
            assert_eq!(flats(&begun), [Some(1_790_000_000), None], "{expected}");
            assert!(begun.warnings[0].contains(expected), "{:?}", begun.warnings);
        }
    }
}
