//! Searches Zendesk: rows by key, and rows that other rows refer to.
//!
//! Sources: Zendesk, "Show Many Users" and its like, which are always current; "Search Users", whose index
//! lags by a minute or two. So a row that only the index does not find counts as missing only if a creation
//! would reveal it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::stream::{self, StreamExt, TryStreamExt};
use serde_json::Value;
use zendesk::error::ApiError;

use crate::api::{Api, SIDE_BY_SIDE, good, of_row, unreadable};
use crate::id::Id;
use crate::object::{KeyField, Object, fold};
use crate::rejected::Reason;
use crate::rows::LARGEST;

/// The most addresses in one search. The query must fit into a URL.
const ADDRESSES_AT_ONCE: usize = 25;

/// The most bytes of keys in one URL. Servers refuse URLs above about 8 KB.
const MOST_QUERY_BYTES: usize = 6000;

/// The most pages of one search that are read. A search also finds similar addresses.
const MOST_PAGES: usize = 100;

/// The most keys of related rows that are remembered.
const MOST_REMEMBERED: usize = 50_000;

/// Rows from Zendesk, by folded key.
pub type ByKey = HashMap<String, Vec<Value>>;

/// The rows that were found, and the keys that Zendesk refuses to search for.
#[derive(Debug, Default)]
pub struct Looked {
    pub rows: ByKey,
    pub refused: HashMap<String, Reason>,
}

impl Looked {
    fn add(&mut self, other: Self) {
        self.rows.extend(other.rows);
        self.refused.extend(other.refused);
    }
}

/// Searches Zendesk, and remembers the ids of related rows.
pub struct Look {
    api: Arc<Api>,
    known: Mutex<HashMap<(Object, KeyField, String), Id>>,
}

impl Look {
    #[must_use]
    pub fn new(api: Arc<Api>) -> Self {
        Self { api, known: Mutex::default() }
    }

