//! Settings: their shape, their defaults, and the way from file, environment and flags to one [`Config`].
//!
//! Every setting has one name. `siplet.example.toml` documents each beside its default, and the environment variables,
//! the flags and their help texts are made from that file: there is no second list to keep. Errors name file, line and
//! the key that was probably meant.

mod ceilings;
mod listen;
mod overlay;
mod ranges;
#[cfg(test)]
mod tests;

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use siplet_container::config as core;
use siplet_sip::transaction::TimerConfig;

pub use ceilings::Ceilings;
pub use listen::Listen;
pub use overlay::{Override, Setting, documented, explain, explain_message, nearest, settings};
pub use ranges::{Range, range, split as split_range};

/// The documented defaults.
pub const EXAMPLE: &str = include_str!("../siplet.example.toml");

/// All settings of `siplet serve`. Fields are documented in `siplet.example.toml`.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
#[allow(missing_docs)]
pub struct Config {
    pub listen: Vec<Listen>,
    pub servlets: PathBuf,
    pub state_dir: PathBuf,
    pub secret_file: PathBuf,
    pub previous_secret_file: PathBuf,
    pub shards: u16,
    pub metrics: String,
    pub control: PathBuf,
    pub store: StoreKind,
    pub durable: bool,
    pub store_latency_ms: u64,
    pub stop_after_s: u64,
    pub farewell_ms: u64,
    pub retry_after_s: u32,
    pub server_header: String,
    pub log: Log,
    pub deploy: Deploy,
    pub timers: Timers,
    pub record: Record,
    pub shadow: Shadow,
    pub limits: Limits,
    pub ceilings: Ceilings,
    pub route: Vec<Route>,
}

/// Where calls are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum StoreKind {
    /// In this process.
    Memory,
}

/// How the log looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LogFormat {
    /// For people: a level, a sentence, indented details.
    Human,
    /// One JSON object a line.
    Json,
}

/// How much is logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum LogLevel {
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

/// Section `[log]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
#[allow(missing_docs)]
pub struct Log {
    pub format: LogFormat,
    pub level: LogLevel,
    pub reports_per_minute: u32,
}

/// Section `[deploy]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
#[allow(missing_docs)]
pub struct Deploy {
    pub settle_ms: u64,
    pub incomplete_ms: u64,
    pub rescan_s: u64,
    pub keep_versions: usize,
    pub rollback_trap_percent: u32,
    pub rollback_turns_min: u64,
    pub rollback_window_s: u64,
    pub rollback_age_s: u64,
}

/// Section `[timers]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
#[allow(missing_docs)]
pub struct Timers {
    pub t1_ms: u64,
    pub t2_ms: u64,
    pub t4_ms: u64,
    pub timer_d_ms: u64,
    pub timer_c_ms: u64,
    pub trying_after_ms: u64,
}

/// Section `[record]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
#[allow(missing_docs)]
pub struct Record {
    pub trapped: bool,
    pub trapped_files: usize,
    pub trapped_bytes: u64,
    pub trapped_per_s: u32,
    pub keep_bodies: bool,
    pub redact_headers: Vec<String>,
    pub sessions: usize,
    pub session_steps: usize,
    pub session_bytes: usize,
    pub bytes: usize,
    pub longest_s: u64,
}

/// Section `[shadow]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
#[allow(missing_docs)]
pub struct Shadow {
    pub sessions: usize,
    pub bytes: usize,
    pub queue_steps: usize,
    pub differences: usize,
    pub cpu_percent: u8,
}

/// Section `[limits]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
#[allow(missing_docs)]
pub struct Limits {
    pub message_bytes: usize,
    pub headers: usize,
    pub vias: usize,
    pub stream_head_bytes: usize,
    pub sessions: usize,
    pub loading_packets: usize,
    pub forgetting: usize,
    pub store_attempts: u32,
    pub store_retry_after_ms: u64,
    pub invite_unanswered_s: u64,
    pub parked_units: usize,
    pub forks: usize,
    pub resolving: usize,
    pub upgrade_sessions: usize,
    pub upgrade_every_ms: u64,
    pub connections: usize,
    pub connections_per_ip: usize,
    pub connect_timeout_ms: u64,
    pub idle_timeout_s: u64,
    pub frame_timeout_s: u64,
    pub half_close_s: u64,
    pub write_queue_bytes: usize,
    pub write_queue_messages: usize,
    pub write_queues_bytes: usize,
    pub write_timeout_s: u64,
    pub send_queue_packets: usize,
    pub socket_buffer_bytes: usize,
    pub handover_messages: usize,
    pub handover_bytes: usize,
    pub stall_s: u64,
    pub dns_timeout_ms: u64,
    pub dns_queries: usize,
    pub wasm_bytes: u64,
    pub servlet_files: usize,
    pub control_line_bytes: usize,
    pub control_connections: usize,
    pub http_connections: usize,
}

