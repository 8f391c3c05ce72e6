//! `GET /v1/events/stream`.

use std::time::Duration;

use axum::body::Body;
use domain::service::{Sees, ServiceCommand};
use http_body_util::BodyExt;
use serde_json::Value;

use super::setting::{Stage, position};

/// How long a test waits for what must come.
const SOON: Duration = Duration::from_secs(20);

/// A server-sent event.
#[derive(Debug, Default, Clone, PartialEq)]
struct Told {
    id: String,
    kind: String,
    data: String,
}

/// A stream as an ordinary reader sees it.
struct Reader {
    body: Body,
    text: String,
}

impl Reader {
    async fn open(stage: &Stage, path: &str, token: &str, last: Option<&str>) -> Self {
        let headers: Vec<(&str, &str)> = last.map(|last| ("last-event-id", last)).into_iter().collect();
        let answer = stage.open(path, token, &headers).await;
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        Self { body: answer.into_body(), text: String::new() }
    }

    /// The next event; none: the stream ended.
    async fn next(&mut self) -> Option<Told> {
        loop {
            while let Some((block, rest)) = self.text.split_once("\n\n") {
                let told = parse(block);
                self.text = rest.to_owned();
                if told.is_some() {
                    return told;
                }
            }
            let frame = tokio::time::timeout(SOON, self.body.frame()).await.unwrap()?;
            self.text.push_str(std::str::from_utf8(&frame.unwrap().into_data().unwrap()).unwrap());
        }
    }

    async fn take(&mut self, count: usize) -> Vec<Told> {
        let mut all = Vec::new();
        for _ in 0..count {
            all.push(self.next().await.unwrap());
        }
        all
    }
}

/// None: a comment, or how soon to come again.
fn parse(block: &str) -> Option<Told> {
    let mut told = Told::default();
    for line in block.lines() {
        match line.split_once(": ") {
            Some(("id", id)) => id.clone_into(&mut told.id),
            Some(("event", kind)) => kind.clone_into(&mut told.kind),
            Some(("data", data)) => data.clone_into(&mut told.data),
            _ => {}
        }
    }
    (!told.data.is_empty()).then_some(told)
}

#[tokio::test]
async fn a_stream_tells_what_happened_and_then_what_happens() {
    let stage = Stage::set().await;
    let past = stage.events(&stage.all, 0).await;
    let mut reader = Reader::open(&stage, "/v1/events/stream", &stage.all, None).await;
    for (event, told) in past.iter().zip(reader.take(past.len()).await) {
        assert_eq!(told.id, format!("{}:{}", stage.epoch(), position(event)));
        assert_eq!(told.kind, event["type"].as_str().unwrap());
        assert_eq!(serde_json::from_str::<Value>(&told.data).unwrap(), *event);
    }
    stage.revoke(stage.uma, stage.transfer).await;
    assert_eq!(reader.next().await.unwrap().kind, "access.revoked.v1");
}

#[tokio::test]
async fn a_reader_that_comes_again_goes_on_where_it_was() {
    let stage = Stage::set().await;
    let whole = Reader::open(&stage, "/v1/events/stream", &stage.all, None).await.take(8).await;
    let mut again = Reader::open(&stage, "/v1/events/stream?after=0", &stage.all, Some(&whole[4].id)).await;
    assert_eq!(again.take(3).await, whole[5..]);
    let after = whole[4].id.split_once(':').unwrap().1;
    let mut after = Reader::open(&stage, &format!("/v1/events/stream?after={after}"), &stage.all, None).await;
    assert_eq!(after.take(3).await, whole[5..]);
}

#[tokio::test]
async fn a_position_that_is_none_or_of_another_history_is_refused() {
    let stage = Stage::set().await;
    let get = || stage.api.get("/v1/events/stream").by(&stage.all);
    let other = "00000000-0000-4000-8000-000000000001";
    let refused = get().header("last-event-id", format!("{other}:3")).send().await;
    refused.refused_at(409, "position-of-another-epoch", "header:Last-Event-ID");
    let beyond = get().header("last-event-id", format!("{}:99999", stage.epoch())).send().await;
    beyond.refused(409, "position-beyond-the-last");
    for wrong in ["", "3", "x:3", "3:x"] {
        get().header("last-event-id", wrong).send().await.refused_at(400, "malformed-request", "header:Last-Event-ID");
    }
}

#[tokio::test]
async fn a_limited_service_is_told_of_its_applications_only_and_of_what_it_is_shown_from_then_on() {
    let stage = Stage::set().await;
    let past = stage.events(&stage.limited, 0).await;
    let mut reader = Reader::open(&stage, "/v1/events/stream", &stage.limited, None).await;
    let told = reader.take(past.len()).await;
    assert!(told.iter().all(|told| told.data.contains("\"application\":\"SFT\"")), "{told:?}");
    stage.revoke(stage.vera, stage.platform).await;
    stage.revoke(stage.uma, stage.transfer).await;
    let next = reader.next().await.unwrap();
    assert!(next.data.contains(&stage.uma.to_string()), "the other application is nothing to it: {next:?}");

    let sees = Sees::Applications(vec![stage.platform]);
    stage.of_service(stage.limited_id, ServiceCommand::ChangeScope { sees }).await;
    stage.grant(stage.vera, stage.wing, stage.platform).await;
    let next = reader.next().await.unwrap();
    assert!(next.data.contains("\"application\":\"BSCP\""), "{next:?}");
}

#[tokio::test]
async fn the_stream_of_a_service_that_is_retired_ends_at_once() {
    let stage = Stage::set().await;
    let past = stage.events(&stage.all, 0).await;
    let mut reader = Reader::open(&stage, "/v1/events/stream", &stage.all, None).await;
    reader.take(past.len()).await;
    stage.retire(stage.all_id).await;
    stage.revoke(stage.uma, stage.transfer).await;
    assert_eq!(reader.next().await, None, "nothing that happened after it was retired is told");
}

#[tokio::test]
async fn streams_end_when_the_service_stops() {
    let stage = Stage::set().await;
    let past = stage.events(&stage.all, 0).await;
    let mut reader = Reader::open(&stage, "/v1/events/stream", &stage.all, None).await;
    reader.take(past.len()).await;
    stage.api.stop.cancel();
    assert_eq!(reader.next().await, None);
}

#[tokio::test]
async fn a_service_has_no_more_than_four_streams_and_gets_another_when_one_ends() {
    let stage = Stage::set().await;
    let mut open = Vec::new();
    for _ in 0..4 {
        open.push(Reader::open(&stage, "/v1/events/stream", &stage.all, None).await);
    }
    let refused = stage.api.get("/v1/events/stream").by(&stage.all).send().await;
    assert_eq!(refused.header("retry-after"), Some("1"));
    refused.refused(429, "too-many-at-once");
    Reader::open(&stage, "/v1/events/stream", &stage.limited, None).await;
    open.pop();
    Reader::open(&stage, "/v1/events/stream", &stage.all, None).await.take(1).await;
}
