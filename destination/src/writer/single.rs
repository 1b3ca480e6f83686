//! Writes rows one by one: what no job can do, and everything if jobs are refused.

use std::time::Duration;

use airbyte::destination::ledger::Settled;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use reqwest::Method;
use serde_json::{Map, Value, json};
use xxhash_rust::xxh3::xxh3_128;
use zendesk::budget::Bucket;
use zendesk::client::{Repeat, Reply};
use zendesk::error::{ApiError, ErrorKind};
use zendesk::timestamp;

use super::bulk::of_failed;
use super::memberships::may_be_there;
use super::{After, Writer};
use crate::api::{SIDE_BY_SIDE, Write, of_row, refusal};
use crate::id::Id;
use crate::look::is_address;
use crate::object::{KeyField, Object};
use crate::plan::Change;
use crate::rejected::Reason;
use crate::rows::{Doubt, Item, Layout};

/// A comment older than this, in seconds, is not one of this sync.
const COMMENT_OF_ANOTHER_DAY: i64 = 86_400;

/// The reply of a write, or what happens to the row if it failed.
type Step = Result<Result<Reply, After>, ApiError>;

impl Writer {
    /// Sends one write of one row. `Ok(Err(_))` says what happens to the row.
    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        repeat: Repeat<'_>,
        bucket: Option<Bucket>,
    ) -> Step {
        let request = format!("{method} /api/v2/{path}");
        let write = Write { method, path, query: Vec::new(), body, repeat, bucket };
        match self.api.write(write).await {
            Ok(reply) if reply.is_good() => Ok(Ok(reply)),
            Ok(reply) => {
                let error = refusal(&reply, &request);
                if reply.status == 403 && connector::refusals::is_scope(&error) {
                    return Err(error);
                }
                Ok(Err(of_failed(Reason::of_refusal(reply.status, &reply.body))))
            }
            Err(error) if error.kind == ErrorKind::Unsettled => {
                Ok(Err(After::Doubt(Doubt::Unsettled(error.to_string()))))
            }
            Err(error) if error.status == Some(413) => {
                let why = "the row is larger than Zendesk accepts".to_owned();
                Ok(Err(After::Settled(Err(Reason::new("too_large", None, why)))))
            }
            Err(error) => Err(error),
        }
    }

    pub(super) async fn create_singly(
        &self,
        layout: &Layout,
        items: Vec<(Item, Map<String, Value>)>,
    ) -> Result<Vec<(Item, After)>, ApiError> {
        let object = layout.bound.object;
        let created: Vec<(Item, After, Option<Id>)> = stream::iter(items)
            .map(|(mut item, body)| async move {
                let key = self.idempotency_key(layout, &item, &body);
                let body = json!({ object.singular(): body });
                let repeat = match object {
                    Object::Tickets => Repeat::WithIdempotencyKey(&key),
                    _ => Repeat::AfterLooking,
                };
                let sent = self.send(Method::POST, object.path(), Some(&body), repeat, None);
                let (after, id) = match sent.await? {
                    Ok(reply) => {
                        let row = &reply.body[object.singular()];
                        self.look.remember(object, [row]);
                        (After::Settled(Ok(Settled::Created)), Id::of(&row["id"]))
                    }
                    // The same key was used with other values. An earlier run created the ticket, and it
                    // exists or was deleted since.
                    Err(After::Settled(Err(why)))
                        if why.reason == "IdempotentRequestError" && item.key.is_some() =>
                    {
                        item.gone += 1;
                        (After::Doubt(Doubt::Unsettled(why.message)), None)
                    }
                    Err(After::Settled(Err(why))) if may_be_there(layout, &why) => {
                        (After::Doubt(Doubt::Duplicate(why)), None)
                    }
                    Err(after) => (after, None),
                };
                item.meet(id.as_ref().and_then(Id::number));
                Ok::<_, ApiError>((item, after, id))
            })
            .buffer_unordered(SIDE_BY_SIDE)
            .try_collect()
            .await?;
        self.without_gone(object, created).await
    }

    /// Checks that tickets which Zendesk reported as created exist. The answer may repeat that of an earlier
    /// creation whose ticket was deleted since. Tickets without a key are not checked, because they cannot be
    /// told from repeated rows.
    async fn without_gone(
        &self,
        object: Object,
        created: Vec<(Item, After, Option<Id>)>,
    ) -> Result<Vec<(Item, After)>, ApiError> {
        let is_asked = |item: &Item| object == Object::Tickets && item.key.is_some();
        let ids = created.iter().filter(|(item, ..)| is_asked(item));
        let ids: Vec<String> =
            ids.filter_map(|(_, _, id)| Some(id.as_ref()?.to_string())).collect();
        let there = self.look.by_key(object, KeyField::Id, &ids, false).await?;
        let checked = created.into_iter().map(|(mut item, after, id)| {
            let is_gone =
                is_asked(&item) && id.is_some_and(|id| !there.rows.contains_key(&id.to_string()));
            if !is_gone {
                return (item, after);
            }
            item.gone += 1;
            let why =
                "Zendesk reported a ticket as created, but the ticket does not exist".to_owned();
            (item, After::Doubt(Doubt::Unsettled(why)))
        });
        Ok(checked.collect())
    }

    /// The idempotency key of a new ticket, from its external id or else from all its values. Zendesk
    /// recognizes it for two hours.
    fn idempotency_key(&self, layout: &Layout, item: &Item, body: &Map<String, Value>) -> String {
        let what = match &item.key {
            Some(key) if item.gone > 0 => format!("key {key}\nafter {}", item.gone),
            Some(key) => format!("key {key}"),
            None => format!("row {}", Value::Object(body.clone())),
        };
        let account = &self.config.account.subdomain;
        let text =
            format!("{account}\n{}\n{}\n{what}", layout.bound.object.name(), layout.bound.stream);
        format!("{:032x}", xxh3_128(text.as_bytes()))
    }

    pub(super) async fn change_singly(
        &self,
        layout: &Layout,
        items: Vec<(Item, Change)>,
    ) -> Result<Vec<(Item, After)>, ApiError> {
        let object = layout.bound.object;
        let (bucket, side_by_side, pause) = match object {
            Object::Users => (Some(Bucket::UserUpdates), 1, self.between_users()),
            Object::Tickets => (Some(Bucket::TicketUpdates), SIDE_BY_SIDE, Duration::ZERO),
            Object::Organizations | Object::OrganizationMemberships | Object::Records(_) => {
                (None, SIDE_BY_SIDE, Duration::ZERO)
            }
        };
        stream::iter(items)
            .map(|(item, change)| async move {
                self.api.client.clock().sleep(pause).await;
                let path = format!("{}/{}", object.path(), change.id);
                let body = json!({ object.singular(): change.body });
                let method = match object {
                    Object::Records(_) => Method::PATCH,
                    _ => Method::PUT,
                };
                let sent = self.send(method, &path, Some(&body), Repeat::Safe, bucket);
                let after = match sent.await? {
                    Ok(_) => After::Settled(Ok(item.intended.unwrap_or(Settled::Updated))),
                    Err(after) => after,
                };
                Ok((item, after))
            })
            .buffer_unordered(side_by_side)
            .try_collect()
            .await
    }

    /// The pause before each update of a single user.
    ///
    /// Source: Zendesk, "Rate limits": one update per second for the account. The program uses its share of
    /// that.
    fn between_users(&self) -> Duration {
        Duration::from_secs(100) / self.config.account.quota_percent.max(1)
    }

    pub(super) async fn delete_singly(
        &self,
        layout: &Layout,
        items: Vec<(Item, Id)>,
    ) -> Result<Vec<(Item, After)>, ApiError> {
        let object = layout.bound.object;
        stream::iter(items)
            .map(|(item, id)| async move {
                let path = format!("{}/{id}", object.path());
                let sent = self.send(Method::DELETE, &path, None, Repeat::Safe, None).await?;
                let after = match sent {
                    Ok(_) => After::Settled(Ok(Settled::Deleted)),
                    Err(After::Settled(Err(why))) if why.http_status == Some(404) => {
                        After::Settled(Ok(Settled::Deleted))
                    }
                    Err(after) => after,
                };
                Ok((item, after))
            })
            .buffer_unordered(SIDE_BY_SIDE)
            .try_collect()
            .await
    }

    /// Changes the parts that need requests of their own. The third value says what failed; `None` if nothing
    /// did.
    pub(super) async fn change_parts(
        &self,
        layout: &Layout,
        items: Vec<(Item, Change)>,
    ) -> Result<Vec<(Item, Change, Option<After>)>, ApiError> {
        stream::iter(items)
            .map(|(mut item, change)| async move {
                let after = self.change_parts_of(layout, &mut item, &change).await?;
                Ok((item, change, after))
            })
            .buffer_unordered(SIDE_BY_SIDE)
            .try_collect()
            .await
    }

    async fn change_parts_of(
        &self,
        layout: &Layout,
        item: &mut Item,
        change: &Change,
    ) -> Result<Option<After>, ApiError> {
        if let Some(email) = &change.email
            && let Some(after) = self.make_primary(&change.id, email).await?
        {
            return Ok(Some(after));
        }
        if let Some(organization) = change.organization
            && let Some(after) = self.join(&change.id, organization).await?
        {
            return Ok(Some(after));
        }
        if let Some(membership) = change.ended {
            let path = format!("organization_memberships/{membership}");
            let sent = self.send(Method::DELETE, &path, None, Repeat::Safe, None).await?;
            match sent {
                Ok(_) => {}
                Err(After::Settled(Err(why))) if why.http_status == Some(404) => {}
                Err(after) => return Ok(Some(after)),
            }
        }
        let tags = format!("{}/{}/tags", layout.bound.object.name(), change.id);
        // Any update of a ticket counts, whichever request makes it.
        let is_ticket = layout.bound.object == Object::Tickets;
        let bucket = is_ticket.then_some(Bucket::TicketUpdates);
        for (method, words) in
            [(Method::PUT, &change.tags_added), (Method::DELETE, &change.tags_removed)]
        {
            if words.is_empty() {
                continue;
            }
            let body = json!({ "tags": words });
            let sent = self.send(method, &tags, Some(&body), Repeat::Safe, bucket);
            if let Err(after) = sent.await? {
                return Ok(Some(after));
            }
        }
        if let Some(text) = &change.comment {
            if let Some(after) = self.comment(item, &change.id, text).await? {
                return Ok(Some(after));
            }
            // The comment is written: a further check must not write it again.
            if let Some(at) = layout.fields.find("comment") {
                item.wanted.remove(&at);
            }
        }
        Ok(None)
    }

    /// Makes an address the primary address of a user. The former one stays as a secondary address.
    ///
    /// Source: Zendesk, "User Identities": an address in an update of the user would become a secondary one.
    async fn make_primary(&self, user: &Id, email: &str) -> Result<Option<After>, ApiError> {
        let identities = match self.look.identities(user).await {
            Ok(identities) => identities,
            Err(error) => return Ok(Some(After::Settled(Err(of_row(error)?)))),
        };
        let path = format!("users/{user}/identities");
        let id = match identities.iter().find(|one| is_address(one, email)) {
            Some(identity) => identity["id"].as_u64(),
            None => {
                let body = json!({ "identity": { "type": "email", "value": email,
                    "skip_verify_email": !self.config.notify } });
                let sent = self.send(Method::POST, &path, Some(&body), Repeat::AfterLooking, None);
                match sent.await? {
                    Ok(reply) => reply.body["identity"]["id"].as_u64(),
                    // The address belongs to another user. A further check cannot change that.
                    Err(After::Doubt(Doubt::Duplicate(why))) => {
                        let why = Reason {
                            reason: "already_exists".to_owned(),
                            field: Some("email".to_owned()),
                            ..why
                        };
                        return Ok(Some(After::Settled(Err(why))));
                    }
                    Err(after) => return Ok(Some(after)),
                }
            }
        };
        let Some(id) = id else {
            let why =
                format!("Zendesk's answer has no id for an e-mail address of the user {user}");
            return Ok(Some(After::Doubt(Doubt::Unsettled(why))));
        };
        let path = format!("{path}/{id}/make_primary");
        let sent = self.send(Method::PUT, &path, None, Repeat::Safe, None).await?;
        if sent.is_ok() {
            let row = json!({ "id": Value::from(user.clone()), "email": email });
            self.look.remember(Object::Users, [&row]);
        }
        Ok(sent.err())
    }

    /// Adds a user to an organization.
    async fn join(&self, user: &Id, organization: u64) -> Result<Option<After>, ApiError> {
        let body = json!({ "organization_membership": { "user_id": Value::from(user.clone()), "organization_id": organization } });
        let path = "organization_memberships";
        let sent = self.send(Method::POST, path, Some(&body), Repeat::AfterLooking, None).await?;
        let why = match sent {
            Ok(_) => return Ok(None),
            Err(After::Settled(Err(why))) if why.http_status == Some(422) => why,
            Err(After::Doubt(Doubt::Duplicate(why))) => why,
            Err(after) => return Ok(Some(after)),
        };
        // It may be refused because the membership exists already.
        match self.look.memberships(user).await {
            Ok(memberships) if memberships.contains_key(&organization) => Ok(None),
            Ok(_) => Ok(Some(After::Settled(Err(why)))),
            Err(error) => Ok(Some(After::Settled(Err(of_row(error)?)))),
        }
    }

    /// Adds a comment to a ticket, unless an earlier attempt already added it.
    async fn comment(
        &self,
        item: &Item,
        ticket: &Id,
        text: &str,
    ) -> Result<Option<After>, ApiError> {
        let may_be_there = item.doubt.is_some() || self.run.attempt > 0;
        if may_be_there {
            match self.has_comment(ticket, text).await? {
                Some(true) => return Ok(None),
                Some(false) => {}
                None => {
                    let why = format!("Zendesk does not show the comments of the ticket {ticket}");
                    return Ok(Some(After::Doubt(Doubt::Unsettled(why))));
                }
            }
        }
        let body =
            json!({ "ticket": { "comment": { "body": text, "public": self.config.notify } } });
        let path = format!("tickets/{ticket}");
        let bucket = Some(Bucket::TicketUpdates);
        let sent = self.send(Method::PUT, &path, Some(&body), Repeat::AfterLooking, bucket).await?;
        Ok(sent.err())
    }

    /// Whether the ticket has this comment: written by this user in the last day, among the newest comments.
    /// `None` if Zendesk does not show them.
    async fn has_comment(&self, ticket: &Id, text: &str) -> Result<Option<bool>, ApiError> {
        let path = format!("tickets/{ticket}/comments");
        let query = vec![("sort_order", "desc".to_owned()), ("per_page", "100".to_owned())];
        let reply = self.api.get(&path, query).await?;
        let now = self.api.client.clock().now_unix();
        let is_it = |comment: &Value| {
            let at = comment["created_at"].as_str().and_then(timestamp::from_text);
            let said = comment["plain_body"].as_str().or(comment["body"].as_str());
            comment["author_id"].as_u64() == Some(self.run.user)
                && at.is_some_and(|at| now.saturating_sub(at) < COMMENT_OF_ANOTHER_DAY)
                && [said, comment["body"].as_str()]
                    .into_iter()
                    .flatten()
                    .any(|said| said.trim() == text.trim())
        };
        let comments = reply.body["comments"].as_array();
        Ok(comments.map(|comments| comments.iter().any(is_it)))
    }
}
