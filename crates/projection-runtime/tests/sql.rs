//! Rows written with few statements are the rows that were given.

use std::sync::Arc;

use async_trait::async_trait;
use projection_runtime::sql::{Table, Value};
use projection_runtime::table::select_column;
use projection_runtime::{Envelope, Projection, ProjectionError, Standalone, Tables};

const PAIRS: Table = Table::new("pair", 2, &["a", "b", "n"]);

struct Pairs;

#[async_trait]
impl Projection for Pairs {
    fn name(&self) -> &'static str {
        "pairs"
    }

    fn version(&self) -> u32 {
        1
    }

    fn schema(&self) -> &'static [&'static str] {
        &["CREATE TABLE pair (a TEXT NOT NULL, b BIGINT NOT NULL, n BIGINT, PRIMARY KEY (a, b))"]
    }

    fn tables(&self) -> &'static [(&'static str, &'static str)] {
        &[("pair", "a, b")]
    }

    async fn apply(&self, _rows: &mut Tables<'_>, _events: &[Arc<Envelope>]) -> Result<(), ProjectionError> {
        Ok(())
    }
}

fn pair(a: &str, b: i64, n: Option<i64>) -> Vec<Value> {
    vec![a.into(), b.into(), n.into()]
}

#[tokio::test]
async fn many_rows_are_upserted_selected_and_deleted_by_their_composite_key() {
    let folder = tempfile::tempdir().unwrap();
    let mut view = Standalone::create(&folder.path().join("pairs.db"), Pairs).await.unwrap();
    let rows = (0..1_000).map(|b| pair("x", b, None)).collect();
    PAIRS.upsert(view.rows(), rows).await.unwrap();
    let empty = view.digest().await.unwrap();
    PAIRS.upsert(view.rows(), (990..1_010).map(|b| pair("x", b, Some(b))).collect()).await.unwrap();
    assert_ne!(view.digest().await.unwrap(), empty, "a changed row changes the digest");

    let filled: Vec<i64> = select_column(view.rows(), "SELECT n FROM pair WHERE n IS NOT NULL ORDER BY n", Vec::new()).await.unwrap();
    assert_eq!(filled, (990..1_010).collect::<Vec<_>>());

    PAIRS.delete(view.rows(), (1_000_i64..1_010).map(|b| vec!["x".into(), b.into()]).collect()).await.unwrap();
    PAIRS.upsert(view.rows(), (990..1_000).map(|b| pair("x", b, None)).collect()).await.unwrap();
    assert_eq!(view.digest().await.unwrap(), empty, "the same rows have the same digest, however they came to be");
}

#[tokio::test]
async fn inserting_a_row_that_is_there_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let mut view = Standalone::create(&folder.path().join("pairs.db"), Pairs).await.unwrap();
    PAIRS.insert(view.rows(), vec![pair("x", 1, None)]).await.unwrap();
    assert!(PAIRS.insert(view.rows(), vec![pair("x", 1, Some(2))]).await.is_err());
}
