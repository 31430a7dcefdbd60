//! Dies or fails in do-invite in the way that the user part of the Request-URI names.
#[path = "../../raw.rs"]
mod raw;

use std::hint::black_box;

struct Dies;

guest!(Dies {
    fn init(parameters: Vec<(String, String)>) -> Result<(), String> {
        raw::tell_panics();
        for (name, value) in parameters {
            match name.as_str() {
                "fail" => return Err(value),
                "panic" => panic!("{value}"),
                _ => {}
            }
        }
        Ok(())
    }

    fn do_invite(request: &raw::Request, view: raw::View) -> Result<(), String> {
        die(&raw::user(&view), request)
    }
});

fn die(how: &str, request: &raw::Request) -> Result<(), String> {
    // Whatever happens below, this must never leave the host.
    let last = request.create_response(200, None).map_err(|error| format!("{error:?}"))?;
    last.send().map_err(|error| format!("{error:?}"))?;
    match how {
        "well" => Ok(()),
        "returns-an-error" => Err("no such subscriber".to_owned()),
        "panics" => panic!("the door is {}", black_box("locked")),
        "unwraps" => {
            let nothing: Option<u32> = black_box(None);
            Err(nothing.unwrap().to_string())
        }
        "aborts" => std::process::abort(),
        "exits" => std::process::exit(black_box(0)),
        "reads-far-away" => {
            let far = black_box(0xffff_0000_usize) as *const u32;
            // SAFETY: none. The test wants to see what the host makes of it.
            Err(unsafe { far.read_volatile() }.to_string())
        }
        "locks-twice" => {
            let lock = std::sync::Mutex::new(0_u32);
            let held = lock.lock();
            let again = lock.lock();
            drop((held, again));
            Ok(())
        }
        "sleeps" => {
            std::thread::sleep(std::time::Duration::from_secs(1));
            Ok(())
        }
        "tells-much" => {
            raw::context::log(raw::context::Level::Info, &"x".repeat(8 << 20));
            Ok(())
        }
        "takes-many-handles" => {
            let mut sessions = Vec::new();
            loop {
                match request.session() {
                    Ok(session) => sessions.push(session),
                    Err(error) => return Err(format!("{} handles, then {error:?}", sessions.len())),
                }
            }
        }
        other => Err(format!("the test asks for {other:?}, which this guest does not know")),
    }
}
