//! `#[servlet]`: makes an `impl Servlet for X` the servlet of its crate.
//!
//! The macro sees which handlers the author wrote. From that it writes the exports, the descriptor and, for a unit struct,
//! `init`. It changes none of the author's lines, and every error points at one of them.
#![forbid(unsafe_code)]

use proc_macro::TokenStream;
use syn::parse_macro_input;

mod arguments;
mod closest;
mod handlers;
mod servlet;

/// Makes this `impl Servlet for X` the servlet of the crate: exports its handlers and writes its descriptor.
///
/// Without arguments the application has the name and version of the Cargo package and takes the methods of its
/// handlers. Everything can be said otherwise here, and by the operator in `NAME.toml` beside the `.wasm`:
///
/// ```text
/// #[servlet(
///     name = "screen",                       // letters, digits, `-`, `_`, `.`
///     methods = ["INVITE"],                  // initial requests that it takes
///     domains = ["screen.example"],          // of the Request-URI; none: all that no other servlet takes
///     accept = ["application/sdp"],          // body types that it understands; others get 415
///     supported = ["timer"],                 // option tags
///     distributable = false,                 // default true: calls survive the death of the machine
///     session_timeout_s = 0,                 // default 180; 0: never
///     on_trap = "end-call",                  // default "keep": the other legs when a handler dies
///     in_dialog_source = "same-host",        // default "any"
///     instance = "fresh",                    // default "reused"
/// )]
/// ```
#[proc_macro_attribute]
pub fn servlet(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let arguments = parse_macro_input!(arguments as arguments::Arguments);
    let item = parse_macro_input!(item as servlet::Item);
    servlet::expand(&arguments, item).unwrap_or_else(|error| error.to_compile_error()).into()
}

#[cfg(test)]
mod tests;
