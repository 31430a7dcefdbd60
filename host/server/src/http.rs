//! The read-only HTTP listener: `/metrics` for a scraper, `/healthz` for a load balancer. It changes nothing and shows
//! no call.

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;

use crate::hub::Hub;
use crate::{metrics, process};

/// Serves until the process ends.
///
/// # Errors
/// The listener fails.
pub async fn serve(listener: tokio::net::TcpListener, hub: Hub) -> std::io::Result<()> {
    let router =
        Router::new().route("/metrics", get(metrics_page)).route("/healthz", get(health)).with_state(hub);
    axum::serve(listener, router).await
}

async fn metrics_page(State(hub): State<Hub>) -> impl IntoResponse {
    let (numbers, silent) = hub.numbers().await;
    let process = process::look(hub.started(), hub.is_draining(), hub.records());
    let page = metrics::page(&numbers, silent, &process, hub.rollbacks(), hub.shadows());
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], page)
}

async fn health(State(hub): State<Hub>) -> impl IntoResponse {
    match (hub.is_serving(), hub.is_draining()) {
        (true, _) => (StatusCode::OK, "serving\n"),
        (false, true) => (StatusCode::SERVICE_UNAVAILABLE, "draining\n"),
        (false, false) => (StatusCode::SERVICE_UNAVAILABLE, "starting\n"),
    }
}
