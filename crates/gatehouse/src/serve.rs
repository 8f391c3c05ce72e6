//! `gatehouse serve`: the service behind HTTP, until it is told to stop.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::{Router, middleware};
use event_store::Clock;
use futures_util::future::join_all;
use http_api::headers::{Defaults, add_defaults};
use metrics_exporter_prometheus::PrometheusHandle;
use process_managers::{Clockwork, Desk, Lists};
use projection_runtime::leases;
use rustix::process::{Resource, Rlimit};
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::{JoinError, JoinHandle};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use crate::admin::{self, Admin};
use crate::config::{Config, Role};
use crate::failure::Failure;
use crate::folder::DataFolder;
use crate::health::Health;
use crate::service::Service;
use crate::shared::Purpose;
use crate::{api, forgotten, mailing, output, read_models};

/// How long requests that are under way may take to finish when the service stops.
const GRACE: Duration = Duration::from_secs(10);

/// How many files the stores and what is told apart from them have open, at most.
const FILES_OF_STORES: usize = 200;

/// The service, served.
pub(crate) struct Serving {
    service: Arc<Service>,
    health: Health,
    address: SocketAddr,
    signals: Signals,
    stop: CancellationToken,
    http: JoinHandle<()>,
    admin: JoinHandle<std::io::Result<()>>,
    mails: JoinHandle<()>,
    clockwork: JoinHandle<()>,
    /// Who keeps the list of the forgotten.
    forgotten: JoinHandle<()>,
}

/// Serves until SIGTERM or SIGINT.
///
/// # Errors
/// It cannot start; or the log can no longer be written ([`Failure::MustRestart`]).
pub(crate) async fn run(config: Config, clock: Clock) -> Result<(), Failure> {
    let serving = Serving::start(config, clock, crate::telemetry::start_metrics()?).await?;
    output::line(format_args!("listening on http://{}", serving.address()))?;
    serving.until_told_to_stop().await
}

/// What tells the service to stop. Heeded from the very start on: a signal during the start is not lost, nor is it the end of a
/// process in the middle of something.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn heed() -> Result<Self, Failure> {
        let wrong = |error: std::io::Error| Failure::from_error(&error);
        Ok(Self { terminate: signal(SignalKind::terminate()).map_err(wrong)?, interrupt: signal(SignalKind::interrupt()).map_err(wrong)? })
    }
}

impl Serving {
    /// Starts everything: it answers when this returns, and is ready once the read models have caught up.
    ///
    /// # Errors
    /// The address is taken, or [`Service::open`] fails.
    pub(crate) async fn start(mut config: Config, clock: Clock, metrics: PrometheusHandle) -> Result<Self, Failure> {
        let signals = Signals::heed()?;
        let folder = DataFolder::open_or_make(&config.data)?;
        // First, so that nothing is opened for an address that somebody else has.
        let listener = listen(config.listen, "--listen").await?;
        let health_listener = match config.network.health_listen {
            Some(address) => Some(listen(address, "network.health_listen").await?),
            None => None,
        };
        let address = listener.local_addr().map_err(|error| Failure::from_error(&error))?;
        let base_url = config.base_url.get_or_insert_with(|| format!("http://{address}")).clone();
        let service = Arc::new(Service::open(config, folder, clock, Purpose::Serve).await?);
        service.adopt_calendar().await?;
        let health = Health::new(Arc::clone(&service), metrics);
        let stop = CancellationToken::new();
        let clockwork = start_managers(&service, &stop).await?;
        let mails = mailing::start(&service, &base_url, stop.clone()).await?;
        if let Some(publishing) = &service.publishing {
            publishing.start(&service.background).await;
        }
        let mut router = Router::new();
        if service.config.has_role(Role::Api) {
            router = router.merge(api::router(&service, &base_url, stop.clone())?);
        }
        let http = serve_http(&service.config, &base_url, &stop, (listener, router), health_listener, health.clone().router());
        let forgotten = tokio::spawn(forgotten::follow(Arc::clone(&service), stop.clone()));
        let admin = listen_admin(&service, &stop)?;
        tracing::info!(%address, data = %service.folder.root().display(), version = env!("CARGO_PKG_VERSION"), "serving");
        Ok(Self { service, health, address, signals, stop, http, admin, mails, clockwork, forgotten })
    }

