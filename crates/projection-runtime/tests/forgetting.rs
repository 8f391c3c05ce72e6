//! What a projection purges is gone from the files too.

#![allow(clippy::unwrap_used, reason = "the helpers of tests fail the test")]

mod common;

use std::sync::Arc;

use async_trait::async_trait;
use common::{SOON, World, until};
use domain::DomainEvent;
use domain::person::PersonEvent;
use domain::registration::RegistrationEvent;
use projection_runtime::sql::{Table, Value};
use projection_runtime::table::execute;
use projection_runtime::{Envelope, Projection, ProjectionError, Tables};

const NAMES: Table = Table::new("name", 1, &["position", "name"]);

/// Keeps names until somebody is forgotten.
struct Names;

#[async_trait]
impl Projection for Names {
    fn name(&self) -> &'static str {
        "names"
    }

    fn version(&self) -> u32 {
        1
    }

    fn schema(&self) -> &'static [&'static str] {
        &["CREATE TABLE name (position BIGINT NOT NULL PRIMARY KEY, name TEXT NOT NULL)"]
    }

    fn tables(&self) -> &'static [(&'static str, &'static str)] {
        &[("name", "position")]
    }

    async fn apply(&self, rows: &mut Tables<'_>, events: &[Arc<Envelope>]) -> Result<(), ProjectionError> {
        for event in events {
            if let DomainEvent::Registration(_, RegistrationEvent::HumanCheckPassed { challenge }) = &event.event {
                NAMES.insert(rows, vec![vec![Value::from(event.position), challenge.as_str().into()]]).await?;
            } else if let DomainEvent::Person(..) = &event.event {
                execute(rows, "DELETE FROM name", Vec::new()).await?;
            }
        }
        Ok(())
    }
}

fn is_in_a_file(world: &World, text: &str) -> bool {
    std::fs::read_dir(world.data.path().join("views")).unwrap().any(|entry| {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        bytes.windows(text.len()).any(|window| window == text.as_bytes())
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forgotten_name_is_in_no_file_of_the_read_model_even_if_a_reader_was_in_the_way() {
    let world = World::new();
    let runtime = world.start(vec![Arc::new(Names)]).await;
    let position = world.say("Ada Lovelace").await;
    let views = runtime.views("names").unwrap();
    let reader = views.read(Some(position), SOON).await.unwrap();
    assert!(is_in_a_file(&world, "Ada Lovelace"));

    let forgotten = world.append("person", &PersonEvent::Forgotten {}).await;
    runtime.wait_for(forgotten, SOON).await.unwrap();
    drop(reader);
    until("the name is gone from the files", || !is_in_a_file(&world, "Ada Lovelace")).await;
    runtime.shutdown().await;
}
