//! Downloads a file from the address in its row to the disk. The account redirects to another host
//! that has the contents. Credentials are never sent to that host.
//!
//! Source: Zendesk, "Ticket Attachments" and "Article Attachments". `content_url` answers with a
//! redirect to an address that expires, so every try begins at `content_url`.

use std::io;

use futures_util::StreamExt;
use reqwest::header::{
    ACCEPT, ACCEPT_ENCODING, CONTENT_RANGE, ETAG, HeaderMap, HeaderValue, IF_RANGE, LOCATION, RANGE,
};
use reqwest::{Response, Url};

use super::budget::{Bucket, Permit};
use super::client::{
    Answered, Asked, Client, FailedTry, MITIGATED, PageSize, RequestStats, Transport,
};
use super::error::{ApiError, ErrorKind};
use super::headers;
use super::partial_file::PartialFile;
use super::retry::{Outcome, Smaller, Speaker, Verdict};
use super::site::Site;
use crate::budget::WalkId;

const MOST_REDIRECTS: usize = 5;

/// The most doubtful answers before the file is given up.
const MOST_DOUBTS: u32 = 3;

/// The largest body of a refusal that is read for its reason.
const LARGEST_REASON_BYTES: usize = 16 << 10;

/// A try that brought this many bytes was not in vain: the tries before it no longer count.
const WORTHWHILE_BYTES: u64 = 1 << 20;

const DRAWS_ON: &[Bucket] = &[Bucket::Attachments];

/// A file to download.
#[derive(Debug)]
pub struct Wanted<'a> {
    /// The host that its row came from. `None`: the main host.
    pub site: Option<&'a Site>,
    /// The hosts of all brands of the account. The address of a ticket's file is on its brand's
    /// host.
    pub hosts: &'a [Site],
    pub url: &'a str,
    /// The name of the file in errors. The address may be a secret.
    pub name: &'a str,
    /// The size that the row states, in bytes.
    pub size: Option<u64>,
    /// The most bytes that are accepted.
    pub largest: u64,
    /// The walk whose turn it takes.
    pub walk: WalkId,
}

/// A download under way.
struct Fetching<'a> {
    wanted: &'a Wanted<'a>,
    arrival: &'a mut PartialFile,
    /// Answers that may not be the file's, which another try may show: an expired address, or a
    /// wrong number of bytes.
    doubts: u32,
    /// How many bytes a try has reached so far.
    furthest: u64,
}

/// Downloads a whole file. A part that `arrival` has already is continued. The caller then calls
/// [`PartialFile::finish`].
///
/// # Errors
/// [`ApiError`] when waiting and repeating cannot help, when the disk accepts no more, or when the
/// program is stopping.
pub async fn fetch(
    client: &Client,
    wanted: &Wanted<'_>,
    arrival: &mut PartialFile,
    tally: &mut RequestStats,
) -> Result<(), ApiError> {
    let furthest = arrival.len();
    let mut fetching = Fetching { wanted, arrival, doubts: 0, furthest };
    client.ask_for(&mut fetching, tally).await
}

