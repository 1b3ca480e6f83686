//! The store of rejected rows: parts of JSON Lines, which are files in a folder or objects in a bucket. A
//! part is completed before a STATE after its rows is acknowledged.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::io;

use airbyte::destination::catalog::Descriptor;
use serde_json::{Map, Value, json};
use zendesk::client::Network;
use zendesk::clock::Clock;
use zendesk::timestamp;

use super::answer::BucketError;
use super::bucket::{Bucket, Objects};
use super::folder::Folder;
use super::reason::Reason;
use crate::config::Storage;

/// What identifies a run in its rows and in the names of its parts.
#[derive(Clone, Debug, Default)]
pub struct Origin {
    pub attempt: u64,
    /// The platform's number of the job. The platform looks for objects in this folder.
    pub job: Option<String>,
}

/// The store of a run.
#[derive(Debug)]
pub struct Store {
    origin: Origin,
    /// What the run adds to the names of its parts.
    name: String,
    number: u64,
    /// The name of the open part of each stream.
    open: BTreeMap<Descriptor, String>,
    parts: Parts,
}

#[derive(Debug)]
enum Parts {
    Folder(Folder),
    Bucket(Box<Objects>),
}

/// A rejected row could not be stored.
#[derive(Debug)]
pub enum NotStored {
    File(io::Error),
    Bucket(Box<BucketError>),
}

impl fmt::Display for NotStored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(error) => error.fmt(f),
            Self::Bucket(error) => error.fmt(f),
        }
    }
}

impl Error for NotStored {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::File(error) => Some(error),
            Self::Bucket(error) => Some(error),
        }
    }
}

impl From<io::Error> for NotStored {
    fn from(error: io::Error) -> Self {
        Self::File(error)
    }
}

impl From<Box<BucketError>> for NotStored {
    fn from(error: Box<BucketError>) -> Self {
        Self::Bucket(error)
    }
}

