//! `cargo run --example activate`: writes the customers of a CSV file into a simulated Zendesk on
//! this machine. It runs the real binary twice. It prints what happened to each row, and what an
//! agent sees afterwards. In the second run nothing has changed, so the binary must not write
//! anything.

#[path = "../../examples/built/mod.rs"]
mod built;

use std::collections::BTreeMap;
use std::error::Error;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use built::built;
use serde_json::{Map, Value, json};
use simulator::{ADMIN_BEARER, CustomField, Plan, SUBDOMAIN, Settings, Simulator, Size};

type Failure = Box<dyn Error>;

const BINARY: &str = "destination-zendesk-support";

const CUSTOMERS: &str = "destination/examples/customers.csv";

/// Simulated seconds per real one. A job of ten seconds takes a sixth of a second here.
const CLOCK_SCALE: f64 = 60.0;

/// The number of rows between two STATE messages, as in the input from a platform's source.
const ROWS_PER_STATE: usize = 10;

/// The option that maps columns to fields. A column with the name of its field needs no entry.
const FIELDS: &[(&str, &str)] = &[
    ("customer_id", "external_id"),
    ("plan", "custom_plan"),
    ("seats", "custom_seats"),
    ("renewal", "custom_renewal"),
    ("vip", "custom_vip"),
    ("company", "organization_external_id"),
];

/// The titles of the custom fields, by their keys.
const TITLES: [(&str, &str); 4] =
    [("plan", "Plan"), ("seats", "Seats"), ("renewal", "Renewal"), ("vip", "VIP")];

/// The customer whose page is shown before and after. Zendesk has an old plan of this customer.
const LOOKED_AT: &str = "C-1010";

fn main() -> ExitCode {
    match activate() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(failure) => {
            let _ = writeln!(io::stderr(), "the example failed: {failure}");
            ExitCode::FAILURE
        }
    }
}

/// Writes the customers twice. Returns whether every row is accounted for and the second run
/// changed nothing.
fn activate() -> Result<bool, Failure> {
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let (binary, folder) = built(BINARY, "activate", &project)?;
    let rows = rows_of(&fs::read_to_string(project.join(CUSTOMERS))?)?;
    let sim = account(&rows)?;
    say(&format!(
        "{CUSTOMERS} has {} rows. A simulated Zendesk account is at {}. Its clock runs {CLOCK_SCALE} \
         times as fast as yours.",
        rows.len(),
        sim.url()
    ))?;
    say(
        "It has three companies and ten of the customers. Seven have their customer id, three only their e-mail \
         address.\n",
    )?;
    let rejected = folder.join("rejected");
    let _ = fs::remove_dir_all(&rejected);
    let runs = Runs { binary, folder, rejected };
    runs.prepare(&rows)?;
    let before = page_of(&sim, LOOKED_AT);
    let first = runs.run(&sim, "first-write")?;
    let reasons = runs.rejected_rows()?;
    let second = runs.run(&sim, "second-write")?;
    table(&[("first write", &first), ("second write", &second)])?;
    say("The first write rejected these rows, and stored them with their reasons:\n")?;
    for row in &reasons {
        say(&format!("  {}", told(row)))?;
    }
    say(&format!("\nAn agent sees the customer {LOOKED_AT} like this:\n"))?;
    compare(&before, &page_of(&sim, LOOKED_AT))?;
    say("\nFiles:")?;
    for name in
        ["config.json", "catalog.json", "input.jsonl", "first-write.jsonl", "second-write.jsonl"]
    {
        say(&format!("  {}", runs.folder.join(name).display()))?;
    }
    say(&format!("  {}", runs.rejected.display()))?;
    let is_quiet = second.effects == 0 && second.count("created") + second.count("updated") == 0;
    let is_whole =
        [&first, &second].iter().all(|run| run.succeeded && run.rows() == rows.len() as u64);
    say(match (is_whole, is_quiet) {
        (true, true) => "\nEvery row is accounted for, and the second write changed nothing.",
        (true, false) => "\nThe second write CHANGED something.",
        (false, _) => "\nNOT every row is accounted for.",
    })?;
    Ok(is_whole && is_quiet)
}