/// Requests a file from byte `from` on, through all redirects. Returns the number of the signature
/// if one of the account's own hosts answered.
async fn locate(
    transport: &Transport,
    wanted: &Wanted<'_>,
    from: u64,
    tag: Option<&str>,
    slot: &mut Permit,
) -> Result<(Response, Option<u64>), FailedTry> {
    let own: Vec<&Site> =
        wanted.site.into_iter().chain([&transport.main]).chain(wanted.hosts).collect();
    let mut url = Url::parse(wanted.url).map_err(|_| astray("the row has no valid address"))?;
    for _ in 0..=MOST_REDIRECTS {
        let place = place(url, &own);
        let (address, site) = place.ok_or_else(|| {
            astray(
                "the address leads to a host without \
            encryption",
            )
        })?;
        let mut sending = transport.content.get(address.clone());
        sending = sending.header(ACCEPT, HeaderValue::from_static("*/*"));
        sending = sending.header(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        let mut number = None;
        if let Some(site) = site {
            let signed;
            (sending, signed) = transport.sign(sending, site);
            number = Some(signed);
        }
        if from > 0 {
            sending = sending.header(RANGE, format!("bytes={from}-"));
            if let Some(tag) = tag {
                sending = sending.header(IF_RANGE, tag);
            }
        }
        let answer = sending.send().await.map_err(FailedTry::transport)?;
        if site.is_some() {
            transport.observe(answer.headers(), slot);
        }
        let to = answer.headers().get(LOCATION).and_then(|to| to.to_str().ok());
        match to.filter(|_| answer.status().is_redirection()) {
            Some(to) => {
                url = address
                    .join(to)
                    .map_err(|_| astray("the address of a redirect is not valid"))?;
            }
            None => return Ok((answer, number)),
        }
    }
    Err(astray("there are too many redirects"))
}

impl Asked for Fetching<'_> {
    type Answer = ();

    fn name(&self) -> String {
        self.wanted.name.to_owned()
    }

    fn buckets(&self) -> &[Bucket] {
        DRAWS_ON
    }

    fn walk(&self) -> WalkId {
        self.wanted.walk
    }

    fn has_progressed(&mut self) -> bool {
        // Bytes that came again are none that a file can end by.
        let is_further = self.arrival.len() >= self.furthest.saturating_add(WORTHWHILE_BYTES);
        self.furthest = if is_further { self.arrival.len() } else { self.furthest };
        is_further
    }

    async fn attempt(
        &mut self,
        transport: &Transport,
        _: &PageSize,
        slot: &mut Permit,
    ) -> Result<(), FailedTry> {
        let size = self.wanted.size;
        // One that is as long as it should be was left before it was known to be whole.
        if size.is_some_and(|size| self.arrival.len() >= size) {
            self.arrival.restart().map_err(disk)?;
        }
        let from = self.arrival.len();
        let tag = self.arrival.tag.clone();
        let (answer, signed) = locate(transport, self.wanted, from, tag.as_deref(), slot).await?;
        let status = answer.status().as_u16();
        match status {
            200 => self.arrival.restart().map_err(disk)?,
            206 if continues(answer.headers(), from, size) => {}
            206 | 416 => {
                self.arrival.restart().map_err(disk)?;
                let why = "the part on the disk does not match the rest".to_owned();
                return Err(FailedTry::new(ErrorKind::Unreadable, Outcome::Broken, why));
            }
            _ => return Err(self.refused(transport, answer, signed).await),
        }
        if let Some(signed) = signed {
            transport.access.accepted(signed);
        }
        self.arrival.tag = strong_tag(answer.headers());
        let promised = answer.content_length().map(|length| self.arrival.len() + length);
        let whole = size.or(promised);
        if whole.zip(promised).is_some_and(|(whole, promised)| whole != promised) {
            return Err(self.doubted(promised, whole));
        }
        let mut chunks = answer.bytes_stream();
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.map_err(FailedTry::transport)?;
            let len = self.arrival.len() + chunk.len() as u64;
            if len > whole.unwrap_or(self.wanted.largest) {
                return Err(self.doubted(Some(len), whole));
            }
            self.arrival.write(&chunk).await.map_err(disk)?;
        }
        let len = self.arrival.len();
        if whole.is_some_and(|whole| whole != len) {
            return Err(self.doubted(Some(len), whole));
        }
        Ok(())
    }
}

