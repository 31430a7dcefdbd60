//! `siplet serve`: from settings to a running server and to its end.
//!
//! Order of the start: sockets are bound (what is taken is said at once), shards start, servlets are compiled and
//! deployed, then the shards begin to read. What came meanwhile waited in the kernel's queues.

use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use siplet_container::app::{Application, InstanceMode};
use siplet_container::config::{Config as ContainerConfig, Listener};
use siplet_wasm::{Allocator, Engine, EngineConfig, RunnerConfig};
use tokio::net::UnixListener;

use crate::clock::Clock;
use crate::config::{Config, LogFormat, StoreKind};
use crate::deploy::{self, Shade, lines};
use crate::hub::Hub;
use crate::record::trapped::Trapped;
use crate::record::{self, Feed, Records};
use crate::shadow::Shadows;
use crate::shard::{self, Parts, Room, ShardHandle, Sockets};
use crate::stop::{self, Signals, Stopped};
use crate::vital::{self, Death, Vital};
use crate::{control, http, log, nofile, secret, sockets};

/// A vital thread has died: the process has ended after this time, if need be without its main thread.
const LAST_EXIT: Duration = Duration::from_secs(10);

/// Runs a server until a signal ends it. The first lines go to `out`.
///
/// # Errors
/// Whatever keeps it from starting, in words.
pub async fn serve(config: Config, out: &mut impl Write) -> Result<()> {
    log::set_up(&config.log);
    let mut signals = Signals::listen().context("no signals")?;
    let kind = Kind::production(&config);
    let Some(server) = Server::start(config, kind, &mut signals).await? else { return Ok(()) };
    server.greet(out);
    tokio::select! {
        () = signals.next() => {}
        // Stopping finds it too, and ends at once for it.
        _ = server.died() => {}
    }
    server.stop(&mut signals).await
}

/// How guests are compiled and run.
#[derive(Clone, Debug)]
pub struct Kind {
    /// The compiler and its cache.
    pub engine: EngineConfig,
    /// The use of instances.
    pub runner: RunnerConfig,
}

impl Kind {
    /// Optimised code, kept beside the state; instances as descriptors say.
    #[must_use]
    pub fn production(config: &Config) -> Self {
        let code_cache = Some(config.state_dir.join("code"));
        Self {
            engine: EngineConfig {
                code_cache,
                ceilings: config.ceilings.limits(),
                ..EngineConfig::default()
            },
            runner: RunnerConfig::default(),
        }
    }

    /// Code that is quick to make, lines in backtraces, and an instance of its own for each turn, so that what a guest
    /// keeps in its memory never works by chance.
    #[must_use]
    pub fn development(config: &Config) -> Self {
        let runner = RunnerConfig { instance: Some(InstanceMode::Fresh), ..RunnerConfig::default() };
        Self { engine: EngineConfig { ceilings: config.ceilings.limits(), ..EngineConfig::dev() }, runner }
    }
}

/// A server that takes calls.
#[derive(Debug)]
pub struct Server {
    config: Arc<Config>,
    hub: Hub,
    listeners: Vec<Listener>,
    metrics: Option<SocketAddr>,
    serving: Vec<Application>,
    threads: Vec<JoinHandle<()>>,
}

impl Server {
    /// Starts everything; calls are taken when this returns. None when a signal came first. From now on the death of a
    /// vital thread ends the process.
    ///
    /// # Errors
    /// Whatever keeps it from starting, in words.
    pub async fn start(config: Config, kind: Kind, signals: &mut Signals) -> Result<Option<Self>> {
        let config = Arc::new(within_limits(config));
        let vital = Vital::default();
        vital.end_process_after(LAST_EXIT);
        let (listeners, sockets) = sockets::bind(&config)?;
        let http = http_listener(&config).await?;
        let control = control_listener(&config).await?;
        let engine = engine(kind.engine)?;
        let (records, feed, steps) = Records::new(&template(&config, &listeners), secret::random_words()?);
        tokio::spawn(record::run(steps, Arc::clone(&records), trapped(&config, &records)));
        let (shards, threads) =
            start_shards(&config, &listeners, sockets, &engine, &kind.runner, feed, &vital)?;
        let shadows = Arc::<Shadows>::default();
        let shade = Shade {
            records: Arc::clone(&records),
            runner: kind.runner,
            config: Arc::clone(&config),
            shadows: Arc::clone(&shadows),
        };
        let deploy::Started { requests, first_look, rollbacks } =
            deploy::start(shade, engine, shards.clone(), &vital)?;
        let hub = Hub::new(Arc::clone(&config), records, shards, requests, rollbacks, vital, shadows);
        tokio::spawn(vital::watch(hub.clone()));
        let metrics = http.as_ref().and_then(|listener| listener.local_addr().ok());
        if let Some(listener) = http {
            tokio::spawn(http::serve(listener, hub.clone()));
        }
        if let Some(listener) = control {
            tokio::spawn(control::serve(listener, hub.clone()));
        }
        let serving = tokio::select! {
            serving = first_look => serving.unwrap_or_default(),
            () = signals.next() => {
                stop::end(&hub).await;
                return Ok(None);
            }
            death = hub.vital().died() => bail!("{death}"),
        };
        hub.open().await;
        Ok(Some(Self { config, hub, listeners, metrics, serving, threads }))
    }

