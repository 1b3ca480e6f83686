//! The programs that are compared, and how each of them is made to read the same account.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use super::server::{Listing, Server};

/// The allocator settings of the C library that the Dockerfile sets.
const ALLOCATOR: &str = "glibc.malloc.trim_threshold=67108864:glibc.malloc.mmap_threshold=33554432";

/// A program that reads streams.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Program {
    Ours,
    /// `floor` fetches, splits and writes rows in messages, and does nothing else.
    Floor,
    /// Fetches to `/dev/null`, and decompresses gzip.
    Curl,
    /// Airbyte's published connector.
    Airbyte,
    /// Singer's tap.
    Tap,
}

/// Streams that are read together.
#[derive(Clone, Copy)]
pub(crate) struct Selection {
    pub(crate) name: &'static str,
    pub(crate) streams: &'static [&'static str],
    /// The listing that this program, the floor and curl read.
    pub(crate) listing: Listing,
    /// The listings that Airbyte's connector reads.
    pub(crate) airbyte: &'static [Listing],
    /// The listing that the tap reads, if it has these streams without a request or a sleep for
    /// each ticket.
    pub(crate) tap: Option<Listing>,
}

pub(crate) const SELECTIONS: &[Selection] = &[
    Selection {
        name: "tickets",
        streams: &["tickets"],
        listing: Listing::Tickets,
        airbyte: &[Listing::Tickets],
        tap: Some(Listing::DeletedTickets),
    },
    Selection {
        name: "users",
        streams: &["users"],
        listing: Listing::Users,
        airbyte: &[Listing::Users],
        tap: Some(Listing::Users),
    },
    Selection {
        name: "ticket_comments",
        streams: &["ticket_comments"],
        listing: Listing::TicketEvents,
        airbyte: &[Listing::TicketEvents],
        tap: None,
    },
    Selection {
        name: "ticket_metrics",
        streams: &["ticket_metrics"],
        listing: Listing::TicketsWithMetrics,
        airbyte: &[Listing::TicketMetrics],
        tap: None,
    },
    Selection {
        name: "tickets+ticket_metrics",
        streams: &["tickets", "ticket_metrics"],
        listing: Listing::TicketsWithMetrics,
        airbyte: &[Listing::Tickets, Listing::TicketMetrics],
        tap: None,
    },
];

impl Program {
    pub(crate) const ALL: [Self; 5] =
        [Self::Ours, Self::Floor, Self::Curl, Self::Tap, Self::Airbyte];

    /// The word that selects the program.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::Floor => "floor",
            Self::Curl => "curl",
            Self::Airbyte => "airbyte",
            Self::Tap => "tap",
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ours => "this connector",
            Self::Floor => "minimal program",
            Self::Curl => "curl",
            Self::Airbyte => "Airbyte's",
            Self::Tap => "tap-zendesk",
        }
    }

    pub(crate) fn is_python(self) -> bool {
        matches!(self, Self::Airbyte | Self::Tap)
    }

    /// The listings that the program reads. `None` if it cannot read the selection.
    pub(crate) fn listings(self, selection: &Selection) -> Option<Vec<Listing>> {
        match self {
            Self::Airbyte => Some(selection.airbyte.to_vec()),
            Self::Tap => selection.tap.map(|listing| vec![listing]),
            _ => Some(vec![selection.listing]),
        }
    }
}

/// Where the runs' files and the Python environments are.
pub(crate) struct Folders {
    /// Certificates, configurations and catalogs.
    pub(crate) work: PathBuf,
    /// The folder of this package.
    pub(crate) root: PathBuf,
    pub(crate) environments: PathBuf,
    /// The program file of this connector.
    pub(crate) program: PathBuf,
}

impl Folders {
    /// This connector, ready for a command.
    pub(crate) fn ours(&self, port: u16) -> Command {
        let mut command = Command::new(&self.program);
        command
            .env("ZENDESK_BASE_URL", format!("https://localhost:{port}"))
            .env("SSL_CERT_FILE", self.work.join("authority.pem"))
            .env_remove("SSL_CERT_DIR")
            // As the image sets it.
            .env("GLIBC_TUNABLES", ALLOCATOR);
        without_proxy(command)
    }

    /// Airbyte's connector, ready for a command.
    pub(crate) fn airbyte(&self, port: u16) -> Command {
        let mut command = self.python("airbyte", port);
        command.arg("-c").arg("from source_zendesk_support.run import run; run()");
        command
    }

    fn python(&self, environment: &str, port: u16) -> Command {
        let mut command = Command::new(self.environments.join(environment).join("bin/python"));
        command
            .env("PYTHONPATH", self.root.join("acceptance/published_path"))
            .env("SIMULATOR_PORT", port.to_string())
            .env("SIMULATOR_AUTHORITY", self.work.join("authority.pem"))
            .env("REQUESTS_CA_BUNDLE", self.work.join("authority.pem"))
            .stderr(std::process::Stdio::null());
        without_proxy(command)
    }

