//! Makes the page of numbers and its charts from what the benches saved in `benches/figures/`, so
//! that no figure is copied by hand.

use std::fmt::Write;

use serde_json::{Map, Value};

use super::charts::{Bar, Group, picture};
use super::{assert_current, text_of};

/// What one bench saved.
struct Figures {
    file: String,
    noted: Map<String, Value>,
}

impl Figures {
    fn of(folder: &str, bench: &str) -> Self {
        let file = format!("{folder}/{bench}.json");
        let noted = serde_json::from_str(&text_of(&file)).expect("figures are JSON");
        Self { file, noted }
    }

    fn number(&self, name: &str, key: &str) -> f64 {
        let number = self.noted.get(name).and_then(|figure| figure[key].as_f64());
        number.unwrap_or_else(|| panic!("{} has no {key} of `{name}`", self.file))
    }

    fn said(&self, name: &str, key: &str) -> String {
        said(self.number(name, key))
    }

    /// When and where it was measured, as a sentence.
    fn measured(&self) -> String {
        let machine = &self.noted["machine"];
        let text = |key: &str| machine[key].as_str().unwrap_or("unknown");
        format!(
            "Measured on {} with {} cores ({}).",
            text("day"),
            machine["cores"],
            text("processor"),
        )
    }
}

/// A number for people: with commas, and with decimals only if it is small.
fn said(number: f64) -> String {
    if number.fract() != 0.0 && number < 100.0 {
        return number.to_string();
    }
    let digits = format!("{number:.0}");
    let mut said = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            said.push(',');
        }
        said.push(digit);
    }
    said
}

/// How many times `more` is `less`, in words of the page.
fn times(more: f64, less: f64) -> String {
    let ratio = more / less;
    if ratio < 10.0 { format!("{ratio:.2}") } else { said(ratio.round()) }
}

const INTRODUCTION: &str = "\
<!-- Made from what the benches saved in benches/figures/. To change it, run a bench with UPDATE_GENERATED=1,
     and then UPDATE_GENERATED=1 cargo test -->
# Benchmarks
";

const REPEAT: &str = "\
The benches of the repository measured all figures of this page. Processor time was measured on a quiet machine. These
commands repeat the measurements:

```sh acceptance
cargo bench --bench smoke             # rows per second of processor time, and the largest memory
```
```sh bench
cargo bench --bench peers             # beside others: speed, memory, start-up, sizes and requests
cargo bench --bench scan              # scanning, splicing and escaping, in bytes per second
cargo bench --bench columns           # rows with columns of custom fields
cargo bench --bench quota             # the share of each limit that is used, and hours of a first sync
cargo bench --bench memory            # the largest memory, by size, number and paging of rows
cargo bench --bench write_requests    # destination: requests and time for 10,000 users, beside one request a row
cargo bench --bench write_volume      # destination: a million rows and a mirror: speed and largest memory
```

With `UPDATE_GENERATED=1`, each bench saves its figures, and `UPDATE_GENERATED=1 cargo test` writes them into this
page. `benches/profile` shows which functions use the processor time.
";

/// The selections of `peers`, and how the page calls them.
const SELECTIONS: [(&str, &str); 5] = [
    ("tickets", "tickets of 2.9 KB"),
    ("users", "users of 1 KB"),
    ("ticket_comments", "ticket_comments"),
    ("ticket_metrics", "ticket_metrics, from the pages of their tickets"),
    ("tickets+ticket_metrics", "tickets and ticket_metrics"),
];

/// The scenarios of `quota`, by the name of the bench and its limit, and how the page calls them.
const SHARES: [(&str, &str); 14] = [
    ("tickets: incremental-exports", "tickets alone"),
    ("ticket_events: incremental-exports", "ticket_events alone"),
    ("ticket_metric_events: incremental-exports", "ticket_metric_events alone"),
    ("organizations: incremental-exports", "organizations alone"),
    ("users: incremental-exports-cursor", "users alone"),
    ("users, 10 workers: incremental-exports-cursor", "users alone"),
    ("all five: incremental-exports", "all five"),
    ("all five: incremental-exports-cursor", "users, of all five"),
    ("all five, 10 workers: incremental-exports", "all five"),
    ("all five, 10 workers: incremental-exports-cursor", "users, of all five"),
    ("ticket_audits, Team: account", "ticket_audits, answers in 0.2 s"),
    ("article_comments, Team, 10 workers: help_center", "article_comments, answers in 0.2 s"),
    ("article_comments, Enterprise, 10 workers: help_center", "article_comments, answers in 0.2 s"),
    (
        "article_comments in 4 to 12 s, Team, 40 workers: help_center",
        "article_comments, answers in 4 to 12 s",
    ),
];

