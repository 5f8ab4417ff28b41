//! `--set KEY=V1,V2` and `--set method.NAME.KEY=V`.

use super::diagnostic::{Diagnostic, Excerpt};
use super::document::{KeyPath, Origin, Place, key_path};
use std::ops::Range;
use toml::Value;

/// One argument of `--set`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct SetArgument {
    /// The one method it is for; `None`: every method that has the key.
    pub method: Option<String>,
    /// The key.
    pub path: KeyPath,
    /// The values, each with its place; more than one make a sweep.
    pub values: Vec<(Value, Place)>,
}

/// Parses the argument of this number, from zero; `methods` are the names there are.
///
/// A value is read as TOML, and as a string where it is none: `0.1`, `R1`, `"R1"`, `[1, 2]`.
/// Commas outside brackets and quotes separate values.
pub(super) fn parse(
    index: usize,
    argument: &str,
    methods: &[String],
) -> Result<SetArgument, Diagnostic> {
    let refuse = |message: &str, span: Range<usize>| {
        Diagnostic::new(message).at(Some(Excerpt::of_argument("--set", argument, span)))
    };
    let Some(equals) = argument.find('=').filter(|&at| at > 0) else {
        return Err(refuse("`--set` needs a key and a value", 0..argument.len())
            .note("help", "write `--set schedule.passes=4` or, for a sweep, `…=1,4,16`"));
    };
    let (method, start) = method_prefix(&argument[..equals], methods).map_err(|name| {
        refuse(&format!("no method is named by `{}`", &argument[..equals]), 0..equals)
            .note("allowed", crate::wording::listed(methods.iter().map(String::as_str)))
            .suggest(&name, methods.iter().map(String::as_str))
    })?;
    let path = key_path(argument[start..equals].trim());
    if path.iter().any(String::is_empty) {
        return Err(refuse("`--set` has a key with an empty part", 0..equals));
    }
    let spans = split(argument, equals + 1);
    let values = spans.into_iter().map(|value| {
        let place = Place { origin: Origin::Set(index), key: start..equals, value: value.clone() };
        match argument[value.clone()].trim() {
            "" => Err(refuse("`--set` has an empty value", value)
                .note("help", "an empty string is written `\"\"`")),
            text => Ok((value_of(text), place)),
        }
    });
    let values = values.collect::<Result<Vec<_>, _>>()?;
    if method.is_some() && values.len() > 1 {
        return Err(refuse("a method of its own cannot be swept", equals + 1..argument.len())
            .note("help", "give one value, an array in brackets, or drop `method.NAME.`"));
    }
    Ok(SetArgument { method, path, values })
}

/// Splits `method.NAME.` off a key: the name, and where the rest begins. Names may contain dots
/// and spaces, so the longest name that fits is taken; `Err` holds what looked like a name.
fn method_prefix(key: &str, methods: &[String]) -> Result<(Option<String>, usize), String> {
    let Some(rest) = key.strip_prefix("method.") else {
        return Ok((None, 0));
    };
    let fits = methods.iter().flat_map(|name| {
        [format!("{name}."), format!("\"{name}\".")]
            .into_iter()
            .filter(|prefix| rest.starts_with(prefix.as_str()))
            .map(move |prefix| (prefix.len(), name))
    });
    match fits.max() {
        Some((length, name)) => Ok((Some(name.clone()), "method.".len() + length)),
        None => Err(rest.split('.').next().unwrap_or(rest).trim_matches('"').to_owned()),
    }
}

/// The ranges between the commas outside brackets and quotes, from byte `start` on.
fn split(argument: &str, start: usize) -> Vec<Range<usize>> {
    let (mut spans, mut from, mut depth, mut quote) = (Vec::new(), start, 0_i32, None);
    for (at, c) in argument[start..].char_indices() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, '[' | '{') => depth += 1,
            (None, ']' | '}') => depth -= 1,
            (None, ',') if depth == 0 => {
                spans.push(from..start + at);
                from = start + at + 1;
            }
            _ => {}
        }
    }
    spans.push(from..argument.len());
    spans
}

/// A value in TOML, or a string.
fn value_of(text: &str) -> Value {
    let parsed = toml::from_str::<toml::Table>(&format!("value = {text}")).ok();
    match parsed.and_then(|mut table| table.remove("value")) {
        Some(Value::Datetime(_)) | None => Value::String(text.to_owned()),
        Some(value) => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(argument: &str) -> Vec<String> {
        let parsed = parse(0, argument, &["on-policy ipo".into(), "v1.5".into()]).expect("valid");
        parsed.values.iter().map(|(value, _)| value.to_string()).collect()
    }

    #[test]
    fn values_are_toml_or_strings_and_commas_in_brackets_do_not_split() {
        assert_eq!(texts("a.b=1,0.5,R1,true"), ["1", "0.5", "\"R1\"", "true"]);
        assert_eq!(texts("a.b=[1,2],[3]"), ["[1, 2]", "[3]"]);
        assert_eq!(texts("a.b=\"x,y\""), ["\"x,y\""]);
        assert_eq!(texts("a.b={ csv = \"f\", column = \"c\" }").len(), 1);
    }

    #[test]
    fn method_names_may_contain_dots_spaces_and_quotes() {
        let methods = ["on-policy ipo".to_owned(), "v1.5".to_owned()];
        for (argument, method, key) in [
            ("method.on-policy ipo.schedule.passes=4", Some("on-policy ipo"), "schedule.passes"),
            ("method.\"v1.5\".data.prompts=4", Some("v1.5"), "data.prompts"),
            ("method.v1.5.data.prompts=4", Some("v1.5"), "data.prompts"),
            ("data.prompts=4", None, "data.prompts"),
        ] {
            let parsed = parse(0, argument, &methods).expect("valid");
            assert_eq!((parsed.method.as_deref(), parsed.path.join(".").as_str()), (method, key));
        }
    }
}