/// One `[[route]]` of the default router.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
#[allow(missing_docs)]
pub struct Route {
    pub application: String,
    pub methods: Vec<String>,
    pub domains: Vec<String>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: vec![Listen::default()],
            servlets: "servlets".into(),
            state_dir: ".siplet".into(),
            secret_file: PathBuf::new(),
            previous_secret_file: PathBuf::new(),
            shards: 1,
            metrics: "127.0.0.1:8060".to_owned(),
            control: PathBuf::new(),
            store: StoreKind::Memory,
            durable: false,
            store_latency_ms: 0,
            stop_after_s: 30,
            farewell_ms: 2000,
            retry_after_s: 10,
            server_header: String::new(),
            log: Log::default(),
            deploy: Deploy::default(),
            timers: Timers::default(),
            record: Record::default(),
            shadow: Shadow::default(),
            limits: Limits::default(),
            ceilings: Ceilings::default(),
            route: Vec::new(),
        }
    }
}

impl Default for Log {
    fn default() -> Self {
        Self { format: LogFormat::Human, level: LogLevel::Info, reports_per_minute: 5 }
    }
}

impl Default for Deploy {
    fn default() -> Self {
        Self {
            settle_ms: 300,
            incomplete_ms: 3000,
            rescan_s: 10,
            keep_versions: 3,
            rollback_trap_percent: 2,
            rollback_turns_min: 100,
            rollback_window_s: 10,
            rollback_age_s: 600,
        }
    }
}

impl Default for Timers {
    fn default() -> Self {
        Self {
            t1_ms: 500,
            t2_ms: 4000,
            t4_ms: 5000,
            timer_d_ms: 32_000,
            timer_c_ms: 181_000,
            trying_after_ms: 200,
        }
    }
}

impl Default for Record {
    fn default() -> Self {
        Self {
            trapped: true,
            trapped_files: 100,
            trapped_bytes: 64 << 20,
            trapped_per_s: 2,
            keep_bodies: false,
            redact_headers: Vec::new(),
            sessions: 1000,
            session_steps: 10_000,
            session_bytes: 8 << 20,
            bytes: 64 << 20,
            longest_s: 86_400,
        }
    }
}

impl Default for Shadow {
    fn default() -> Self {
        Self { sessions: 1000, bytes: 64 << 20, queue_steps: 4096, differences: 100, cpu_percent: 25 }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            message_bytes: 65_535,
            headers: 128,
            vias: 64,
            stream_head_bytes: 16_384,
            sessions: 500_000,
            loading_packets: 1024,
            forgetting: 500_000,
            store_attempts: 5,
            store_retry_after_ms: 200,
            invite_unanswered_s: 600,
            parked_units: 16,
            forks: 8,
            resolving: 4096,
            upgrade_sessions: 32,
            upgrade_every_ms: 10,
            connections: 10_000,
            connections_per_ip: 1000,
            connect_timeout_ms: 4000,
            idle_timeout_s: 600,
            frame_timeout_s: 30,
            half_close_s: 10,
            write_queue_bytes: 1 << 20,
            write_queue_messages: 1024,
            write_queues_bytes: 256 << 20,
            write_timeout_s: 30,
            send_queue_packets: 1024,
            socket_buffer_bytes: 4 << 20,
            handover_messages: 8192,
            handover_bytes: 16 << 20,
            stall_s: 5,
            dns_timeout_ms: 5000,
            dns_queries: 256,
            wasm_bytes: 64 << 20,
            servlet_files: 1000,
            control_line_bytes: 65_536,
            control_connections: 16,
            http_connections: 32,
        }
    }
}

/// Why the settings are refused, in a sentence that says where and what to change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError(pub String);

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ConfigError {}

impl Config {
    /// Reads the text of a settings file. `name` is how errors call it.
    ///
    /// # Errors
    /// Text that is no TOML, unknown keys, values of the wrong type or out of range: with file, line and the key.
    pub fn from_text(name: &str, text: &str) -> Result<Self, ConfigError> {
        ranges::check_text(name, text)?;
        toml::from_str(text).map_err(|error| overlay::explain(name, text, &error))
    }

