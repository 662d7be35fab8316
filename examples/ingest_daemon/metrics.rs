//! Figures for Prometheus, and the HTTP port that tells them.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
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
        let buckets = || exponential_buckets(0.0005, 2.0, 16);
        let mut metrics = Metrics {
            messages: Counter::<u64, AtomicU64>::default(),
            raw_bytes: Counter::default(),
            stored_bytes: Counter::default(),
            commits: Counter::default(),
            failed_commits: Counter::default(),
            refused: Counter::default(),
            cut_off: Counter::default(),
            clients: Gauge::default(),
            sources: Gauge::default(),
            stuck: Gauge::default(),
            waiting_messages: Gauge::default(),
            waiting_bytes: Gauge::default(),
            ack_seconds: Histogram::new(buckets()),
            late_seconds: Histogram::new(buckets()),
            registry: Registry::with_prefix("catena_ingest"),
        };
        let it = &mut metrics;
        let registry = &mut it.registry;
        registry.register("messages", "Messages on disk", it.messages.clone());
        registry.register("raw_bytes", "Their bytes", it.raw_bytes.clone());
        registry.register(
            "stored_bytes",
            "Bytes that committed segments take",
            it.stored_bytes.clone(),
        );
        registry.register("commits", "Commits", it.commits.clone());
        registry.register(
            "failed_commits",
            "Commits that the disk did not take",
            it.failed_commits.clone(),
        );
        registry.register("refused", "Clients refused", it.refused.clone());
        registry.register("cut_off", "Clients cut off", it.cut_off.clone());
        registry.register("clients", "Clients connected", it.clients.clone());
        registry.register("sources", "Sources with an open stream", it.sources.clone());
        registry.register(
            "stuck",
            "Sources whose last commit failed",
            it.stuck.clone(),
        );
        registry.register(
            "waiting_messages",
            "Messages taken and not yet on disk",
            it.waiting_messages.clone(),
        );
        registry.register("waiting_bytes", "Their bytes", it.waiting_bytes.clone());
        registry.register(
            "ack_seconds",
            "From the last byte of a message to its acknowledgement",
            it.ack_seconds.clone(),
        );
        registry.register(
            "late_seconds",
            "Delay of a timer of 10 ms",
            it.late_seconds.clone(),
        );
        Arc::new(metrics)
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

/// Answers at this address for as long as the program runs.
pub async fn serve(metrics: Arc<Metrics>, address: SocketAddr) -> io::Result<()> {
    let listener = TcpListener::bind(address).await?;
    tracing::info!(address = %listener.local_addr()?, "metrics");
    tokio::spawn(async move {
        loop {
            let Ok((socket, _)) = listener.accept().await else {
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