/// The account before the first run: three companies, custom fields, and some of the customers.
fn account(rows: &[Map<String, Value>]) -> Result<Simulator, Failure> {
    let settings = Settings {
        size: Size::Tiny,
        scale: CLOCK_SCALE,
        plan: Plan::Enterprise,
        page_cap: None,
        tidy_people: true,
        bulk_import: true,
        ..Settings::default()
    };
    let sim = Simulator::start(settings)?;
    let plans = [("gold", "Gold"), ("silver", "Silver"), ("bronze", "Bronze")];
    let kinds = ["dropdown", "integer", "date", "checkbox"];
    let fields: Vec<CustomField> = kinds
        .iter()
        .zip(TITLES)
        .map(|(kind, (key, title))| CustomField::new(kind, key, title))
        .map(|field| if field.kind == "dropdown" { field.with_options(&plans) } else { field })
        .collect();
    sim.account(|account| {
        account.add_fields("users", &fields);
        let mut companies = BTreeMap::new();
        for name in ["northwind", "contoso", "fabrikam"] {
            let company = json!({ "name": format!("{name} inc."), "external_id": name });
            companies.insert(name.to_owned(), account.write_new("organizations", company));
        }
        for (at, row) in rows.iter().take(11).enumerate() {
            let text = |column: &str| row.get(column).and_then(Value::as_str).unwrap_or_default();
            let mut user = json!({ "name": text("name"), "email": text("email"), "skip_verify_email": true,
                "organization_id": companies.get(text("company")) });
            let plan = text("plan").to_lowercase();
            match at {
                // Their rows change nothing.
                2 | 3 | 5 | 6 => {
                    user["external_id"] = row["customer_id"].clone();
                    user["tags"] = text("tags").split(',').filter(|tag| !tag.is_empty()).collect();
                    user["user_fields"] = json!({ "plan": plan, "renewal": text("renewal"),
                        "seats": text("seats").parse::<u64>().unwrap_or_default(), "vip": text("vip") == "yes" });
                }
                // Known by the customer id, with other values, and with tags that stay.
                0 | 1 | 9 => {
                    user["external_id"] = row["customer_id"].clone();
                    user["tags"] = json!(["spoke_at_summit"]);
                    user["user_fields"] = json!({ "plan": "silver", "seats": 1 });
                }
                // Known by the address alone: they wrote to the help desk once.
                4 | 7 | 10 => {}
                _ => continue,
            }
            account.write_new("users", user);
        }
    });
    Ok(sim)
}

/// The binary, and the folders of its input and its output.
struct Runs {
    binary: PathBuf,
    folder: PathBuf,
    rejected: PathBuf,
}

impl Runs {
    /// Writes the files that the binary needs: a config, a catalog, and messages as a source sends
    /// them.
    fn prepare(&self, rows: &[Map<String, Value>]) -> Result<(), Failure> {
        let fields: BTreeMap<_, _> = FIELDS.iter().copied().collect();
        let config = json!({
            "subdomain": SUBDOMAIN,
            "credentials": { "credentials": "oauth2.0", "access_token": ADMIN_BEARER },
            "streams": [{ "stream": "customers", "object": "users", "operation": "upsert",
                "match_on": "external_id", "fields": fields }],
            "object_storage_config": { "storage_type": "Local", "path": self.rejected },
        });
        fs::write(self.folder.join("config.json"), format!("{config:#}\n"))?;
        let columns = rows.first().map(|row| row.keys().map(|column| (column.clone(), json!({}))));
        let columns: Map<String, Value> = columns.into_iter().flatten().collect();
        let catalog = json!({ "streams": [{
            "stream": { "name": "customers", "json_schema": { "type": "object", "properties": columns } },
            "sync_mode": "full_refresh", "destination_sync_mode": "append_dedup",
            "primary_key": [["customer_id"]], "generation_id": 1, "minimum_generation_id": 0, "sync_id": 1,
        }] });
        fs::write(self.folder.join("catalog.json"), format!("{catalog:#}\n"))?;
        let mut input = File::create(self.folder.join("input.jsonl"))?;
        for (batch, rows) in rows.chunks(ROWS_PER_STATE).enumerate() {
            for row in rows {
                let record = json!({ "stream": "customers", "data": row, "emitted_at": 1 });
                writeln!(input, "{}", json!({ "type": "RECORD", "record": record }))?;
            }
            let state = json!({ "type": "STREAM", "sourceStats": { "recordCount": rows.len() },
                "stream": { "stream_descriptor": { "name": "customers" }, "stream_state": { "batch": batch } } });
            writeln!(input, "{}", json!({ "type": "STATE", "state": state }))?;
        }
        Ok(())
    }

