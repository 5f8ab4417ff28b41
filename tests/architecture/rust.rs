//! As much of Rust's grammar as it takes to see which modules a file names.

/// The words and signs of a source text, without comments, literals and lifetimes; `::` is one sign.
pub fn tokens(source: &str) -> Vec<String> {
    let text: Vec<char> = source.chars().collect();
    let (mut tokens, mut at) = (Vec::new(), 0);
    while at < text.len() {
        let rest = &text[at..];
        let c = rest[0];
        if let Some(length) = skipped(rest) {
            at += length;
        } else if is_word(c) {
            let length = rest.iter().take_while(|c| is_word(**c)).count();
            tokens.push(rest[..length].iter().collect());
            at += length;
        } else {
            let double = rest.starts_with(&[':', ':']);
            tokens.push(if double { "::".to_owned() } else { c.to_string() });
            at += 1 + usize::from(double);
        }
    }
    tokens
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The length of white space, a comment, a literal or a lifetime, if one begins here.
fn skipped(text: &[char]) -> Option<usize> {
    let is = |at: usize, c: char| text.get(at) == Some(&c);
    match text[0] {
        c if c.is_whitespace() => Some(1),
        '/' if is(1, '/') => Some(text.iter().position(|c| *c == '\n').unwrap_or(text.len())),
        '/' if is(1, '*') => Some(block_comment(text)),
        '"' => Some(quoted(text, '"')),
        'b' if is(1, '"') => Some(1 + quoted(&text[1..], '"')),
        'r' if is(1, '"') || is(1, '#') => raw_string(text),
        '\'' if is(1, '\\') || is(2, '\'') => Some(quoted(text, '\'')),
        '\'' => Some(1 + text[1..].iter().take_while(|c| is_word(**c)).count()),
        _ => None,
    }
}

fn block_comment(text: &[char]) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < text.len() {
        match text[at..] {
            ['/', '*', ..] => depth += 1,
            ['*', '/', ..] => depth -= 1,
            _ => {
                at += 1;
                continue;
            }
        }
        at += 2;
        if depth == 0 {
            break;
        }
    }
    at
}

/// The length of a literal between two `quote`s, in which `\` takes the next character along.
fn quoted(text: &[char], quote: char) -> usize {
    let mut at = 1;
    while at < text.len() && text[at] != quote {
        at += if text[at] == '\\' { 2 } else { 1 };
    }
    (at + 1).min(text.len())
}

/// `r"…"`, `r#"…"#`, …; `None` for a raw identifier.
fn raw_string(text: &[char]) -> Option<usize> {
    let hashes = text[1..].iter().take_while(|c| **c == '#').count();
    if text.get(1 + hashes) != Some(&'"') {
        return None;
    }
    let end: Vec<char> = std::iter::once('"').chain(std::iter::repeat_n('#', hashes)).collect();
    let body = &text[2 + hashes..];
    let length = body.windows(end.len()).position(|window| window == end).unwrap_or(body.len());
    Some(2 + hashes + length + end.len())
}

/// The tokens without the items under `#[cfg(test)]`, and the names of the modules among those
/// items.
pub fn without_tests(tokens: Vec<String>) -> (Vec<String>, Vec<String>) {
    const TEST: [&str; 7] = ["#", "[", "cfg", "(", "test", ")", "]"];
    let (mut kept, mut modules, mut at) = (Vec::new(), Vec::new(), 0);
    while at < tokens.len() {
        let here = &tokens[at..];
        if here.len() < TEST.len() || here[..TEST.len()] != TEST {
            kept.push(here[0].clone());
            at += 1;
            continue;
        }
        let item = &here[TEST.len()..];
        if let Some(place) = item.iter().take(4).position(|token| token == "mod") {
            modules.extend(item.get(place + 1).cloned());
        }
        at += TEST.len() + item_length(item);
    }
    (kept, modules)
}

/// The tokens of an item: up to its semicolon, or its closing brace.
fn item_length(tokens: &[String]) -> usize {
    let mut depth = 0;
    for (at, token) in tokens.iter().enumerate() {
        match token.as_str() {
            "{" | "(" | "[" => depth += 1,
            "}" | ")" | "]" => depth -= 1,
            _ => {}
        }
        let ends = token == "}" || token == ";";
        if depth == 0 && ends {
            return at + 1;
        }
    }
    tokens.len()
}

/// Every path that the tokens name from a root: the crate itself (written `crate`, `self`, `super`
/// or `modeseek`; the path then begins with `crate`) or one of `others`, such as `std`.
///
/// *where* `module` is the path of the file below the crate, such as `["policy", "mlp"]`.
pub fn paths(tokens: &[String], module: &[String], others: &[&str]) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    let mut inner: Vec<(String, i32)> = Vec::new(); // inline modules with the depth they began at
    let mut depth = 0;
    for (at, token) in tokens.iter().enumerate() {
        match token.as_str() {
            "{" => {
                depth += 1;
                if at >= 2 && tokens[at - 2] == "mod" {
                    inner.push((tokens[at - 1].clone(), depth));
                }
            }
            "}" => {
                if inner.last().is_some_and(|(_, began)| *began == depth) {
                    inner.pop();
                }
                depth -= 1;
            }
            _ => {}
        }
        let begins = at == 0 || tokens[at - 1] != "::";
        let rooted = ["crate", "self", "super", "modeseek"].contains(&token.as_str());
        if begins && (rooted || others.contains(&token.as_str())) {
            let own = module.iter().chain(inner.iter().map(|(name, _)| name));
            let own: Vec<String> = own.cloned().collect();
            let mut written = Vec::new();
            tree(&tokens[at..], &mut Vec::new(), &mut written);
            found.extend(written.into_iter().map(|path| absolute(&path, &own)));
        }
    }
    found
}

/// Reads a path, or a tree of them in braces; returns how many tokens it takes.
fn tree(tokens: &[String], prefix: &mut Vec<String>, found: &mut Vec<Vec<String>>) -> usize {
    let before = prefix.len();
    let mut at = 0;
    loop {
        match tokens.get(at).map(String::as_str) {
            Some("{") => {
                at += 1;
                while tokens.get(at).is_some_and(|token| token != "}") {
                    at += tree(&tokens[at..], prefix, found).max(1);
                    at += usize::from(tokens.get(at).is_some_and(|token| token == ","));
                }
                at += 1;
                break;
            }
            Some(word) if word == "*" || word.starts_with(is_word) => {
                prefix.push(word.to_owned());
                at += 1;
            }
            _ => break,
        }
        if tokens.get(at).is_none_or(|token| token != "::") {
            found.push(prefix.clone());
            break;
        }
        at += 1;
    }
    if tokens.get(at).is_some_and(|token| token == "as") {
        at += 2;
    }
    prefix.truncate(before);
    at
}

/// A written path from the crate's root on.
fn absolute(path: &[String], module: &[String]) -> Vec<String> {
    let mut from: Vec<String> = match path[0].as_str() {
        "self" | "super" => module.to_vec(),
        "crate" | "modeseek" => Vec::new(),
        _ => return path.to_vec(),
    };
    for segment in path {
        match segment.as_str() {
            "self" | "crate" | "modeseek" => {}
            "super" => drop(from.pop()),
            other => from.push(other.to_owned()),
        }
    }
    [vec!["crate".to_owned()], from].concat()
}
