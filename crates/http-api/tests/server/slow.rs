//! Clients that take their time.

use super::line::{GET, GET_AND_CLOSE, LONG, SHORT, Served, is_problem};

const SIGN_IN: &str = "POST /v1/sign-in HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n";

#[tokio::test]
async fn whoever_sends_no_request_is_hung_up_on() {
    let served = Served::within(SHORT).await;
    assert_eq!(served.answer("").await, "");
    // And so is whoever is idle after one.
    assert!(served.answer(GET).await.starts_with("HTTP/1.1 200 "));
}

#[tokio::test]
async fn a_head_that_trickles_is_not_waited_for() {
    let served = Served::within(SHORT).await;
    for begun in ["", "GET /v1/appl", "GET / HTTP/1.1\r\nhost: x\r\nx-slow: "] {
        assert_eq!(served.send(begun).await.trickle(b'a').await, "", "{begun:?}");
    }
}

#[tokio::test]
async fn a_body_that_trickles_or_does_not_come_is_not_waited_for() {
    let served = Served::within(SHORT).await;
    is_problem(&served.send(SIGN_IN).await.rest().await, 408, "body-too-slow");
    is_problem(&served.send(SIGN_IN).await.trickle(b' ').await, 408, "body-too-slow");
    let chunked = SIGN_IN.replace("content-length: 1000", "transfer-encoding: chunked");
    is_problem(&served.send(format!("{chunked}1\r\n")).await.rest().await, 408, "body-too-slow");
}

#[tokio::test]
async fn an_upload_that_trickles_is_not_waited_for_either() {
    let served = Served::within(SHORT).await;
    let organization = served.api.organization("Slow Works", &[]).await;
    let (_, token) = served.api.user(organization, "Anna", &[domain::user::UserRole::OrganizationAdministrator]).await;
    let upload = format!(
        "POST /v1/users/uploads HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\ncontent-type: text/csv\r\ncontent-length: 1000\r\n\r\n"
    );
    is_problem(&served.send(upload).await.trickle(b'a').await, 408, "body-too-slow");
}

#[tokio::test]
async fn whoever_takes_nothing_of_an_answer_is_hung_up_on() {
    let served = Served::within(super::line::SHORT_OF_ROOM).await;
    // More than the system keeps for somebody who does not read.
    let greedy = served.send("GET /v1/openapi.json HTTP/1.1\r\nhost: x\r\n\r\n".repeat(100)).await;
    // There is room for one: somebody else is answered once it is gone.
    served.until_it_answers().await;
    drop(greedy);
}

#[tokio::test]
async fn many_slow_clients_keep_nobody_waiting() {
    let served = Served::within(LONG).await;
    let mut slow = Vec::new();
    for _ in 0..40 {
        slow.push(served.send("GET / HTTP/1.1\r\nhost: x\r\nx-slow: ").await);
        slow.push(served.send(SIGN_IN).await);
    }
    assert!(served.answer(GET_AND_CLOSE).await.starts_with("HTTP/1.1 200 "));
}
