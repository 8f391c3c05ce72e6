//! How many connections there are, and how they end.

use http_api::server::Bounds;

use super::line::{GET, LONG, Served, is_problem};

#[tokio::test]
async fn whoever_comes_when_there_are_too_many_is_told_so_and_comes_again() {
    for bounds in [Bounds { connections: 2, ..LONG }, Bounds { connections_per_network: 2, ..LONG }] {
        let served = Served::within(bounds).await;
        let (mut first, mut second) = (served.send(GET).await, served.send(GET).await);
        first.until("200 OK").await;
        second.until("200 OK").await;
        let third = served.send("").await.rest().await;
        is_problem(&third, 503, "too-many-connections");
        assert!(third.contains("retry-after: 5\r\n"), "{third}");
        drop(first);
        served.until_it_answers().await;
        drop(second);
    }
}

#[tokio::test]
async fn the_service_stops_though_connections_are_open() {
    let served = Served::within(LONG).await;
    let mut idle = served.send(GET).await;
    idle.until("200 OK").await;
    let body = br#"{"user_id":"GU-7K3M-Q2XD","secret":"x"}"#;
    let head = format!(
        "POST /v1/sign-in HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {}\r\nexpect: 100-continue\r\n\r\n",
        body.len()
    );
    let mut under_way = served.send(head).await;
    // The service has begun to read the body.
    under_way.until("100 Continue").await;
    served.stop.cancel();
    idle.rest().await;
    under_way.say(body).await;
    assert!(under_way.rest().await.contains("HTTP/1.1 401 "));
    served.ended.await.unwrap();
}
