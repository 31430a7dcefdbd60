//! The limit of open files (RLIMIT_NOFILE): raised at the start, and what it leaves for connections.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::config::Config;

/// Files that are none of a peer's: standard streams, sockets of listeners, epoll, the servlets folder, compiled code, the
/// control socket and whoever asks there.
const OWN: u64 = 64;
/// The same for each shard: its runtime and, where the resolver is asked, its threads.
const OWN_OF_SHARD: u64 = 16;
/// A limit that is no smaller is none.
const PLENTY: u64 = 1 << 30;

/// Raises the limit to what the system allows this process. The limit afterwards.
#[must_use]
pub fn raise() -> u64 {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    if limit.current != limit.maximum && setrlimit(Resource::Nofile, raised).is_err() {
        return limit.current.unwrap_or(PLENTY);
    }
    limit.maximum.unwrap_or(PLENTY).min(PLENTY)
}

/// What a limit of open files means for `connections`, which is for each shard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share {
    /// Connections that one shard may take.
    pub connections: usize,
    /// What an operator should do, when that is less than the setting says.
    pub advice: Option<String>,
}

/// Divides a limit of open files among the shards, after what is no peer's: so connections run into their own limit before
/// metrics, control commands and deployments run out of files.
#[must_use]
pub fn share(config: &Config, limit: u64) -> Share {
    let shards = u64::from(config.shards);
    let listeners = config.listeners().len() as u64 * shards;
    let others = (config.limits.http_connections + config.limits.control_connections) as u64;
    let own = OWN + OWN_OF_SHARD * shards + listeners + others;
    let wanted = config.limits.connections;
    let needed = own.saturating_add((wanted as u64).saturating_mul(shards));
    if needed <= limit {
        return Share { connections: wanted, advice: None };
    }
    let connections = usize::try_from(limit.saturating_sub(own) / shards.max(1)).unwrap_or(usize::MAX).max(1);
    let advice = format!(
        "the system lets this process open {limit} files, and {wanted} `connections` in [limits] on each of {shards} shards \
         need {needed}: {connections} are taken on each. Raise the limit to {needed} (`ulimit -Hn`, LimitNOFILE= in systemd, \
         --ulimit nofile= for a container), or lower `connections`"
    );
    Share { connections, advice: Some(advice) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(shards: u16, connections: usize) -> Config {
        let mut config = Config { shards, ..Config::default() };
        config.limits.connections = connections;
        config
    }

    #[test]
    fn a_limit_that_is_large_enough_changes_nothing() {
        let share = share(&config(2, 10_000), 1 << 20);
        assert_eq!(share, Share { connections: 10_000, advice: None });
    }

    #[test]
    fn a_limit_that_is_too_small_leaves_files_for_all_else_and_says_what_to_do() {
        // 64 and 2 * 16 of its own, 2 * 2 listening sockets, 32 and 16 connections of operators.
        let share = share(&config(2, 10_000), 1024);
        assert_eq!(share.connections, (1024 - 148) / 2);
        let advice = share.advice.unwrap();
        for part in [
            "open 1024 files",
            "10000 `connections`",
            "each of 2 shards need 20148",
            "438 are taken",
            "LimitNOFILE=",
        ] {
            assert!(advice.contains(part), "{part}: {advice}");
        }
    }

    #[test]
    fn one_connection_is_taken_whatever_the_limit() {
        assert_eq!(share(&config(1, 10), 20).connections, 1);
    }

    #[test]
    fn the_limit_of_this_process_can_be_raised_to_itself() {
        let once = raise();
        assert!(once > 0);
        assert_eq!(raise(), once);
    }
}
