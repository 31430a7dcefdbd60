//! The book's code, compiled: each chapter is the documentation of an item here, so that its Rust blocks are tests.
//!
//! Blocks of other languages are checked in `tests/book.rs`. The book itself is made by mdBook from `docs`.
#![forbid(unsafe_code)]

/// A chapter whose Rust blocks are compiled.
macro_rules! chapters {
    ($($name:ident = $file:literal),* $(,)?) => {
        $(
            #[doc = include_str!($file)]
            pub mod $name {}
        )*
    };
}

chapters! {
    introduction = "src/introduction.md",
    first_servlet = "src/first-servlet.md",
    life_of_a_call = "src/life-of-a-call.md",
    turns = "src/turns.md",
    sessions = "src/sessions.md",
    testing = "src/testing.md",
    cookbook = "src/cookbook.md",
    deploying = "src/deploying.md",
    operating = "src/operating.md",
    coming_from_jsr289 = "src/coming-from/jsr289.md",
    coming_from_kamailio = "src/coming-from/kamailio.md",
    coming_from_drachtio = "src/coming-from/drachtio.md",
}
