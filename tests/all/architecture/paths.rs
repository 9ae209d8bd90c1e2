//! Finds the paths a source text mentions, as modules of the crate. No parser: enough of one for how this house is written.

/// A path below the crate's root, and the line it stands on.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Import {
    pub line: usize,
    pub path: Vec<String>,
}

/// The text with comments blanked out; lines keep their numbers.
pub(super) fn without_comments(text: &str) -> String {
    let code = |line: &str| {
        // `https://` in a string is no comment
        let comment = line.match_indices("//").find(|(at, _)| !line[..*at].ends_with(':')).map(|(at, _)| at);
        line[..comment.unwrap_or(line.len())].to_owned()
    };
    text.lines().map(code).collect::<Vec<_>>().join("\n")
}

/// Everything that begins with `crate::`, `crieur::`, `self::` or `super::`, groups in braces taken apart.
pub(super) fn imports(module: &[String], code: &str) -> Vec<Import> {
    // an inner module is one level further down
    let inner = code.find("mod tests {").unwrap_or(code.len());
    let mut found = Vec::new();
    for root in ["crate::", "crieur::", "self::", "super::"] {
        for (at, _) in code.match_indices(root) {
            if code[..at].ends_with(|before: char| before.is_alphanumeric() || matches!(before, '_' | ':')) {
                continue;
            }
            let mut base = match root {
                "crate::" | "crieur::" => Vec::new(),
                _ => module.to_vec(),
            };
            if at > inner && matches!(root, "self::" | "super::") {
                base.push("tests".to_owned());
            }
            let first = if root == "super::" { at } else { at + root.len() };
            collect(code, first, base, &mut found);
        }
    }
    found
}

/// Reads one path from `at` on, or each path of a group.
fn collect(code: &str, at: usize, mut path: Vec<String>, found: &mut Vec<Import>) -> usize {
    let mut at = at + blanks(&code[at..]);
    let line = code[..at].matches('\n').count() + 1;
    if code[at..].starts_with('{') {
        at += 1;
        loop {
            at += blanks(&code[at..]);
            match code[at..].chars().next() {
                None => return at,
                Some('}') => return at + 1,
                Some(',') => at += 1,
                Some(c) if c == '_' || c.is_alphanumeric() => at = collect(code, at, path.clone(), found),
                Some(other) => at += other.len_utf8(),
            }
        }
    }
    let name: String = code[at..].chars().take_while(|c| *c == '_' || c.is_alphanumeric()).collect();
    at += name.len();
    match name.as_str() {
        "" | "self" => {}
        "super" => drop(path.pop()),
        _ => path.push(name),
    }
    if code[at..].starts_with("::") {
        return collect(code, at + 2, path, found);
    }
    found.push(Import { line, path });
    at
}

fn blanks(text: &str) -> usize {
    text.len() - text.trim_start().len()
}

#[test]
fn paths_are_found_in_groups_and_in_the_middle_of_code() {
    let module = ["a".to_owned(), "b".to_owned()];
    let found = |code: &str| {
        imports(&module, code).into_iter().map(|import| (import.line, import.path.join("::"))).collect::<Vec<_>>()
    };
    let all = |expected: &[(usize, &str)]| {
        expected.iter().map(|(line, path)| (*line, (*path).to_owned())).collect::<Vec<_>>()
    };
    assert_eq!(found("use crate::c::{D, e::{F, self}};"), all(&[(1, "c::D"), (1, "c::e::F"), (1, "c::e")]));
    assert_eq!(found("\nx = super::c::d(self::e)"), all(&[(2, "a::b::e"), (2, "a::c::d")]));
    assert_eq!(found("use super::super::c;"), all(&[(1, "c")]));
    assert_eq!(found("$crate::x; mycrate::y"), all(&[(1, "x")]));
}