    /// Runs the binary. Its messages are saved in the file `<name>.jsonl`.
    fn run(&self, sim: &Simulator, name: &str) -> Result<Run, Failure> {
        sim.clear_ledger();
        sim.clear_requests();
        let file = self.folder.join(format!("{name}.jsonl"));
        let mut process = Command::new(&self.binary);
        process.arg("write");
        process.arg("--config").arg(self.folder.join("config.json"));
        process.arg("--catalog").arg(self.folder.join("catalog.json"));
        process
            .env("ZENDESK_BASE_URL", sim.url())
            .env("ZENDESK_CLOCK_SCALE", CLOCK_SCALE.to_string())
            .env("NO_PROXY", "127.0.0.1")
            .env_remove("WORKER_JOB_ATTEMPT")
            .stdin(File::open(self.folder.join("input.jsonl"))?)
            .stdout(Stdio::from(File::create(&file)?));
        let succeeded = process.status()?.success();
        let mut messages = Vec::new();
        for line in BufReader::new(File::open(&file)?).lines() {
            messages.push(serde_json::from_str(&line?)?);
        }
        let (ledger, requests) = (sim.ledger(), sim.requests());
        Ok(Run {
            succeeded,
            messages,
            requests: requests.len(),
            effects: ledger.writes.len(),
            mails: ledger.verification_mails.len() + ledger.requester_mails.len(),
            lost: ledger.organizations_lost.len() + ledger.tags_lost.len(),
        })
    }

    /// All rejected rows that were stored so far.
    fn rejected_rows(&self) -> Result<Vec<Value>, Failure> {
        let mut rows = Vec::new();
        let mut folders = vec![self.rejected.clone()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder)? {
                let path = entry?.path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                for line in fs::read_to_string(path)?.lines() {
                    rows.push(serde_json::from_str(line)?);
                }
            }
        }
        rows.sort_by_key(|row: &Value| row["record"]["customer_id"].to_string());
        Ok(rows)
    }
}

/// The output of one run of the binary, and its effects on the account.
struct Run {
    succeeded: bool,
    messages: Vec<Value>,
    requests: usize,
    /// Writes that took effect.
    effects: usize,
    mails: usize,
    /// How many organizations and tags were removed from somebody.
    lost: usize,
}

impl Run {
    /// The sum of a count over all acknowledged states.
    fn count(&self, name: &str) -> u64 {
        let states = self.messages.iter().filter(|message| message["type"] == "STATE");
        let count = states.map(|message| {
            let stats = &message["state"]["destinationStats"];
            stats[name].as_f64().or(stats["additionalStats"][name].as_f64()).unwrap_or_default()
        });
        count.sum::<f64>() as u64
    }

    /// The number of rows that were accounted for.
    fn rows(&self) -> u64 {
        self.count("recordCount") + self.count("rejectedRecordCount")
    }
}

