//! What holds whatever happens: pages without gaps or doubles, and the same rows however the log is cut into batches.

#![allow(clippy::unwrap_used, reason = "the helpers of tests fail the test")]

mod common;

use std::collections::BTreeSet;

use common::*;
use domain::registration::RegistrationEvent;
use proptest::prelude::*;
use review_queue::Filter;

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

fn any_event() -> impl Strategy<Value = RegistrationEvent> {
    prop_oneof![
        (0..20_i64).prop_map(|due| submitted(1_000 + due)),
        (3..6_u32, 0..20_i64).prop_map(|(version, due)| resubmitted(version, 1_000 + due)),
        (1..3_u128).prop_map(|reviewer| claimed(reviewer, 50)),
        (1..3_u128).prop_map(released),
        Just(asked()),
        (1..3_u128, 3..6_u32).prop_map(|(reviewer, version)| proposed(reviewer, version)),
        Just(approved()),
        Just(rejected()),
        Just(took_effect()),
        Just(RegistrationEvent::Withdrawn { reason: None }),
        Just(RegistrationEvent::RiskRaised { signal: reason() }),
        (0..20_i64).prop_map(|second| RegistrationEvent::DueMoved { due: due(1_000 + second) }),
        prop::sample::select(vec![("Acme", "US"), ("Zenith", "DE"), ("Bolt", "FR")])
            .prop_map(|(company, country)| profile(company, country)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn pages_hold_each_case_that_stays_once_and_none_twice_whatever_comes_and_goes_between_them(
        dues in prop::collection::vec(0..40_i64, 1..60),
        limit in 1..9_u32,
        by_application in any::<bool>(),
        between in prop::collection::vec((0..40_i64, any::<prop::sample::Index>(), any::<bool>()), 0..40),
    ) {
        block_on(async {
            let mut queue = Queue::new().await;
            let filter = Filter { application: by_application.then(|| application(1)), ..Filter::default() };
            for (number, due) in (1_u128..).zip(&dues) {
                queue.submit(number, *due).await;
            }
            let mut staying: BTreeSet<u128> = (1..=u128::try_from(dues.len()).unwrap()).collect();
            let (mut seen, mut after, mut last) = (Vec::new(), None, None);
            let mut newcomer = 10_000_u128;
            let mut between = between.into_iter();
            loop {
                let page = queue.page(&filter, after, limit).await;
                prop_assert!(page.cases.len() <= usize::try_from(limit).unwrap());
                for case in &page.cases {
                    let place = (case.due_order, case.registration);
                    prop_assert!(last < Some(place), "pages go forwards");
                    last = Some(place);
                    seen.push(case.registration.0.as_u128());
                }
                if let Some((due, index, comes)) = between.next() {
                    if comes {
                        newcomer += 1;
                        queue.submit(newcomer, due).await;
                    } else {
                        let goes = u128::try_from(index.index(dues.len())).unwrap() + 1;
                        queue.say(case(goes), vec![RegistrationEvent::Withdrawn { reason: None }]).await;
                        staying.remove(&goes);
                    }
                }
                let Some(next) = page.next else { break };
                after = Some(next);
            }
            let once: BTreeSet<u128> = seen.iter().copied().collect();
            prop_assert_eq!(once.len(), seen.len(), "no case twice");
            prop_assert!(staying.is_subset(&once), "no gap");
            Ok(())
        })?;
    }

    #[test]
    fn the_rows_are_the_same_however_the_log_is_cut_into_batches(
        events in prop::collection::vec((0..4_u128, any_event(), any::<bool>()), 0..60),
    ) {
        block_on(async {
            let (mut whole, mut cut) = (Queue::new().await, Queue::new().await);
            let begun: Vec<_> = (0..4).map(|number| whole.envelope(case(number), started(number, vec![requested(number % 2, number == 3)]))).collect();
            let mut all = begun.clone();
            let mut batch = begun;
            for (number, event, ends_batch) in events {
                let envelope = whole.envelope(case(number), event);
                all.push(envelope.clone());
                batch.push(envelope);
                if ends_batch {
                    cut.view.apply(&std::mem::take(&mut batch)).await.unwrap();
                }
            }
            cut.view.apply(&batch).await.unwrap();
            whole.view.apply(&all).await.unwrap();
            prop_assert_eq!(whole.view.digest().await.unwrap(), cut.view.digest().await.unwrap());
            Ok(())
        })?;
    }
}