    /// Finds the rows that have one of these keys. `keys` are as the rows have them. If `is_sure`, each key
    /// that is not found is searched once more by itself: use this if no later step would reveal that the row
    /// exists.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn by_key(
        &self,
        object: Object,
        key: KeyField,
        keys: &[String],
        is_sure: bool,
    ) -> Result<Looked, ApiError> {
        match (object, key) {
            (Object::OrganizationMemberships, _) | (_, KeyField::Pair(_)) => Ok(Looked::default()),
            (Object::Records(_), _) => self.records(object, key, keys).await,
            (_, KeyField::Id) => self.show_many(object, key, "ids", keys).await,
            (Object::Tickets, _) => self.one_by_one(object, key, keys).await,
            (_, KeyField::ExternalId) => {
                // A comma would end the key in the list.
                let (odd, plain): (Vec<String>, Vec<String>) =
                    keys.iter().cloned().partition(|key| key.contains(','));
                let mut found = self.show_many(object, key, "external_ids", &plain).await?;
                found.add(self.one_by_one(object, key, &odd).await?);
                Ok(found)
            }
            (_, KeyField::Email) => {
                let rows = self.by_known_addresses(keys).await?;
                let mut found = Looked { rows, ..Looked::default() };
                let is_unknown = |key: &&String| !found.rows.contains_key(&fold(key));
                let keys: Vec<String> = keys.iter().filter(is_unknown).cloned().collect();
                found.add(self.by_addresses(&keys).await?);
                let missing = |key: &&String| is_sure && !found.rows.contains_key(&fold(key));
                let missing: Vec<String> = keys.iter().filter(missing).cloned().collect();
                found.add(self.one_by_one(object, key, &missing).await?);
                Ok(found)
            }
            (_, KeyField::Name) => self.one_by_one(object, key, keys).await,
        }
    }

    /// Finds records of a custom object. The request separates keys with commas, and there is no other
    /// request.
    async fn records(
        &self,
        object: Object,
        key: KeyField,
        keys: &[String],
    ) -> Result<Looked, ApiError> {
        let parameter = match key {
            KeyField::Id => "filter[ids]",
            _ => "filter[external_ids]",
        };
        let (odd, plain): (Vec<String>, Vec<String>) =
            keys.iter().cloned().partition(|key| key.contains(','));
        let mut found = self.show_many(object, key, parameter, &plain).await?;
        for odd in odd {
            let why = "it contains a comma, and Zendesk cannot search for such a key of a record"
                .to_owned();
            found.refused.insert(object.fold(&odd), Reason::new("refused", Some(key.name()), why));
        }
        Ok(found)
    }

    /// Finds up to a hundred rows with one request.
    async fn show_many(
        &self,
        object: Object,
        key: KeyField,
        parameter: &'static str,
        keys: &[String],
    ) -> Result<Looked, ApiError> {
        let path = match object {
            Object::Records(_) => object.path().to_owned(),
            _ => format!("{}/show_many", object.path()),
        };
        let is_record = matches!(object, Object::Records(_));
        let mut found = Looked::default();
        for keys in by_length(keys, LARGEST) {
            match self.rows(object, &path, vec![(parameter, keys.join(","))]).await {
                Ok(rows) => collect(object, &mut found.rows, rows, key),
                // One key that Zendesk does not accept makes it refuse the whole list. Single requests find
                // that key.
                Err(error) if key != KeyField::Id || is_record => {
                    of_row(error)?;
                    found.add(self.one_by_one(object, key, keys).await?);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(found)
    }

    async fn one_by_one(
        &self,
        object: Object,
        key: KeyField,
        keys: &[String],
    ) -> Result<Looked, ApiError> {
        let asked = stream::iter(keys.to_vec())
            .map(|written| async move {
                let rows = match self.one(object, key, &written).await {
                    Ok(rows) => Ok(rows),
                    Err(error) => Err(of_row(error)?),
                };
                Ok::<_, ApiError>((object.fold(&written), rows))
            })
            .buffer_unordered(SIDE_BY_SIDE)
            .try_collect::<Vec<_>>()
            .await?;
        let mut found = Looked::default();
        for (key, rows) in asked {
            match rows {
                Ok(rows) if rows.is_empty() => {}
                Ok(rows) => drop(found.rows.insert(key, rows)),
                Err(why) => drop(found.refused.insert(key, why)),
            }
        }
        Ok(found)
    }

    /// Finds the rows that have exactly this key.
    async fn one(
        &self,
        object: Object,
        key: KeyField,
        written: &str,
    ) -> Result<Vec<Value>, ApiError> {
        let (path, query) = match (object, key) {
            (Object::Tickets, _) => ("tickets", ("external_id", written.to_owned())),
            (Object::Users, KeyField::Email) => ("users/search", ("query", quoted(written))),
            (Object::Users, _) => ("users/search", ("external_id", written.to_owned())),
            (Object::Organizations, KeyField::Name) => {
                ("organizations/search", ("name", written.to_owned()))
            }
            (Object::Organizations, _) => {
                ("organizations/search", ("external_id", written.to_owned()))
            }
            (Object::Records(_), KeyField::Id) => {
                (object.path(), ("filter[ids]", written.to_owned()))
            }
            (Object::Records(_), _) => {
                (object.path(), ("filter[external_ids]", written.to_owned()))
            }
            (Object::OrganizationMemberships, _) => return Ok(Vec::new()),
        };
        let rows = self.rows(object, path, vec![query]).await?;
        let (exact, others): (Vec<Value>, Vec<Value>) =
            rows.into_iter().partition(|row| has_key(object, row, key, written));
        if key == KeyField::Email && exact.is_empty() {
            return self.by_further_address(others, written).await;
        }
        Ok(exact)
    }

    /// Finds users who have this e-mail address as a secondary address.
    async fn by_further_address(
        &self,
        candidates: Vec<Value>,
        address: &str,
    ) -> Result<Vec<Value>, ApiError> {
        let found = stream::iter(candidates)
            .map(|user| async move {
                let Some(id) = Id::of(&user["id"]) else { return Ok(None) };
                let identities = self.identities(&id).await?;
                Ok::<_, ApiError>(
                    identities.iter().any(|one| is_address(one, address)).then_some(user),
                )
            })
            .buffered(SIDE_BY_SIDE)
            .try_collect::<Vec<_>>()
            .await?;
        Ok(found.into_iter().flatten().collect())
    }

    /// Finds users to whom this run gave one of these addresses. The index may not have them yet.
    async fn by_known_addresses(&self, addresses: &[String]) -> Result<ByKey, ApiError> {
        let known: Vec<(String, Id)> = {
            let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            let of = |address: &String| {
                let folded = fold(address);
                let id = known.get(&(Object::Users, KeyField::Email, folded.clone()))?;
                (!id.is_planned()).then(|| (folded, id.clone()))
            };
            addresses.iter().filter_map(of).collect()
        };
        let ids: Vec<String> = known.iter().map(|(_, id)| id.to_string()).collect();
        let rows = self.show_many(Object::Users, KeyField::Id, "ids", &ids).await?.rows;
        let row = |(address, id): (String, Id)| Some((address, rows.get(&id.to_string())?.clone()));
        Ok(known.into_iter().filter_map(row).collect())
    }

    /// Finds users who have one of these addresses as primary address, with few requests.
    async fn by_addresses(&self, addresses: &[String]) -> Result<Looked, ApiError> {
        let mut found = Looked::default();
        for addresses in by_length(addresses, ADDRESSES_AT_ONCE) {
            let query: Vec<String> = addresses.iter().map(|address| quoted(address)).collect();
            let query = vec![("query", query.join(" ")), ("per_page", "100".to_owned())];
            let rows = match self.rows(Object::Users, "users/search", query).await {
                Ok(rows) => rows,
                Err(error) => {
                    of_row(error)?;
                    found.add(self.one_by_one(Object::Users, KeyField::Email, addresses).await?);
                    continue;
                }
            };
            let wanted: BTreeSet<String> = addresses.iter().map(|address| fold(address)).collect();
            let is_wanted = |row: &Value| {
                row["email"].as_str().is_some_and(|email| wanted.contains(&fold(email)))
            };
            let rows = rows.into_iter().filter(is_wanted).collect();
            collect(Object::Users, &mut found.rows, rows, KeyField::Email);
        }
        Ok(found)
    }

    /// Reads all pages of an answer, without deleted rows.
    async fn rows(
        &self,
        object: Object,
        path: &str,
        query: Vec<(&'static str, String)>,
    ) -> Result<Vec<Value>, ApiError> {
        if let (Object::Records(_), [(name, value)]) = (object, query.as_slice()) {
            return self.api.list_where(path, object.list(), &[(*name, value.as_str())]).await;
        }
        let mut found = Vec::new();
        for page in 1..=MOST_PAGES {
            let mut query = query.clone();
            if page > 1 {
                query.push(("page", page.to_string()));
            }
            let mut reply = good(self.api.get(path, query).await?, path)?;
            let Value::Array(rows) = reply.body[object.list()].take() else {
                return Err(unreadable(
                    path,
                    &format!("the answer has no list `{}`", object.list()),
                ));
            };
            let is_there = |row: &Value| row["active"] != false && row["status"] != "deleted";
            found.extend(rows.into_iter().filter(is_there));
            if reply.body["next_page"].is_null() {
                return Ok(found);
            }
        }
        Err(unreadable(path, "the list does not end"))
    }

    /// Reads the identities (addresses and accounts) of a user.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn identities(&self, user: &Id) -> Result<Vec<Value>, ApiError> {
        self.api.list(&format!("users/{user}/identities"), "identities").await
    }

    /// Reads the organizations of a user, each with the id of the membership.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn memberships(&self, user: &Id) -> Result<BTreeMap<u64, u64>, ApiError> {
        let path = format!("users/{user}/organization_memberships");
        let rows = self.api.list(&path, "organization_memberships").await?;
        let pair = |row: &Value| Some((row["organization_id"].as_u64()?, row["id"].as_u64()?));
        Ok(rows.iter().filter_map(pair).collect())
    }

    /// Reads the memberships of several users, each passed on with its tag. If Zendesk refuses them for a
    /// user, that user gets the reason.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn memberships_of<T>(
        &self,
        users: impl IntoIterator<Item = (T, Id)>,
    ) -> Result<Vec<(T, Result<BTreeMap<u64, u64>, Reason>)>, ApiError> {
        stream::iter(users)
            .map(|(of, user)| async move {
                let memberships = match self.memberships(&user).await {
                    Ok(memberships) => Ok(memberships),
                    Err(error) => Err(of_row(error)?),
                };
                Ok((of, memberships))
            })
            .buffer_unordered(SIDE_BY_SIDE)
            .try_collect()
            .await
    }

    /// Remembers the ids of rows that this run has written, by key.
    pub fn remember<'r>(&self, object: Object, rows: impl IntoIterator<Item = &'r Value>) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        for row in rows {
            let Some(id) = Id::of(&row["id"]) else { continue };
            for key in object.keys() {
                if let Some(text) = key_of(object, row, *key).filter(|_| *key != KeyField::Id) {
                    known.insert((object, *key, text), id.clone());
                }
            }
        }
        if known.len() > MOST_REMEMBERED {
            known.clear();
        }
    }

    /// Finds the ids of related rows, by folded key. Keys that match no row or several rows are not in the
    /// result.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn ids(
        &self,
        object: Object,
        key: KeyField,
        keys: &[String],
    ) -> Result<HashMap<String, Id>, ApiError> {
        let mut ids = HashMap::new();
        let mut unknown = Vec::new();
        {
            let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            for written in keys {
                match known.get(&(object, key, object.fold(written))) {
                    Some(id) => drop(ids.insert(object.fold(written), id.clone())),
                    None => unknown.push(written.clone()),
                }
            }
        }
        let found = self.by_key(object, key, &unknown, true).await?;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() > MOST_REMEMBERED {
            known.clear();
        }
        for (folded, rows) in found.rows {
            if let [row] = rows.as_slice()
                && let Some(id) = Id::of(&row["id"])
            {
                known.insert((object, key, folded.clone()), id.clone());
                ids.insert(folded, id);
            }
        }
        Ok(ids)
    }
}

