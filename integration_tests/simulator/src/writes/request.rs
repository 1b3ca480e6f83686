//! A request that writes, and the way to its answer: who may write, what the body contains, what
//! the write does.

use super::refusal::Refusal;
use super::routes::{Gate, Route};
use super::validation::Input;
use super::world::{Actor, World};
use super::{Jobs, Writes};
use crate::account::Account;
use crate::answer::Answer;
use crate::auth::{Identity, Person};
use crate::query::Asked;
use crate::settings::{Knobs, Settings};
use serde_json::Value;

/// Bodies beyond this are refused with 413.
const LARGEST_BODY: usize = 16 * 1024 * 1024;

/// The request as sent.
#[derive(Clone, Copy)]
pub(crate) struct Written<'a> {
    pub(crate) route: &'static Route,
    /// The ids in the path.
    pub(crate) ids: &'a [&'a str],
    pub(crate) body: &'a [u8],
    pub(crate) idempotency_key: &'a str,
    pub(crate) now_ms: i64,
}

/// Everything that the handler of a route may use.
pub(super) struct Call<'a> {
    pub(super) world: World<'a>,
    pub(super) jobs: &'a mut Jobs,
    pub(super) idempotent: &'a mut super::IdempotentAnswers,
    pub(super) knobs: &'a Knobs,
    pub(super) asked: &'a Asked,
    pub(super) written: Written<'a>,
}

/// Answers a write. The request was counted already.
pub(crate) fn answer(
    (settings, knobs): (&Settings, &Knobs),
    (account, writes): (&mut Account, &mut Writes),
    asked: &Asked,
    written: Written<'_>,
    who: &Identity,
) -> Answer {
    if !settings.support {
        return Answer::support_inactive();
    }
    let person = match who {
        Identity::Refused(answer) => return answer.clone(),
        Identity::Anonymous => return Answer::not_authenticated(),
        Identity::Known(person) => person,
    };
    if let Err(refusal) = pass(&written.route.gate, person, knobs) {
        return refusal;
    }
    if written.body.len() > LARGEST_BODY {
        return Answer::json(413, r#"{"error":"RequestEntityTooLarge","description":"Too large"}"#);
    }
    let Writes { ledger, jobs, idempotent } = writes;
    let actor = Actor { user_id: person.user_id, role: person.role };
    let unpermitted = Vec::new();
    let world = World { account, ledger, actor, job: None, unpermitted, adds_tags: false };
    let mut call = Call { world, jobs, idempotent, knobs, asked, written };
    let answer = (written.route.act)(&mut call).unwrap_or_else(|refusal| refusal);
    let unpermitted = std::mem::take(&mut call.world.unpermitted);
    if unpermitted.is_empty() {
        return answer;
    }
    // Recorded: keys that nobody knows are left out, and a header names them.
    let names: Vec<_> =
        unpermitted.iter().map(|key| format!("\"{}\"", key.escape_default())).collect();
    answer.with("x-zendesk-api-warn", format!("{{:unpermitted_keys=>[{}]}}", names.join(", ")))
}

fn pass(gate: &Gate, person: &Person, knobs: &Knobs) -> Result<(), Answer> {
    if !person.may_write(gate.scope) {
        return Err(Answer::missing_write_scope());
    }
    // Zendesk, Users: users are imported in bulk only where Zendesk's support has enabled it.
    let is_shut = gate.is_bulk_import && knobs.bulk_import_is_off;
    if person.role < gate.role || is_shut { Err(Answer::no_access()) } else { Ok(()) }
}

impl Call<'_> {
    /// An id in the path.
    pub(super) fn id(&self, at: usize) -> Result<u64, Answer> {
        let id = self.written.ids.get(at).and_then(|id| id.parse().ok());
        id.ok_or_else(Answer::not_found)
    }

    /// The body as an object.
    pub(super) fn body(&self, name: &'static str) -> Result<Input, Answer> {
        if self.written.body.iter().all(u8::is_ascii_whitespace) {
            return Err(Refusal::Missing(name).answer());
        }
        match serde_json::from_slice(self.written.body) {
            Ok(Value::Object(body)) => Ok(body),
            Ok(_) => Err(Refusal::Missing(name).answer()),
            Err(_) => Err(Answer::json(
                422,
                r#"{"error":"Unprocessable Entity","message":"Server could not parse JSON"}"#,
            )),
        }
    }

    /// The object that the body contains under its name, with `skip_verify_email` from the body
    /// itself.
    pub(super) fn object(&self, name: &'static str) -> Result<Input, Answer> {
        let mut body = self.body(name)?;
        match body.remove(name) {
            Some(Value::Object(object)) => Ok(object),
            _ => Err(Refusal::Missing(name).answer()),
        }
    }

    /// An answer with a row under its name.
    pub(super) fn shown(
        &self,
        status: u16,
        name: &str,
        table: &str,
        id: u64,
    ) -> Result<Answer, Answer> {
        let text = self.world.text(table, id).map_err(|refusal| refusal.answer())?;
        let answer = Answer::json(status, format!("{{\"{name}\":{text}}}"));
        if status != 201 {
            return Ok(answer);
        }
        Ok(answer.with("location", crate::answer::public_url(&format!("{table}/{id}.json"))))
    }
}

/// Converts a refusal into the answer to a request.
pub(super) fn or_answer<T>(result: Result<T, Refusal>) -> Result<T, Answer> {
    result.map_err(|refusal| refusal.answer())
}