/// The plans of `quota`'s first syncs.
const PLANS: [&str; 4] = ["Team", "Professional", "Enterprise", "Enterprise with High Volume"];

/// The ways of paging of `memory`, and how the page calls them.
const PAGING: [(&str, &str); 11] = [
    ("export by cursor", "export by cursor"),
    ("export by time, with an end mark", "export by time, with an end mark"),
    ("export by time, without", "export by time, without an end mark"),
    ("cursor", "cursor"),
    ("newest first", "newest first"),
    ("search, in windows", "search, in time ranges"),
    ("search, in one piece", "search, in one piece"),
    ("children by offset", "children by offset"),
    (
        "from a time on, children of what events name",
        "incremental: children of the parents that a listing of events names",
    ),
    (
        "children of those whose numbers moved",
        "incremental: children of the parents whose counts changed",
    ),
    ("children of children, by cursor", "children of children, by cursor"),
];

/// The writes of `write_requests`, and how the page calls them.
const WRITES: [(&str, &str); 6] = [
    ("new", "new"),
    ("unchanged", "unchanged"),
    ("changed", "changed"),
    ("new, where bulk imports are off", "new, where bulk imports are off"),
    ("new, one request a row", "one request a row, new"),
    ("unchanged, one request a row", "one request a row, unchanged"),
];

fn ours_and_theirs<'a>(ours: (f64, String), theirs: (f64, String)) -> Vec<Bar<'a>> {
    let bar = |name, (value, shown), is_ours| Bar { name, value, shown, is_ours };
    vec![bar("this connector", ours, true), bar("Airbyte's", theirs, false)]
}

/// The charts, by the names of their files.
fn charts() -> Vec<(&'static str, String)> {
    let peers = Figures::of("benches/figures", "peers");
    let compared = |name: &str, key: &str, unit: &str| {
        let of = |program: &str| {
            let number = peers.number(&format!("{name}, plain, {program}"), key);
            (number, format!("{}{unit}", said(number)))
        };
        ours_and_theirs(of("ours"), of("airbyte"))
    };
    let names = ["tickets", "users", "ticket_comments", "ticket_metrics"];
    let by_selection = |key: &'static str, unit: &'static str| {
        let group = |heading| Group { heading, bars: compared(heading, key, unit) };
        names.map(group)
    };
    let requests = |key: &str| {
        let of = |program: &str| {
            let number = peers.number(&format!("requests, {program}"), key);
            (number, said(number))
        };
        ours_and_theirs(of("ours"), of("airbyte"))
    };
    let quota = Figures::of("benches/figures", "quota");
    let hours = PLANS.map(|name| {
        let value = quota.number(&format!("first sync, {name}"), "hours");
        let name = if name.ends_with("High Volume") { "High Volume" } else { name };
        Bar { name, value, shown: format!("{} h", said(value)), is_ours: true }
    });
    let writes = Figures::of("destination/benches/figures", "write_requests");
    let sent = |what: &'static str| {
        let bar = |name, figure: &str, is_ours| {
            let value = writes.number(figure, "requests");
            Bar { name, value, shown: said(value), is_ours }
        };
        vec![
            bar("this destination", what, true),
            bar("one request a row", &format!("{what}, one request a row"), false),
        ]
    };
    vec![
        (
            "speed",
            picture(
                "Rows read in a second of processor time",
                &by_selection("rows_a_cpu_second", ""),
            ),
        ),
        ("memory", picture("The largest memory of a read", &by_selection("mib", " MiB"))),
        (
            "requests",
            picture(
                "Requests of a sync",
                &[
                    Group { heading: "the first sync", bars: requests("first") },
                    Group { heading: "an hourly sync", bars: requests("hourly") },
                ],
            ),
        ),
        (
            "first-sync",
            picture(
                "Hours of a first sync of 5,000,000 tickets",
                &[Group { heading: "", bars: hours.into() }],
            ),
        ),
        (
            "writes",
            picture(
                "Requests for 10,000 users",
                &[
                    Group { heading: "new users", bars: sent("new") },
                    Group { heading: "unchanged users", bars: sent("unchanged") },
                ],
            ),
        ),
    ]
}

