//! The expansion of `#[servlet] impl Servlet for X`.

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::parse::{Parse, ParseStream};
use syn::{Error, Ident, ImplItem, ItemImpl, Type, parse_quote};

use crate::arguments::Arguments;
use crate::closest::closest;
use crate::handlers::{HANDLERS, OPTIONAL, allow};

/// What the attribute stands before.
pub(crate) struct Item(ItemImpl);

impl Parse for Item {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let item: syn::Item = input.parse()?;
        if let syn::Item::Impl(item) = item {
            return Ok(Self(item));
        }
        Err(Error::new_spanned(item, "#[servlet] stands before `impl Servlet for YourType { .. }`"))
    }
}

pub(crate) fn expand(arguments: &Arguments, Item(mut item): Item) -> syn::Result<TokenStream> {
    check_head(&item)?;
    let handlers = handlers_of(&item)?;
    let allow = allow(&handlers);
    item.items.push(parse_quote! {
        #[doc(hidden)]
        const ALLOW: &'static str = #allow;
    });
    let this = (*item.self_ty).clone();
    if !has(&item, "init") {
        item.items.push(parse_quote! {
            fn init(_: &::siplet::Config) -> ::siplet::Result<Self> {
                ::core::result::Result::Ok(#this)
            }
        });
    }
    let descriptor = descriptor(arguments, &handlers);
    let exports = exports(&this, &handlers, &descriptor);
    Ok(quote! {
        #item
        #exports
    })
}

/// The `impl` must be one of the trait `Servlet` for one type.
fn check_head(item: &ItemImpl) -> syn::Result<()> {
    let Some((_, path, _)) = &item.trait_ else {
        return Err(Error::new_spanned(
            &item.self_ty,
            "#[servlet] stands before an impl of the trait: `impl Servlet for YourType { .. }`",
        ));
    };
    if path.segments.last().is_none_or(|last| last.ident != "Servlet") {
        return Err(Error::new_spanned(path, "#[servlet] stands before an impl of the trait `Servlet`"));
    }
    if !item.generics.params.is_empty() {
        return Err(Error::new_spanned(
            &item.generics,
            "a servlet has no parameters: the host makes it by name",
        ));
    }
    Ok(())
}

/// The handlers that the author wrote, in the order of the list; all errors at once.
fn handlers_of(item: &ItemImpl) -> syn::Result<Vec<&'static str>> {
    let mut errors: Option<Error> = None;
    for function in item.items.iter().filter_map(function) {
        let name = function.sig.ident.to_string();
        let error = if let Some(keyword) = &function.sig.asyncness {
            Error::new_spanned(keyword, "a handler does not wait: it returns, and goes on in a later turn")
        } else if name != "init" && !HANDLERS.contains(&name.as_str()) {
            Error::new(function.sig.ident.span(), no_handler(&name))
        } else {
            continue;
        };
        match &mut errors {
            Some(errors) => errors.combine(error),
            None => errors = Some(error),
        }
    }
    match errors {
        Some(errors) => Err(errors),
        None => Ok(HANDLERS.into_iter().filter(|handler| has(item, handler)).collect()),
    }
}

fn no_handler(name: &str) -> String {
    let hint = match closest(name, &HANDLERS) {
        Some(near) => format!("did you mean `{near}`? "),
        None => String::from("functions of your own stand in `impl YourType { .. }`. "),
    };
    format!("`{name}` is no handler of a servlet: {hint}The handlers are {}", HANDLERS.join(", "))
}

fn function(item: &ImplItem) -> Option<&syn::ImplItemFn> {
    if let ImplItem::Fn(function) = item { Some(function) } else { None }
}

fn has(item: &ItemImpl, name: &str) -> bool {
    item.items.iter().filter_map(function).any(|function| function.sig.ident == name)
}

/// The descriptor as an expression of type `&'static str`, JSON. Name and version are those of the Cargo package unless
/// they are given.
fn descriptor(arguments: &Arguments, handlers: &[&str]) -> TokenStream {
    let names: Vec<String> =
        handlers.iter().map(|handler| format!("\"{}\"", handler.replace('_', "-"))).collect();
    let rest = format!(",\"handlers\":[{}]{}}}", names.join(","), arguments.members());
    let name = match arguments.json("name") {
        Some(json) => quote!(#json),
        None => quote!("\"", ::core::env!("CARGO_PKG_NAME"), "\""),
    };
    let version = match arguments.json("version") {
        Some(json) => quote!(#json),
        None => quote!("\"", ::core::env!("CARGO_PKG_VERSION"), "\""),
    };
    quote!(::core::concat!("{\"name\":", #name, ",\"version\":", #version, #rest))
}

/// In a guest the exports and the section, elsewhere the registration for native tests.
fn exports(this: &Type, handlers: &[&str], descriptor: &TokenStream) -> TokenStream {
    let has = |own: &[&str]| own.iter().any(|handler| handlers.contains(handler));
    let optional = OPTIONAL.iter().filter(|(_, own)| has(own)).map(|(world, _)| {
        let world = Ident::new(world, Span::call_site());
        quote! {
            ::siplet::__private::bindings::#world::export!(
                __Exported with_types_in ::siplet::__private::bindings::#world
            );
        }
    });
    quote! {
        #[cfg(target_arch = "wasm32")]
        const _: () = {
            type __Exported = ::siplet::__private::Exported<#this>;
            ::siplet::__private::bindings::servlet::export!(
                __Exported with_types_in ::siplet::__private::bindings::servlet
            );
            #(#optional)*
            ::siplet::__descriptor!(#descriptor);
        };
        #[cfg(not(target_arch = "wasm32"))]
        impl ::siplet::native::NativeServlet for #this {
            const DESCRIPTOR: &'static str = #descriptor;
        }
        // A type that no program calls would be reported as dead code.
        #[cfg(not(target_arch = "wasm32"))]
        const _: fn(&::siplet::Config) -> ::siplet::Result<#this> = <#this as ::siplet::Servlet>::init;
    }
}
