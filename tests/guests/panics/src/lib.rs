//! Panics in do-invite, and tells the host why.
#[path = "../../raw.rs"]
mod raw;

struct Panics;

guest!(Panics {
    fn init(_: Vec<(String, String)>) -> Result<(), String> {
        raw::tell_panics();
        Ok(())
    }

    fn do_invite(_: &raw::Request, view: raw::View) -> Result<(), String> {
        Err(decide(&view.index[..3]).to_string())
    }
});

#[inline(never)]
fn decide(words: &[u32]) -> u32 {
    words[std::hint::black_box(3)]
}
