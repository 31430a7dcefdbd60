//! Never comes back from do-invite.
#[path = "../../raw.rs"]
mod raw;

struct Loops;

guest!(Loops {
    fn init(_: Vec<(String, String)>) -> Result<(), String> {
        Ok(())
    }

    fn do_invite(_: &raw::Request, view: raw::View) -> Result<(), String> {
        let mut sum = 0_u32;
        loop {
            // Something that the compiler cannot leave out.
            sum = std::hint::black_box(sum.wrapping_add(u32::from(view.bytes[0])));
        }
    }
});
