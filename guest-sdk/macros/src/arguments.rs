//! The arguments of `#[servlet(..)]`: the keys of the descriptor that an author may set in the source.

use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Error, ExprArray, Ident, Lit, LitStr, Token};

use crate::closest::closest;

/// What a key takes.
enum Kind {
    Text,
    Name,
    Texts,
    Methods,
    Switch,
    Seconds,
    OneOf(&'static [&'static str]),
}

/// The keys as they stand in Rust; in the descriptor they have `-` for `_`.
const KEYS: [(&str, Kind); 11] = [
    ("name", Kind::Name),
    ("version", Kind::Text),
    ("methods", Kind::Methods),
    ("domains", Kind::Texts),
    ("accept", Kind::Texts),
    ("supported", Kind::Texts),
    ("distributable", Kind::Switch),
    ("session_timeout_s", Kind::Seconds),
    ("on_trap", Kind::OneOf(&["keep", "end-call"])),
    ("in_dialog_source", Kind::OneOf(&["any", "same-host", "authenticated"])),
    ("instance", Kind::OneOf(&["reused", "fresh"])),
];

/// The arguments, checked, each with its value as JSON.
#[derive(Default)]
pub(crate) struct Arguments {
    given: Vec<(String, String)>,
}

impl Arguments {
    /// The value of that key as JSON.
    pub(crate) fn json(&self, key: &str) -> Option<&str> {
        self.given.iter().find(|(given, _)| given == key).map(|(_, json)| json.as_str())
    }

    /// The keys but name and version as members of a JSON object, each with a comma before it.
    pub(crate) fn members(&self) -> String {
        let others = self.given.iter().filter(|(key, _)| key != "name" && key != "version");
        others.map(|(key, json)| format!(",\"{}\":{json}", key.replace('_', "-"))).collect()
    }
}

impl Parse for Arguments {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut arguments = Self::default();
        for Argument { key, json } in Punctuated::<Argument, Token![,]>::parse_terminated(input)? {
            let name = key.to_string();
            if arguments.json(&name).is_some() {
                return Err(Error::new(key.span(), format!("`{name}` is given twice")));
            }
            arguments.given.push((name, json));
        }
        Ok(arguments)
    }
}

/// One `key = value`.
struct Argument {
    key: Ident,
    json: String,
}

impl Parse for Argument {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let key: Ident = input.parse()?;
        let Some((_, kind)) = KEYS.iter().find(|(known, _)| key == known) else {
            return Err(unknown(&key));
        };
        input.parse::<Token![=]>()?;
        let json = kind.read(input)?;
        Ok(Self { key, json })
    }
}

fn unknown(key: &Ident) -> Error {
    let known = KEYS.map(|(known, _)| known);
    let hint = match closest(&key.to_string(), &known) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("there are {}", known.join(", ")),
    };
    Error::new(key.span(), format!("`{key}` is no key of #[servlet]: {hint}"))
}

impl Kind {
    /// Reads the value and gives it as JSON.
    fn read(&self, input: ParseStream<'_>) -> syn::Result<String> {
        match self {
            Self::Text => Ok(quote_json(&text(input, "a string")?.value())),
            Self::Name => name(&text(input, "a string")?),
            Self::OneOf(known) => one_of(&text(input, &format!("one of {}", known.join(", ")))?, known),
            Self::Texts => texts(input, |_| Ok(())),
            Self::Methods => texts(input, method),
            Self::Switch => {
                let lit: Lit = input.parse()?;
                let Lit::Bool(switch) = lit else {
                    return Err(Error::new(lit.span(), "this takes true or false"));
                };
                Ok(switch.value.to_string())
            }
            Self::Seconds => {
                let lit: Lit = input.parse()?;
                let Lit::Int(seconds) = lit else {
                    return Err(Error::new(lit.span(), "this takes a number of seconds; 0: never"));
                };
                Ok(seconds.base10_parse::<u32>()?.to_string())
            }
        }
    }
}

fn text(input: ParseStream<'_>, what: &str) -> syn::Result<LitStr> {
    let lit: Lit = input.parse()?;
    let span = lit.span();
    if let Lit::Str(text) = lit { Ok(text) } else { Err(Error::new(span, format!("this takes {what}"))) }
}

fn texts(input: ParseStream<'_>, check: fn(&LitStr) -> syn::Result<()>) -> syn::Result<String> {
    let span = input.span();
    let array: ExprArray =
        input.parse().map_err(|_| Error::new(span, "this takes a list of strings: [\"..\", \"..\"]"))?;
    let mut members = Vec::new();
    for element in &array.elems {
        let syn::Expr::Lit(syn::ExprLit { lit: Lit::Str(text), .. }) = element else {
            return Err(Error::new_spanned(element, "this takes a list of strings: [\"..\", \"..\"]"));
        };
        check(text)?;
        members.push(quote_json(&text.value()));
    }
    Ok(format!("[{}]", members.join(",")))
}

/// RFC 3261 §25.1: a method is a token, and methods are case-sensitive.
fn method(method: &LitStr) -> syn::Result<()> {
    let text = method.value();
    let is_token = |letter: char| letter.is_ascii_alphanumeric() || "-.!%*_+`'~".contains(letter);
    if text.is_empty() || !text.chars().all(is_token) {
        return Err(Error::new(method.span(), format!("{text:?} is no method")));
    }
    if text.chars().any(|letter| letter.is_ascii_lowercase()) {
        return Err(Error::new(
            method.span(),
            format!("methods are case-sensitive: {:?}", text.to_ascii_uppercase()),
        ));
    }
    Ok(())
}

fn name(name: &LitStr) -> syn::Result<String> {
    let text = name.value();
    let valid = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.');
    if text.is_empty() || !text.chars().all(valid) {
        return Err(Error::new(name.span(), "a name is made of letters, digits, `-`, `_` and `.`"));
    }
    Ok(quote_json(&text))
}

fn one_of(given: &LitStr, known: &[&str]) -> syn::Result<String> {
    if !known.contains(&given.value().as_str()) {
        return Err(Error::new(given.span(), format!("this is one of {}", known.join(", "))));
    }
    Ok(quote_json(&given.value()))
}

/// A JSON string.
pub(crate) fn quote_json(text: &str) -> String {
    let mut json = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' | '\\' => json.extend(['\\', letter]),
            letter if letter < ' ' => json.push_str(&format!("\\u{:04x}", u32::from(letter))),
            letter => json.push(letter),
        }
    }
    json.push('"');
    json
}
