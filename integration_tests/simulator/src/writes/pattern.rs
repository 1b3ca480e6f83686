//! Patterns of `regexp` fields: characters, classes, repetitions and anchors. A pattern with
//! anything else accepts every value.

#[derive(Debug, Clone)]
enum Atom {
    Start,
    End,
    Any,
    One(char),
    Class { ranges: Vec<(char, char)>, negated: bool },
}

struct Piece {
    atom: Atom,
    least: usize,
    most: usize,
}

/// Whether the pattern occurs in the text.
pub(super) fn fits(pattern: &str, text: &str) -> bool {
    let Some(pieces) = read(pattern) else { return true };
    let text: Vec<char> = text.chars().take(1000).collect();
    (0..=text.len()).any(|start| holds(&pieces, &text, start))
}

fn holds(pieces: &[Piece], text: &[char], at: usize) -> bool {
    let Some((piece, rest)) = pieces.split_first() else { return true };
    match piece.atom {
        Atom::Start => return at == 0 && holds(rest, text, at),
        Atom::End => return at == text.len() && holds(rest, text, at),
        _ => {}
    }
    let here = text[at..].iter().take(piece.most);
    let long = here.take_while(|character| piece.atom.is(**character)).count();
    (piece.least..=long).rev().any(|count| holds(rest, text, at + count))
}

impl Atom {
    fn is(&self, character: char) -> bool {
        match self {
            Self::Start | Self::End => false,
            Self::Any => character != '\n',
            Self::One(one) => *one == character,
            Self::Class { ranges, negated } => {
                ranges.iter().any(|(from, to)| (*from..=*to).contains(&character)) != *negated
            }
        }
    }
}

fn read(pattern: &str) -> Option<Vec<Piece>> {
    let mut rest = pattern.chars().peekable();
    let mut pieces: Vec<Piece> = Vec::new();
    while let Some(character) = rest.next() {
        let atom = match character {
            '^' => Atom::Start,
            '$' => Atom::End,
            '.' => Atom::Any,
            '(' | ')' | '|' => return None,
            '\\' => escaped(rest.next()?),
            '[' => class(&mut rest)?,
            _ => Atom::One(character),
        };
        let (least, most) = match rest.peek() {
            Some('*') => (0, usize::MAX),
            Some('+') => (1, usize::MAX),
            Some('?') => (0, 1),
            Some('{') => {
                let counts: String = rest.by_ref().skip(1).take_while(|c| *c != '}').collect();
                let (least, most) = counts.split_once(',').unwrap_or((&counts, &counts));
                let most = if most.is_empty() { usize::MAX } else { most.parse().ok()? };
                pieces.push(Piece { atom, least: least.parse().ok()?, most });
                continue;
            }
            _ => (1, 1),
        };
        if (least, most) != (1, 1) {
            rest.next();
        }
        pieces.push(Piece { atom, least, most });
    }
    Some(pieces)
}

fn escaped(letter: char) -> Atom {
    let class = |ranges: &[(char, char)], negated| Atom::Class { ranges: ranges.to_vec(), negated };
    const WORD: &[(char, char)] = &[('a', 'z'), ('A', 'Z'), ('0', '9'), ('_', '_')];
    match letter {
        'A' => Atom::Start,
        'z' | 'Z' => Atom::End,
        'd' => class(&[('0', '9')], false),
        'D' => class(&[('0', '9')], true),
        'w' => class(WORD, false),
        'W' => class(WORD, true),
        's' => class(&[(' ', ' '), ('\t', '\r')], false),
        'S' => class(&[(' ', ' '), ('\t', '\r')], true),
        other => Atom::One(other),
    }
}

fn class(rest: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<Atom> {
    let negated = rest.next_if_eq(&'^').is_some();
    let mut ranges = Vec::new();
    loop {
        let from = match rest.next()? {
            ']' => return Some(Atom::Class { ranges, negated }),
            '\\' => match escaped(rest.next()?) {
                Atom::One(one) => one,
                Atom::Class { ranges: more, negated: false } => {
                    ranges.extend(more);
                    continue;
                }
                _ => return None,
            },
            character => character,
        };
        let is_range = rest.next_if_eq(&'-').is_some();
        if is_range && rest.peek() == Some(&']') {
            ranges.extend([(from, from), ('-', '-')]);
        } else if is_range {
            ranges.push((from, rest.next()?));
        } else {
            ranges.push((from, from));
        }
    }
}

#[test]
fn patterns_fit_what_they_say() {
    for (pattern, text, is_fit) in [
        (r"\A\d+\z", "123", true),
        (r"\A\d+\z", "12a", false),
        (r"\A[a-z]{2}-\d+\z", "ab-7", true),
        (r"\A[a-z]{2}-\d+\z", "abc-7", false),
        (r"^[^@]+@x\.test$", "a@x.test", true),
        (r"^[^@]+@x\.test$", "a@xxtest", false),
        ("b?c*", "", true),
        ("(a|b)", "z", true),
        ("[a-", "z", true),
    ] {
        assert_eq!(fits(pattern, text), is_fit, "{pattern} {text}");
    }
}
