//! The read-only HTTP listener: `/metrics` for a scraper, `/healthz` for a load balancer. It changes nothing and shows
//! no call.
//!
//! Whoever reaches it costs the calls nothing: a connection has one request of bounded size and a bounded time, there are
//! only so many at a time, and however often it is asked, the shards are asked for their numbers twenty times a second.

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Mutex;
use tokio::task::AbortHandle;
use tokio::time::{Instant, timeout};

use crate::accept::{AcceptFailure, Rest};
use crate::hub::Hub;
use crate::{metrics, process};

/// Octets of a request's head; its body is not read.
const HEAD_BYTES: usize = 8 << 10;
/// Time for a request's head.
const HEAD_TIME: Duration = Duration::from_secs(5);
/// Time for a whole connection.
const CONNECTION_TIME: Duration = Duration::from_secs(10);
/// Looks at the shards in a row, and in each second after that; others are shown the page of the last look.
const LOOKS: Looks = Looks { burst: 50.0, per_s: 20.0 };

/// What the answers are made from.
#[derive(Clone)]
struct Desk {
    hub: Hub,
    page: Arc<Mutex<Page>>,
    cut: Arc<AtomicU64>,
}

/// Serves until the process ends.
pub async fn serve(listener: TcpListener, hub: Hub) -> Infallible {
    let most = hub.config().limits.http_connections.max(1);
    let cut = Arc::new(AtomicU64::new(0));
    let page = Arc::new(Mutex::new(Page::new(Instant::now())));
    let desk = Desk { hub, page, cut: Arc::clone(&cut) };
    let router =
        Router::new().route("/metrics", get(metrics_page)).route("/healthz", get(health)).with_state(desk);
    let mut open = Open { connections: VecDeque::new(), most };
    let mut rest = Rest::default();
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                rest.over();
                cut.fetch_add(open.make_room(), Ordering::Relaxed);
                let task = tokio::spawn(converse(stream, router.clone()));
                open.connections.push_back(task.abort_handle());
            }
            Err(error) => {
                if let Some(time) = rest.after(AcceptFailure::of(&error)) {
                    tokio::time::sleep(time).await;
                }
            }
        }
    }
}

/// One request and its answer.
async fn converse(stream: TcpStream, router: Router) {
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .max_buf_size(HEAD_BYTES)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    // Whatever the peer did wrong, it is gone.
    let _ = timeout(CONNECTION_TIME, connection).await;
}

/// Connections that may still be open, the oldest first.
struct Open {
    connections: VecDeque<AbortHandle>,
    most: usize,
}

impl Open {
    /// Makes room for another connection. Where there are too many the oldest is cut, and not the newest refused: a request
    /// takes milliseconds, and who holds a connection for longer has no business here. How many were cut.
    fn make_room(&mut self) -> u64 {
        self.connections.retain(|connection| !connection.is_finished());
        let mut cut = 0;
        while self.connections.len() >= self.most {
            if let Some(oldest) = self.connections.pop_front() {
                oldest.abort();
                cut += 1;
            }
        }
        cut
    }
}

/// How often the shards are asked.
#[derive(Clone, Copy, Debug)]
struct Looks {
    burst: f64,
    per_s: f64,
}

/// The last page, and how many looks are left.
struct Page {
    text: String,
    looks: f64,
    at: Instant,
}

impl Page {
    fn new(now: Instant) -> Self {
        Self { text: String::new(), looks: LOOKS.burst, at: now }
    }

    /// Whether the shards may be asked again.
    fn may_look(&mut self, now: Instant) -> bool {
        let since = now.saturating_duration_since(self.at).as_secs_f64();
        self.looks = (self.looks + since * LOOKS.per_s).min(LOOKS.burst);
        self.at = now;
        if self.looks < 1.0 {
            return false;
        }
        self.looks -= 1.0;
        true
    }
}

async fn metrics_page(State(desk): State<Desk>) -> impl IntoResponse {
    let hub = &desk.hub;
    let mut page = desk.page.lock().await;
    if page.may_look(Instant::now()) || page.text.is_empty() {
        let (numbers, silent) = hub.numbers().await;
        let mut process = process::look(hub.started(), hub.is_draining(), hub.records());
        process.shards_stalled = hub.stalled().len() as u64;
        process.http_cut = desk.cut.load(Ordering::Relaxed);
        page.text = metrics::page(&numbers, silent, &process, hub.rollbacks(), hub.shadows());
    }
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], page.text.clone())
}

async fn health(State(desk): State<Desk>) -> impl IntoResponse {
    let (is_well, text) = desk.hub.health();
    (if is_well { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }, text)
}
