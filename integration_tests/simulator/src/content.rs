//! The contents of attachments. The account answers a file's address with a redirect to a separate
//! host for contents, which is another port here. The redirect's address is signed and expires.
//! Like object stores, that host refuses a request with any other authentication besides the
//! signature.
//!
//! Source: Zendesk, Ticket Attachments (`content_url`); redirects to a content host observed.

use crate::account::Brand;
use crate::answer::Answer;
use crate::auth::{AuthorizationKind, Identity};
use crate::requests::RequestSeen;
use crate::simulator::State;
use serde_json::Value;

/// The bytes of a file repeat after this many bytes.
const PERIOD_BYTES: usize = 64 << 10;

/// The bytes of a file, or a part of them.
#[derive(Debug, Clone)]
pub(crate) struct Content {
    id: u64,
    pub(crate) from: u64,
    pub(crate) len: u64,
}

/// The bytes of a file of this id and size.
pub fn content(id: u64, size: u64) -> Vec<u8> {
    (0..size).map(|at| byte(id, at)).collect()
}

/// Neighbouring bytes differ, so that misplaced bytes are noticed.
fn byte(id: u64, at: u64) -> u8 {
    let at = at % PERIOD_BYTES as u64;
    (at.wrapping_mul(31) ^ (at >> 8) ^ id) as u8
}

impl Content {
    /// One period of the file's bytes. The file repeats it.
    pub(crate) fn period(&self) -> Vec<u8> {
        (0..PERIOD_BYTES as u64).map(|at| byte(self.id, at)).collect()
    }
}

/// The answer on a host of the account: the redirect. `None` if the path is not that of a file. An
/// article's file is on the host of its brand only.
pub(crate) fn redirect(
    state: &State,
    brand: &Brand,
    seen: &RequestSeen,
    who: &Identity,
) -> Option<Answer> {
    let is_file = ["/attachments/", "/hc/article_attachments/"];
    if !is_file.iter().any(|start| seen.path.starts_with(start)) {
        return None;
    }
    // As with "private attachments": nobody who is not signed in gets any.
    if !matches!(who, Identity::Known(_)) {
        return Some(Answer::not_authenticated());
    }
    let Some((id, size)) = file_at(state, brand, &seen.path) else {
        return Some(Answer::not_found());
    };
    let host = state.content_host.as_deref().unwrap_or(seen.host_name());
    let port = state.content_port;
    let to = format!("http://{host}:{port}/content/{id}/{size}?signature={}", seen.n);
    Some(
        Answer::html(302, "<html><body>You are being redirected</body></html>")
            .with("location", to),
    )
}

/// The id and the size of the file that has this path, among the files of this brand's host.
fn file_at(state: &State, brand: &Brand, path: &str) -> Option<(u64, u64)> {
    let is_it = |file: &&Value| {
        let url = file["content_url"].as_str().and_then(|url| url.split('?').next());
        url.is_some_and(|url| url.ends_with(path))
    };
    let told = |file: &Value| Some((file["id"].as_u64()?, file["size"].as_u64()?));
    let texts = ["article_attachments", "ticket_events"].into_iter().flat_map(|resource| {
        let table = state.account.table(resource);
        let here = table.rows.values().filter(|row| table.is_shown_at(brand.id, row.number));
        here.map(|row| &row.text)
    });
    let parsed = texts.filter(|text| text.contains(path));
    for row in parsed.filter_map(|text| serde_json::from_str::<Value>(text).ok()) {
        let children = row["child_events"].as_array().into_iter().flatten();
        let files = children.filter_map(|child| child["attachments"].as_array()).flatten();
        if let Some(file) = files.chain([&row]).find(is_it) {
            return told(file);
        }
    }
    None
}

/// The answer on the host of contents.
pub(crate) fn answer(state: &mut State, seen: &RequestSeen) -> Answer {
    let refused = |status, code: &str, why: &str| {
        let body = format!("<Error><Code>{code}</Code><Message>{why}</Message></Error>");
        Answer::new(status, "application/xml", body)
    };
    if seen.authorization != AuthorizationKind::None {
        return refused(400, "InvalidArgument", "Only one auth mechanism allowed");
    }
    let numbers: Option<Vec<u64>> = seen
        .path
        .strip_prefix("/content/")
        .and_then(|rest| rest.split('/').map(|number| number.parse().ok()).collect());
    let Some([id, size]) = numbers.as_deref() else {
        return refused(404, "NoSuchKey", "The specified key does not exist.");
    };
    if state.knobs.ended_content_addresses > 0 {
        state.knobs.ended_content_addresses -= 1;
        return refused(403, "AccessDenied", "Request has expired");
    }
    let size = size.saturating_add_signed(state.knobs.content_bytes_more);
    let part = seen.range.strip_prefix("bytes=").and_then(|range| range.strip_suffix('-'));
    let from = part.filter(|_| !state.knobs.content_without_parts);
    let from = from.and_then(|from| from.parse::<u64>().ok());
    let tag = format!("\"{id}-{size}\"");
    let answer = match from {
        Some(from) if from >= size => {
            return refused(416, "InvalidRange", "The requested range is not satisfiable")
                .with("content-range", format!("bytes */{size}"));
        }
        Some(from) => {
            let content = Content { id: *id, from, len: size - from };
            let told = format!("bytes {from}-{}/{size}", size - 1);
            Answer::of(206, content).with("content-range", told)
        }
        None => Answer::of(200, Content { id: *id, from: 0, len: size }),
    };
    answer.with("etag", tag).with("accept-ranges", "bytes")
}