    /// Where the API is served.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The parts of the service.
    pub(crate) fn service(&self) -> &Arc<Service> {
        &self.service
    }

    /// Waits for SIGTERM or SIGINT, then stops: what is under way is finished, for ten seconds at most.
    ///
    /// # Errors
    /// [`Failure::MustRestart`] when the log can no longer be written.
    pub(crate) async fn until_told_to_stop(mut self) -> Result<(), Failure> {
        let mut failure = self.service.log.failure();
        let mut tidy = tokio::time::interval(Duration::from_secs(5));
        tidy.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let outcome = loop {
            tokio::select! {
                _ = self.signals.terminate.recv() => break Ok("SIGTERM"),
                _ = self.signals.interrupt.recv() => break Ok("SIGINT"),
                failed = failure.wait_for(Option::is_some) => {
                    let why = failed.ok().and_then(|why| why.as_deref().map(str::to_owned)).unwrap_or_else(|| "its writer ended".to_owned());
                    break Err(why);
                }
                _ = tidy.tick() => self.health.tidy(),
            }
        };
        match outcome {
            Ok(signal) => {
                tracing::info!(signal, "stopping");
                self.stop(GRACE).await;
                tracing::info!("stopped");
                Ok(())
            }
            Err(why) => {
                tracing::error!(%why, "the event log takes no more events: ending, so that a new start goes on from what is on disk");
                self.stop(Duration::from_secs(1)).await;
                Err(Failure::MustRestart(format!("the event log takes no more events ({why}); start again, and look at the disk")))
            }
        }
    }

    /// Stops in the opposite order of the start; what is under way has so long to finish. Where there are other instances, each thing that
    /// only one may do is handed over as soon as it has ended here, whatever else has not.
    pub(crate) async fn stop(self, grace: Duration) {
        let Self { service, health, stop, http, admin, mails, clockwork, forgotten, .. } = self;
        health.stop();
        stop.cancel();
        // What is applied is applied, and reads go on.
        service.hand_over(leases::PROJECTIONS);
        let parts = [
            Part { name: "requests", end: Box::pin(async { part_ended(http.await) }), lease: None },
            Part { name: "commands of the operator", end: Box::pin(async { listener_ended(admin.await) }), lease: None },
            Part { name: "mails", end: Box::pin(async { part_ended(mails.await) }), lease: Some(leases::DISPATCH) },
            Part { name: "what follows from time", end: Box::pin(async { part_ended(clockwork.await) }), lease: Some(leases::PROCESSES) },
            Part { name: "publishing", end: Box::pin(service.stop_publishing()), lease: Some(leases::PUBLISH) },
            Part { name: "the list of the forgotten", end: Box::pin(async { part_ended(forgotten.await) }), lease: None },
        ];
        join_all(parts.map(|part| part.ends(&service, grace))).await;
        let _ = std::fs::remove_file(service.folder.socket());
        service.close().await;
    }
}

async fn listen(address: SocketAddr, key: &str) -> Result<TcpListener, Failure> {
    let listening = TcpListener::bind(address).await;
    listening.map_err(|error| Failure::Unavailable(format!("{address} cannot be listened on: {error}; {key} names another address")))
}

