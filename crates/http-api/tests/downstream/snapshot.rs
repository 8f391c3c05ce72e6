//! `GET /v1/snapshot`.

use axum::body::Body;
use axum::http::Response;
use http_body_util::BodyExt;
use public_events::snapshot::Line;

use super::client::Client;
use super::setting::Stage;

async fn lines(answer: Response<Body>) -> Vec<Line> {
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], "application/x-ndjson");
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    let text = std::str::from_utf8(&body).unwrap();
    assert!(text.ends_with('\n'));
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

async fn fetch(stage: &Stage, token: &str) -> Vec<Line> {
    lines(stage.open("/v1/snapshot", token, &[]).await).await
}

/// The position that a snapshot is good for.
fn begins(lines: &[Line]) -> u64 {
    let Line::Begin(begin) = lines[0] else { panic!("{:?} is no beginning", lines[0]) };
    let Line::End(end) = lines[lines.len() - 1] else { panic!("it has no end") };
    assert_eq!(end.lines, u64::try_from(lines.len()).unwrap());
    begin.position.0
}

#[tokio::test]
async fn a_snapshot_and_the_events_after_it_make_the_whole() {
    let stage = Stage::set().await;
    let before = fetch(&stage, &stage.all).await;
    let position = begins(&before);
    let mut client = Client::of(&before);

    stage.revoke(stage.uma, stage.transfer).await;
    stage.subscribe(stage.rotor, stage.platform).await;
    stage.grant(stage.uma, stage.rotor, stage.platform).await;
    let (wanda, _) = stage.api.user(stage.wing, "Wanda", &[]).await;
    stage.grant(wanda, stage.wing, stage.platform).await;
    stage.erase(stage.vera).await;

    let events = stage.events(&stage.all, position).await;
    assert_eq!(events[0]["previous"], position.to_string(), "nothing lies between");
    for event in &events {
        client.told(event["type"].as_str().unwrap(), &event["data"]);
    }
    let after = fetch(&stage, &stage.all).await;
    assert!(begins(&after) > position);
    assert_eq!(client, Client::of(&after));
    let mut from_the_first = Client::default();
    for event in stage.events(&stage.all, 0).await {
        from_the_first.told(event["type"].as_str().unwrap(), &event["data"]);
    }
    assert_eq!(from_the_first, client);
}

#[tokio::test]
async fn a_snapshot_is_of_the_moment_it_was_asked_for_however_slowly_it_is_fetched() {
    let stage = Stage::set().await;
    let slow = stage.open("/v1/snapshot", &stage.all, &[]).await;
    let before = fetch(&stage, &stage.all).await;
    stage.revoke(stage.uma, stage.transfer).await;
    stage.api.settle().await;
    assert_eq!(lines(slow).await, before);
}

#[tokio::test]
async fn a_limited_service_is_shown_nothing_of_others() {
    let stage = Stage::set().await;
    let lines = fetch(&stage, &stage.limited).await;
    begins(&lines);
    let text = serde_json::to_string(&lines).unwrap();
    for (mine, theirs) in [
        (stage.transfer.to_string(), stage.platform.to_string()),
        (stage.rotor.to_string(), stage.wing.to_string()),
        (stage.uma.to_string(), stage.vera.to_string()),
    ] {
        assert!(text.contains(&mine) && !text.contains(&theirs), "{text}");
    }
}

#[tokio::test]
async fn a_service_fetches_no_more_than_two_snapshots_at_a_time() {
    let stage = Stage::set().await;
    let one = stage.open("/v1/snapshot", &stage.all, &[]).await;
    let two = stage.open("/v1/snapshot", &stage.all, &[]).await;
    stage.api.get("/v1/snapshot").by(&stage.all).send().await.refused(429, "too-many-at-once");
    fetch(&stage, &stage.limited).await;
    drop(one);
    lines(two).await;
    fetch(&stage, &stage.all).await;
}
