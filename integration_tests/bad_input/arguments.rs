//! Command line arguments that the commands of other connectors accept.

use super::{Folder, SECRETS, good_config, misbehaviour};
use crate::harness::{FULL, catalog, simulator};
use crate::program::{Ended, binary, run, unscaled};

fn run_args(args: &[&str]) -> Ended {
    let mut command = binary();
    command.args(args);
    run(command)
}

#[test]
fn what_is_no_command_ends_with_a_usage_error_on_stderr_alone() {
    for (args, code) in [
        (&[] as &[&str], 1),
        (&["--debug"], 1),
        (&["sync"], 2),
        (&["write"], 2),
        (&["spec", "--nonsense"], 2),
        (&["spec", "--config", "x"], 2),
        (&["spec", "extra"], 2),
        (&["check"], 2),
        (&["check", "--config"], 2),
        (&["discover"], 2),
        (&["read", "--config", "x", "--catalog", "y", "--json"], 2),
        (&["catalog"], 2),
        (&["catalog", "--config", "x"], 2),
        (&["catalog", "--all"], 2),
        (&["catalog", "--config", "x", "--all", "--streams", "tickets"], 2),
        (&["catalog", "--config", "x", "--all", "--mode", "both"], 2),
        (&["catalog", "--config", "x", "--family", "weather"], 2),
        (&["read"], 2),
        (&["read", "--config", "x"], 2),
        (&["read", "--catalog", "x"], 2),
        (&["read", "--c", "x", "--catalog", "x"], 2),
        (&["--config", "x", "check"], 2),
    ] {
        let ended = run_args(args);
        assert_eq!(ended.code, Some(code), "{args:?} {}", ended.stderr);
        assert!(ended.stdout.is_empty(), "{args:?} writes to stdout");
        assert!(!ended.stderr.trim().is_empty(), "{args:?} explains nothing");
        assert_eq!(misbehaviour(&ended, SECRETS), Vec::<String>::new(), "{args:?}");
    }
}

#[test]
fn help_and_version_are_answers() {
    for (args, words) in [
        (
            &["--help"] as &[&str],
            &["spec", "check", "discover", "catalog", "read", "--debug"] as &[&str],
        ),
        (&["-h"], &["spec", "read"]),
        (&["help"], &["spec", "read"]),
        (&["read", "--help"], &["--config", "--catalog", "--state"]),
        (&["check", "--help"], &["--config", "--json"]),
        (&["catalog", "--help"], &["--streams", "--family", "help_center", "--all", "--mode"]),
        (&["--version"], &[env!("CARGO_PKG_VERSION"), "source-zendesk-support"]),
        (&["-V"], &[env!("CARGO_PKG_VERSION")]),
    ] {
        let ended = run_args(args);
        let stdout = String::from_utf8_lossy(&ended.stdout);
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{args:?}");
        for word in words {
            assert!(stdout.contains(word), "{args:?} does not speak of {word}: {stdout}");
        }
    }
}

#[test]
fn every_spelling_of_good_arguments_is_understood() {
    let sim = simulator(1);
    sim.advance_seconds(70);
    let folder = Folder::new("arguments");
    let mut config = good_config();
    config["credentials"]["api_token"] = simulator::ADMIN_API_TOKEN.token.into();
    let config = folder.path("config.json", &config.into());
    let config = config.to_str().expect("a path of plain letters");
    let catalog = folder.path("catalog.json", &catalog(&["tags"], FULL).into());
    let catalog = catalog.to_str().expect("a path of plain letters");
    let [config_is, catalog_is] = [format!("--config={config}"), format!("--catalog={catalog}")];
    let state_is = "--state=/nothing/is/here.json";
    for args in [
        &["check", config_is.as_str()] as &[&str],
        &["check", "--conf", config],
        &["--debug", "check", "--config", config],
        &["check", "--debug", "--config", config],
        &["check", "--config", config, "--debug"],
        &["check", "--config", config, "--deb"],
        &["check", "--config", config, "--manifest-path", "x", "--components-path", "y"],
        &["discover", config_is.as_str(), "--debug"],
        &["read", "--catalog", catalog, "--config", config],
        &["read", catalog_is.as_str(), config_is.as_str(), "--debug"],
        &["read", "--cat", catalog, "--conf", config, "--st", "/nothing/is/here.json"],
        &["read", state_is, catalog_is.as_str(), config_is.as_str()],
    ] {
        let mut command = binary();
        unscaled(&mut command);
        command.env("ZENDESK_BASE_URL", sim.url()).args(args);
        let ended = run(command);
        let stdout = String::from_utf8_lossy(&ended.stdout);
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{args:?} {stdout}");
        let secrets = [simulator::ADMIN_API_TOKEN.token, SECRETS[1]];
        assert_eq!(misbehaviour(&ended, &secrets), Vec::<String>::new(), "{args:?}");
        let answer = match args.iter().find(|arg| !arg.starts_with('-')) {
            Some(&"check") => "\"SUCCEEDED\"",
            Some(&"discover") => "\"CATALOG\"",
            _ => "\"RECORD\"",
        };
        assert!(stdout.contains(answer), "{args:?} {stdout}");
    }
}
