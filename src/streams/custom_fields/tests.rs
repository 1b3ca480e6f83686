//! Tests which fields make columns, and the names of these columns.

use proptest::prelude::*;

use super::*;

fn field(id: u64, key: &str, title: &str) -> Field {
    let (key, title) = (Some(key.to_owned()), title.to_owned());
    Field { id, key, title, kind: Kind::Text, options: Some(BTreeMap::new()) }
}

fn names(titles: &[&str], naming: Naming) -> Vec<String> {
    let fields: Vec<_> = (1..).zip(titles).map(|(id, title)| field(id, title, title)).collect();
    let built_in = ["tags".to_owned()].into();
    let columns = columns(&fields, ToldBy::Key, naming, false, &built_in);
    columns.into_iter().map(|column| column.name).collect()
}

#[test]
fn a_title_is_spelled_in_the_letters_of_a_name() {
    // What a script is spelled like is part of columns' names: a change of it renames them.
    let spelled = names(
        &["Order  Number?", "Größe", "優先度", "приоритет", "9 lives", "🔥", "", "_x_", "nº 5"],
        Naming::ByTitle,
    );
    assert_eq!(
        spelled,
        [
            "order_number",
            "grosse",
            "you_xian_du",
            "prioritet",
            "_9_lives",
            "fire",
            "custom_field_7",
            "x",
            "no_5"
        ]
    );
}

#[test]
fn what_would_have_one_name_has_the_id_behind_it() {
    let by_title = |titles: &[&str]| names(titles, Naming::ByTitle);
    assert_eq!(by_title(&["a", "A", "b"]), ["a_1", "a_2", "b"]);
    assert_eq!(by_title(&["a", "a", "a 1"]), ["a_1", "a_2", "a_1_3"]);
    assert_eq!(by_title(&["Tags"]), ["tags_1"]);
    // A column of labels is one too, whether or not it is asked for.
    assert_eq!(by_title(&["a", "a label"]), ["a_1", "a_label_2"]);
    assert_eq!(by_title(&["", "custom field 1"]), ["custom_field_1", "custom_field_1_2"]);
}

#[test]
fn system_fields_and_what_is_no_field_are_no_columns() {
    let read = |row: Value, told_by| Field::read(&row, told_by);
    assert_eq!(read(json!({ "id": 1, "type": "status" }), ToldBy::Id), None);
    assert_eq!(read(json!({ "id": 1, "type": "text" }), ToldBy::Key), None);
    assert_eq!(read(json!({ "id": -1, "type": "text" }), ToldBy::Id), None);
    assert_eq!(read(json!([]), ToldBy::Id), None);
    let kind = |kind: &str, target: Option<&str>| {
        let row = json!({ "id": 1, "type": kind, "relationship_target_type": target });
        read(row, ToldBy::Id).map(|field| field.kind)
    };
    assert_eq!(kind("lookup", Some("zen:user")), Some(Kind::Integer));
    assert_eq!(kind("lookup", Some("zen:custom_object:car")), Some(Kind::Text));
    assert_eq!(kind("of a later time", None), Some(Kind::Text));
}

proptest! {
    #[test]
    fn every_name_is_one_and_no_other_is_like_it(
        titles in proptest::collection::vec("(\\PC{0,80}|[aA_ ]{0,3}[12]?( label)?|tags)", 0..30),
        naming in proptest::sample::select(vec![Naming::ById, Naming::ByKey, Naming::ByTitle]),
    ) {
        let fields: Vec<_> = (1..).zip(&titles).map(|(id, title)| field(id, title, title)).collect();
        let built_in: BTreeSet<String> = ["tags".to_owned(), "a_1".to_owned()].into();
        let made = columns(&fields, ToldBy::Key, naming, true, &built_in);
        let mut seen = built_in.clone();
        for column in &made {
            let name = &column.name;
            let is_letter = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
            prop_assert!((1..=LONGEST_NAME).contains(&name.len()), "{}", name);
            prop_assert!(is_letter(name.as_bytes()[0]), "{}", name);
            prop_assert!(name.bytes().all(|byte| is_letter(byte) || byte.is_ascii_digit()), "{}", name);
            prop_assert!(seen.insert(name.clone()), "{} is there twice", name);
        }
        let plain = columns(&fields, ToldBy::Key, naming, false, &built_in);
        prop_assert_eq!(plain, made.iter().filter(|column| column.labels.is_none()).cloned().collect::<Vec<_>>());
        // A catalog that was just made asks for all of it, with and without the keywords.
        let properties: Map<String, Value> = made
            .iter()
            .map(|column| (column.name.clone(), column.schema()))
            .collect();
        let bare = properties.iter().map(|(name, _)| (name.clone(), json!({ "type": "string" }))).collect();
        for saved in [properties, bare] {
            let asked = asked(Some(&saved), made.clone(), &built_in);
            prop_assert_eq!((asked.columns.len(), asked.missing.len()), (made.len(), 0));
            prop_assert!(asked.columns.iter().all(|column| column.told_as.is_some()));
        }
    }
}
