//! Help centers of several brands: what each host has, and what no host has.

use super::*;
use crate::listings::{Dialect, EndMark, Listing};
use crate::resources::listings;
use crate::{Brand, Fault, FaultRule, Faults, Truth, When};

const TOP: [&str; 5] = ["articles", "categories", "sections", "topics", "posts"];

fn with_brands(help_centers: usize) -> Simulator {
    start(Settings { help_centers, enforce_limits: false, ..Settings::default() })
}

fn help_centers(simulator: &Simulator) -> Vec<Brand> {
    simulator.account(|account| account.help_centers())
}

fn api(simulator: &Simulator, brand: &Brand, route: &str) -> Got {
    get_at(simulator, &brand.host(), &format!("/api/v2/{route}"))
}

fn truths(simulator: &Simulator, resource: &str) -> Vec<Truth> {
    simulator.account(|account| account.truth(resource))
}

/// All rows of a listing at a brand's host. The links must name that host.
fn walk_at(
    simulator: &Simulator,
    brand: &Brand,
    route: &str,
    next: fn(&Value) -> Value,
) -> Vec<Value> {
    let (mut pages, mut route) = (Vec::new(), Some(route.to_owned()));
    while let Some(current) = route {
        let got = api(simulator, brand, &current);
        assert_eq!(got.status, 200, "{current}: {}", got.text());
        let page = got.json();
        let start = format!("https://{}/api/v2/", brand.host());
        route = next(&page).as_str().map(|link| link.strip_prefix(&start).unwrap().to_owned());
        pages.push(page);
        assert!(pages.len() < 100, "{current} does not end");
    }
    pages
}

fn help_center_listings() -> impl Iterator<Item = &'static Listing> {
    let is_export = |listing: &Listing| listing.dialect == Dialect::ExportByTime(EndMark::NullLink);
    listings()
        .filter(move |listing| listing.dialect == Dialect::HelpCenterPages || is_export(listing))
}

/// The paths of a listing, each with its parent's key: one path, or one for each parent with rows.
fn paths(listing: &Listing, truths: &[Truth]) -> BTreeSet<(String, Option<String>)> {
    if !listing.path.contains("{}") {
        return BTreeSet::from([(listing.path.to_owned(), None)]);
    }
    let of = |truth: &Truth| {
        let above = [truth.grandparent.as_deref(), truth.parent.as_deref()];
        let mut path = listing.path.to_owned();
        for id in &above[2 - path.matches("{}").count()..] {
            path = path.replacen("{}", id.unwrap(), 1);
        }
        (path, truth.parent.clone())
    };
    truths.iter().map(of).collect()
}

#[test]
fn brands_say_which_of_them_have_a_help_center() {
    for count in [1, 2, 4, 14] {
        let simulator = with_brands(count);
        let (mut rows, mut route) = (Vec::new(), Some("brands?page[size]=100".to_owned()));
        while let Some(current) = route {
            let page = get(&simulator, &current).json();
            rows.extend(page["brands"].as_array().unwrap().clone());
            let link = &page["links"]["next"];
            route = (page["meta"]["has_more"] == true).then(|| route_of(link)).flatten();
        }
        let subdomains: Vec<_> =
            rows.iter().map(|row| row["subdomain"].as_str().unwrap()).collect();
        let distinct: BTreeSet<_> = subdomains.iter().collect();
        assert_eq!(distinct.len(), rows.len(), "{subdomains:?}");
        let is_valid =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        assert!(subdomains.iter().all(|name| name.bytes().all(is_valid)), "{subdomains:?}");
        let defaults: Vec<_> = rows.iter().filter(|row| row["default"] == true).collect();
        assert_eq!((defaults.len(), &defaults[0]["subdomain"]), (1, &"acme".into()));
        let is_open = |row: &&Value| {
            let state = row["help_center_state"].as_str().unwrap();
            assert!(row["has_help_center"] == true || state == "disabled", "{row}");
            row["has_help_center"] == true && state != "disabled" && row["active"] == true
        };
        let open: Vec<_> = rows.iter().filter(is_open).collect();
        assert_eq!(open.len(), count);
        let told = help_centers(&simulator).into_iter().map(|brand| (brand.id, brand.subdomain));
        let listed = open.iter().map(|row| {
            (row["id"].as_u64().unwrap(), row["subdomain"].as_str().unwrap().to_owned())
        });
        assert_eq!(listed.collect::<Vec<_>>(), told.collect::<Vec<_>>());
        let mapped = |row: &&Value| {
            let domain = row["host_mapping"].as_str();
            domain.is_some_and(|domain| row["brand_url"] == format!("https://{domain}"))
        };
        assert_eq!(open.iter().any(mapped), count > 1);
        assert_eq!(open.iter().any(|row| row["help_center_state"] == "restricted"), count > 2);
        for (has, state, active) in
            [(false, "disabled", true), (true, "disabled", true), (true, "enabled", false)]
        {
            let is_it = |row: &&Value| {
                row["has_help_center"] == has
                    && row["help_center_state"] == state
                    && row["active"] == active
            };
            let row = rows.iter().find(is_it).expect("one of each kind without a help center");
            let host = format!("{}.zendesk.com", row["subdomain"].as_str().unwrap());
            for route in ["help_center/articles", "community/topics"] {
                let got = get_at(&simulator, &host, &format!("/api/v2/{route}"));
                assert_eq!(got.status, 404, "{host}");
                assert!(got.text().starts_with("<!DOCTYPE html>"));
            }
            // Support is the account's, whichever of its hosts is asked.
            assert_eq!(get_at(&simulator, &host, "/api/v2/tags").status, 200);
        }
        assert!(simulator.stray_requests().is_empty());
    }
}

