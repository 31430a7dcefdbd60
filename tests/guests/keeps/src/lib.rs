//! Keeps what it should not, in statics: a count of its turns, a response of its first turn, sessions of every turn.
#[path = "../../raw.rs"]
mod raw;

use std::cell::{Cell, RefCell};

struct Keeps;

thread_local! {
    static TURNS: Cell<u32> = const { Cell::new(0) };
    static KEPT: RefCell<Option<raw::Response>> = const { RefCell::new(None) };
    static SESSIONS: RefCell<Vec<raw::types::SipSession>> = const { RefCell::new(Vec::new()) };
}

guest!(Keeps {
    fn init(_: Vec<(String, String)>) -> Result<(), String> {
        raw::tell_panics();
        Ok(())
    }

    fn do_invite(request: &raw::Request, view: raw::View) -> Result<(), String> {
        TURNS.set(TURNS.get() + 1);
        match raw::user(&view).as_str() {
            "counts" => Err(format!("turn {}", TURNS.get())),
            "keeps" => {
                let response = request.create_response(200, None).map_err(|error| format!("{error:?}"))?;
                KEPT.set(Some(response));
                Ok(())
            }
            "uses" => KEPT.with_borrow(|kept| match kept {
                Some(response) => response.send().map_err(|error| format!("{error:?}")),
                None => Err("nothing kept".to_owned()),
            }),
            "leaks" => {
                let session = request.session().map_err(|error| format!("{error:?}"))?;
                SESSIONS.with_borrow_mut(|sessions| sessions.push(session));
                Err(format!("turn {}", TURNS.get()))
            }
            "grows" => {
                let page = std::hint::black_box(vec![1_u8; 1 << 20]);
                std::mem::forget(page);
                Err(format!("turn {}", TURNS.get()))
            }
            other => Err(format!("the test asks for {other:?}, which this guest does not know")),
        }
    }
});
