//! Allocates without end in do-invite.
#[path = "../../raw.rs"]
mod raw;

struct Hoards;

guest!(Hoards {
    fn init(_: Vec<(String, String)>) -> Result<(), String> {
        raw::tell_panics();
        Ok(())
    }

    fn do_invite(_: &raw::Request, _: raw::View) -> Result<(), String> {
        let mut hoard = Vec::new();
        loop {
            hoard.push(std::hint::black_box(vec![0_u8; 64 << 10]));
        }
    }
});
