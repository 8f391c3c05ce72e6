//! PostgreSQL for tests does what tests rely on.

use test_support::servers::{PostgresServer, TestDatabase};

#[test]
fn each_test_has_a_database_of_its_own() {
    let (one, other) = (TestDatabase::create(), TestDatabase::create());
    one.sql("CREATE TABLE seen (number BIGINT)");
    assert_ne!(one.url(), other.url());
    assert_eq!(other.sql("SELECT count(*) FROM pg_tables WHERE tablename = 'seen'"), "0");
}

#[test]
fn what_was_committed_survives_a_crash_and_what_came_after_a_copy_is_gone_when_the_copy_is_put_back() {
    let mut server = PostgresServer::start();
    let database = server.database();
    database.sql("CREATE TABLE seen (number BIGINT); INSERT INTO seen VALUES (1)");
    server.crash();
    let saved = server.save_data();
    server.restart();
    assert_eq!(database.sql("SELECT number FROM seen"), "1");

    database.sql("INSERT INTO seen VALUES (2)");
    server.stop("immediate");
    server.put_back(&saved);
    server.restart();
    assert_eq!(database.sql("SELECT number FROM seen"), "1");
}
