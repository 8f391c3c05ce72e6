//! Connections are encrypted to whom the address says, or there are none.

#![allow(clippy::unwrap_used, reason = "the helpers of tests fail the test")]

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;

use postgres_schema::{Limits, Server, Step};
use tempfile::TempDir;
use test_support::servers::PostgresServer;

const STEPS: &[Step] = &[Step { number: 1, name: "towns", sql: "CREATE TABLE town (name TEXT PRIMARY KEY)" }];

/// Opens a schema at this address, and says whether the connection is encrypted. An error is everything that is said of it.
async fn encrypted(address: &str) -> Result<bool, String> {
    // In the whole workspace, rustls has two providers and cannot choose; the service does so first thing. A second time it is refused.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let server: Server = address.parse().unwrap();
    let schema = server.schema("atlas", STEPS, Limits::default()).await.map_err(|error| chain(&error))?;
    let own = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
    sqlx::query_scalar(own).fetch_one(schema.pool()).await.map_err(|error| chain(&error))
}

fn chain(error: &(dyn Error + 'static)) -> String {
    let causes: Vec<String> = std::iter::successors(Some(error), |error| (*error).source()).map(ToString::to_string).collect();
    causes.join(": ")
}

/// An authority that has signed nothing.
fn another_authority(folder: &Path) -> PathBuf {
    let file = folder.join("another.pem");
    let mut openssl = Command::new("openssl");
    openssl.args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=Another"]);
    let made = openssl.arg("-keyout").arg(folder.join("another.key")).arg("-out").arg(&file).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    file
}

#[tokio::test]
async fn a_server_is_reached_over_tls_and_only_if_it_is_the_one_that_the_address_says() {
    let (server, folder) = (PostgresServer::start(), TempDir::new().unwrap());
    let database = server.database();
    let authority = server.demand_tls();
    let with = |mode: &str, root: &Path| format!("{}?sslmode={mode}&sslrootcert={}", database.url(), root.display());
    assert_eq!(encrypted(&with("verify-full", &authority)).await, Ok(true));
    assert_eq!(encrypted(&with("verify-ca", &authority)).await, Ok(true));
    assert_eq!(encrypted(&database.url()).await, Ok(true), "what the server demands is done, unless the address forbids it");

    let said = encrypted(&with("verify-full", &another_authority(folder.path()))).await.unwrap_err();
    assert!(said.contains("signed by nobody whom the address trusts (sslrootcert)"), "{said}");
    let said = encrypted(&with("verify-full", &folder.path().join("nowhere.pem"))).await.unwrap_err();
    assert!(said.contains("(sslrootcert, sslcert, sslkey) cannot be read"), "{said}");
    let said = encrypted(&format!("{}?sslmode=disable", database.url())).await.unwrap_err();
    assert!(said.contains("no encryption"), "{said}");
}

#[tokio::test]
async fn a_server_without_tls_is_refused_where_the_address_demands_it() {
    let server = PostgresServer::start();
    let database = server.database();
    let said = encrypted(&format!("{}?sslmode=require", database.url())).await.unwrap_err();
    assert!(said.contains("TLS"), "{said}");
    assert_eq!(encrypted(&database.url()).await, Ok(false));
}