    /// What asks its shards and its deploying thread.
    #[must_use]
    pub const fn hub(&self) -> &Hub {
        &self.hub
    }

    /// Where it listens.
    #[must_use]
    pub fn listeners(&self) -> &[Listener] {
        &self.listeners
    }

    /// The first lines: where it listens, what it serves, how to try it.
    pub fn greet(&self, out: &mut impl Write) {
        greet(&self.config, &self.listeners, self.metrics, &self.serving, out);
    }

    /// Waits until a vital thread has died.
    pub async fn died(&self) -> Death {
        self.hub.vital().died().await
    }

    /// Takes no new calls, gives the live ones their time, and ends.
    ///
    /// # Errors
    /// A vital thread has died, before or meanwhile.
    pub async fn stop(self, signals: &mut Signals) -> Result<()> {
        let outcome = match stop::drain(&self.hub, signals).await {
            Stopped::Orderly => {
                stop::end(&self.hub).await;
                join(self.threads);
                Ok(())
            }
            Stopped::AtOnce => Ok(()),
            Stopped::Died(death) => {
                tracing::error!("the server ends, because {death}");
                stop::abandon(&self.hub).await;
                Err(anyhow!("{death}"))
            }
        };
        remove_socket(&self.config);
        outcome
    }
}

/// The settings as the system lets them be: its limit of open files is raised, and connections stay below it.
fn within_limits(mut config: Config) -> Config {
    let share = nofile::share(&config, nofile::raise());
    if let Some(advice) = share.advice {
        tracing::warn!("{advice}");
    }
    config.limits.connections = share.connections;
    config
}

fn engine(config: EngineConfig) -> Result<Engine> {
    let engine = Engine::new(config)?;
    if engine.allocator() == Allocator::OnDemand {
        tracing::warn!("address space is short: guests' memory is not pooled, and an instance costs more");
    }
    Ok(engine)
}

async fn http_listener(config: &Config) -> Result<Option<tokio::net::TcpListener>> {
    let Some(address) = config.metrics_address()? else { return Ok(None) };
    let listener = tokio::net::TcpListener::bind(address).await.with_context(|| {
        format!("cannot listen on {address} for metrics; name another address with --metrics, or none with --metrics ''")
    })?;
    Ok(Some(listener))
}

/// A socket that nobody asked for by name may be missing; one that was named may not.
async fn control_listener(config: &Config) -> Result<Option<UnixListener>> {
    let named = !config.control.as_os_str().is_empty();
    let path = if named { config.control.clone() } else { control::default_path() };
    match control::bind(&path).await {
        Ok(listener) => Ok(Some(listener)),
        Err(error) if named => Err(error),
        Err(error) => {
            tracing::warn!("no control commands: {error:#}");
            Ok(None)
        }
    }
}

fn remove_socket(config: &Config) {
    if !config.control.as_os_str().is_empty() {
        let _ = std::fs::remove_file(&config.control);
    }
}

fn start_shards(
    config: &Arc<Config>,
    listeners: &[Listener],
    sockets: Vec<Sockets>,
    engine: &Engine,
    runner: &RunnerConfig,
    feed: Feed,
    vital: &Vital,
) -> Result<(Vec<ShardHandle>, Vec<JoinHandle<()>>)> {
    let clock = Clock::start();
    let secrets = secret::load(config)?;
    let room = || Room::new(config.limits.handover_messages, config.limits.handover_bytes);
    let (handles, inboxes): (Vec<_>, Vec<_>) = (0..config.shards).map(|_| ShardHandle::new(room())).unzip();
    let mut threads = Vec::new();
    for ((index, inbox), sockets) in (0..config.shards).zip(inboxes).zip(sockets) {
        let container = ContainerConfig {
            secret: secrets.current,
            previous_secret: secrets.previous,
            seed: secret::random_words()?,
            shard: index,
            ..template(config, listeners)
        };
        let parts = Parts {
            container,
            config: Arc::clone(config),
            clock,
            sockets,
            inbox,
            shards: handles.clone(),
            engine: engine.clone(),
            runner: runner.clone(),
            steps: feed.clone(),
            vital: vital.clone(),
        };
        threads.push(shard::start(parts).context("no thread for a shard")?);
    }
    Ok((handles, threads))
}

