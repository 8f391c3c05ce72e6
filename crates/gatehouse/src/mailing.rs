//! Mails, put together: which outbox, which templates, where mails go.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use key_ring::{Link, MasterKey};
use mail::{
    Attempts, BaseUrl, Composer, Dispatcher, DispatcherSettings, Fates, LinkSigner, Links, Maildir, Retry, Sender, Smtp, SmtpCredentials,
    SmtpSettings, SmtpTls, Templates, Transport,
};
use projection_runtime::leases;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::config::{MailConfig, MailTransport, SmtpConfig, SmtpSecurity};
use crate::failure::Failure;
use crate::read_models;
use crate::service::Service;

/// Starts to send what is owed.
///
/// # Errors
/// The configuration of mails cannot be used.
pub(crate) async fn start(service: &Service, base_url: &str, stop: CancellationToken) -> Result<JoinHandle<()>, Failure> {
    let config = &service.config.mail;
    let views = service.runtime.views(read_models::NOTIFICATION_DISPATCH).ok_or_else(|| Failure::failed("there is no outbox"))?;
    let dispatcher = Dispatcher::new(
        Arc::new(views),
        composer(service, config, base_url)?,
        transport(service, config)?,
        Arc::new(Fates(Arc::clone(&service.handlers))),
        attempts(service).await?,
        Arc::new(Arc::clone(&service.clock)),
        DispatcherSettings {
            retry: Retry { give_up_after: Duration::from_hours(config.give_up_after_hours.into()), ..Retry::default() },
            ..DispatcherSettings::default()
        },
    );
    Ok(service.background.spawn(dispatcher.run(service.lease(leases::DISPATCH), stop)))
}

fn composer(service: &Service, config: &MailConfig, base_url: &str) -> Result<Composer, Failure> {
    let wrong = |error: &(dyn std::error::Error + 'static)| {
        Failure::Usage(format!("the configuration of mails cannot be used: {}", crate::failure::chain(error)))
    };
    let sender = Sender::new(&config.operator_name, &config.from, config.support.as_deref()).map_err(|error| wrong(&error))?;
    let time_zone = &service.config.policy.calendar.time_zone;
    let templates = match &config.templates {
        Some(folder) => Templates::with_folder(&config.locale, time_zone, folder),
        None => Templates::compiled_in(&config.locale, time_zone),
    };
    let base = BaseUrl::parse(base_url).map_err(|error| wrong(&error))?;
    let signer = Arc::new(Signer(Arc::clone(&service.master)));
    Ok(Composer::new(sender, templates.map_err(|error| wrong(&error))?, Links::new(base, signer)))
}

fn transport(service: &Service, config: &MailConfig) -> Result<Arc<dyn Transport>, Failure> {
    match config.transport {
        MailTransport::Maildir => {
            let folder = config.maildir.clone().unwrap_or_else(|| service.folder.mail());
            let maildir = Maildir::open(&folder).map_err(|error| crate::folder::unusable(&folder, &error))?;
            Ok(Arc::new(maildir))
        }
        MailTransport::Smtp => Ok(Arc::new(smtp(&config.smtp)?)),
    }
}

/// The mail server of the configuration. Does not connect yet.
///
/// # Errors
/// Something that it needs is missing or cannot be used.
pub(crate) fn smtp(smtp: &SmtpConfig) -> Result<Smtp, Failure> {
    let mut settings = SmtpSettings::new(&smtp.host, smtp.port);
    settings.tls = match smtp.security {
        SmtpSecurity::Tls => SmtpTls::Implicit,
        SmtpSecurity::Starttls => SmtpTls::StartTls,
        SmtpSecurity::None => SmtpTls::None,
    };
    settings.credentials = match (&smtp.user, &smtp.password_file) {
        (Some(user), Some(file)) => {
            Some(SmtpCredentials { user: user.clone(), password: read(file)?.trim_end_matches(['\r', '\n']).to_owned() })
        }
        (None, None) => None,
        (Some(_), None) | (None, Some(_)) => {
            return Err(Failure::Usage("mail.smtp needs both user and password_file, or neither".to_owned()));
        }
    };
    settings.authorities = match &smtp.authority_file {
        Some(file) => vec![read(file)?.into_bytes()],
        None => Vec::new(),
    };
    Smtp::new(&settings).map_err(|error| Failure::Usage(format!("mail.smtp cannot be used: {}", crate::failure::chain(&error))))
}

fn read(file: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(file).map_err(|error| crate::folder::unusable(file, &error))
}

/// In a table of its own: no projection owns it, and losing it only means trying again earlier.
async fn attempts(service: &Service) -> Result<Attempts, Failure> {
    match &service.shared {
        Some(shared) => Ok(Attempts::shared(shared.schema.pool().clone())),
        None => Attempts::file(&service.folder.mail_attempts()).await.map_err(|error| Failure::from_error(&error)),
    }
}

/// Signs links with the master key.
struct Signer(Arc<MasterKey>);

impl LinkSigner for Signer {
    fn token(&self, kind: &str, id: Uuid, generation: u32) -> String {
        self.0.link_token(kind, Link { id, generation })
    }
}
