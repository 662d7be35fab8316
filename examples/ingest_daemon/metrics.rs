//! Figures for Prometheus, and the HTTP port that tells them.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use crate::descriptors::{self, accept};

/// Every figure. Rates and the ratio follow from the totals.
#[derive(Debug)]
pub struct Metrics {
    pub messages: Counter,
    pub raw_bytes: Counter,
    pub stored_bytes: Counter,
    pub commits: Counter,
    pub failed_commits: Counter,
    pub refused: Counter,
    pub cut_off: Counter,
    pub clients: Gauge,
    pub sources: Gauge,
    /// Sources whose last commit failed.
    pub stuck: Gauge,
    pub waiting_messages: Gauge,
    pub waiting_bytes: Gauge,
    pub ack_seconds: Histogram,
    /// How late a timer of 10 ms comes: the runtime's own latency.
    pub late_seconds: Histogram,
    registry: Registry,
}

impl Metrics {
    pub fn new() -> Arc<Self> {
        let mut registry = Registry::with_prefix("catena_ingest");
        let all = &mut registry;
        Arc::new(Metrics {
            messages: counter(all, "messages", "Messages on disk"),
            raw_bytes: counter(all, "raw_bytes", "Their bytes"),
            stored_bytes: counter(all, "stored_bytes", "Bytes that committed segments take"),
            commits: counter(all, "commits", "Commits"),
            failed_commits: counter(all, "failed_commits", "Commits that the disk did not take"),
            refused: counter(all, "refused", "Clients refused"),
            cut_off: counter(all, "cut_off", "Clients cut off"),
            clients: gauge(all, "clients", "Clients connected"),
            sources: gauge(all, "sources", "Sources with an open stream"),
            stuck: gauge(all, "stuck", "Sources whose last commit failed"),
            waiting_messages: gauge(
                all,
                "waiting_messages",
                "Messages taken and not yet on disk",
            ),
            waiting_bytes: gauge(all, "waiting_bytes", "Their bytes"),
            ack_seconds: seconds(
                all,
                "ack_seconds",
                "From the last byte of a message to its acknowledgement",
            ),
            late_seconds: seconds(all, "late_seconds", "Delay of a timer of 10 ms"),
            registry,
        })
    }

    fn text(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }

    fn answer(&self, request: &Request<Incoming>) -> Response<Full<Bytes>> {
        let (status, body) = match request.uri().path() {
            "/metrics" => match self.text() {
                Ok(text) => (StatusCode::OK, text),
                Err(e) => (StatusCode::INTERNAL_SERVER_ERROR, e.to_string()),
            },
            "/healthz" => match self.stuck.get() {
                0 => (StatusCode::OK, "ok\n".into()),
                n => (
                    StatusCode::SERVICE_UNAVAILABLE,
                    format!("{n} sources cannot write\n"),
                ),
            },
            _ => (StatusCode::NOT_FOUND, "/metrics or /healthz\n".into()),
        };
        let mut response = Response::new(Full::new(Bytes::from(body)));
        *response.status_mut() = status;
        let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
        if let Ok(kind) = kind.parse() {
            response
                .headers_mut()
                .insert(hyper::header::CONTENT_TYPE, kind);
        }
        response
    }
}

fn counter(registry: &mut Registry, name: &str, help: &str) -> Counter {
    let counter = Counter::default();
    registry.register(name, help, counter.clone());
    counter
}

fn gauge(registry: &mut Registry, name: &str, help: &str) -> Gauge {
    let gauge = Gauge::default();
    registry.register(name, help, gauge.clone());
    gauge
}

/// From half a millisecond to 16 seconds.
fn seconds(registry: &mut Registry, name: &str, help: &str) -> Histogram {
    let histogram = Histogram::new(exponential_buckets(0.0005, 2.0, 16));
    registry.register(name, help, histogram.clone());
    histogram
}

/// Answers at this address for as long as the program runs.
pub async fn serve(metrics: Arc<Metrics>, address: SocketAddr) -> io::Result<()> {
    let listener = TcpListener::bind(address).await?;
    tracing::info!(address = %listener.local_addr()?, "metrics");
    let slots = Arc::new(Semaphore::new(descriptors::METRICS));
    tokio::spawn(async move {
        loop {
            let Ok(((socket, _), slot)) = accept(&slots, listener.accept()).await else {
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            };
            let metrics = Arc::clone(&metrics);
            tokio::spawn(async move {
                let answer = service_fn(move |request| {
                    let response = metrics.answer(&request);
                    async move { Ok::<_, std::convert::Infallible>(response) }
                });
                let connection = hyper::server::conn::http1::Builder::new()
                    .timer(hyper_util::rt::TokioTimer::new())
                    .header_read_timeout(Duration::from_secs(5))
                    .serve_connection(TokioIo::new(socket), answer);
                // Whoever asks and goes away harms nobody.
                let _ = connection.await;
                drop(slot);
            });
        }
    });
    Ok(())
}

/// Measures the runtime's latency for as long as the program runs.
pub fn watch_the_clock(metrics: Arc<Metrics>) {
    tokio::spawn(async move {
        const EVERY: Duration = Duration::from_millis(10);
        loop {
            let before = tokio::time::Instant::now();
            tokio::time::sleep(EVERY).await;
            let late = before.elapsed().saturating_sub(EVERY);
            metrics.late_seconds.observe(late.as_secs_f64());
        }
    });
}
