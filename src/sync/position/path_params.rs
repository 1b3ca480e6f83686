//! What fills the placeholders of paths.

use serde_json::Value;

/// What fills the placeholders of a child's path.
pub type PathParams = Vec<(&'static str, String)>;

/// A number as it stands, a string without its quotes.
pub fn text_of(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Whether ids are made of this character, so that it is safe in a path.
pub fn is_of_ids(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '-' | '_')
}

/// Fills the placeholders of a path. Only characters that ids are made of get into a path, and the
/// colon of ids that have parts.
pub fn fill_path(path: &str, path_params: &PathParams) -> String {
    let is_safe = |character: &char| is_of_ids(*character) || *character == ':';
    path_params.iter().fold(path.to_owned(), |path, (name, value)| {
        let value: String = value.chars().filter(is_safe).collect();
        path.replace(&format!("{{{name}}}"), &value)
    })
}
