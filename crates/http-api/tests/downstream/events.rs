//! `GET /v1/events`.

use std::future::Future;

use domain::service::{Sees, ServiceCommand};
use http_body_util::BodyExt;
use projection_runtime::Position;
use public_feed::{Scope, page};
use serde_json::Value;

use super::setting::{Stage, kinds, position};

/// What a service that sees the transfer only is told of.
const OF_THE_TRANSFER: [&str; 3] = ["application.published.v1", "subscription.activated.v1", "access.granted.v1"];

#[tokio::test]
async fn a_batch_has_the_same_bytes_as_the_published_messages() {
    let stage = Stage::set().await;
    let answer = stage.open("/v1/events?limit=1000", &stage.all, &[]).await;
    assert_eq!(answer.headers()["content-type"], "application/cloudevents-batch+json");
    assert_eq!(answer.headers()["gatehouse-epoch"], stage.epoch().as_str());
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    let services = &stage.api.services;
    let mut view = services.views.public_feed.read(None, std::time::Duration::from_secs(5)).await.unwrap();
    let entries = page(view.rows(), Position::START, 1_000, &Scope::Everything).await.unwrap();
    let messages: Vec<String> = entries
        .iter()
        .map(|entry| String::from_utf8(entry.envelope(&services.downstream.origin).unwrap().to_json().unwrap()).unwrap())
        .collect();
    assert!(messages.len() > 10);
    assert_eq!(String::from_utf8(body.to_vec()).unwrap(), format!("[{}]", messages.join(",")));
}

#[tokio::test]
async fn batch_by_batch_a_consumer_reads_each_event_once_and_in_order() {
    let stage = Stage::set().await;
    let whole = stage.events(&stage.all, 0).await;
    let mut read: Vec<Value> = Vec::new();
    let mut path = "/v1/events?limit=3".to_owned();
    loop {
        let reply = stage.api.get(&path).by(&stage.all).send().await;
        let next = reply.header("gatehouse-next").unwrap().to_owned();
        path = reply.header("link").unwrap().split(['<', '>']).nth(1).unwrap().trim_start_matches("https://gateway.example").to_owned();
        let batch = reply.ok().as_array().unwrap().clone();
        let before = read.last().map_or(0, position);
        assert_eq!(next, batch.last().map_or(before, position).to_string());
        if batch.is_empty() {
            break;
        }
        assert!(batch.len() <= 3);
        read.extend(batch);
    }
    assert_eq!(read, whole);
    assert!(whole.windows(2).all(|pair| pair[1]["previous"] == pair[0]["position"]), "no event was passed over");
}

#[tokio::test]
async fn a_limited_service_is_told_of_its_applications_only() {
    let stage = Stage::set().await;
    let events = stage.events(&stage.limited, 0).await;
    assert_eq!(kinds(&events), OF_THE_TRANSFER);
    assert!(events.iter().all(|event| event["application"] == "SFT"));
    assert!(!serde_json::to_string(&events).unwrap().contains(&stage.wing.to_string()));

    let sees = Sees::Applications(vec![stage.platform]);
    stage.of_service(stage.limited_id, ServiceCommand::ChangeScope { sees }).await;
    let events = stage.events(&stage.limited, 0).await;
    assert!(!events.is_empty() && events.iter().all(|event| event["application"] == "BSCP"), "the scope is that of now");
}

#[tokio::test]
async fn a_position_of_another_history_is_refused_with_the_epoch_that_is_in_force() {
    let stage = Stage::set().await;
    let other = "00000000-0000-4000-8000-000000000001";
    let refused = stage.api.get(format!("/v1/events?after=3&epoch={other}")).by(&stage.all).send().await;
    let problem = refused.refused_at(409, "position-of-another-epoch", "query:after");
    assert_eq!(problem["epoch"], stage.epoch().as_str());
    assert!(problem["detail"].as_str().unwrap().contains("snapshot"));
    let path = format!("/v1/events?after=3&epoch={}", stage.epoch());
    stage.api.get(path).by(&stage.all).send().await.ok();
    let beyond = stage.api.get("/v1/events?after=99999").by(&stage.all).send().await;
    assert_eq!(beyond.refused(409, "position-beyond-the-last")["epoch"], stage.epoch().as_str());
}

#[tokio::test]
async fn what_cannot_be_read_is_refused_at_its_place() {
    let stage = Stage::set().await;
    for query in ["after=-1", "after=x", "epoch=today", "limit=0", "limit=1001", "wait=31", "from=3"] {
        stage.api.get(format!("/v1/events?{query}")).by(&stage.all).send().await.refused(400, "malformed-request");
    }
}

#[tokio::test]
async fn who_waits_is_woken_by_the_next_event_that_concerns_them() {
    let stage = Stage::set().await;
    let last = stage.events(&stage.limited, 0).await.last().map(position).unwrap();
    let path = format!("/v1/events?after={last}&wait=30");
    let mut waiting = Box::pin(stage.open(&path, &stage.limited, &[]));
    assert!(is_pending(&mut waiting).await);
    // Of the other application: nothing that the waiting service is told.
    stage.revoke(stage.vera, stage.platform).await;
    stage.api.settle().await;
    assert!(is_pending(&mut waiting).await);
    stage.revoke(stage.uma, stage.transfer).await;
    let body = waiting.await.into_body().collect().await.unwrap().to_bytes();
    let events: Vec<Value> = serde_json::from_slice(&body).unwrap();
    assert_eq!(kinds(&events), ["access.revoked.v1"]);
}

#[tokio::test]
async fn who_waits_is_let_go_when_the_service_stops() {
    let stage = Stage::set().await;
    let last = stage.events(&stage.all, 0).await.last().map(position).unwrap();
    let path = format!("/v1/events?after={last}&wait=30");
    let mut waiting = Box::pin(stage.open(&path, &stage.all, &[]));
    assert!(is_pending(&mut waiting).await);
    stage.api.stop.cancel();
    let answer = waiting.await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["gatehouse-next"], last.to_string().as_str());
    assert_eq!(answer.into_body().collect().await.unwrap().to_bytes(), "[]");
}

#[tokio::test]
async fn a_service_that_is_retired_is_out_at_once_also_while_it_waits() {
    let stage = Stage::set().await;
    let last = stage.events(&stage.all, 0).await.last().map(position).unwrap();
    let path = format!("/v1/events?after={last}&wait=30");
    let mut waiting = Box::pin(stage.open(&path, &stage.all, &[]));
    assert!(is_pending(&mut waiting).await);
    stage.retire(stage.all_id).await;
    assert_eq!(waiting.await.status(), 401);
    for path in ["/v1/events", "/v1/events/stream", "/v1/snapshot", "/v1/erasures", "/v1/applications"] {
        stage.api.get(path).by(&stage.all).send().await.refused(401, "unauthenticated");
    }
}

#[tokio::test]
async fn who_has_never_registered_a_service_has_no_use_of_its_token() {
    let stage = Stage::set().await;
    for name in ["nobody", "No Name at all"] {
        let token = stage.api.token(credential_vault::Holder::Service { name: name.to_owned() }).await;
        stage.api.get("/v1/events").by(&token).send().await.refused(401, "unauthenticated");
    }
}

/// Lets it run until it waits, for other tasks too.
async fn is_pending<F: Future + Unpin>(future: &mut F) -> bool {
    for _ in 0..50 {
        if futures_util::poll!(&mut *future).is_ready() {
            return false;
        }
        tokio::task::yield_now().await;
    }
    true
}