#[test]
fn hosts_share_the_rows_of_every_listing_out_among_them() {
    let simulator = with_brands(3);
    let brands = help_centers(&simulator);
    let ids_of =
        |brands: &[Brand]| brands.iter().map(|brand| Some(brand.id)).collect::<BTreeSet<_>>();
    for listing in help_center_listings() {
        let rows = truths(&simulator, listing.resource);
        let found: BTreeSet<_> = rows.iter().map(|row| row.brand_id).collect();
        assert_eq!(found, ids_of(&brands), "{}: each brand has some", listing.path);
    }
    let next_by_cursor = |page: &Value| page["links"]["next"].clone();
    let next_by_page = |page: &Value| page["next_page"].clone();
    for listing in help_center_listings() {
        let truths = truths(&simulator, listing.resource);
        for (path, parent) in paths(listing, &truths) {
            for brand in &brands {
                let expected: BTreeSet<String> = truths
                    .iter()
                    .filter(|row| row.brand_id == Some(brand.id))
                    .filter(|row| parent.is_none() || row.parent == parent)
                    .map(|row| row.key.clone())
                    .collect();
                let about = format!("{path} at {}", brand.subdomain);
                if parent.is_some() && expected.is_empty() {
                    let missing = api(&simulator, brand, &path);
                    assert_eq!(
                        (missing.status, &missing.json()["error"]),
                        (404, &"RecordNotFound".into())
                    );
                    continue;
                }
                assert!(!expected.is_empty(), "{about}: each brand has some");
                if listing.dialect != Dialect::HelpCenterPages {
                    let first = format!("{path}?start_time=0");
                    let pages = walk_at(&simulator, brand, &first, next_by_page);
                    assert_eq!(set(&ids(&pages, listing.key)), expected, "{about}");
                    continue;
                }
                let pages = walk_at(&simulator, brand, &path, next_by_page);
                assert_eq!(pages[0]["count"], expected.len(), "{about}");
                assert_eq!(pages.len(), expected.len().div_ceil(5), "{about}");
                let served = ids(&pages, listing.key);
                assert_eq!((served.len(), set(&served)), (expected.len(), expected), "{about}");
                let first = format!("{path}?page[size]=4");
                let pages = walk_at(&simulator, brand, &first, next_by_cursor);
                assert_eq!(ids(&pages, listing.key), served, "{about}: same rows by cursor");
                let rows = pages.iter().flat_map(|page| page[listing.key].as_array().unwrap());
                assert!(rows.into_iter().all(|row| row.get("brand_id").is_none()), "{about}");
            }
        }
    }
}

#[test]
fn with_one_help_center_all_rows_are_at_the_accounts_own_host() {
    let simulator = tiny();
    let brands = help_centers(&simulator);
    assert_eq!(brands.len(), 1);
    for listing in help_center_listings() {
        let rows = truths(&simulator, listing.resource);
        assert!(rows.iter().all(|row| row.brand_id == Some(brands[0].id)), "{}", listing.path);
    }
    assert!(truths(&simulator, "tickets").iter().all(|row| row.brand_id.is_none()));
}

#[test]
fn a_row_has_its_brand_from_the_start_and_keeps_it() {
    let simulator = with_brands(3);
    let brand_of = |resource: &str, key: &str| {
        simulator.account(|account| account.brand_of(resource, key.parse().unwrap()))
    };
    for resource in TOP {
        let keys = || simulator.account(|account| account.create(resource));
        let made = BTreeSet::from([0; 3].map(|_| brand_of(resource, &keys())));
        let all = help_centers(&simulator).iter().map(|brand| brand.id).collect();
        assert_eq!(made, all, "{resource}: new rows come to all brands in turn");
    }
    for article in truths(&simulator, "articles") {
        let (comment, vote) = simulator.account(|account| {
            let comment = account.add_comment("articles", &article.key).unwrap();
            account.touch("articles", &article.key);
            let vote = account.add_vote("article_comments", &comment).unwrap();
            account.delete("articles", &article.key);
            (comment, vote)
        });
        let brands = [
            brand_of("articles", &article.key),
            brand_of("article_comments", &comment),
            brand_of("article_comment_votes", &vote),
        ];
        assert_eq!(brands.map(Some), [article.brand_id; 3]);
    }
}

