use clap::CommandFactory;

use super::*;
use crate::config::Config;

fn serve(arguments: &[&str]) -> Serve {
    let command = Cli::try_parse_from([&["siplet", "serve"], arguments].concat()).unwrap().command;
    match command {
        What::Serve(serve) => serve,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_command_line_is_consistent() {
    Cli::command().debug_assert();
}

#[test]
fn every_setting_is_a_flag() {
    let serve = serve(&[
        "--listen",
        "127.0.0.1:7000/udp",
        "--limits-headers=9",
        "--log-format",
        "json",
        "--durable",
        "true",
    ]);
    let config = Config::load(None, &serve.overrides.0).unwrap();
    assert_eq!(config.listen[0].address.port(), 7000);
    assert_eq!((config.limits.headers, config.durable), (9, true));
    for setting in settings() {
        let flag = format!("--{}", setting.flag);
        assert!(Cli::try_parse_from(["siplet", "serve", &flag, "x"]).is_ok(), "{flag}");
    }
}

#[test]
fn a_wrong_flag_is_named_in_the_error() {
    let serve = serve(&["--shards", "many"]);
    let refused = Config::load(None, &serve.overrides.0).unwrap_err();
    assert_eq!(refused.0, "--shards: `many` is no number, true, false or TOML array");
}

#[test]
fn a_call_may_leave_out_the_scheme() {
    let parsed =
        Cli::try_parse_from(["siplet", "call", "hello@127.0.0.1", "--transport", "tcp", "--duration", "0.5"]);
    let What::Call(call) = parsed.unwrap().command else { panic!() };
    let order = call.order();
    assert_eq!((order.uri.as_str(), order.transport), ("sip:hello@127.0.0.1", Some(Transport::Tcp)));
    assert_eq!(order.duration, Duration::from_millis(500));
}

#[test]
fn commands_for_a_running_server_name_what_they_ask() {
    let parsed = Cli::try_parse_from(["siplet", "undeploy", "answer", "--json", "--control", "/x"]).unwrap();
    let (ask, control) = parsed.command.ask().unwrap();
    assert_eq!(ask, Ask::Undeploy { name: "answer".into() });
    assert!(control.json && control.control.as_os_str() == "/x");
}

/// The default socket is the one of a server that names none.
#[test]
fn a_command_for_a_server_needs_no_socket_named() {
    let command = Cli::command();
    let matches = command.try_get_matches_from(["siplet", "status"]).expect("it is a whole command");
    let What::Status(control) = Cli::from_arg_matches(&matches).expect("it was parsed").command else {
        panic!("another command");
    };
    assert!(control.control.as_os_str().is_empty());
}

#[test]
fn a_check_is_told_the_ceilings_of_its_host() {
    let parsed = Cli::try_parse_from(["siplet", "check", "x.wasm", "--ceilings-turn-ms", "7"]).unwrap();
    let What::Check { ceilings, config: None, .. } = parsed.command else { panic!() };
    assert_eq!(Config::load(None, &ceilings.0).unwrap().ceilings.turn_ms, 7);
    assert!(Cli::try_parse_from(["siplet", "check", "x.wasm", "--shards", "2"]).is_err());
    let parsed = Cli::try_parse_from(["siplet", "check", "x.wasm", "--ceilings-turn-ms", "0"]).unwrap();
    let What::Check { ceilings, .. } = parsed.command else { panic!() };
    let refused = Config::load(None, &ceilings.0).unwrap_err().0;
    assert_eq!(refused, "--ceilings-turn-ms: `turn-ms` in [ceilings] is 0, and must be 1 to 60000");
}