/// Prints what happened to the rows of each run.
fn table(runs: &[(&str, &Run)]) -> Result<(), Failure> {
    let counts = ["created", "updated", "unchanged", "rejectedRecordCount"];
    say(&format!(
        "{:<14}{:>6}{:>10}{:>10}{:>11}{:>10}{:>10}{:>10}{:>7}{:>6}",
        "",
        "rows",
        "created",
        "updated",
        "unchanged",
        "rejected",
        "requests",
        "changes",
        "mails",
        "lost"
    ))?;
    for (name, run) in runs {
        let [created, updated, unchanged, rejected] = counts.map(|count| run.count(count));
        say(&format!(
            "{name:<14}{:>6}{created:>10}{updated:>10}{unchanged:>11}{rejected:>10}{:>10}{:>10}{:>7}{:>6}",
            run.rows(),
            run.requests,
            run.effects,
            run.mails,
            run.lost
        ))?;
    }
    say(
        "\n  requests  requests to Zendesk\n  changes   written users, addresses and memberships\n  mails     \
         mails to customers\n  lost      organizations and tags that were removed from customers\n",
    )?;
    Ok(())
}

/// A rejected row on one line.
fn told(row: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let field = text(&row["field"]);
    let column = FIELDS
        .iter()
        .find(|(_, known)| *known == field)
        .map_or(field.as_str(), |(column, _)| column);
    let value = row["record"][column].as_str().map(|value| format!("{column} `{value}`: "));
    format!(
        "{:<8}{:<20}{}{}",
        text(&row["record"]["customer_id"]),
        text(&row["reason"]),
        value.unwrap_or_default(),
        text(&row["message"])
    )
}

/// The titles and values that the agent interface shows of a user.
fn page_of(sim: &Simulator, external_id: &str) -> Vec<(&'static str, String)> {
    let all = |resource: &str| -> Vec<Value> {
        sim.account(|account| {
            let keys = account.keys(resource);
            let rows = keys.iter().filter_map(|key| account.row(resource, key));
            rows.filter_map(|row| serde_json::from_str(&row.text).ok()).collect()
        })
    };
    let find = |resource: &str, field: &str, value: &Value| {
        all(resource).into_iter().find(|row| row[field] == *value).unwrap_or_default()
    };
    let user = find("users", "external_id", &external_id.into());
    let organization = find("organizations", "id", &user["organization_id"]);
    let shown = |value: &Value| match value {
        // A date has a time in Zendesk's answers, and none on the page.
        Value::String(text) => {
            text.split('T').next().filter(|day| day.len() == 10).unwrap_or(text).to_owned()
        }
        Value::Array(words) => words.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" "),
        Value::Bool(is_set) => if *is_set { "yes" } else { "no" }.to_owned(),
        Value::Null => "-".to_owned(),
        other => other.to_string(),
    };
    let mut lines = vec![
        ("Name", shown(&user["name"])),
        ("E-mail", shown(&user["email"])),
        ("Organization", shown(&organization["name"])),
        ("Tags", shown(&user["tags"])),
    ];
    lines.extend(TITLES.map(|(key, title)| (title, shown(&user["user_fields"][key]))));
    lines
}

/// Prints what an agent saw before and sees now of a user.
fn compare(before: &[(&str, String)], after: &[(&str, String)]) -> Result<(), Failure> {
    say(&format!("  {:<14}{:<34}now", "", "before"))?;
    for ((title, before), (_, after)) in before.iter().zip(after) {
        let mark = if before == after { "" } else { "  *" };
        say(&format!("  {title:<14}{before:<34}{after}{mark}"))?;
    }
    Ok(())
}

/// The rows of a CSV text, with every value as text. An empty column is left out of its row.
fn rows_of(text: &str) -> Result<Vec<Map<String, Value>>, Failure> {
    let mut lines = text.lines().map(cells);
    let columns = lines.next().ok_or("the file is empty")?;
    let row = |cells: Vec<String>| -> Map<String, Value> {
        let named = columns.iter().cloned().zip(cells);
        named
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| (name, value.into()))
            .collect()
    };
    Ok(lines.map(row).collect())
}

/// The cells of a line. Between quotation marks a comma is part of a cell.
fn cells(line: &str) -> Vec<String> {
    let (mut cells, mut is_quoted) = (vec![String::new()], false);
    for character in line.chars() {
        match character {
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => cells.push(String::new()),
            other => cells.last_mut().into_iter().for_each(|cell| cell.push(other)),
        }
    }
    cells
}

fn say(text: &str) -> io::Result<()> {
    writeln!(io::stdout().lock(), "{text}")
}
