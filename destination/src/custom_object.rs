//! The custom objects of an account, by key.
//!
//! Source: Zendesk, "Custom Objects". An account has some dozens at most.

use std::sync::OnceLock;

/// The prefix of object names.
const PREFIX: &str = "custom_object:";

/// The most characters of a key.
const LONGEST_KEY: usize = 100;

/// The most custom objects that one run may name.
const MOST: usize = 512;

/// The custom objects that were named in this run. They live as long as the program.
static NAMED: [OnceLock<CustomObject>; MOST] = [const { OnceLock::new() }; MOST];

/// A custom object.
#[derive(Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CustomObject {
    /// `custom_object:<key>`.
    name: String,
    /// The path of its records.
    records: String,
    /// The path of its fields.
    fields: String,
    /// The path of its jobs.
    jobs: String,
}

impl CustomObject {
    /// Returns the custom object with this object name. `None` for another name, and for a key that is not
    /// safe in a URL path.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        Self::of_key(name.strip_prefix(PREFIX)?)
    }

    /// Returns the custom object with this key. `None` for a key that is not safe in a URL path.
    #[must_use]
    pub fn of_key(key: &str) -> Option<&'static Self> {
        let is_fit = |one: char| one.is_ascii_alphanumeric() || "_-:".contains(one);
        if key.is_empty() || key.len() > LONGEST_KEY || !key.chars().all(is_fit) {
            return None;
        }
        let made = || Self {
            name: format!("{PREFIX}{key}"),
            records: format!("custom_objects/{key}/records"),
            fields: format!("custom_objects/{key}/fields"),
            jobs: format!("custom_objects/{key}/jobs"),
        };
        NAMED.iter().map(|place| place.get_or_init(made)).find(|object| object.key() == key)
    }

    #[must_use]
    pub fn key(&self) -> &str {
        self.name.strip_prefix(PREFIX).unwrap_or_default()
    }

    #[must_use]
    pub fn name(&'static self) -> &'static str {
        &self.name
    }

    #[must_use]
    pub fn records(&'static self) -> &'static str {
        &self.records
    }

    #[must_use]
    pub fn fields(&'static self) -> &'static str {
        &self.fields
    }

    #[must_use]
    pub fn jobs(&'static self) -> &'static str {
        &self.jobs
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_custom_object_is_known_by_its_key_and_no_key_leads_elsewhere() {
        let car = CustomObject::named("custom_object:car").unwrap();
        assert_eq!(CustomObject::of_key("car"), Some(car));
        assert_eq!((car.key(), car.records()), ("car", "custom_objects/car/records"));
        assert_eq!(
            CustomObject::named("custom_object:standard::it").unwrap().key(),
            "standard::it"
        );
        assert_ne!(CustomObject::of_key("house"), Some(car));
        let long = "k".repeat(LONGEST_KEY + 1);
        for key in ["", "a/../b", "a?b", "a b", "ä", "..", long.as_str()] {
            assert_eq!(CustomObject::of_key(key), None, "{key}");
        }
        assert_eq!(CustomObject::named("car"), None);
    }
}