impl Store {
    /// Opens a store. `variable` reads the environment, which may have the keys of a bucket.
    ///
    /// # Errors
    /// [`NotStored`] if no request to the bucket can be made or signed.
    pub fn open(
        storage: &Storage,
        origin: Origin,
        network: &Network,
        clock: &Clock,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, NotStored> {
        let parts = match storage {
            Storage::Folder(path) => Parts::Folder(Folder::new(path.clone())),
            Storage::Bucket(place) => {
                let bucket = Bucket::new(place, network, clock.clone(), variable)?;
                Parts::Bucket(Box::new(Objects::new(bucket)))
            }
        };
        let at: String = timestamp::to_iso(clock.now_unix())
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .collect();
        // Runs that start in the same second must not overwrite each other's parts.
        let name = format!("{at}-{:08x}", RandomState::new().hash_one(()) as u32);
        Ok(Self { origin, name, number: 0, open: BTreeMap::new(), parts })
    }

    /// Tests whether rows can be stored: writes, lists and removes a trial. It gives up early, because a
    /// person waits.
    ///
    /// # Errors
    /// [`NotStored`].
    pub async fn try_out(&self) -> Result<(), NotStored> {
        let trial = format!("_check_test-{}", self.name);
        match &self.parts {
            Parts::Folder(folder) => folder.try_out(&trial)?,
            Parts::Bucket(objects) => objects.bucket.try_out(&trial).await?,
        }
        Ok(())
    }

    /// Adds a row to the part of its stream.
    ///
    /// # Errors
    /// [`NotStored`].
    pub async fn add(
        &mut self,
        stream: &Descriptor,
        key: Option<&str>,
        data: &Map<String, Value>,
        why: &Reason,
        now_unix: i64,
    ) -> Result<(), NotStored> {
        let row = json!({
            "stream": stream.name, "namespace": stream.namespace, "key": key, "record": data,
            "reason": why.reason, "field": why.field, "message": why.message,
            "http_status": why.http_status, "job_id": why.job_id, "attempt": self.origin.attempt,
            "at": timestamp::to_iso(now_unix),
        });
        let line = format!("{row}\n");
        let name = self.open.entry(stream.clone()).or_insert_with(|| {
            self.number += 1;
            format!("{}-{:06}.jsonl", self.name, self.number)
        });
        match &mut self.parts {
            Parts::Folder(folder) => {
                folder.add(&file_name(&stream.name), name, line.as_bytes())?;
            }
            Parts::Bucket(objects) => {
                objects.add(&key_of(&self.origin, stream, name), line.as_bytes());
                if objects.is_full() {
                    self.finish_parts().await?;
                }
            }
        }
        Ok(())
    }

    /// Completes all parts. Their rows are stored when this returns.
    ///
    /// # Errors
    /// [`NotStored`].
    pub async fn finish_parts(&mut self) -> Result<(), NotStored> {
        self.open.clear();
        match &mut self.parts {
            Parts::Folder(folder) => folder.finish()?,
            Parts::Bucket(objects) => objects.finish().await?,
        }
        Ok(())
    }
}

/// The folder of a part below the bucket's folder. The platform's page of a job links to the folder with its
/// number. Below it are the namespace and the stream, as with Airbyte's other destinations.
///
/// Source: airbyte-platform, the link to rejected records; facts of the bulk CDK.
fn key_of(origin: &Origin, stream: &Descriptor, name: &str) -> String {
    let folders = [origin.job.as_deref(), stream.namespace.as_deref(), Some(&stream.name)];
    let folders: Vec<String> = folders.into_iter().flatten().map(file_name).collect();
    format!("{}/{name}", folders.join("/"))
}

/// A name that is safe as the name of a folder.
fn file_name(name: &str) -> String {
    let safe = |character: char| {
        if character.is_alphanumeric() || "._-".contains(character) { character } else { '_' }
    };
    let name: String = name.chars().map(safe).take(100).collect();
    if name.trim_matches('.').is_empty() { "_".to_owned() } else { name }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::Arc;

    use connector::dns::Names;

    use super::*;

    fn stream() -> Descriptor {
        Descriptor { namespace: Some("../up".into()), name: "a/b".into() }
    }

    #[tokio::test]
    async fn a_part_appears_when_it_is_whole_and_holds_the_row() {
        let folder = std::env::temp_dir().join(format!("rejected-{}", std::process::id()));
        let network = Network { user_agent: "test", names: Arc::new(Names::of_system()) };
        let origin = Origin { attempt: 2, job: Some("7".into()) };
        let storage = Storage::Folder(folder.clone());
        let mut store =
            Store::open(&storage, origin, &network, &Clock::new(1.0), |_| None).unwrap();
        let data = json!({ "x": 1 }).as_object().cloned().unwrap();
        let why = Reason::new("invalid_value", Some("email"), "no".into());
        store.add(&stream(), Some("k"), &data, &why, 0).await.unwrap();
        store.add(&stream(), Some("l"), &data, &why, 0).await.unwrap();
        let below = folder.join("a_b");
        let names = || -> Vec<String> {
            let entries = fs::read_dir(&below).unwrap();
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
        };
        assert!(names()[0].starts_with('.') && names().len() == 1);
        store.finish_parts().await.unwrap();
        assert!(names()[0].ends_with("000001.jsonl") && names().len() == 1);
        let text = fs::read_to_string(below.join(&names()[0])).unwrap();
        let rows: Vec<Value> =
            text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!((rows[0]["key"].as_str(), rows[1]["key"].as_str()), (Some("k"), Some("l")));
        let row = &rows[0];
        assert_eq!((&row["record"]["x"], &row["reason"]), (&json!(1), &json!("invalid_value")));
        assert_eq!((&row["attempt"], &row["at"]), (&json!(2), &json!("1970-01-01T00:00:00Z")));
        store.finish_parts().await.unwrap();
        assert_eq!(names().len(), 1);
        store.add(&stream(), Some("m"), &data, &why, 0).await.unwrap();
        store.finish_parts().await.unwrap();
        assert_eq!(names().len(), 2, "a finished part is not written again");
        store.try_out().await.unwrap();
        fs::remove_dir_all(&folder).unwrap();
        assert_eq!((file_name(".."), file_name("")), ("_".to_owned(), "_".to_owned()));
    }

    #[test]
    fn an_object_is_where_the_platform_looks_and_nowhere_else() {
        let job = Origin { attempt: 0, job: Some("7".into()) };
        let plain = Descriptor { namespace: None, name: "users".into() };
        for (origin, stream, key) in [
            (&job, &plain, "7/users/p.jsonl"),
            (&Origin::default(), &plain, "users/p.jsonl"),
            (&job, &stream(), "7/.._up/a_b/p.jsonl"),
            (&Origin { attempt: 0, job: Some("..".into()) }, &plain, "_/users/p.jsonl"),
        ] {
            assert_eq!(key_of(origin, stream, "p.jsonl"), key);
        }
    }
}