#[test]
fn a_file_of_an_article_is_at_the_host_of_its_brand_alone() {
    let simulator = with_brands(3);
    let brands = help_centers(&simulator);
    let files = truths(&simulator, "article_attachments");
    assert_eq!(files.iter().map(|file| file.brand_id).collect::<BTreeSet<_>>().len(), 3);
    for file in files {
        for brand in &brands {
            let url = file.json["content_url"].as_str().unwrap();
            let is_its_own = file.brand_id == Some(brand.id);
            let path = url.strip_prefix(&format!("https://{}", brand.host()));
            assert_eq!(path.is_some(), is_its_own, "{url}");
            let path = format!("/{}", url.splitn(4, '/').nth(3).unwrap());
            let got = get_at(&simulator, &brand.host(), &path);
            assert_eq!(got.status, if is_its_own { 302 } else { 404 }, "{url} at {brand:?}");
        }
    }
}

#[test]
fn one_brand_fails_while_the_others_answer() {
    let simulator = with_brands(3);
    let brands = help_centers(&simulator);
    let status = |brand: usize, route: &str| api(&simulator, &brands[brand], route).status;
    for code in [403, 500] {
        let rule = FaultRule::new("/help_center/", When::Always, Fault::status(code));
        simulator.faults(Faults::rules([rule.at_brand(&brands[1].subdomain)]));
        let articles = "help_center/articles";
        assert_eq!([0, 1, 2].map(|brand| status(brand, articles)), [200, code, 200]);
        assert_eq!(status(1, "tags"), 200);
    }
    // Names of this machine are the account's own host.
    let rule = FaultRule::new("", When::Always, Fault::status(502)).at_brand("acme");
    simulator.faults(Faults::rules([rule]));
    assert_eq!(
        [get(&simulator, "tags").status, status(0, "tags"), status(1, "tags")],
        [502, 502, 200]
    );
    let last = simulator.requests().pop().unwrap();
    assert_eq!(
        (last.subdomain.as_ref(), last.host),
        (Some(&brands[1].subdomain), brands[1].host())
    );
}

#[test]
fn a_closed_help_center_answers_no_more() {
    let simulator = with_brands(2);
    let brand = help_centers(&simulator).pop().unwrap();
    assert_eq!(api(&simulator, &brand, "community/posts").status, 200);
    simulator.account(|account| {
        account.set_field("brands", &brand.id.to_string(), "help_center_state", "\"disabled\"");
    });
    assert_eq!(api(&simulator, &brand, "community/posts").status, 404);
    assert_eq!(help_centers(&simulator).len(), 1);
    let closed = start(Settings { help_center: false, help_centers: 2, ..Settings::default() });
    assert!(help_centers(&closed).is_empty());
}

#[test]
fn hosts_of_others_are_counted_and_have_nothing() {
    const HOSTILE: &[&str] =
        &["evil.example.com/", "acme.zendesk.com@evil.example.com", "", "ACME"];
    let settings = Settings { help_centers: 2, hostile_subdomains: HOSTILE, ..Settings::default() };
    let simulator = start(settings);
    assert_eq!(help_centers(&simulator).len(), 2);
    let listed: Vec<_> = truths(&simulator, "brands")
        .into_iter()
        .filter(|row| row.json["has_help_center"] == true && row.json["active"] == true)
        .filter_map(|row| row.json["subdomain"].as_str().map(str::to_owned))
        .collect();
    assert!(HOSTILE.iter().all(|name| listed.iter().any(|listed| listed == name)), "{listed:?}");
    let mapped = truths(&simulator, "brands").into_iter();
    let mapped = mapped.filter_map(|row| row.json["host_mapping"].as_str().map(str::to_owned));
    let mapped: Vec<String> = mapped.collect();
    let hosts = ["evil.example.com", "nobody.zendesk.com", ".zendesk.com", "a.acme.zendesk.com"];
    let hosts = hosts.into_iter().chain(mapped.iter().map(String::as_str));
    for host in hosts.clone() {
        assert_eq!(get_at(&simulator, host, "/api/v2/help_center/articles").status, 404, "{host}");
        assert_eq!(get_at(&simulator, host, "/api/v2/brands").status, 404, "{host}");
    }
    let expected = hosts.map(|host| (host.to_owned(), 2));
    assert_eq!(simulator.stray_requests(), expected.collect());
    assert!(simulator.requests().iter().all(|seen| seen.subdomain.is_none()));
}

#[test]
fn all_brands_draw_on_one_limit() {
    let simulator = start(Settings { help_centers: 3, ..Settings::default() });
    let left = help_centers(&simulator).into_iter().map(|brand| {
        let got = api(&simulator, &brand, "help_center/sections");
        got.header("x-rate-limit-remaining").unwrap().to_owned()
    });
    assert_eq!(left.collect::<Vec<_>>(), ["699", "698", "697"]);
}