    /// The command that reads a selection with a program.
    pub(crate) fn read(
        &self,
        program: Program,
        selection: &Selection,
        server: &Server,
        pages: u64,
    ) -> Command {
        let port = server.port;
        let addresses = || addresses(selection.listing, server, pages);
        match program {
            Program::Ours => self.with_files(self.ours(port), selection, server),
            Program::Airbyte => self.with_files(self.airbyte(port), selection, server),
            Program::Tap => self.tap(selection, server),
            Program::Floor => {
                let this = std::env::current_exe().expect("a program knows where it is");
                let mut command = Command::new(this);
                let first = addresses().next().unwrap_or_default();
                command.arg("floor").arg(self.work.join("authority.pem"));
                command.arg(first).arg(selection.name);
                without_proxy(command)
            }
            Program::Curl => {
                let transfer = |address| format!("url = \"{address}\"\noutput = /dev/null\n");
                let all: String = addresses().map(transfer).collect();
                let file = self.file("curl", &all);
                let mut command = Command::new("curl");
                command.args([
                    "--silent",
                    "--show-error",
                    "--fail-early",
                    "--fail",
                    "--globoff",
                    "--compressed",
                ]);
                command.arg("--cacert").arg(self.work.join("authority.pem"));
                command.arg("--config").arg(file);
                without_proxy(command)
            }
        }
    }

    fn with_files(&self, mut command: Command, selection: &Selection, server: &Server) -> Command {
        let streams = selection.streams.iter().map(|name| {
            let modes = ["full_refresh", "incremental"];
            json!({
                "stream": { "name": name, "json_schema": {}, "supported_sync_modes": modes },
                "sync_mode": "incremental",
                "destination_sync_mode": "append",
            })
        });
        let catalog = json!({ "streams": streams.collect::<Vec<_>>() });
        command.arg("read");
        command.arg("--config").arg(self.config(server));
        command.arg("--catalog").arg(self.file("catalog.json", &catalog.to_string()));
        command
    }

    /// The configuration that all three connectors read.
    pub(crate) fn config(&self, server: &Server) -> PathBuf {
        let start = chrono::DateTime::from_timestamp(server.first_second, 0).unwrap_or_default();
        let config = json!({
            "subdomain": "acme",
            "start_date": start.format("%Y-%m-%dT%H:%M:%SZ").to_string(),
            "credentials": { "credentials": "api_token", "email": "a@example.com", "api_token": "t" },
            "access_token": "t",
        });
        self.file("config.json", &config.to_string())
    }

    /// The command that reads a selection with the tap. Its own catalog says which streams are
    /// selected.
    fn tap(&self, selection: &Selection, server: &Server) -> Command {
        let config = self.config(server);
        let program = self.environments.join("tap/bin/tap-zendesk");
        let mut discover = self.python("tap", server.port);
        let found = discover.arg(&program).arg("--config").arg(&config).arg("--discover").output();
        let found = found.expect("the tap starts").stdout;
        let mut catalog: Value = serde_json::from_slice(&found).expect("the tap's catalog");
        for stream in catalog["streams"].as_array_mut().expect("streams") {
            let is_ours = selection.streams.iter().any(|name| stream["tap_stream_id"] == *name);
            for entry in stream["metadata"].as_array_mut().expect("metadata") {
                entry["metadata"]["selected"] = json!(is_ours);
            }
        }
        let catalog = self.file("tap.json", &catalog.to_string());
        let mut command = self.python("tap", server.port);
        command.arg(&program).arg("--config").arg(config).arg("--catalog").arg(catalog);
        command
    }

    pub(crate) fn file(&self, name: &str, content: &str) -> PathBuf {
        let path = self.work.join(name);
        std::fs::write(&path, content).expect("a file is written");
        path
    }
}

/// The addresses of the pages of a listing, one after another.
fn addresses(listing: Listing, server: &Server, pages: u64) -> impl Iterator<Item = String> {
    let (base, first) = (format!("https://localhost:{}/api/v2", server.port), server.first_second);
    (0..pages).map(move |page| {
        let start = first + i64::try_from(page * 1000).unwrap_or_default();
        match listing {
            Listing::TicketEvents => format!(
                "{base}/incremental/ticket_events.json?include=comment_events&start_time={start}"
            ),
            listing => {
                let (key, name) = (listing.key(), listing.name());
                format!("{base}/incremental/{key}/cursor.json?cursor={name}:{page}")
            }
        }
    })
}

/// Removes the proxies from the environment, because the server is on this machine.
fn without_proxy(mut command: Command) -> Command {
    for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"] {
        command.env_remove(name).env_remove(name.to_lowercase());
    }
    command
}

/// Makes a Python environment, unless there is one with the same requirements.
pub(crate) fn python_environment(place: &Path, requirements: &Path) {
    let noted = place.join("requirements.txt");
    let wanted = std::fs::read(requirements).expect("the requirements");
    if std::fs::read(&noted).is_ok_and(|noted| noted == wanted) {
        return;
    }
    let run = |program: &Path, words: &[&str]| {
        let ran = Command::new(program).args(words).status();
        assert!(ran.is_ok_and(|status| status.success()), "{} {words:?}", program.display());
    };
    let _ = std::fs::remove_dir_all(place);
    run(Path::new("python3"), &["-m", "venv", &place.to_string_lossy()]);
    let words = ["install", "--quiet", "--disable-pip-version-check", "-r"];
    run(&place.join("bin/pip"), &[&words[..], &[&requirements.to_string_lossy()]].concat());
    std::fs::write(noted, wanted).expect("a note of what was installed");
}