/// Splits keys into lists of at most `most` keys that fit into a URL.
fn by_length(keys: &[String], most: usize) -> Vec<&[String]> {
    // Other bytes than letters and digits take three characters. The rest is for the characters around a key.
    let length = |key: &String| {
        key.bytes().map(|byte| if byte.is_ascii_alphanumeric() { 1 } else { 3 }).sum::<usize>() + 16
    };
    let (mut lists, mut rest) = (Vec::new(), keys);
    while !rest.is_empty() {
        let mut bytes = 0;
        let fitting = rest.iter().take(most).take_while(|key| {
            bytes += length(key);
            bytes <= MOST_QUERY_BYTES
        });
        let (list, others) = rest.split_at(fitting.count().max(1));
        lists.push(list);
        rest = others;
    }
    lists
}

fn collect(object: Object, found: &mut ByKey, rows: Vec<Value>, key: KeyField) {
    for row in rows {
        if let Some(text) = key_of(object, &row, key) {
            found.entry(text).or_default().push(row);
        }
    }
}

/// The folded key of a row from Zendesk.
#[must_use]
pub fn key_of(object: Object, row: &Value, key: KeyField) -> Option<String> {
    match &row[key.name()] {
        Value::String(text) => Some(object.fold(text)),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn has_key(object: Object, row: &Value, key: KeyField, written: &str) -> bool {
    key_of(object, row, key).is_some_and(|own| own == object.fold(written))
}

/// Whether an identity of a user is this e-mail address.
#[must_use]
pub fn is_address(identity: &Value, address: &str) -> bool {
    identity["type"] == "email"
        && identity["value"].as_str().is_some_and(|value| fold(value) == fold(address))
}

/// A search for an address. A quotation mark would end the phrase.
fn quoted(address: &str) -> String {
    format!("email:\"{}\"", address.replace('"', ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_asked_for_in_lists_that_fit_an_address() {
        let keys = |count: usize, length: usize| vec!["k".repeat(length); count];
        let sizes = |keys: &[String]| {
            by_length(keys, LARGEST).iter().map(|list| list.len()).collect::<Vec<_>>()
        };
        assert_eq!(sizes(&keys(250, 8)), [100, 100, 50]);
        assert_eq!(sizes(&keys(2, 90_000)), [1, 1]);
        assert_eq!(sizes(&[]), [0; 0]);
        let long = sizes(&keys(100, 255));
        let (longest, all) = (long.iter().max(), long.iter().sum::<usize>());
        assert_eq!(all, 100, "no key is lost");
        assert!(longest.is_some_and(|longest| longest * 255 <= MOST_QUERY_BYTES), "{long:?}");
    }
}