fn page() -> String {
    [
        INTRODUCTION.to_owned(),
        summary(),
        REPEAT.to_owned(),
        beside_others(),
        first_sync(),
        shares(),
        memory(),
        rows_that_cost_more(),
        destination(),
    ]
    .join("\n")
}

fn summary() -> String {
    let peers = Figures::of("benches/figures", "peers");
    let (rows, mib) = speed_of_tickets(&peers);
    format!(
        "This connector reads {} tickets a second of processor time, in {} MiB of memory. That is {} times as many as\n\
         Airbyte's connector. A first sync is not limited by this speed. It is limited by the ten export requests a\n\
         minute that Zendesk allows: see [hours of a first sync](#hours-of-a-first-sync).\n",
        said(rows),
        said(mib.round()),
        times(rows, peers.number("tickets, plain, airbyte", "rows_a_cpu_second")),
    )
}

/// Tickets read in a second of processor time, and the largest memory.
fn speed_of_tickets(peers: &Figures) -> (f64, f64) {
    let of = |key: &str| peers.number("tickets, plain, ours", key);
    (of("rows_a_cpu_second"), of("mib"))
}

fn beside_others() -> String {
    let peers = Figures::of("benches/figures", "peers");
    let of = |selection: &str, transport: &str, program: &str, key: &str| {
        peers.number(&format!("{selection}, {transport}, {program}"), key)
    };
    let rate = |selection: &str, transport: &str, program: &str| {
        of(selection, transport, program, "rows_a_cpu_second")
    };
    let mut text = format!(
        "\
## Beside other connectors

`peers` runs these programs one after another, over TLS on one machine:

- this connector
- Airbyte's published connector, 4.9.1 with its CDK 6.54.11
- Singer's tap-zendesk
- curl
- a minimal program, which only fetches the same pages, splits them and frames their rows again

The slow programs read half as many rows as the others (`BENCH_PEER_ROWS=100000`), with their start-up. To run only
some parts, name them: `cargo bench --bench peers -- tickets plain ours floor`.

### Speed

The chart and the table show rows per second of processor time, without compression.
{}

![Rows read in a second of processor time, by this connector and by Airbyte's. The table has the same
numbers.](pictures/speed.svg)

| Streams | This connector | Minimal program | Airbyte's | Times as many as Airbyte's |
|---|---|---|---|---|
",
        peers.measured(),
    );
    for (name, shown) in SELECTIONS {
        let [ours, floor, theirs] =
            ["ours", "floor", "airbyte"].map(|program| rate(name, "plain", program));
        let _ = writeln!(
            text,
            "| {shown} | {} | {} | {} | {} |",
            said(ours),
            said(floor),
            said(theirs),
            times(ours, theirs)
        );
    }
    let cost = |transport: &str, other: &str| {
        times(rate("tickets", transport, other), rate("tickets", transport, "ours"))
    };
    let _ = write!(
        text,
        "
- tap-zendesk reads {} tickets and {} users in a second of processor time.
- With gzip, tickets take {} times the processor time of the minimal program. Over HTTP/2 they take {} times.
- curl discards the pages. This connector takes {} times the processor time of curl, and {} times with gzip.

### Memory of a read

![The largest memory of a read, by this connector and by Airbyte's. The table has the same
numbers.](pictures/memory.svg)

| Streams | This connector, MiB | Airbyte's, MiB |
|---|---|---|
",
        said(rate("tickets", "plain", "tap")),
        said(rate("users", "plain", "tap")),
        cost("gzip", "floor"),
        cost("http2", "floor"),
        cost("plain", "curl"),
        cost("gzip", "curl"),
    );
    for (name, shown) in SELECTIONS {
        let mib = |program: &str| said(of(name, "plain", program, "mib"));
        let _ = writeln!(text, "| {shown} | {} | {} |", mib("ours"), mib("airbyte"));
    }
    text += "
### Requests

Zendesk counts requests, and all programs of the account share its limits. Both connectors read a simulated account of
7,000 tickets, with the streams that both can read incrementally. Then an hour passes, in which 5,000 tickets change,
each with a comment.

![Requests of the first sync and of an hourly sync, by this connector and by Airbyte's. The table has the same
numbers.](pictures/requests.svg)

| Sync | This connector | Airbyte's |
|---|---|---|
";
    for (key, shown) in [("first", "the first"), ("hourly", "an hour later")] {
        let requests = |program: &str| peers.said(&format!("requests, {program}"), key);
        let _ = writeln!(text, "| {shown} | {} | {} |", requests("ours"), requests("airbyte"));
    }
    let start = |command: &str, program: &str, key: &str| {
        peers.number(&format!("start, {command}, {program}"), key)
    };
    let first_row = |program: &str| of("tickets", "plain", program, "first_row_ms");
    text += "
### Start-up and sizes

| | This connector | Airbyte's |
|---|---|---|
";
    let _ = write!(
        text,
        "\
| first row written after | {} | {} |
| time of `spec` | {} | {} |
| memory of `spec` | {} MiB | {} MiB |

The binary has {} MB, and the image {} MB.
",
        duration(first_row("ours")),
        duration(first_row("airbyte")),
        duration(start("spec", "ours", "ms")),
        duration(start("spec", "airbyte", "ms")),
        said(start("spec", "ours", "mib")),
        said(start("spec", "airbyte", "mib")),
        peers.said("binary", "mb"),
        peers.said("image", "mb"),
    );
    text
}

