//! Pages of the review queue while writes go on.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::{ApplicationId, Country};
use event_store::EventStore;
use event_store_sqlite::SqliteLog;
use jiff::Timestamp;
use projection_runtime::{Runtime, Setup, Views};
use review_queue::{Cursor, Filter};
use rusqlite::types::Value;
use rusqlite::{Connection, OpenFlags, params_from_iter};
use uuid::Uuid;

use crate::bench::Options;
use crate::bench::figure::{Aim, Figure, Report};
use crate::bench::stories::{Fixture, Stage, read_models};

const COLUMNS: &str = "registration, number, due_order, state, case_number, company, country, applications, inviter, submitted_at, due_at, \
    business_seconds_left, claimed_by, claimed_until, dossier_version, has_risk, needs_two_people, first_approver, first_approved_version";
const PAGE: u32 = 50;

/// A way to look at the queue, through the read model and as a statement by hand.
struct Kind {
    name: &'static str,
    filter: Filter,
    after: Option<Cursor>,
    from: &'static str,
    condition: &'static str,
    parameters: Vec<Value>,
}

pub(super) async fn measure(data: &Path, fixture: &Fixture, registrations: u64, options: &Options, report: &mut Report) {
    let log: Arc<dyn EventStore> = Arc::<SqliteLog>::clone(&fixture.log);
    let setup = Setup {
        data: data.to_owned(),
        shared: None,
        log,
        codec: fixture.codec.clone(),
        clock: Arc::new(Timestamp::now),
        projections: read_models(),
    };
    let runtime = Runtime::start(setup).await.expect("the read models open");
    let head = *fixture.log.head().borrow();
    runtime.wait_for(head, Duration::from_secs(120)).await.expect("the read models are current");
    let views = runtime.views("review-queue").expect("there is a review queue");
    let kinds = kinds(deep(&views, if options.full { 50_000 } else { 5_000 }).await);
    let bare = Connection::open_with_flags(file(data), OpenFlags::SQLITE_OPEN_READ_ONLY).expect("the read model's file opens");
    let (mut worst_ms, mut worst_ratio, mut told) = (0.0_f64, 0.0_f64, Vec::new());
    let writes = async {
        for number in registrations.. {
            fixture.fill(number, number + 1, Stage::Reviewed).await;
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let looks = async {
        for kind in &kinds {
            let (page, select) = compare(&views, &bare, kind).await;
            worst_ms = worst_ms.max(page.as_secs_f64() * 1000.0);
            worst_ratio = worst_ratio.max(page.as_secs_f64() / select.as_secs_f64());
            told.push(format!("{} {page:.2?} over {select:.2?}", kind.name));
        }
    };
    tokio::select! {
        () = writes => {}
        () = looks => {}
    }
    runtime.shutdown().await;
    let conditions = format!(
        "{registrations} registrations, a tenth of them open, about 150 more a second; p99 of {PAGE} cases, read model over bare select: {}",
        told.join(", ")
    );
    let limit = "handing the read to the database's own thread and back, twice, and reading rows into types";
    report.add(Figure { name: "queue_page_p99_ms", value: worst_ms, aim: Aim::None, conditions: conditions.clone(), limit });
    let aim = Aim::AtMost(3.0);
    report.add(Figure { name: "queue_page_p99_over_bare_select", value: worst_ratio, aim, conditions, limit });
}

/// A place far down the queue.
async fn deep(views: &Views, places: u32) -> Cursor {
    let mut view = views.read(None, Duration::from_secs(60)).await.expect("the queue can be read");
    let page = review_queue::page(view.rows(), &Filter::default(), None, places).await.expect("the queue can be read");
    page.next.expect("the queue is longer")
}

fn kinds(deep: Cursor) -> Vec<Kind> {
    let place = || vec![Value::Integer(deep.due_order), Value::Integer(i64::try_from(deep.number).expect("positions are small"))];
    let application = ApplicationId(Uuid::from_u128(3));
    let with = |first: &str| std::iter::once(Value::Text(first.to_owned())).chain(place()).collect();
    vec![
        Kind { name: "first", filter: Filter::default(), after: None, from: "cases", condition: "is_open = 1", parameters: Vec::new() },
        Kind {
            name: "deep",
            filter: Filter::default(),
            after: Some(deep),
            from: "cases",
            condition: "is_open = 1 AND (due_order, number) > (?1, ?2)",
            parameters: place(),
        },
        Kind {
            name: "application",
            filter: Filter { application: Some(application), ..Filter::default() },
            after: Some(deep),
            from: "application_cases CROSS JOIN cases",
            condition: "is_open = 1 AND number = of_case AND application = ?1 AND (due_order_of_case, of_case) > (?2, ?3)",
            parameters: with(&application.to_string()),
        },
        Kind {
            name: "country",
            filter: Filter { country: Country::parse("US").ok(), ..Filter::default() },
            after: Some(deep),
            from: "cases",
            condition: "is_open = 1 AND country = ?1 AND (due_order, number) > (?2, ?3)",
            parameters: with("US"),
        },
        Kind {
            name: "rare words",
            filter: Filter { text: Some("company 990".to_owned()), ..Filter::default() },
            after: None,
            from: "search_terms CROSS JOIN cases",
            condition: "is_open = 1 AND number = of_case AND term = ?1 AND search LIKE ?2",
            parameters: vec![Value::Text("990".to_owned()), Value::Text("% company%".to_owned())],
        },
        Kind {
            name: "frequent words, deep",
            filter: Filter { text: Some("aerospace ltd".to_owned()), ..Filter::default() },
            after: Some(deep),
            from: "cases",
            condition: "is_open = 1 AND search LIKE ?3 AND search LIKE ?4 AND (due_order, number) > (?1, ?2)",
            parameters: place().into_iter().chain(["% aerospace%", "% ltd%"].map(|text| Value::Text(text.to_owned()))).collect(),
        },
        Kind {
            name: "country and words",
            filter: Filter { text: Some("990".to_owned()), country: Country::parse("US").ok(), ..Filter::default() },
            after: None,
            from: "search_terms CROSS JOIN cases",
            condition: "is_open = 1 AND number = of_case AND term = ?1 AND country = ?2",
            parameters: vec![Value::Text("990".to_owned()), Value::Text("US".to_owned())],
        },
    ]
}

/// 99 of 100 pages take this long or less: through the read model, and by hand; in turns, so that both meet the same writes.
async fn compare(views: &Views, bare: &Connection, kind: &Kind) -> (Duration, Duration) {
    const TIMES: usize = 1000;
    let order = if kind.from.starts_with("application") { "due_order_of_case, of_case" } else { "due_order, number" };
    let sql = format!("SELECT {COLUMNS} FROM {} WHERE {} ORDER BY {order} LIMIT {}", kind.from, kind.condition, PAGE + 1);
    let (mut pages, mut selects) = (Vec::with_capacity(TIMES), Vec::with_capacity(TIMES));
    for _ in 0..TIMES {
        let started = Instant::now();
        let mut view = views.read(None, Duration::from_secs(60)).await.expect("the queue can be read");
        let page = review_queue::page(view.rows(), &kind.filter, kind.after, PAGE).await.expect("the queue can be read");
        pages.push(started.elapsed());
        drop(view);
        let started = Instant::now();
        let mut statement = bare.prepare_cached(&sql).expect("the statement is right");
        let columns = statement.column_count();
        let rows = statement.query_map(params_from_iter(&kind.parameters), |row| {
            (0..columns).map(|column| row.get::<_, Value>(column)).collect::<Result<Vec<_>, _>>()
        });
        let rows: Vec<_> = rows.and_then(Iterator::collect).expect("the queue can be read");
        selects.push(started.elapsed());
        assert!(!page.cases.is_empty() && rows.len() >= page.cases.len(), "{} finds nothing", kind.name);
        tokio::task::yield_now().await;
    }
    pages.sort_unstable();
    selects.sort_unstable();
    (pages[TIMES * 99 / 100], selects[TIMES * 99 / 100])
}

fn file(data: &Path) -> PathBuf {
    let files = std::fs::read_dir(data.join("views")).expect("there are read models");
    let mut paths = files.filter_map(|entry| Some(entry.ok()?.path()));
    let is_queue = |path: &PathBuf| {
        path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with("review-queue.") && name.ends_with(".db"))
    };
    paths.find(is_queue).expect("the review queue has a file")
}
