//! Uses CPU: the user part of the Request-URI is how many thousand rounds of it, and `0` is nothing.
#[path = "../../raw.rs"]
mod raw;

struct Slow;

guest!(Slow {
    fn init(_: Vec<(String, String)>) -> Result<(), String> {
        raw::tell_panics();
        Ok(())
    }

    fn do_invite(_: &raw::Request, view: raw::View) -> Result<(), String> {
        let rounds: u32 = raw::user(&view).parse().map_err(|_| "the user part is no number".to_owned())?;
        let mut state = 1_u32;
        for _ in 0..rounds.saturating_mul(1000) {
            state ^= state << 13;
            state ^= state >> 17;
            state = std::hint::black_box(state ^ (state << 5));
        }
        Ok(())
    }
});
