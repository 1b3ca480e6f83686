//! Values for the placeholders of paths.

use serde_json::Value;

/// The values for the placeholders of a child's path, by name.
pub type PathParams = Vec<(&'static str, String)>;

/// A value as text. A number stays as it is, a string loses its quotes.
pub fn text_of(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Whether ids may contain this character. If so, it is safe in a path.
pub fn is_of_ids(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '-' | '_')
}

/// Fills the placeholders of a path. Only characters of ids get into a path, and the colon of ids
/// that have parts.
pub fn fill_path(path: &str, path_params: &PathParams) -> String {
    let is_safe = |character: &char| is_of_ids(*character) || *character == ':';
    path_params.iter().fold(path.to_owned(), |path, (name, value)| {
        let value: String = value.chars().filter(is_safe).collect();
        path.replace(&format!("{{{name}}}"), &value)
    })
}
