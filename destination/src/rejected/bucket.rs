//! Rejected rows as objects in a bucket. They are held in memory until the object is complete. A failed
//! upload is repeated if that may help.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use reqwest::redirect::Policy;
use reqwest::{Client, Method, Response};
use rusty_s3::actions::ListObjectsV2;
use rusty_s3::{Credentials, S3Action, UrlStyle};
use zendesk::client::Network;
use zendesk::clock::Clock;
use zendesk::error::{ErrorKind, transport};
use zendesk::retry::backoff;
use zendesk::secret::{Secret, Secrets};

use super::answer::{Answer, BucketError, Doing, Trouble, trouble, words};
use crate::config::{Keys, Place};

/// The most bytes that are held in memory, for all streams together.
const MOST_HELD_BYTES: usize = 8 << 20;

/// How long a signed URL is valid.
const SIGNED_FOR: Duration = Duration::from_secs(300);

/// The longest time of one attempt.
const TRY_TIMEOUT: Duration = Duration::from_secs(120);

/// The attempts during a sync. With the waits between them, they outlast an outage of about four minutes.
const TRIES: u32 = 9;

/// The attempts while a person waits.
const IMPATIENT_TRIES: u32 = 2;

/// The longest time of a trial. A person waits for it.
const TRIAL_WITHIN: Duration = Duration::from_secs(15);

/// A larger answer cannot be one of a bucket.
const LARGEST_ANSWER_BYTES: usize = 64 << 10;

/// The most characters of the host's message that are shown.
const LONGEST_WORDS: usize = 300;

/// The objects of a run that are not uploaded yet.
#[derive(Debug)]
pub(super) struct Objects {
    pub(super) bucket: Bucket,
    /// The lines of each object, by its key.
    held: BTreeMap<String, Vec<u8>>,
    bytes: usize,
}

impl Objects {
    pub(super) fn new(bucket: Bucket) -> Self {
        Self { bucket, held: BTreeMap::new(), bytes: 0 }
    }

    /// Adds a line to an object.
    pub(super) fn add(&mut self, key: &str, line: &[u8]) {
        self.bytes += line.len();
        match self.held.get_mut(key) {
            Some(object) => object.extend_from_slice(line),
            None => drop(self.held.insert(key.to_owned(), line.to_vec())),
        }
    }

    /// Whether the objects have to be uploaded before more lines are added.
    pub(super) fn is_full(&self) -> bool {
        self.bytes >= MOST_HELD_BYTES
    }

    /// Uploads all objects. After a failure, none is held: no STATE after their rows will be acknowledged, so
    /// the rows come again.
    pub(super) async fn finish(&mut self) -> Result<(), Box<BucketError>> {
        self.bytes = 0;
        for (key, object) in std::mem::take(&mut self.held) {
            self.bucket.put(&key, object.into(), TRIES).await?;
        }
        Ok(())
    }
}

/// A bucket, and the client for it.
pub(super) struct Bucket {
    http: Client,
    bucket: rusty_s3::Bucket,
    /// The folder of the objects, with a `/` at its end.
    prefix: String,
    keys: Credentials,
    secrets: Secrets,
    clock: Clock,
}

impl fmt::Debug for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bucket").field("bucket", &self.bucket).finish_non_exhaustive()
    }
}

