//! What `wit-bindgen` makes of `wit/v0.1`.
//!
//! One world is one module here and one export macro. The worlds of optional interfaces share the imports of the first,
//! so a guest that exports two of them has one `types` and one `context`; `wit-component` joins the sections of the
//! worlds into one component type.
#![allow(unsafe_code, missing_docs, unreachable_pub, unexpected_cfgs, clippy::all, reason = "generated code")]

/// World `servlet`: every guest exports it.
pub mod servlet {
    wit_bindgen::generate!({
        path: "../../wit/v0.1",
        world: "servlet",
        pub_export_macro: true,
        default_bindings_module: "::siplet::__private::bindings::servlet",
        // `types::Error` is then no `std::error::Error`: `?` cannot turn it into a text by mistake.
        std_feature,
    });
}

/// A world with one export, an optional interface: exported when the servlet has a handler of it.
macro_rules! optional {
    ($module:ident $world:tt $path:tt) => {
        #[doc = concat!("World `", $world, "`.")]
        pub mod $module {
            wit_bindgen::generate!({
                path: "../../wit/v0.1",
                world: $world,
                pub_export_macro: true,
                default_bindings_module: $path,
                with: {
                    "siplet:servlet/types@0.1.0": crate::wasm::bindings::servlet::siplet::servlet::types,
                    "siplet:servlet/context@0.1.0": crate::wasm::bindings::servlet::siplet::servlet::context,
                },
            });
        }
    };
}

optional!(lifecycle "lifecycle-servlet" "::siplet::__private::bindings::lifecycle");
optional!(error_listener "error-listener-servlet" "::siplet::__private::bindings::error_listener");
optional!(upgrade "upgrade-servlet" "::siplet::__private::bindings::upgrade");
optional!(timer_listener "timer-listener-servlet" "::siplet::__private::bindings::timer_listener");
optional!(session_listener "session-listener-servlet" "::siplet::__private::bindings::session_listener");
optional!(application_session_listener "application-session-listener-servlet" "::siplet::__private::bindings::application_session_listener");
optional!(attribute_listener "attribute-listener-servlet" "::siplet::__private::bindings::attribute_listener");
optional!(activation_listener "activation-listener-servlet" "::siplet::__private::bindings::activation_listener");