    /// Reads a settings file where one is named, then lays the overrides over it in order, and checks the whole.
    ///
    /// # Errors
    /// As [`Config::from_text`]; a file that cannot be read; values that exclude one another.
    pub fn load(file: Option<&Path>, overrides: &[Override]) -> Result<Self, ConfigError> {
        let mut config = match file {
            None => Self::default(),
            Some(path) => {
                let name = path.display().to_string();
                let text = std::fs::read_to_string(path)
                    .map_err(|error| ConfigError(format!("{name}: cannot be read: {error}")))?;
                Self::from_text(&name, &text)?
            }
        };
        for change in overrides {
            config = overlay::apply(config, change)?;
        }
        config.check()?;
        Ok(config)
    }

    /// Refuses values that cannot work together or are no numbers, before anything is opened.
    fn check(&self) -> Result<(), ConfigError> {
        let refuse = |text: String| Err(ConfigError(text));
        if self.listen.is_empty() {
            return refuse("`listen` is empty: name at least one address, as in \"127.0.0.1:5060\"".into());
        }
        if let Some(listen) = self.listen.iter().find(|listen| listen.needs_advertised()) {
            return refuse(format!(
                "listen `{listen}` is every address of this machine, and peers need one to answer to: write \
                 `{listen}@HOST`"
            ));
        }
        self.metrics_address()?;
        let timers = &self.timers;
        if timers.t2_ms < timers.t1_ms {
            return refuse(format!(
                "`t2-ms` in [timers] is {}, and must not be below `t1-ms`, which is {}",
                timers.t2_ms, timers.t1_ms
            ));
        }
        if let Some(route) = self.route.iter().find(|route| route.application.is_empty()) {
            return refuse(format!("a [[route]] names no `application` (its domains: {:?})", route.domains));
        }
        Ok(())
    }

    /// Address of the read-only HTTP listener, none when it is switched off.
    ///
    /// # Errors
    /// Text that is no socket address.
    pub fn metrics_address(&self) -> Result<Option<SocketAddr>, ConfigError> {
        if self.metrics.is_empty() {
            return Ok(None);
        }
        self.metrics.parse().map(Some).map_err(|_| {
            ConfigError(format!("`metrics` is \"{}\", and must be an address with a port", self.metrics))
        })
    }

    /// What the container must know of the listeners, one entry for each address and transport.
    #[must_use]
    pub fn listeners(&self) -> Vec<core::Listener> {
        self.listen.iter().flat_map(Listen::listeners).collect()
    }

    /// How long a shard may do nothing while something waits for it; a pulse takes a moment also where all is well.
    #[must_use]
    pub fn stall_limit(&self) -> Duration {
        Duration::from_secs(self.limits.stall_s.max(1))
    }

    /// SIP timers for the container.
    #[must_use]
    pub fn timer_config(&self) -> TimerConfig {
        TimerConfig {
            t1: Duration::from_millis(self.timers.t1_ms),
            t2: Duration::from_millis(self.timers.t2_ms),
            t4: Duration::from_millis(self.timers.t4_ms),
            timer_d: Duration::from_millis(self.timers.timer_d_ms),
            timer_c: Duration::from_millis(self.timers.timer_c_ms),
            trying_after: Duration::from_millis(self.timers.trying_after_ms),
        }
    }

    /// Limits for the container.
    #[must_use]
    pub fn container_limits(&self) -> core::Limits {
        let limits = &self.limits;
        core::Limits {
            message: siplet_sip::limits::Limits {
                message_bytes: limits.message_bytes,
                headers: limits.headers,
                vias: limits.vias,
                stream_head_bytes: limits.stream_head_bytes,
            },
            sessions: limits.sessions,
            loading_packets: limits.loading_packets,
            forgetting: limits.forgetting,
            store_attempts: limits.store_attempts,
            store_retry_after: Duration::from_millis(limits.store_retry_after_ms),
            invite_unanswered: Duration::from_secs(limits.invite_unanswered_s),
            parked_units: limits.parked_units,
            forks: limits.forks,
            resolving: limits.resolving,
            trapped_per_s: self.record.trapped_per_s,
            upgrade_sessions: limits.upgrade_sessions,
            upgrade_every: Duration::from_millis(limits.upgrade_every_ms),
        }
    }

    /// The default router's list for the container.
    #[must_use]
    pub fn routes(&self) -> Vec<core::Route> {
        let route = |route: &Route| core::Route {
            application: route.application.clone(),
            methods: route.methods.clone(),
            domains: route.domains.clone(),
        };
        self.route.iter().map(route).collect()
    }
}