/// Milliseconds for people.
fn duration(ms: f64) -> String {
    if ms < 1000.0 { format!("{} ms", said(ms)) } else { format!("{:.1} s", ms / 1000.0) }
}

fn first_sync() -> String {
    let quota = Figures::of("benches/figures", "quota");
    let mut text = format!(
        "\
## Hours of a first sync

An account of 5,000,000 tickets, 20,000,000 comments, 2,000,000 users and 200,000 organizations was simulated at a
thousandth of its size. The simulator enforces the limits of each plan. Pages of exports take 4 to 12 seconds.
{}

![Hours of a first sync of 5,000,000 tickets, by plan. The table has the same numbers.](pictures/first-sync.svg)

| Plan | Hours, simulated | Hours, by the number of pages |
|---|---|---|
",
        quota.measured(),
    );
    for plan in PLANS {
        let hours = |key: &str| quota.said(&format!("first sync, {plan}"), key);
        let _ = writeln!(text, "| {plan} | {} | {} |", hours("hours"), hours("hours_by_pages"));
    }
    text + "
[limits.md](limits.md) has the formula, and a table for other sizes. The simulation takes longer than the formula
because it needs a few extra requests. At a thousandth of the size, each extra request counts a thousand times.
"
}

fn shares() -> String {
    let quota = Figures::of("benches/figures", "quota");
    let mut text = "\
## Share of the limits

The simulator enforces the limits. Export pages take 4 to 12 seconds. The table counts the requests from the second
minute to the last full minute.

| Read | Workers | Limit a minute | Used | Refused with 429 |
|---|---|---|---|---|
"
    .to_owned();
    for (name, shown) in SHARES {
        let number = |key: &str| quota.number(name, key);
        let _ = writeln!(
            text,
            "| {shown} | {} | {} | {:.0} % | {} |",
            number("workers"),
            said(number("allowed")),
            number("percent"),
            number("refused"),
        );
    }
    let children = |key: &str| quota.said("children", key);
    let _ = write!(
        text,
        "
Three workers make at most 22 requests a minute if a page takes 8 seconds. All five exports together allow thirty,
so a large first sync needs ten workers. The comments of 2,000 articles take {} seconds with one worker and {}
seconds with ten, at 0.2 s an answer.

More workers do not make a sync slower if no limit holds it back. The next table reads the votes of the comments of
100 articles with 100 comments each. The answers come at once.

| Workers | Requests | Requests that wait at the same time, at most | Processor time |
|---|---|---|---|
",
        children("one_worker_seconds"),
        children("ten_workers_seconds"),
    );
    for workers in [1, 3, 10, 40] {
        let said = |key| {
            quota.said(&format!("100 articles with 100 comments each, {workers} workers"), key)
        };
        let _ = writeln!(
            text,
            "| {workers} | {} | {} | {} s |",
            said("requests"),
            said("most_waiting"),
            said("cpu_seconds")
        );
    }
    text
}

