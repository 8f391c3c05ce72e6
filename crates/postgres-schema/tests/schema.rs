//! A schema is made once, brought up to date once, and refused where acknowledgements are worth nothing.

#![allow(clippy::unwrap_used, reason = "the helpers of tests fail the test")]

use postgres_schema::{Limits, SchemaError, Server, Step};
use test_support::servers::{PostgresServer, TestDatabase};

const FIRST: Step = Step { number: 1, name: "towns", sql: "CREATE TABLE town (name TEXT PRIMARY KEY); INSERT INTO town VALUES ('Ulm')" };
const SECOND: Step = Step { number: 2, name: "rivers", sql: "ALTER TABLE town ADD COLUMN river TEXT" };
const OLDER: &[Step] = &[FIRST];
const NEWER: &[Step] = &[FIRST, SECOND];

async fn towns(server: &Server, steps: &'static [Step]) -> Result<i64, SchemaError> {
    let schema = server.schema("atlas", steps, Limits::default()).await?;
    Ok(sqlx::query_scalar("SELECT count(*) FROM town").fetch_one(schema.pool()).await.unwrap())
}

#[tokio::test]
async fn each_step_is_run_once_and_an_older_version_works_on_newer_tables() {
    let database = TestDatabase::create();
    let server: Server = database.url().parse().unwrap();
    assert_eq!(towns(&server, OLDER).await.unwrap(), 1);
    assert_eq!(towns(&server, NEWER).await.unwrap(), 1);
    assert_eq!(towns(&server, OLDER).await.unwrap(), 1);
    assert_eq!(database.sql("SELECT column_name FROM information_schema.columns WHERE table_name = 'town' ORDER BY 1"), "name\nriver");
}

#[tokio::test]
async fn instances_that_start_at_once_bring_tables_up_to_date_once() {
    let database = TestDatabase::create();
    let server: Server = database.url().parse().unwrap();
    let starts: Vec<_> = (0..8)
        .map(|_| {
            tokio::spawn({
                let server = server.clone();
                async move { towns(&server, NEWER).await }
            })
        })
        .collect();
    for start in starts {
        assert_eq!(start.await.unwrap().unwrap(), 1);
    }
}

#[tokio::test]
async fn a_step_that_was_edited_after_its_release_is_refused() {
    const EDITED: &[Step] = &[Step { sql: "CREATE TABLE town (name TEXT)", ..FIRST }];
    let database = TestDatabase::create();
    let server: Server = database.url().parse().unwrap();
    towns(&server, OLDER).await.unwrap();
    assert!(matches!(towns(&server, EDITED).await, Err(SchemaError::Migration { .. })));
}

#[tokio::test]
async fn a_server_that_does_not_sync_is_refused() {
    let server = PostgresServer::start_with(&[("fsync", "off")]);
    let database = server.database();
    let refused = towns(&database.url().parse().unwrap(), OLDER).await.unwrap_err().to_string();
    assert!(refused.contains("fsync = off"), "{refused}");
    assert_eq!(database.sql("SELECT count(*) FROM pg_namespace WHERE nspname = 'atlas'"), "0");
}

#[tokio::test]
async fn what_is_committed_is_on_disk_whatever_the_default_is() {
    let server = PostgresServer::start_with(&[("synchronous_commit", "off")]);
    let database = server.database();
    let schema = database.url().parse::<Server>().unwrap().schema("atlas", OLDER, Limits::default()).await.unwrap();
    let setting: String = sqlx::query_scalar("SELECT current_setting('synchronous_commit')").fetch_one(schema.pool()).await.unwrap();
    assert_eq!(setting, "on");
}
