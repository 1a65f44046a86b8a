//! A doc comment says what the name and the type do not: units, shapes, errors, the source of a
//! rule. One that only repeats its item costs a reader a line and tells nothing.

use anyhow::Result;

use super::ensure_none;
use super::sources::read_all;

/// Words that add nothing to a name.
const EMPTY: [&str; 30] = [
    "a", "an", "the", "its", "it", "is", "of", "this", "that", "these", "those", "to", "in", "for",
    "by", "and", "are", "as", "with", "has", "was", "one", "all", "their", "they", "which", "does",
    "do", "from", "here",
];

#[test]
fn no_doc_comment_only_repeats_its_item() -> Result<()> {
    let mut empty = Vec::new();
    for file in read_all(&[".rs"])? {
        let lines: Vec<&str> = file.text.lines().map(str::trim).collect();
        for (at, line) in lines.iter().enumerate() {
            let Some(doc) = line.strip_prefix("/// ") else { continue };
            let is_alone = at == 0 || !lines[at - 1].starts_with("///");
            let item = lines[at + 1..].iter().find(|line| !line.starts_with("#["));
            // A handler's first line is the title of its route in the OpenAPI document.
            let is_title = lines[at + 1].starts_with("#[utoipa::path");
            let is_alone = is_alone && !is_title;
            let Some(item) = item.filter(|item| is_alone && !item.starts_with("///")) else {
                continue;
            };
            if repeats(doc, item) {
                empty.push(format!("{}:{}: {doc}", file.path, at + 1));
            }
        }
    }
    ensure_none("a doc comment says more than its item", &empty)
}

/// Whether every word of the comment is in the item's line, or adds nothing to it.
fn repeats(doc: &str, item: &str) -> bool {
    let said = item.to_lowercase().replace('_', "");
    let mut words = doc.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.all(|word| {
        let word = word.to_lowercase();
        EMPTY.contains(&word.as_str()) || said.contains(word.trim_end_matches('s'))
    })
}

#[test]
fn what_repeats_is_told_from_what_says_more() {
    assert!(repeats("Its number.", "pub number: SectionNumber,"));
    assert!(repeats("Does it.", "pub fn run() {"));
    assert!(repeats("The queue's name.", "queue_name: String,"));
    assert!(!repeats("In minor units.", "pub price: i64,"));
    assert!(!repeats("Ascending, without repetition.", "pub tickets: Vec<TicketNumber>,"));
}
