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

/// World `lifecycle-servlet`: exported when the servlet has `servlet_initialized`.
pub mod lifecycle {
    wit_bindgen::generate!({
        path: "../../wit/v0.1",
        world: "lifecycle-servlet",
        pub_export_macro: true,
        default_bindings_module: "::siplet::__private::bindings::lifecycle",
        with: {
            "siplet:servlet/types@0.1.0": crate::wasm::bindings::servlet::siplet::servlet::types,
            "siplet:servlet/context@0.1.0": crate::wasm::bindings::servlet::siplet::servlet::context,
        },
    });
}

/// World `upgrade-servlet`: exported when the servlet has `upgrade`.
pub mod upgrade {
    wit_bindgen::generate!({
        path: "../../wit/v0.1",
        world: "upgrade-servlet",
        pub_export_macro: true,
        default_bindings_module: "::siplet::__private::bindings::upgrade",
        with: {
            "siplet:servlet/types@0.1.0": crate::wasm::bindings::servlet::siplet::servlet::types,
            "siplet:servlet/context@0.1.0": crate::wasm::bindings::servlet::siplet::servlet::context,
        },
    });
}

/// World `error-listener-servlet`: exported when the servlet has `no_ack_received`.
pub mod error_listener {
    wit_bindgen::generate!({
        path: "../../wit/v0.1",
        world: "error-listener-servlet",
        pub_export_macro: true,
        default_bindings_module: "::siplet::__private::bindings::error_listener",
        with: {
            "siplet:servlet/types@0.1.0": crate::wasm::bindings::servlet::siplet::servlet::types,
            "siplet:servlet/context@0.1.0": crate::wasm::bindings::servlet::siplet::servlet::context,
        },
    });
}