fn memory() -> String {
    let memory = Figures::of("benches/figures", "memory");
    let mib = |name: &str| memory.said(name, "mib");
    let many = "all exports, rows of 4 KB, 40 workers";
    let growth =
        PAGING.map(|(name, _)| memory.number(name, "many_mib") - memory.number(name, "few_mib"));
    let mut text = format!(
        "\
## Memory

Memory depends on the number of workers and on the size of pages, because each request in flight holds one page.
{}

| What is read | Largest memory |
|---|---|
| tickets of 3 KB, with 3 workers | {} MiB |
| all exports, in pages of 1,000 rows of 4 KB, with 40 workers and {} pages in flight at the same time | {} MiB |
| tickets of 1 MB, with 3 workers | {} MiB |

The number of rows hardly counts: a million rows take at most {:.1} MiB more than 50,000 rows. The next table shows the
largest memory in MiB, for rows of 500 bytes and three workers.

| Way of paging | Read as | 50,000 rows | 1,000,000 rows |
|---|---|---|---|
",
        memory.measured(),
        mib("tickets of 3 KB, 3 workers"),
        memory.said(many, "pages_at_once"),
        mib(many),
        mib("tickets of 1 MB, 3 workers"),
        growth.into_iter().fold(0.0, f64::max),
    );
    for (name, shown) in PAGING {
        let stream = match memory.noted[name]["stream"].as_str() {
            Some("found") | None => "a search of `search_queries`".to_owned(),
            Some(stream) => format!("`{stream}`"),
        };
        let _ = writeln!(
            text,
            "| {shown} | {stream} | {} | {} |",
            memory.said(name, "few_mib"),
            memory.said(name, "many_mib")
        );
    }
    text + "
[limits.md](limits.md#memory) says what else takes memory.
"
}

fn rows_that_cost_more() -> String {
    let columns = Figures::of("benches/figures", "columns");
    let mut text = format!(
        "\
## Columns of custom fields

Rows per second of processor time. In brackets: the processor time that each row takes more than with `raw`.
{}

| Custom fields of each ticket | Raw | Columns | Columns and labels |
|---|---|---|---|
",
        columns.measured(),
    );
    for (fields, shown) in [(16, "16, 6 KB a row"), (200, "200, 13 KB a row")] {
        let name = |way: &str| format!("{fields} fields, {way}");
        let rate = |way: &str| columns.said(&name(way), "rows_a_cpu_second");
        let more = |way: &str| columns.said(&name(way), "us_more_than_raw");
        let _ = writeln!(
            text,
            "| {shown} | {} rows a second | {} ({} us more a row) | {} ({} us) |",
            rate("raw"),
            rate("columns"),
            more("columns"),
            rate("columns and labels"),
            more("columns and labels"),
        );
    }
    let smoke = Figures::of("benches/figures", "smoke");
    let events = |key: &str| smoke.number("ticket_events", key);
    let _ = write!(
        text,
        "
## Streams of history

These streams were read together with `ticket_events`: {} events of {:.0} KB.
{}

| Streams beside `ticket_events` | Rows of history | Processor time of each row of history |
|---|---|---|
",
        said(events("rows")),
        events("row_bytes") / 1e3,
        smoke.measured(),
    );
    let all = "ticket_field_history, ticket_tag_history, ticket_schedule_assignments";
    for (name, shown) in [
        ("ticket_field_history", "`ticket_field_history`"),
        ("ticket_tag_history", "`ticket_tag_history`"),
        (all, "both, and `ticket_schedule_assignments`"),
    ] {
        let said = |key| smoke.said(name, key);
        let _ = writeln!(text, "| {shown} | {} | {} us |", said("rows"), said("us_a_row"));
    }
    let _ = write!(text, "\nAn event alone takes {} us.\n", said(events("us_a_row")));
    text
}

fn destination() -> String {
    let writes = Figures::of("destination/benches/figures", "write_requests");
    let volume = Figures::of("destination/benches/figures", "write_volume");
    let mut text = format!(
        "\
## The destination

### 10,000 users

The account is simulated, with its limits and with bulk imports. Five jobs run at the same time, and half of each
limit is used.
{}

![Requests for 10,000 users, by the destination and by one request a row. The table has the same
numbers.](pictures/writes.svg)

| Rows | Requests | Time | Writes that took effect |
|---|---|---|---|
",
        writes.measured(),
    );
    for (name, shown) in WRITES {
        let time = match writes.number(name, "minutes") {
            minutes if minutes < 1.0 => "under a minute".to_owned(),
            minutes if minutes < 60.0 => format!("{minutes:.1} min"),
            minutes => format!("{:.1} h", minutes / 60.0),
        };
        let nothing = match writes.noted[name]["noops"].as_u64() {
            Some(noops) if noops > 0 => {
                format!(", of which {} changed nothing", said(noops as f64))
            }
            _ => String::new(),
        };
        let (requests, effects) = (writes.said(name, "requests"), writes.said(name, "effects"));
        let _ = writeln!(text, "| {shown} | {requests} | {time} | {effects}{nothing} |");
    }
    let _ = write!(
        text,
        "
Other open tools send one `create_or_update` a row, and Zendesk allows one a second. So 10,000 rows take at least
10,000 seconds. The plain loop that is measured here takes longer, because the limit sometimes refuses a request. The
simulator sets the time of jobs: 8 to 12 seconds for a hundred users, as long as recorded jobs took.

### A million rows

The rows have 250 bytes and are of 20,000 users.
{}

| Rows | Rows per second of processor time | Requests | Largest memory |
|---|---|---|---|
",
        volume.measured(),
    );
    let rows = [("unchanged", "unchanged"), ("changed", "changed")];
    for (name, shown) in
        rows.into_iter().chain([("changed, of 20 KB", "changed, of 20 KB (20,000 rows)")])
    {
        let said = |key| volume.said(name, key);
        let _ = writeln!(
            text,
            "| {shown} | {} | {} | {} MiB |",
            said("rows_a_cpu_second"),
            said("requests"),
            said("mib")
        );
    }
    text += "
### The mirror of an audience

The audience has 100,000 users, who are marked by a checkbox.

| Sync | Requests | Largest memory |
|---|---|---|
";
    for name in ["all join", "nobody joins or leaves", "a tenth leaves"] {
        let said = |key| volume.said(name, key);
        let _ = writeln!(text, "| {name} | {} | {} MiB |", said("requests"), said("mib"));
    }
    text + "
For rows of ordinary size, the bound is 64 MiB. Wide rows take more, because a batch of each job is in memory.
"
}

#[test]
fn the_page_of_numbers_and_its_charts_are_current() {
    for (name, svg) in charts() {
        assert_current(&format!("docs/pictures/{name}.svg"), &svg);
    }
    assert_current("docs/benchmarks.md", &page());
}

#[test]
fn numbers_for_people_have_commas_and_few_decimals() {
    assert_eq!(said(301_000.0), "301,000");
    assert_eq!(said(1_234_567.0), "1,234,567");
    assert_eq!(said(919.0), "919");
    assert_eq!(said(2.7), "2.7");
    assert_eq!(said(0.0), "0");
    assert_eq!(times(301_000.0, 919.0), "328");
    assert_eq!(times(1.05, 1.0), "1.05");
    assert_eq!(duration(13.0), "13 ms");
    assert_eq!(duration(1_700.0), "1.7 s");
}

/// README quotes the speed and the requests, and other pages what a worker needs.
#[test]
fn readme_quotes_what_was_measured() {
    let peers = Figures::of("benches/figures", "peers");
    let (rows, mib) = speed_of_tickets(&peers);
    let readme = text_of("README.md").split_whitespace().collect::<Vec<_>>().join(" ");
    let requests = |program: &str| peers.said(&format!("requests, {program}"), "hourly");
    for quoted in [
        format!("reads {} tickets, in {} MiB of memory", said(rows), said(mib.round())),
        format!(
            "That is {} times as many as Airbyte's",
            times(rows, peers.number("tickets, plain, airbyte", "rows_a_cpu_second"))
        ),
        format!("**{} requests, against {}**", requests("ours"), requests("airbyte")),
    ] {
        assert!(readme.contains(&quoted), "README does not say: {quoted}");
    }
}
