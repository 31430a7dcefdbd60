//! `siplet call URI`: places one test call and draws the ladder as it happens.
//!
//! [`caller::Caller`] is the call as a machine without sockets; here are its socket, its clock and its terminal. It is a
//! caller to try a server with, and no phone: no registration, no authentication, no media.

pub mod caller;
mod messages;
#[cfg(test)]
mod tests;
mod wire;

use std::io::Write;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::json;
use siplet_container::io::Transport;
use siplet_ladder::{Ladder, Options, Painter, Participant};
use siplet_sip::uri::Uri;

use crate::secret;
use crate::terminal;
use caller::{Caller, End, Names, Plan};
use wire::Wire;

/// A pause of this time is told; one message after the other is not.
const PAUSE: Duration = Duration::from_millis(500);

/// What `siplet call` was asked for.
#[derive(Clone, Debug)]
pub struct Order {
    /// Whom to call.
    pub uri: String,
    /// Where to send the INVITE, HOST or HOST:PORT; none: to the URI's host.
    pub server: Option<String>,
    /// How; none: as the URI says, else UDP.
    pub transport: Option<Transport>,
    /// Time from the answer to the BYE.
    pub duration: Duration,
    /// How long it may ring.
    pub wait: Duration,
    /// One JSON object instead of the ladder.
    pub json: bool,
}

/// Places the call. True when it was answered and ended well.
///
/// # Errors
/// The URI cannot be called: in words.
pub async fn place(order: &Order, out: &mut impl Write) -> Result<bool> {
    let (transport, remote) = target(order).await?;
    let mut wire = Wire::open(transport, remote).await?;
    let names = Names::new(secret::random_words()?, secret::random_words()?);
    let plan = Plan { uri: order.uri.clone(), duration: order.duration, wait: order.wait };
    let started = Instant::now();
    let mut caller = Caller::new(plan, names, transport, wire.local()?)?;
    let called = order.uri.strip_prefix("sip:").unwrap_or(&order.uri);
    let mut ladder = Ladder::new([Participant::peer("siplet call"), Participant::peer(called)]);
    // Whoever waits for an answer wants to see each repetition when it leaves.
    let options = Options { times: true, fold: false, gap: PAUSE, ..terminal::options() };
    let mut painter = Painter::new(&ladder.participants, options);
    if !order.json {
        terminal::write(out, &painter.head(), options.colour)?;
    }
    loop {
        while let Some(bytes) = caller.poll_transmit() {
            wire.send(&bytes, caller.next_hop().unwrap_or(remote))
                .await
                .with_context(|| unreachable(transport, remote))?;
        }
        while let Some(row) = caller.poll_row() {
            if !order.json {
                terminal::write(out, &painter.row(&row), options.colour)?;
            }
            ladder.push(row);
        }
        if let Some(end) = caller.end() {
            return tell(order, &end, &ladder, out);
        }
        let due = caller.next_timeout().map_or(order.wait, |due| due.saturating_sub(started.elapsed()));
        tokio::select! {
            message = wire.receive() => match message.with_context(|| unreachable(transport, remote))? {
                Some(bytes) => caller.on_message(bytes, started.elapsed()),
                None => caller.on_hang_up(),
            },
            () = tokio::time::sleep(due) => caller.on_timeout(started.elapsed()),
            _ = tokio::signal::ctrl_c() => caller.on_stop(started.elapsed()),
        }
    }
}

fn unreachable(transport: Transport, remote: SocketAddr) -> String {
    format!("nobody listens on {} {remote}", transport.param_name())
}

fn tell(order: &Order, end: &End, ladder: &Ladder, out: &mut impl Write) -> Result<bool> {
    if order.json {
        let facts = json!({
            "uri": order.uri,
            "good": end.is_good(),
            "status": end.status(),
            "outcome": end.to_string(),
            "ladder": ladder,
        });
        writeln!(out, "{facts}")?;
    } else {
        writeln!(out, "{end}")?;
    }
    Ok(end.is_good())
}

/// Transport and address of a URI.
async fn target(order: &Order) -> Result<(Transport, SocketAddr)> {
    let text = order.uri.as_str();
    let hint = "write it as sip:NAME@HOST or sip:NAME@HOST:PORT";
    let Ok(uri) = Uri::parse(text.as_bytes()) else { bail!("`{text}` is no SIP URI: {hint}") };
    if uri.scheme_name() != b"sip" {
        bail!("`{text}` cannot be called: only sip: URIs, over udp and tcp; {hint}");
    }
    let transport = match (order.transport, uri.transport_param()) {
        (Some(transport), _) => transport,
        (None, None) => Transport::Udp,
        (None, Some(name)) if name.eq_ignore_ascii_case(b"udp") => Transport::Udp,
        (None, Some(name)) if name.eq_ignore_ascii_case(b"tcp") => Transport::Tcp,
        (None, Some(name)) => {
            bail!("the transport {} is not served: udp and tcp are", String::from_utf8_lossy(name))
        }
    };
    let (host, port) = match &order.server {
        Some(server) => split(server),
        None => (String::from_utf8_lossy(uri.host()).into_owned(), uri.port()),
    };
    let port = port.unwrap_or(transport.default_port());
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    if let Ok(ip) = bare.parse() {
        return Ok((transport, SocketAddr::new(ip, port)));
    }
    let unknown = || format!("{host} has no address; name the server that shall take the call with --server");
    let mut found = tokio::net::lookup_host((host.as_str(), port)).await.with_context(unknown)?;
    Ok((transport, found.next().with_context(unknown)?))
}

/// `HOST`, `HOST:PORT`, `[IPV6]` or `[IPV6]:PORT`.
fn split(server: &str) -> (String, Option<u16>) {
    match server.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') || host.ends_with(']') => {
            (host.to_owned(), port.parse().ok())
        }
        Some(_) | None => (server.to_owned(), None),
    }
}
