//! WIT without the SDK, for the guests of tests: `mod raw;` by path, then `raw::guest!` with the handlers that matter.

wit_bindgen::generate!({
    path: "../../../wit/v0.1",
    world: "servlet",
    pub_export_macro: true,
    default_bindings_module: "crate::raw",
});

#[allow(unused_imports)]
pub use exports::siplet::servlet::sip_servlet::Guest;
#[allow(unused_imports)]
pub use siplet::servlet::{context, types};
#[allow(unused_imports)]
pub use types::{Error, Request, Response, View};

/// Tells the host the text of a panic, as the SDK does.
#[allow(dead_code)]
pub fn tell_panics() {
    std::panic::set_hook(Box::new(|info| {
        let text = info.payload().downcast_ref::<&str>().map(|text| (*text).to_owned());
        let text = text.or_else(|| info.payload().downcast_ref::<String>().cloned()).unwrap_or_default();
        let (file, line, column) =
            info.location().map_or(("", 0, 0), |at| (at.file(), at.line(), at.column()));
        context::panicked(&text, file, line, column);
    }));
}

/// User part of the Request-URI: what a test tells the guest to do.
#[allow(dead_code)]
pub fn user(view: &View) -> String {
    let (start, length) = (view.index[4] as usize, view.index[5] as usize);
    let uri = String::from_utf8_lossy(&view.bytes[start..start + length]).into_owned();
    let rest = uri.split_once(':').map_or("", |(_, rest)| rest);
    rest.split_once('@').map_or("", |(user, _)| user).to_owned()
}

/// `200` with a reason phrase that carries a text back to the test.
#[allow(dead_code)]
pub fn answer(request: &Request, reason: &str) -> Result<(), String> {
    let response = request.create_response(200, Some(reason)).map_err(|error| format!("{error:?}"))?;
    response.send().map_err(|error| format!("{error:?}"))
}

/// Makes a guest of a type: the handlers given, and nothing done in all others.
#[macro_export]
macro_rules! guest {
    ($name:ident { $($handlers:tt)* } also $($request:ident)* ; $($response:ident)*) => {
        impl raw::Guest for $name {
            $($handlers)*
            $(fn $request(_: &raw::Request, _: raw::View) -> Result<(), String> { Ok(()) })*
            $(fn $response(_: &raw::Response, _: raw::View) -> Result<(), String> { Ok(()) })*
        }
        raw::export!($name with_types_in raw);
    };
    ($name:ident { $($handlers:tt)* }) => {
        $crate::guest! {
            $name { $($handlers)* } also
            do_ack do_bye do_cancel do_prack do_update do_info do_message do_options do_register do_subscribe
            do_notify do_publish do_refer do_request;
            do_provisional_response do_success_response do_redirect_response do_error_response do_branch_response
        }
    };
}
