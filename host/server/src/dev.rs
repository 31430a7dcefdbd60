//! `siplet dev [DIR]`: serves a servlet from its sources, and again at each save.
//!
//! What happens is decided by a machine without clock and terminal ([`state`]); here are what it acts on: the sources
//! ([`sources`]), the build ([`project`]), a server in this process with settings for development, and either a screen
//! ([`screen`]) or lines ([`plain`]). The version that was running serves on until the next one is live, and live calls
//! stay with theirs: the server sees to that as it does for any other file.

mod plain;
mod project;
#[cfg(feature = "screen")]
mod screen;
#[cfg(not(feature = "screen"))]
#[path = "dev/no_screen.rs"]
mod screen;
mod sources;
#[cfg_attr(not(feature = "screen"), allow(dead_code, reason = "lines show less than a screen"))]
mod state;

use std::io::{self, IsTerminal as _, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use std::{fs, thread};

use anyhow::{Context, Result};
use siplet_container::config::Listener;
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::call;
use crate::config::{Config, Listen, Override};
use crate::deploy;
use crate::hub::Hub;
use crate::log;
use crate::serve::{self, Kind as ServerKind, Server};
use crate::stop::Signals;
use crate::terminal;
use project::Project;
use screen::terminal::Screen;
use state::{Action, Deployed, Event, State, Work};

/// Things that wait to be told.
const EVENTS: usize = 4096;
/// Ports that are tried where nobody names one: 5060 and those after it.
const PORTS: u16 = 20;
/// While something runs its time is shown anew this often.
const TICK: Duration = Duration::from_millis(200);
/// How the line of the log begins that tells of a deployment.
const DEPLOYED: &str = "INFO  deployed ";
/// Reports of one kind a minute that are told.
const REPORTS_PER_MINUTE: u32 = 60;

/// What `siplet dev` was asked for.
#[derive(Clone, Debug)]
pub struct Order {
    /// The servlet's project.
    pub folder: PathBuf,
    /// Settings of the server that were named.
    pub overrides: Vec<Override>,
    /// Lines also on a terminal.
    pub plain: bool,
}

/// Serves until a signal or a key ends it.
///
/// # Errors
/// There is no servlet, nothing that can build it, or no port: in words.
pub async fn run(order: &Order, out: &mut impl Write) -> Result<()> {
    let project = Project::find(&order.folder)?;
    let config = config(&project, &order.overrides)?;
    let kind = ServerKind::development(&config);
    let (tell, inbox) = mpsc::channel(EVENTS);
    let told_as = format!("{}/", config.servlets.display());
    log::set_up_to(&config.log, false, LogLines { tell: tell.clone(), told_as });
    let mut signals = Signals::listen().context("no signals")?;
    let Some(server) = Server::start(config, kind, &mut signals).await? else {
        return Ok(());
    };
    let is_terminal = io::stdout().is_terminal();
    let builder = builder(project.clone(), is_terminal, tell.clone())?;
    let saved = tell.clone();
    sources::watch(project.folder(), move |files| saved.blocking_send(Event::Changed(files)).is_ok())?;
    let shows_screen = Screen::IS_THERE && is_terminal && io::stdin().is_terminal() && !order.plain;
    let keys = tell.clone();
    let screen =
        shows_screen.then(|| Screen::open(move |event| keys.blocking_send(event).is_ok())).transpose()?;
    let listens = serve::addresses(server.listeners());
    let options = terminal::options();
    let mut desk = Desk {
        state: State::new(project.name(), &listens).tell_ladders(options.columns, options.colour),
        started: Instant::now(),
        hub: server.hub().clone(),
        listeners: server.listeners().to_vec(),
        deployed: None,
        project,
        builder,
        tell,
        screen,
        colours: is_terminal,
        out,
    };
    if desk.screen.is_none() {
        writeln!(desk.out, "siplet dev   {}   sip {listens}", desk.project.folder().display())?;
    }
    let actions = desk.state.begin();
    desk.act(actions, &mut Wish::default()).await;
    desk.attend(inbox, server, signals).await
}

/// Settings for development, with what was named laid over them.
fn config(project: &Project, overrides: &[Override]) -> Result<Config> {
    let mut config = Config::load(None, overrides)?;
    let named = |path: &str| overrides.iter().any(|one| one.path == path);
    let scratch = project.scratch();
    config.servlets = scratch.join("servlets");
    config.state_dir = scratch.join("state");
    let cannot = || format!("the folder {} cannot be made", config.servlets.display());
    // A file of another day would serve until the first build is done.
    let _ = fs::remove_dir_all(&config.servlets);
    fs::create_dir_all(&config.servlets).with_context(cannot)?;
    config.deploy.settle_ms = 0;
    if !named("listen") {
        config.listen = vec![free_listener().unwrap_or_default()];
    }
    if !named("metrics") {
        config.metrics = String::new();
    }
    if !named("log.reports-per-minute") {
        config.log.reports_per_minute = REPORTS_PER_MINUTE;
    }
    Ok(config)
}

/// The first port from 5060 on that is free over both transports, none when all are taken.
fn free_listener() -> Option<Listen> {
    let first = Listen::default();
    (first.address.port()..).take(usize::from(PORTS)).find_map(|port| {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let is_free = UdpSocket::bind(address).is_ok() && TcpListener::bind(address).is_ok();
        is_free.then(|| Listen { address, ..first.clone() })
    })
}

/// Builds on a thread of its own, one build for each order.
fn builder(project: Project, colours: bool, tell: mpsc::Sender<Event>) -> Result<mpsc::Sender<()>> {
    let (orders, mut inbox) = mpsc::channel(1);
    thread::Builder::new().name("build".to_owned()).spawn(move || {
        while inbox.blocking_recv().is_some() {
            let outcome = project.build(colours, |line| {
                // A word about progress may be lost.
                let _ = tell.try_send(Event::Progress(line.to_owned()));
            });
            if tell.blocking_send(Event::Built(outcome)).is_err() {
                return;
            }
        }
    })?;
    Ok(orders)
}

/// The server's log as events.
struct LogLines {
    tell: mpsc::Sender<Event>,
    /// The folder of our copies, which nobody knows: its files are told by their names.
    told_as: String,
}

impl Write for LogLines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        let text = text.trim_end().replace(&self.told_as, "");
        // That a version is live is told by whoever knows how long it took.
        if !text.starts_with(DEPLOYED) {
            // The log has a thread of its own that may wait.
            let _ = self.tell.blocking_send(Event::Log(text));
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What the actions of a round ask of the loop.
#[derive(Default)]
struct Wish {
    quit: bool,
}

/// The main thread's things.
struct Desk<'a, W> {
    state: State,
    started: Instant,
    hub: Hub,
    listeners: Vec<Listener>,
    /// The files that were given to the server last: the guest and its settings.
    deployed: Option<(Vec<u8>, Vec<u8>)>,
    project: Project,
    builder: mpsc::Sender<()>,
    tell: mpsc::Sender<Event>,
    screen: Option<Screen>,
    colours: bool,
    out: &'a mut W,
}

impl<W: Write> Desk<'_, W> {
    /// Takes in what happens until it is over, the draining of the server included.
    async fn attend(
        mut self,
        mut inbox: mpsc::Receiver<Event>,
        server: Server,
        mut signals: Signals,
    ) -> Result<()> {
        let asked = signals.asked();
        self.show()?;
        loop {
            tokio::select! {
                event = next(&mut inbox, &self.state) => {
                    if self.take(event, &mut inbox).await?.quit {
                        break;
                    }
                }
                () = signals.next() => break,
                _ = server.died() => break,
            }
        }
        self.state.stop();
        let stopping = server.stop(&mut signals);
        tokio::pin!(stopping);
        let stopped = loop {
            tokio::select! {
                stopped = &mut stopping => break stopped,
                event = next(&mut inbox, &self.state) => {
                    if self.take(event, &mut inbox).await?.quit {
                        asked.notify_one();
                    }
                }
            }
        };
        // What the server said last is still under way.
        log::finish();
        inbox.close();
        while let Some(event) = inbox.recv().await {
            self.state.on_event(event, self.started.elapsed());
        }
        let last = self.state.take_told();
        let had_screen = self.screen.take().is_some();
        plain::write(
            self.out,
            if had_screen { last.last().map(std::slice::from_ref).unwrap_or_default() } else { &last },
            self.colours,
        )?;
        stopped
    }

    /// One event, and those that came with it; then everything is shown.
    async fn take(&mut self, event: Option<Event>, inbox: &mut mpsc::Receiver<Event>) -> Result<Wish> {
        let mut wish = Wish::default();
        let mut next = event;
        while let Some(event) = next {
            let actions = self.state.on_event(event, self.started.elapsed());
            self.act(actions, &mut wish).await;
            next = inbox.try_recv().ok();
        }
        self.state.tick(self.started.elapsed());
        self.show()?;
        Ok(wish)
    }

    fn show(&mut self) -> Result<()> {
        match &mut self.screen {
            Some(screen) => screen.show(&self.state)?,
            None => plain::write(self.out, &self.state.take_told(), self.colours)?,
        }
        Ok(())
    }

    async fn act(&mut self, actions: Vec<Action>, wish: &mut Wish) {
        for action in actions {
            match action {
                Action::Build => {
                    // There is one build at a time, so there is room; a builder that has ended builds nothing.
                    let _ = self.builder.try_send(());
                }
                Action::Deploy(wasm) => {
                    let outcome = self.deploy(&wasm).await;
                    let more = self.state.on_event(Event::Deployed(outcome), self.started.elapsed());
                    Box::pin(self.act(more, wish)).await;
                }
                Action::Call => self.call(),
                Action::Quit => wish.quit = true,
            }
        }
    }

    /// Gives the file to the server, its settings first, and waits until it has looked at them.
    async fn deploy(&mut self, wasm: &Path) -> Deployed {
        let before = self.serving().await;
        match self.put(wasm) {
            Ok(true) => {}
            Ok(false) => return Deployed::Unchanged,
            Err(error) => {
                tracing::error!("{error:#}");
                return Deployed::Refused;
            }
        }
        let serving = self.hub.reload().await;
        let Some(application) = serving.first() else { return Deployed::Refused };
        if before.is_some_and(|before| before == application.id) {
            return Deployed::Refused;
        }
        let example = serve::example(&self.listeners, &serving);
        Deployed::Live { line: deploy::line(application), example }
    }

    async fn serving(&self) -> Option<siplet_container::app::AppId> {
        self.hub.applications().await.first().map(|application| application.id.clone())
    }

    /// Puts both files into the server's folder. False when they are those that are there.
    fn put(&mut self, wasm: &Path) -> Result<bool> {
        let folder = self.hub.config().servlets.clone();
        let name = self.project.name().to_owned();
        let guest = fs::read(wasm).with_context(|| format!("{} cannot be read", wasm.display()))?;
        // A servlet without settings has an empty file, which says the same.
        let settings = fs::read(self.project.settings()).unwrap_or_default();
        let files = (guest, settings);
        if self.deployed.as_ref() == Some(&files) {
            return Ok(false);
        }
        let put = |bytes: &[u8], end: &str| {
            let to = folder.join(format!("{name}.{end}"));
            siplet_build::put_bytes(bytes, &to).with_context(|| format!("{} cannot be written", to.display()))
        };
        put(&files.1, "toml")?;
        put(&files.0, "wasm")?;
        self.deployed = Some(files);
        Ok(true)
    }

    /// Places a test call beside everything else; its ladder is that of any call.
    fn call(&mut self) {
        let (Some(example), Some(server)) = (self.state.example.clone(), self.listeners.first()) else {
            return;
        };
        let uri = example.split(' ').find(|word| word.starts_with("sip:")).unwrap_or_default().to_owned();
        let order = call::Order {
            uri,
            server: Some(server.address.to_string()),
            transport: None,
            duration: Duration::from_secs(1),
            wait: Duration::from_secs(20),
            json: false,
        };
        let tell = self.tell.clone();
        tokio::spawn(async move {
            let text = match call::place(&order, &mut io::sink()).await {
                Ok(true) => "the test call went well".to_owned(),
                Ok(false) => "the test call was not answered".to_owned(),
                Err(error) => format!("no test call: {error:#}"),
            };
            let _ = tell.send(Event::CallEnded(text)).await;
        });
    }
}

/// The next event; none when only time has passed, which counts while something is under way.
async fn next(inbox: &mut mpsc::Receiver<Event>, state: &State) -> Option<Event> {
    match state.work {
        Work::Idle => inbox.recv().await,
        Work::Building { .. } | Work::Deploying { .. } => timeout(TICK, inbox.recv()).await.ok().flatten(),
    }
}
