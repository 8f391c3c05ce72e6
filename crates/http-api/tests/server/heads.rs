//! Requests whose head is too much, or none.

use super::line::{LONG, Served, is_problem};

fn request(more: &str) -> String {
    format!("GET /v1/schemas HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{more}\r\n")
}

#[tokio::test]
async fn more_headers_than_the_service_takes_are_refused() {
    let served = Served::within(LONG).await;
    let large = |bytes: usize| request(&format!("x-large: {}\r\n", "a".repeat(bytes)));
    let many = |count: usize| request(&(0..count).map(|at| format!("x-{at}: a\r\n")).collect::<String>());
    assert!(served.answer(large(15_000)).await.starts_with("HTTP/1.1 200 "));
    assert!(served.answer(many(60)).await.starts_with("HTTP/1.1 200 "));
    is_problem(&served.answer(large(17_000)).await, 431, "headers-too-large");
    is_problem(&served.answer(many(70)).await, 431, "headers-too-large");
    // Far more is not even read.
    assert!(served.answer(large(40_000)).await.starts_with("HTTP/1.1 431 "));
    assert!(served.answer(many(200)).await.starts_with("HTTP/1.1 431 "));
    let endless = served.send("GET / HTTP/1.1\r\nx: ").await;
    drop(endless);
    let address = |bytes: usize| format!("GET /v1/schemas?{} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n", "a".repeat(bytes));
    is_problem(&served.answer(address(9_000)).await, 414, "address-too-long");
    assert!(served.answer(address(70_000)).await.starts_with("HTTP/1.1 4"));
    assert!(served.answers().await);
}

#[tokio::test]
async fn what_is_no_request_is_refused_and_ends_its_connection() {
    let served = Served::within(LONG).await;
    for nonsense in [
        "nonsense\r\n\r\n",
        "GET\r\n\r\n",
        "GET / HTTP/9.9\r\n\r\n",
        "GET  /  HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nno colon\r\n\r\n",
        "GET / HTTP/1.1\r\nname : x\r\n\r\n",
        "GET / HTTP/1.1\r\nx: a\0b\r\n\r\n",
        "GET / HTTP/1.1\r\nx: a\r\n folded\r\n\r\n",
        "\u{16}\u{3}\u{1}\u{2}\0\u{1}\0\u{1}\u{fc}\u{3}\u{3}\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "POST /v1/sign-in HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n",
        "POST /v1/sign-in HTTP/1.1\r\nhost: x\r\ncontent-length: 1x\r\n\r\n",
        // What two readers could take for different requests.
        "POST /v1/sign-in HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nabcdef",
        "POST /v1/sign-in HTTP/1.1\r\nhost: x\r\ntransfer-encoding: gzip\r\n\r\nabcdef",
        "POST /v1/sign-in HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    ] {
        let answer = served.answer(nonsense).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400 ") || answer.starts_with("HTTP/1.1 505 "), "{nonsense:?}: {answer}");
        assert_eq!(answer.matches("HTTP/1.").count(), usize::from(!answer.is_empty()), "{nonsense:?}: {answer}");
    }
    assert!(served.answers().await);
}

#[tokio::test]
async fn a_body_with_two_lengths_is_read_by_one_of_them_and_nothing_is_left_over() {
    let served = Served::within(LONG).await;
    let smuggled = "POST /v1/sign-in HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n\
                    0\r\n\r\nGET /v1/schemas HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    let answer = served.answer(smuggled).await;
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    // A proxy that goes by the other length takes what follows for a part of the body: it must not be answered as a request of its own.
    assert!(!answer.contains("HTTP/1.1 200 "), "{answer}");
}
