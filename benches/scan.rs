//! Measures the byte path by itself. `cargo bench --bench scan` scans a page, splices rows and
//! escapes, and prints bytes per second of the body.

#[path = "peers/rows.rs"]
mod rows;

use divan::Bencher;
use divan::counter::BytesCount;
use zendesk::json::Reader;
use zendesk::page::{ListShape, Page, Shape, scan};

const ROWS: u64 = 1000;
const SECOND: i64 = 1_700_000_000;

fn main() {
    divan::main();
}

/// A page of an export.
fn page(key: &str, row: impl Fn(u64) -> String) -> Vec<u8> {
    let rows: Vec<String> = (0..ROWS).map(row).collect();
    format!(r#"{{"{key}":[{}],"end_of_stream":true,"count":{ROWS}}}"#, rows.join(",")).into_bytes()
}

fn tickets() -> Vec<u8> {
    page("tickets", |number| rows::ticket(number, SECOND, "open", true))
}

fn events() -> Vec<u8> {
    page("ticket_events", |number| rows::ticket_event(number, SECOND))
}

fn users() -> Vec<u8> {
    page("users", |number| rows::user(number, SECOND))
}

fn shape(key: &'static [&'static str], wanted: &[&'static str], inner: Vec<ListShape>) -> Shape {
    Shape { lists: vec![ListShape { inner, ..list(key, wanted) }] }
}

fn list(path: &'static [&'static str], wanted: &[&'static str]) -> ListShape {
    let wanted = wanted.iter().map(|key| (*key).into()).collect();
    ListShape { path, wanted, ..ListShape::default() }
}

fn ticket_shape() -> Shape {
    let inner = vec![list(&["metric_set"], &["id"])];
    shape(&["tickets"], &["generated_timestamp", "id", "metric_set"], inner)
}

fn event_shape() -> Shape {
    let inner = vec![list(&["child_events"], &["event_type", "id"])];
    shape(&["ticket_events"], &["created_at", "ticket_id"], inner)
}

fn scan_page(bencher: Bencher<'_, '_>, body: &[u8], shape: &Shape) {
    bencher
        .counter(BytesCount::new(body.len()))
        .with_inputs(|| body.to_vec())
        .bench_values(|body| scan(body, shape).expect("a page"));
}

#[divan::bench]
fn scan_tickets(bencher: Bencher<'_, '_>) {
    scan_page(bencher, &tickets(), &ticket_shape());
}

#[divan::bench]
fn scan_ticket_events(bencher: Bencher<'_, '_>) {
    scan_page(bencher, &events(), &event_shape());
}

#[divan::bench]
fn scan_users(bencher: Bencher<'_, '_>) {
    scan_page(bencher, &users(), &shape(&["users"], &["id", "updated_at"], Vec::new()));
}

/// Reads values only, without rows or members.
#[divan::bench]
fn read_json(bencher: Bencher<'_, '_>) {
    let body = tickets();
    bencher.counter(BytesCount::new(body.len())).bench(|| {
        let mut reader = Reader::new(divan::black_box(&body));
        reader.value(0).expect("a value").end
    });
}

fn scanned(body: Vec<u8>, shape: &Shape) -> Page {
    scan(body, shape).expect("a page")
}

/// Copies all rows of a page, without the member `dropped` and with a member in front in its place.
fn copy_rows(bencher: Bencher<'_, '_>, page: &Page, dropped: Option<&'static str>) {
    let list = &page.lists[0];
    let bytes: usize = list.rows.iter().map(|row| row.span.end - row.span.start).sum();
    let (mut out, mut members) = (Vec::with_capacity(2 * bytes), Vec::new());
    bencher.counter(BytesCount::new(bytes)).bench_local(|| {
        out.clear();
        for (at, row) in list.rows.iter().enumerate() {
            members.clear();
            members.extend(dropped.and_then(|key| list.member(at, key)));
            page.text.copy_row(&mut out, row.span, &mut members, |out, _| {
                if dropped.is_some() {
                    out.extend_from_slice(br#""timestamp":1700000000"#);
                }
            });
        }
        out.len()
    });
}

#[divan::bench]
fn copy_rows_whole(bencher: Bencher<'_, '_>) {
    copy_rows(bencher, &scanned(tickets(), &ticket_shape()), None);
}

#[divan::bench]
fn splice_rows(bencher: Bencher<'_, '_>) {
    copy_rows(bencher, &scanned(tickets(), &ticket_shape()), Some("metric_set"));
}

/// Each row holds characters that must be escaped in a line.
#[divan::bench]
fn escape_rows(bencher: Bencher<'_, '_>) {
    let tickets = String::from_utf8(tickets()).expect("text").replace("\\n", "\u{2028}");
    copy_rows(bencher, &scanned(tickets.into_bytes(), &ticket_shape()), None);
}

/// The scan of such a page, which must find these characters.
#[divan::bench]
fn scan_to_escape(bencher: Bencher<'_, '_>) {
    let tickets = String::from_utf8(tickets()).expect("text").replace("\\n", "\u{2028}");
    scan_page(bencher, tickets.as_bytes(), &ticket_shape());
}
