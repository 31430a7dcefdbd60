//! Uses what `wasi = "lite"` gives, and what it does not give; the user part of the Request-URI says what.
#[path = "../../raw.rs"]
mod raw;

/// The part of WASI that is tried here, written down as far as it is used.
mod wasi_part {
    wit_bindgen::generate!({
        inline: r#"
            package siplet:lite;

            world lite {
                import wasi:io/streams@0.2.3;
                import wasi:clocks/monotonic-clock@0.2.3;
                import wasi:clocks/wall-clock@0.2.3;
                import wasi:random/random@0.2.3;
                import wasi:cli/environment@0.2.3;
                import wasi:cli/exit@0.2.3;
                import wasi:cli/stdout@0.2.3;
                import wasi:cli/stderr@0.2.3;
                import wasi:filesystem/preopens@0.2.3;
            }

            package wasi:io@0.2.3 {
                interface error {
                    resource error;
                }
                interface poll {
                    resource pollable {
                        block: func();
                    }
                }
                interface streams {
                    use error.{error};
                    use poll.{pollable};
                    variant stream-error {
                        last-operation-failed(error),
                        closed,
                    }
                    resource output-stream {
                        check-write: func() -> result<u64, stream-error>;
                        write: func(contents: list<u8>) -> result<_, stream-error>;
                        blocking-flush: func() -> result<_, stream-error>;
                        subscribe: func() -> pollable;
                    }
                }
            }

            package wasi:clocks@0.2.3 {
                interface monotonic-clock {
                    use wasi:io/poll@0.2.3.{pollable};
                    now: func() -> u64;
                    subscribe-duration: func(when: u64) -> pollable;
                }
                interface wall-clock {
                    record datetime {
                        seconds: u64,
                        nanoseconds: u32,
                    }
                    now: func() -> datetime;
                }
            }

            package wasi:random@0.2.3 {
                interface random {
                    get-random-bytes: func(len: u64) -> list<u8>;
                    get-random-u64: func() -> u64;
                }
            }

            package wasi:cli@0.2.3 {
                interface environment {
                    get-environment: func() -> list<tuple<string, string>>;
                    get-arguments: func() -> list<string>;
                }
                interface exit {
                    exit: func(status: result);
                }
                interface stdout {
                    use wasi:io/streams@0.2.3.{output-stream};
                    get-stdout: func() -> output-stream;
                }
                interface stderr {
                    use wasi:io/streams@0.2.3.{output-stream};
                    get-stderr: func() -> output-stream;
                }
            }

            package wasi:filesystem@0.2.3 {
                interface types {
                    resource descriptor;
                }
                interface preopens {
                    use types.{descriptor};
                    get-directories: func() -> list<tuple<descriptor, string>>;
                }
            }
        "#,
        world: "siplet:lite/lite",
        generate_all,
    });
}

use wasi_part::wasi;

struct Lite;

guest!(Lite {
    fn init(_: Vec<(String, String)>) -> Result<(), String> {
        Ok(())
    }

    fn do_invite(_request: &raw::Request, view: raw::View) -> Result<(), String> {
        let (out, err) = (wasi::cli::stdout::get_stdout(), wasi::cli::stderr::get_stderr());
        // A test reads what the handler returns.
        match raw::user(&view).as_str() {
            "time" => {
                let wall = wasi::clocks::wall_clock::now();
                Err(format!("{}.{:09} {}", wall.seconds, wall.nanoseconds, wasi::clocks::monotonic_clock::now()))
            }
            "random" => {
                let bytes = wasi::random::random::get_random_bytes(11);
                Err(format!("{:x} {bytes:02x?}", wasi::random::random::get_random_u64()))
            }
            "much-random" => Err(wasi::random::random::get_random_bytes(1 << 30).len().to_string()),
            "prints" => {
                say(&out, "one line\nand ");
                say(&err, "an error\n");
                say(&out, "another");
                Ok(())
            }
            "surroundings" => Err(format!(
                "{} {} {}",
                wasi::cli::environment::get_environment().len(),
                wasi::cli::environment::get_arguments().len(),
                wasi::filesystem::preopens::get_directories().len()
            )),
            "sleeps" => {
                wasi::clocks::monotonic_clock::subscribe_duration(1_000_000).block();
                Ok(())
            }
            "waits" => {
                out.subscribe().block();
                Ok(())
            }
            "exits" => {
                wasi::cli::exit::exit(Err(()));
                Ok(())
            }
            "tells-and-exits" => {
                say(&err, "Traceback:\n  the door is locked\n");
                wasi::cli::exit::exit(Err(()));
                Ok(())
            }
            "tells-frames-and-sighs" => {
                let message = "Error: the door is locked\n    at open (src/door.js:3)\n    at doInvite (src/door.js:9)";
                raw::context::panicked(message, "src/door.js", 3, 1);
                say(&err, "Redirecting call to abort()\n");
                std::process::abort()
            }
            other => Err(format!("{other}?")),
        }
    }
} also
    do_ack do_bye do_cancel do_prack do_update do_info do_message do_options do_register do_subscribe do_notify
    do_publish do_refer do_request;
    do_provisional_response do_success_response do_redirect_response do_error_response do_branch_response
);

fn say(stream: &wasi::io::streams::OutputStream, text: &str) {
    let room = stream.check_write().unwrap_or(0);
    assert!(room >= text.len() as u64);
    let _ = stream.write(text.as_bytes());
    let _ = stream.blocking_flush();
}