impl Fetching<'_> {
    /// The failure for a wrong number of bytes.
    fn doubted(&mut self, came: Option<u64>, whole: Option<u64>) -> FailedTry {
        let count =
            |bytes: Option<u64>| bytes.map_or("unknown".to_owned(), |bytes| bytes.to_string());
        let why = format!("received {} of {} bytes", count(came), count(whole));
        if let Err(error) = self.arrival.restart() {
            return disk(error);
        }
        self.once_more(FailedTry::new(ErrorKind::Unreadable, Outcome::Unreadable, why))
    }

    async fn refused(
        &mut self,
        transport: &Transport,
        answer: Response,
        signed: Option<u64>,
    ) -> FailedTry {
        let status = answer.status().as_u16();
        let retry_after = headers::retry_after(answer.headers(), transport.clock.now_unix());
        let is_mitigated = answer.headers().contains_key(MITIGATED);
        let reason = reason(answer).await;
        let is_foreign = signed.is_none();
        let (quotas, signed) = (Vec::new(), signed.unwrap_or_default());
        let answered = Answered { status, retry_after, quotas, signed };
        // Hosts of files speak no JSON; what stands before them may say that it did.
        let speaker = if is_mitigated { Speaker::Network } else { Speaker::Zendesk };
        let mut failed =
            FailedTry::answered(answered, &reason, speaker, false, transport.access.secrets());
        if is_foreign && failed.verdict == Verdict::Doubt(ErrorKind::Unauthorized) {
            // No signature of ours was there to be renewed.
            failed.verdict = Verdict::GiveUp(ErrorKind::Forbidden);
        }
        // The address that the account gave may have ended meanwhile; it gives another.
        if is_foreign && matches!(failed.verdict, Verdict::GiveUp(_)) {
            return self.once_more(failed);
        }
        failed
    }

    fn once_more(&mut self, failed: FailedTry) -> FailedTry {
        self.doubts += 1;
        let verdict = match failed.verdict {
            Verdict::GiveUp(_) if self.doubts < MOST_DOUBTS => {
                Verdict::Again { smaller: Smaller::No, after: None }
            }
            Verdict::Again { .. } if self.doubts >= MOST_DOUBTS => Verdict::GiveUp(failed.kind),
            verdict => verdict,
        };
        FailedTry { verdict, ..failed }
    }
}

/// The address to which a request is sent, and the account's host that it is on, if it is on one.
/// Only such a host may see the credentials. `None` if nothing may be sent there: the address must
/// use HTTPS. The only exception are other ports of a host that stands in for an account's without
/// encryption.
fn place<'s>(mut url: Url, own: &[&'s Site]) -> Option<(Url, Option<&'s Site>)> {
    // Whatever an address says of users is not ours to send.
    url.set_username("").ok()?;
    url.set_password(None).ok()?;
    url.set_fragment(None);
    let is_secure = url.scheme() == "https";
    if let Some(site) = own
        .iter()
        .find(|site| is_secure && url.host_str() == Some(site.name()) && url.port().is_none())
    {
        let mut at = site.base.clone();
        at.set_path(url.path());
        at.set_query(url.query());
        return Some((at, Some(site)));
    }
    if let Some(site) = own.iter().find(|site| url.origin() == site.base.origin()) {
        return Some((url, Some(site)));
    }
    let is_beside = own.iter().any(|Site { base, .. }| {
        base.scheme() == "http" && url.scheme() == "http" && url.host() == base.host()
    });
    (is_secure || is_beside).then_some((url, None))
}

/// Whether a partial answer goes on at byte `from` of a file of this size.
fn continues(headers: &HeaderMap, from: u64, size: Option<u64>) -> bool {
    let range = || {
        let range = headers.get(CONTENT_RANGE)?.to_str().ok()?.strip_prefix("bytes ")?;
        let (range, total) = range.split_once('/')?;
        let (first, _) = range.split_once('-')?;
        Some((first.parse::<u64>().ok()?, total.parse::<u64>().ok()))
    };
    range().is_some_and(|(first, total)| {
        first == from && total.zip(size).is_none_or(|(total, size)| total == size)
    })
}

/// The answer's entity tag. `None` for a weak tag, which does not promise equal bytes.
fn strong_tag(headers: &HeaderMap) -> Option<String> {
    let tag = headers.get(ETAG)?.to_str().ok()?;
    (!tag.starts_with("W/")).then(|| tag.to_owned())
}

async fn reason(answer: Response) -> Vec<u8> {
    let mut reason = Vec::new();
    let mut chunks = answer.bytes_stream();
    while let Some(Ok(chunk)) = chunks.next().await {
        reason.extend_from_slice(&chunk);
        if reason.len() >= LARGEST_REASON_BYTES {
            break;
        }
    }
    reason
}

fn astray(why: &str) -> FailedTry {
    let failed = FailedTry::new(ErrorKind::Invalid, Outcome::Broken, why.to_owned());
    FailedTry { verdict: Verdict::GiveUp(ErrorKind::Invalid), ..failed }
}

fn disk(error: io::Error) -> FailedTry {
    let kind = kind_of(&error);
    let failed = FailedTry::new(kind, Outcome::Broken, error.to_string());
    FailedTry { verdict: Verdict::GiveUp(kind), ..failed }
}

