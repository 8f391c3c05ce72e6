//! What reviewers do.

use serde_json::{Value, json};

use super::call::Answer;
use super::cast::Staff;
use super::world::World;

/// A reviewer looks at a case; the answer's `ETag` is the version that a decision names.
pub(crate) async fn look(world: &World, reviewer: &Staff, id: &str) -> Answer {
    world.get(format!("/v1/registrations/{id}")).by(&reviewer.token).send().await.ok()
}

/// A command of a reviewer that names no version.
pub(crate) async fn does(world: &World, reviewer: &Staff, id: &str, command: &str) -> Answer {
    world.post(format!("/v1/registrations/{id}/{command}")).by(&reviewer.token).send().await
}

/// A decision on this version.
pub(crate) async fn decides(world: &World, reviewer: &Staff, id: &str, command: &str, etag: &str, body: Value) -> Answer {
    world.post(format!("/v1/registrations/{id}/{command}")).by(&reviewer.token).if_match(etag).json(body).send().await
}

/// Claims a case, looks at it and approves it.
pub(crate) async fn approve(world: &World, reviewer: &Staff, id: &str) -> Answer {
    does(world, reviewer, id, "claim").await.ok();
    let etag = look(world, reviewer, id).await.etag();
    decides(world, reviewer, id, "approve", &etag, json!({ "reason": "The register entry checks out." })).await.ok()
}

/// The registrations in the queue, in its order.
pub(crate) async fn queue(world: &World, reviewer: &Staff, query: &str) -> Vec<Value> {
    world.get(format!("/v1/review/queue{query}")).by(&reviewer.token).send().await.ok().items().clone()
}

/// Where a case stands for anybody who knows its number.
pub(crate) async fn status(world: &World, case_number: &str) -> Answer {
    world.get(format!("/v1/status/{case_number}")).send().await.ok()
}
