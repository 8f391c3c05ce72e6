//! Logs and metrics of the process.

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::EnvFilter;

use crate::config::{Config, LogFormat};
use crate::failure::Failure;

/// How loud a command is unless it is told otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Voice {
    /// A service: JSON, from `info` on.
    Service,
    /// A command at a terminal: text, from `warn` on.
    Command,
}

/// Upper bounds of the buckets for durations, in seconds: from a tenth of a millisecond to ten seconds.
const SECONDS: &[f64] = &[0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];
/// Upper bounds of the buckets for how many events or appends there were at once.
const COUNTS: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0, 4096.0];

/// Starts logging, to standard error: standard output is for results.
///
/// # Errors
/// When the filter cannot be read.
pub(crate) fn start_logging(config: &Config, voice: Voice) -> Result<(), Failure> {
    let (filter, format) = match voice {
        // The publisher says itself that a connection was lost, and what it does about that.
        Voice::Service => ("info,async_nats::connector=off", LogFormat::Json),
        Voice::Command => ("warn", LogFormat::Text),
    };
    let filter = config.log_filter.as_deref().unwrap_or(filter);
    let filter = EnvFilter::builder().parse(filter).map_err(|error| {
        Failure::Usage(format!("the log filter {filter:?} cannot be read ({error}); it should look like `info` or `info,mail=debug`"))
    })?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let started = match config.log_format.unwrap_or(format) {
        LogFormat::Json => builder.json().flatten_event(true).with_span_list(false).try_init(),
        LogFormat::Text => builder.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr())).with_target(false).try_init(),
    };
    started.map_err(|error| Failure::failed(format!("logging cannot be started: {error}")))
}

/// Starts collecting metrics. The handle renders them as Prometheus reads them.
///
/// # Errors
/// When another recorder is there already.
pub(crate) fn start_metrics() -> Result<PrometheusHandle, Failure> {
    let wrong = |error: metrics_exporter_prometheus::BuildError| Failure::failed(format!("metrics cannot be collected: {error}"));
    let handle = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), SECONDS)
        .and_then(|builder| builder.set_buckets_for_metric(Matcher::Suffix("_events".to_owned()), COUNTS))
        .and_then(PrometheusBuilder::install_recorder)
        .map_err(wrong)?;
    metrics::describe_counter!("gatehouse_commands_total", "Commands by aggregate and outcome");
    metrics::describe_counter!("gatehouse_sign_ins_total", "Passwords and second factors that were shown, by what and outcome");
    metrics::describe_counter!("gatehouse_refused_total", "Requests that were refused to whoever showed a token or a cookie, by status");
    metrics::describe_gauge!("gatehouse_log_head_position", "Position of the newest event on disk");
    metrics::describe_gauge!("gatehouse_build_info", "Always 1; the version is in the label");
    metrics::gauge!("gatehouse_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
    Ok(handle)
}