/// Serves the API, and how the service is: beside it, or where that has an address of its own.
fn serve_http(
    config: &Config,
    base_url: &str,
    stop: &CancellationToken,
    (listener, api): (TcpListener, Router),
    health_listener: Option<TcpListener>,
    health: Router,
) -> JoinHandle<()> {
    let (bounds, proxies) = (config.network.bounds(), config.network.proxies());
    open_files(bounds.connections.saturating_add(FILES_OF_STORES));
    let serve = |listener, router: Router| {
        let router = router.layer(middleware::from_fn_with_state(Defaults::new(base_url), add_defaults));
        http_api::server::serve(listener, router, bounds, Arc::clone(&proxies), stop.clone())
    };
    match health_listener {
        None => tokio::spawn(serve(listener, api.merge(health))),
        Some(apart) => {
            let both = (serve(listener, api), serve(apart, health));
            tokio::spawn(async move {
                tokio::join!(both.0, both.1);
            })
        }
    }
}

/// A part of the service that is waited for at the end.
struct Part<'a> {
    name: &'static str,
    end: Pin<Box<dyn Future<Output = ()> + Send + 'a>>,
    /// What it works under, which others may have then.
    lease: Option<&'static str>,
}

impl Part<'_> {
    async fn ends(self, service: &Service, grace: Duration) {
        if tokio::time::timeout(grace, self.end).await.is_err() {
            tracing::warn!(part = self.name, "a part of the service had not ended when the time to finish was over");
        }
        if let Some(lease) = self.lease {
            service.hand_over(lease);
        }
    }
}

fn part_ended(ended: Result<(), JoinError>) {
    if let Err(error) = ended {
        tracing::warn!(%error, "a part of the service ended early");
    }
}

fn listener_ended(ended: Result<std::io::Result<()>, JoinError>) {
    match ended {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(%error, "a listener ended with an error"),
        Err(error) => tracing::warn!(%error, "a listener ended early"),
    }
}

/// Starts the process managers, and what asks due things to let time pass.
async fn start_managers(service: &Service, stop: &CancellationToken) -> Result<JoinHandle<()>, Failure> {
    let desk = Desk { handlers: Arc::clone(&service.handlers), workflows: service.workflows.clone() };
    let views = |name| service.runtime.views(name).ok_or_else(|| Failure::failed(format!("there is no read model {name}")));
    let lists = Lists {
        directory: views(read_models::DIRECTORY)?,
        entitlements: views(read_models::ENTITLEMENTS)?,
        deadlines: views(read_models::DEADLINES)?,
    };
    for manager in process_managers::all(&desk).into_iter().chain(process_managers::all_with_lists(&desk, &lists)) {
        let runtime = service.runtime.clone();
        let lease = service.lease(leases::PROCESSES);
        let attached = service.background.spawn(async move { runtime.attach(manager, lease).await });
        attached.await.map_err(|error| Failure::from_error(&error))?.map_err(|error| Failure::from_error(&error))?;
    }
    Ok(service.background.spawn(Clockwork::new(desk, lists.deadlines, service.lease(leases::PROCESSES)).run(stop.clone())))
}

/// Lets the process have as many files open as the system allows it: each connection is one. What a shell or a supervisor gives at first is
/// meant for programs that hold few.
fn open_files(needed: usize) {
    let limit = rustix::process::getrlimit(Resource::Nofile);
    let raised = rustix::process::setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
    let allowed = if raised.is_ok() { limit.maximum } else { limit.current };
    if let Some(allowed) = allowed.filter(|allowed| usize::try_from(*allowed).is_ok_and(|allowed| allowed < needed)) {
        tracing::warn!(allowed, needed, "fewer files may be open than network.connections asks for: raise the limit, or lower that");
    }
}

fn listen_admin(service: &Arc<Service>, stop: &CancellationToken) -> Result<JoinHandle<std::io::Result<()>>, Failure> {
    let listener = admin::socket::listen(&service.folder.socket())?;
    let router = admin::router(Admin { service: Arc::clone(service), running: true });
    let stop = stop.clone();
    Ok(tokio::spawn(async move { axum::serve(listener, router).with_graceful_shutdown(stop.cancelled_owned()).await }))
}
