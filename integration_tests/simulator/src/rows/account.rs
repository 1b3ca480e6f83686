//! Settings of the account as a whole. Fields: Zendesk, Account Settings, with the values of its
//! example.

use super::Seed;
use super::json::{Json, Object};
use crate::row_text;

const SETTINGS: &str = include_str!("account_settings.json");

pub(crate) fn settings(seed: &Seed) -> String {
    let groups = row_text::fields(SETTINGS).into_iter();
    let object =
        groups.fold(Object::default(), |object, (name, raw)| object.with(name, Json::raw(raw)));
    seed.finish(object)
}