/// What the containers of all shards have in common.
fn template(config: &Config, listeners: &[Listener]) -> ContainerConfig {
    ContainerConfig {
        listeners: listeners.to_vec(),
        routes: config.routes(),
        timers: config.timer_config(),
        limits: config.container_limits(),
        durable: config.durable,
        shards: config.shards,
        server_header: config.server_header.clone(),
        keep_trapped: config.record.trapped,
        ..ContainerConfig::default()
    }
}

/// The ring of steps in which a handler died, where it is wanted.
fn trapped(config: &Config, records: &Records) -> Option<Trapped> {
    let redaction = records.redaction(config, false, &[]);
    let header = records.header(&redaction);
    Some(Trapped::open(record::trapped::folder(config)?, config, header, redaction))
}

/// The first lines: where it listens, what it serves, how to try it.
fn greet(
    config: &Config,
    listeners: &[Listener],
    metrics: Option<SocketAddr>,
    serving: &[Application],
    out: &mut impl Write,
) {
    let text = greeting(listeners, metrics, serving, config);
    match config.log.format {
        LogFormat::Human => {
            // Whoever closed the terminal does not read it.
            let _ = write!(out, "{text}").and_then(|()| out.flush());
        }
        LogFormat::Json => {
            tracing::info!(applications = serving.len(), "{}", text.lines().next().unwrap_or_default())
        }
    }
    if serving.is_empty() {
        let folder = config.servlets.display();
        tracing::warn!(
            "no servlet serves: copy a .wasm file to {folder}; every new call gets 404 until then"
        );
    }
}

/// The text of [`greet`].
#[must_use]
pub fn greeting(
    listeners: &[Listener],
    metrics: Option<SocketAddr>,
    serving: &[Application],
    config: &Config,
) -> String {
    let metrics = metrics.map_or_else(|| "none".to_owned(), |address| format!("http://{address}"));
    let store = match (config.store, config.durable) {
        (StoreKind::Memory, false) => "memory",
        (StoreKind::Memory, true) => "memory, commits waited for",
    };
    let version = env!("CARGO_PKG_VERSION");
    let mut text =
        format!("siplet {version}   sip {}   metrics {metrics}   store {store}\n", addresses(listeners));
    text.push_str(&lines(serving));
    if let Some(example) = example(listeners, serving) {
        text.push_str(&format!("try it:  {example}\n"));
    }
    text
}

/// Where it listens: `127.0.0.1:5060 udp tcp`.
#[must_use]
pub fn addresses(listeners: &[Listener]) -> String {
    let mut addresses: Vec<(SocketAddr, String)> = Vec::new();
    for listener in listeners {
        let name = listener.transport.param_name();
        match addresses.iter_mut().find(|(address, _)| *address == listener.address) {
            Some((_, names)) => {
                names.push(' ');
                names.push_str(name);
            }
            None => addresses.push((listener.address, name.to_owned())),
        }
    }
    let sip: Vec<_> = addresses.iter().map(|(address, names)| format!("{address} {names}")).collect();
    sip.join(", ")
}

/// The command that places a test call, none when nothing serves.
#[must_use]
pub fn example(listeners: &[Listener], serving: &[Application]) -> Option<String> {
    let listener = listeners.first().filter(|_| !serving.is_empty())?;
    let ip = listener.address.ip();
    let host = if ip.is_unspecified() {
        listener.advertised_host.clone()
    } else if ip.is_ipv6() {
        format!("[{ip}]")
    } else {
        ip.to_string()
    };
    let port = match listener.address.port() {
        5060 => String::new(),
        port => format!(":{port}"),
    };
    let server = format!("{host}{port}");
    // A servlet that takes every domain answers at the server's own address.
    let domain = serving.iter().map(|app| app.descriptor.domains.first()).min().flatten();
    Some(match domain {
        None => format!("siplet call sip:hello@{server}"),
        Some(domain) => format!("siplet call sip:hello@{domain} --server {server}"),
    })
}

/// Threads that have ended are joined; one that hangs in a guest ends with the process.
fn join(threads: Vec<JoinHandle<()>>) {
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(2);
    for thread in threads {
        while !thread.is_finished() && std::time::Instant::now() < deadline {
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        if thread.is_finished() {
            let _ = thread.join();
        }
    }
}
