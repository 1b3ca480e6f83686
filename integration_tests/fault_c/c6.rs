//! The address that every account has does not exist.

use simulator::{Fault, FaultRule, Faults, When};

use crate::harness::{Connector, FULL, catalog, simulator};
use crate::program::{run, unscaled};

#[test]
fn a_404_that_names_no_error_is_no_account_at_this_subdomain() {
    let sim = simulator(770);
    let connector = Connector::new(&sim);
    for body in ["{}", "", "<html><body>Oops, this help desk does not exist</body></html>"] {
        sim.faults(Faults::rule("", When::Always, Fault::with_body(404, body)));
        let mut check = connector.command("check");
        unscaled(&mut check);
        check.arg("--config").arg(connector.file("config.json", &connector.config));
        let messages = run(check).messages();
        let status = messages.iter().map(|message| &message["connectionStatus"]);
        let failed = status.filter(|status| status["status"] == "FAILED");
        let failed: Vec<_> = failed.filter_map(|status| status["message"].as_str()).collect();
        assert!(
            matches!(failed[..], [told] if told.contains("no Zendesk account") && told.contains("`subdomain`")),
            "{body}: {failed:?}"
        );
        let mut read = connector.command("read");
        read.arg("--config").arg(connector.file("config.json", &connector.config));
        read.arg("--catalog").arg(connector.file("catalog.json", &catalog(&["tags"], FULL)));
        let read = run(read);
        let errors = read.errors();
        assert!(
            matches!(&errors[..], [(kind, _, told)] if kind == "config_error" && told.contains("no Zendesk account")),
            "{body}: {errors:?}"
        );
    }
}

#[test]
fn one_such_answer_ends_nothing() {
    let sim = simulator(771);
    let connector = Connector::new(&sim);
    for body in ["{}", "", "<html></html>"] {
        let fault = Fault::with_body(404, body);
        sim.faults(Faults::rules([FaultRule::new("/users/me", When::Always, fault).at_most(1)]));
        connector.read(&["tags"], FULL, &[]).complete();
    }
}
