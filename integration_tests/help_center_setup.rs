//! The set-up of help centers and the community: objects that exist once in the account, and who
//! may read them.

use simulator::{Settings, Simulator};

use crate::harness::{Connector, FULL, SCALE, of_brands};

/// Streams that exist once for all help centers of the account, in pages of five rows.
const OF_ACCOUNT: [&str; 10] = [
    "user_segments",
    "permission_groups",
    "content_tags",
    "badges",
    "badge_categories",
    "badge_assignments",
    "redirect_rules",
    "external_content_records",
    "external_content_sources",
    "external_content_types",
];

#[test]
fn what_the_account_has_once_is_asked_for_once_however_many_help_centers_there_are() {
    let sim = of_brands(130, 3);
    sim.clear_requests();
    let run = Connector::new(&sim).read(&OF_ACCOUNT, FULL, &[]);
    let run = run.complete();
    for stream in OF_ACCOUNT {
        let rows = sim.account(|account| account.keys(stream).len());
        assert_eq!(run.records(stream).len(), rows, "{stream}");
        let asked = sim.requests().iter().filter(|request| request.feed == stream).count();
        assert_eq!(asked, rows.div_ceil(5), "{stream}");
    }
    assert!(run.records("content_tags").iter().all(|tag| tag.get("brand_id").is_none()));
}

#[test]
fn without_help_center_and_community_their_set_up_is_left_out_and_says_so() {
    let settings =
        Settings { help_center: false, community: false, scale: SCALE, ..Settings::default() };
    let sim = Simulator::start(settings).expect("the simulator starts");
    let connector = Connector::new(&sim);
    let mut command = connector.command("discover");
    command.arg("--config").arg(connector.file("config.json", &connector.config));
    let run = connector.run(command, usize::MAX).complete();
    let left_out = run.logs("WARN");
    let of_account = OF_ACCOUNT.into_iter();
    for stream in of_account.chain(["themes", "article_labels", "service_catalog_items"]) {
        let told =
            left_out.iter().find(|line| line.starts_with(&format!("{stream} is left out: ")));
        let told = told.unwrap_or_else(|| panic!("{stream} is there: {left_out:#?}"));
        let needs = ["the help center", "the community", "the service catalog", "permission"];
        assert!(needs.iter().any(|need| told.contains(need)), "{told}");
    }
}
