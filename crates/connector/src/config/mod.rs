//! Reads what the user writes, and checks it against the spec. The spec is derived from the types
//! that the configuration is read into.

use airbyte::catalog::place;
use serde::de::DeserializeOwned;
use serde_json::Value;

mod account;
mod choices;
mod credentials;
mod differences;
mod spec;
mod subdomain;
mod tidy;
mod violation;
mod violations;

pub use account::{Account, Written, WrittenAccount};
pub use credentials::{Credentials, SecretText};
pub use spec::connection_specification;
pub use subdomain::is_host_label;
pub use violation::{Violation, WHOLE};

use tidy::tidy;
use violations::{too_long, violations};

/// What was read from a configuration.
pub struct Read<W> {
    /// All of it, as it was written.
    pub as_written: Written,
    pub account: WrittenAccount,
    /// The program's own options.
    pub own: W,
}

/// Reads a config into the types that its spec is derived from.
///
/// # Errors
/// Every [`Violation`] at once.
pub fn read<W: DeserializeOwned>(text: &[u8], spec: &Value) -> Result<Read<W>, Vec<Violation>> {
    let whole = |what: &str| vec![Violation { field: WHOLE.into(), what: what.into() }];
    let value: Value = serde_json::from_slice(text).map_err(|error| {
        // The parser's own words may quote the text, and the text may be a secret.
        whole(&format!("the configuration is not valid JSON ({})", place(&error)))
    })?;
    let Value::Object(mut object) = value else {
        return Err(whole("the configuration is not a JSON object"));
    };
    let as_written = Written::new(Value::Object(object.clone()));
    tidy(&mut object);
    let value = Value::Object(object);
    let mut violations = violations(spec, &value);
    violations.extend(too_long(spec, &value));
    if !violations.is_empty() {
        return Err(violations);
    }
    let no_shape = || whole("the configuration does not have the shape that the spec describes");
    let account = serde_json::from_value(value.clone()).map_err(|_| no_shape())?;
    let own = serde_json::from_value(value).map_err(|_| no_shape())?;
    Ok(Read { as_written, account, own })
}
