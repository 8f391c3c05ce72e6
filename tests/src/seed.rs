//! A data folder in which an administrator can invite companies, made by the built binary as an operator would make it.

use std::fmt::Write as _;
use std::path::Path;

use test_support::servers::{GatehouseProcess, gatehouse_command};
use uuid::Uuid;

/// One application of the operator's own.
const CATALOGUE: &str = r#"
[[application]]
code = "SFT"
owner = "operator"
name = "Secure File Transfer"
description = "Exchange large and controlled files with partners."
registration = "public"
access = "application_administrator"
ways = ["invitation", "public_registration", "account"]
credential_strength = "one_time_password"
launch_url = "https://sft.gateway.example/"
"#;

/// What is needed to invite.
#[derive(Debug, Clone)]
pub struct Seed {
    /// An administrator's token.
    pub token: String,
    /// The application to invite to.
    pub application: Uuid,
}

/// Makes the folder: an administrator with a token, one application.
///
/// # Panics
/// When the service is not built or refuses.
#[must_use]
pub fn seed(data: &Path) -> Seed {
    seed_on(data, &[])
}

/// As [`seed`], of a service with these settings of its environment.
///
/// # Panics
/// When the service is not built or refuses.
#[must_use]
pub fn seed_on(data: &Path, settings: &[(&'static str, String)]) -> Seed {
    // The first start makes the folder; the operator's commands reach the service over its socket.
    let builder = GatehouseProcess::serve(data).env("GATEHOUSE_LOG_FILTER", "warn");
    let service = settings.iter().fold(builder, |builder, (name, value)| builder.env(name, value)).start();
    let seed = furnish(data);
    assert!(service.terminate().success(), "the service ended badly");
    seed
}

/// An administrator with a token, and one application, in the service that runs on this folder.
///
/// # Panics
/// When none runs there, or it refuses.
#[must_use]
pub fn furnish(data: &Path) -> Seed {
    let catalogue = data.with_extension("catalogue.toml");
    std::fs::write(&catalogue, CATALOGUE).expect("the catalogue can be written");
    let catalogue = catalogue.to_str().expect("the path is text");
    let _applied = gatehouse(data, &["catalogue", "apply", catalogue]);
    let listed = gatehouse(data, &["catalogue", "list"]);
    let application = listed.split_whitespace().find_map(|word| Uuid::try_parse(word).ok());
    let staff = gatehouse(data, &["staff", "appoint", "Ada", "Admin", "ada.admin@gateway.example", "--role", "administrator"]);
    let token = gatehouse(data, &["token", "create", "load", "--staff", staff.trim()]);
    Seed { token: token.trim().to_owned(), application: application.expect("the catalogue lists ids") }
}

/// Runs a command of the built binary on this folder and gives back what it prints.
///
/// # Panics
/// When it fails.
#[must_use]
pub fn gatehouse(data: &Path, arguments: &[&str]) -> String {
    let output = gatehouse_command().arg("--data").arg(data).args(arguments).output().expect("the service can be run");
    assert!(output.status.success(), "gatehouse {arguments:?} failed:\n{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("it prints text")
}

impl Seed {
    /// Requests that invite.
    #[must_use]
    pub fn post(&self) -> crate::http::Post {
        crate::http::Post::new("/v1/invitations", &self.token)
    }

    /// The body that invites company number so and so.
    pub fn body(&self, number: u64, body: &mut String) {
        body.clear();
        write!(
            body,
            r#"{{"company":"Turbine Works {number}","email":"{}","name":"Ada Moreau","message":"Please register for our file transfer.","applications":["{}"]}}"#,
            email(number),
            self.application
        )
        .expect("memory can be written to");
    }
}

/// To whom the mail of company number so and so goes.
#[must_use]
pub fn email(number: u64) -> String {
    format!("ada.moreau.{number}@turbine.example")
}

/// An idempotency key as a good client makes one: a time-ordered UUID.
#[must_use]
pub fn fresh_key() -> Uuid {
    Uuid::now_v7()
}