/// The kind of error that a failed write to the disk is.
#[must_use]
pub fn kind_of(error: &io::Error) -> ErrorKind {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            ErrorKind::DiskFull
        }
        _ => ErrorKind::Unwritable,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(url: &str, base: &str, host: Option<&str>) -> Option<(String, bool)> {
        let main = Site::main(base.parse().unwrap(), host);
        let (url, site) = place(url.parse().unwrap(), &[&main])?;
        Some((url.to_string(), site.is_some()))
    }

    #[test]
    fn credentials_go_to_the_accounts_host_alone_and_nothing_goes_unencrypted() {
        let base = "https://acme.zendesk.com";
        let is_own = |url| at(url, base, None).map(|(_, is_own)| is_own);
        assert_eq!(is_own("https://acme.zendesk.com/attachments/token/x/?name=a"), Some(true));
        for foreign in [
            "https://p1.zdusercontent.com/x",
            "https://other.zendesk.com/attachments/token/x",
            "https://acme.zendesk.com.evil.example/x",
            "https://acme.zendesk.com:8443/x",
        ] {
            assert_eq!(is_own(foreign), Some(false), "{foreign}");
        }
        for unsafe_one in ["http://acme.zendesk.com/x", "http://127.0.0.1/x", "ftp://a.b/x"] {
            assert_eq!(is_own(unsafe_one), None, "{unsafe_one}");
        }
        let user = at("https://me:secret@files.example/x#y", base, None);
        assert_eq!(user, Some(("https://files.example/x".into(), false)));
    }

    #[test]
    fn a_file_of_a_brand_is_asked_for_at_the_brands_host_and_at_no_other_brands() {
        let main = Site::main("https://acme.zendesk.com".parse().unwrap(), None);
        let (shop, other) = (main.of_brand("shop", 1).unwrap(), main.of_brand("other", 2).unwrap());
        let site = |url: &str| {
            place(url.parse().unwrap(), &[&shop, &main])
                .unwrap()
                .1
                .map(|site| site.name().to_owned())
        };
        assert_eq!(site("https://shop.zendesk.com/x").as_deref(), Some(shop.name()));
        assert_eq!(site("https://acme.zendesk.com/x").as_deref(), Some(main.name()));
        assert_eq!(site(&format!("https://{}/x", other.name())), None);
        let stand_in = Site::main("http://127.0.0.1:81".parse().unwrap(), Some("acme.zendesk.com"));
        let shop = stand_in.of_brand("shop", 1).unwrap();
        for (url, name) in [
            ("https://shop.zendesk.com/x", "shop.zendesk.com"),
            ("http://127.0.0.1:81/x", "shop.zendesk.com"),
        ] {
            let (at, site) = place(url.parse().unwrap(), &[&shop, &stand_in]).unwrap();
            assert_eq!((at.as_str(), site.map(Site::name)), ("http://127.0.0.1:81/x", Some(name)));
        }
    }

    #[test]
    fn a_stand_in_for_the_account_has_its_content_host_beside_it() {
        let at = |url| at(url, "http://127.0.0.1:80", Some("acme.zendesk.com"));
        let own = at("https://acme.zendesk.com/a?b=c");
        assert_eq!(own, Some(("http://127.0.0.1/a?b=c".into(), true)));
        let beside = at("http://127.0.0.1:81/x");
        assert_eq!(beside, Some(("http://127.0.0.1:81/x".into(), false)));
        assert_eq!(at("http://files.example/x"), None);
    }

    #[test]
    fn a_part_must_fit_what_is_there() {
        let headers = |range: &'static str| {
            HeaderMap::from_iter([(CONTENT_RANGE, HeaderValue::from_static(range))])
        };
        assert!(continues(&headers("bytes 5-9/10"), 5, Some(10)));
        assert!(continues(&headers("bytes 5-9/*"), 5, Some(10)));
        assert!(!continues(&headers("bytes 4-9/10"), 5, Some(10)));
        assert!(!continues(&headers("bytes 5-9/11"), 5, Some(10)));
        assert!(!continues(&headers("pages 5-9/10"), 5, None));
        assert!(!continues(&HeaderMap::new(), 0, None));
    }
}
