//! Calls itself without end in do-invite.
#[path = "../../raw.rs"]
mod raw;

struct Recurses;

guest!(Recurses {
    fn init(_: Vec<(String, String)>) -> Result<(), String> {
        raw::tell_panics();
        Ok(())
    }

    fn do_invite(_: &raw::Request, view: raw::View) -> Result<(), String> {
        Err(descend(&view, 0).to_string())
    }
});

#[inline(never)]
#[allow(unconditional_recursion)]
fn descend(view: &raw::View, depth: u32) -> u32 {
    let frame = std::hint::black_box([depth; 64]);
    descend(view, depth.wrapping_add(1)).wrapping_add(frame[depth as usize % 64])
}