impl Bucket {
    pub(super) fn new(
        place: &Place,
        network: &Network,
        clock: Clock,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, Box<BucketError>> {
        let unusable = |trouble: Trouble, detail: String| {
            Box::new(BucketError {
                bucket: place.bucket.clone(),
                host: place.endpoint.host_str().unwrap_or_default().to_owned(),
                region: place.region.clone(),
                doing: Doing::Put,
                trouble,
                detail,
            })
        };
        let keys = place.keys.clone().or_else(|| Keys::of(variable));
        let keys = keys.ok_or_else(|| unusable(Trouble::NoKeys, "there are no keys".to_owned()))?;
        let style = if place.is_virtual_host { UrlStyle::VirtualHost } else { UrlStyle::Path };
        let bucket = rusty_s3::Bucket::new(
            place.endpoint.clone(),
            style,
            place.bucket.clone(),
            place.region.clone(),
        )
        .map_err(|error| unusable(Trouble::Refused, error.to_string()))?;
        // A redirect would send a signature that is valid for another host.
        let http = network
            .builder(&clock)
            .map_err(|error| unusable(Trouble::Refused, error.to_string()))?
            .redirect(Policy::none())
            .timeout(clock.patience(TRY_TIMEOUT))
            .build()
            .map_err(|error| unusable(Trouble::Refused, error.without_url().to_string()))?;
        let secrets = Secrets::default();
        for secret in
            [Some(&keys.access_key_id), Some(&keys.secret_access_key), keys.session_token.as_ref()]
        {
            secret.into_iter().for_each(|secret| secrets.add(secret));
        }
        let prefix = place.folders.iter().map(|folder| format!("{folder}/")).collect();
        Ok(Self { http, bucket, prefix, keys: credentials(&keys), secrets, clock })
    }

    /// Uploads an object.
    async fn put(&self, key: &str, object: Bytes, tries: u32) -> Result<(), Box<BucketError>> {
        let key = format!("{}{key}", self.prefix);
        let action = || self.bucket.put_object(Some(&self.keys), &key);
        self.ask(Doing::Put, Method::PUT, || action().sign(SIGNED_FOR), &object, tries).await
    }

    /// Uploads, lists and deletes an object. Gives up early.
    pub(super) async fn try_out(&self, key: &str) -> Result<(), Box<BucketError>> {
        match tokio::time::timeout(TRIAL_WITHIN, self.trial(key)).await {
            Ok(tried) => tried,
            Err(_) => Err(self.error(
                Doing::Put,
                Trouble::Unreachable,
                "no answer came in time".to_owned(),
            )),
        }
    }

    async fn trial(&self, key: &str) -> Result<(), Box<BucketError>> {
        self.put(key, Bytes::from_static(b"{}\n"), IMPATIENT_TRIES).await?;
        let key = format!("{}{key}", self.prefix);
        let list = || {
            let mut list = self.bucket.list_objects_v2(Some(&self.keys));
            list.with_prefix(key.as_str());
            list.sign(SIGNED_FOR)
        };
        let nothing = Bytes::new();
        let listed = self.ask(Doing::List, Method::GET, list, &nothing, IMPATIENT_TRIES).await;
        let delete = || self.bucket.delete_object(Some(&self.keys), &key).sign(SIGNED_FOR);
        // The object is deleted even if the list failed.
        let deleted =
            self.ask(Doing::Delete, Method::DELETE, delete, &nothing, IMPATIENT_TRIES).await;
        listed.and(deleted)
    }

    /// Repeats the request until there is an answer, or until another attempt cannot help. Each attempt has a
    /// new signature.
    async fn ask(
        &self,
        doing: Doing,
        method: Method,
        signed: impl Fn() -> reqwest::Url,
        body: &Bytes,
        tries: u32,
    ) -> Result<(), Box<BucketError>> {
        let mut tried = 0;
        loop {
            tried += 1;
            let request = self.http.request(method.clone(), signed()).body(body.clone());
            let failed = match request.send().await {
                Ok(response) => self.judge(doing, response).await,
                Err(error) => Err(self.unreachable(doing, error)),
            };
            match failed {
                Err(error) if error.trouble.may_pass() && tried < tries => {
                    self.clock.sleep(backoff(tried + 1, 1.0)).await;
                }
                other => return other,
            }
        }
    }

    async fn judge(&self, doing: Doing, mut response: Response) -> Result<(), Box<BucketError>> {
        let status = response.status();
        let header = |name: &str| {
            response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
        };
        let region = header("x-amz-bucket-region");
        // The host of a bucket names the version of a stored object in this header. A page of a proxy does
        // not.
        let is_stored = header("etag").is_some();
        let mut body = Vec::new();
        while body.len() < LARGEST_ANSWER_BYTES {
            match response.chunk().await {
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                Ok(None) => break,
                Err(error) => return Err(self.unreachable(doing, error)),
            }
        }
        let body = String::from_utf8_lossy(&body);
        let is_good = status.is_success()
            && match doing {
                Doing::Put => is_stored,
                Doing::List => ListObjectsV2::parse_response(&body).is_ok(),
                Doing::Delete => true,
            };
        if is_good {
            return Ok(());
        }
        let answer = Answer { status: status.as_u16(), region: region.as_deref(), body: &body };
        Err(self.error(doing, trouble(&answer), words(&answer)))
    }

    fn unreachable(&self, doing: Doing, error: reqwest::Error) -> Box<BucketError> {
        let (kind, words) = transport(error);
        let trouble = match kind {
            ErrorKind::Untrusted => Trouble::Untrusted,
            _ => Trouble::Unreachable,
        };
        self.error(doing, trouble, words)
    }

    fn error(&self, doing: Doing, trouble: Trouble, words: String) -> Box<BucketError> {
        let words: String = words.chars().filter(|character| !character.is_control()).collect();
        Box::new(BucketError {
            bucket: self.bucket.name().to_owned(),
            host: self.bucket.base_url().host_str().unwrap_or_default().to_owned(),
            region: self.bucket.region().to_owned(),
            doing,
            trouble,
            detail: self.secrets.strike(words).chars().take(LONGEST_WORDS).collect(),
        })
    }
}

/// Converts the keys for the library that signs.
fn credentials(keys: &Keys) -> Credentials {
    let (id, secret) = (keys.access_key_id.expose(), keys.secret_access_key.expose());
    match keys.session_token.as_ref().map(Secret::expose) {
        Some(token) => Credentials::new_with_token(id, secret, token),
        None => Credentials::new(id, secret),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use connector::dns::Names;

    use super::*;

    #[test]
    fn a_bucket_and_its_errors_show_no_key() {
        let keys = Keys {
            access_key_id: Secret::new("AKIAHUSH"),
            secret_access_key: Secret::new("hush-hush"),
            session_token: Some(Secret::new("hush-token")),
        };
        let mut place = Place {
            bucket: "rows".into(),
            region: "eu-west-1".into(),
            endpoint: "https://s3.eu-west-1.amazonaws.com".parse().unwrap(),
            is_virtual_host: true,
            folders: vec!["a".into(), "b c".into()],
            keys: Some(keys),
        };
        let network = Network { user_agent: "test", names: Arc::new(Names::of_system()) };
        let open = |place: &Place| Bucket::new(place, &network, Clock::new(1.0), |_| None);
        let bucket = open(&place).unwrap();
        let words = "no key AKIAHUSH\n, token hush-token, secret hush-hush".to_owned();
        let error = bucket.error(Doing::List, Trouble::KeysRefused, words);
        let shown = format!("{bucket:?} {error:?} {error}");
        assert!(!shown.contains("HUSH") && !shown.contains("hush"), "{shown}");
        assert!(shown.contains("rows.s3.eu-west-1.amazonaws.com"), "{shown}");
        assert_eq!(bucket.prefix, "a/b c/");
        place.keys = None;
        assert_eq!(open(&place).unwrap_err().trouble, Trouble::NoKeys);
    }
}
