//! Whatever order events arrive in, and however often: their effects are kept once and in order, or it is said what is wrong.

use gatehouse_client::public_events::Position;
use gatehouse_client::{Coverage, OutOfStep, Progress, Step};
use proptest::prelude::*;
use uuid::Uuid;

const EPOCH: Uuid = Uuid::from_u128(0xe);

/// Public events at these positions, each with that of the one before it.
fn feed(steps: &[u64]) -> Vec<(Position, Position)> {
    let mut last = 0;
    let event = |step: &u64| {
        let previous = last;
        last += step;
        (Position(previous), Position(last))
    };
    steps.iter().map(event).collect()
}

fn step(seen: Option<Progress>, event: (Position, Position), coverage: Coverage) -> Result<Step, OutOfStep> {
    Progress::step_to(seen, EPOCH, event.0, event.1, coverage)
}

fn at(position: u64) -> Option<Progress> {
    Some(Progress { epoch: EPOCH, position: Position(position) })
}

proptest! {
    /// Redelivery, reordering, loss: with everything covered, what is kept is always the beginning of the feed, and a gap names what is
    /// missing so exactly that fetching it closes it.
    #[test]
    fn what_is_kept_is_the_beginning_of_the_feed(
        steps in proptest::collection::vec(1_u64..4, 1..30),
        arrivals in proptest::collection::vec(any::<prop::sample::Index>(), 0..120),
        fetches in any::<bool>(),
    ) {
        let feed = feed(&steps);
        let mut kept: Vec<Position> = Vec::new();
        let mut seen = None;
        for arrival in arrivals {
            let event = *arrival.get(&feed);
            match step(seen, event, Coverage::Everything) {
                Ok(Step::Seen) => prop_assert!(kept.contains(&event.1)),
                Ok(Step::Next(progress)) => {
                    kept.push(event.1);
                    seen = Some(progress);
                }
                Err(OutOfStep::Gap { seen: after, up_to, position }) => {
                    prop_assert_eq!((after, position), (kept.last().copied().unwrap_or_default(), event.1));
                    // Fetched over HTTP with `after`: every one of them is next, and then the event is.
                    if fetches {
                        for missing in feed.iter().filter(|(_, at)| *at > after && *at <= up_to) {
                            let Ok(Step::Next(progress)) = step(seen, *missing, Coverage::Everything) else { panic!("a gap remains") };
                            kept.push(missing.1);
                            seen = Some(progress);
                        }
                        let is_next = matches!(step(seen, event, Coverage::Everything), Ok(Step::Next(_)));
                        prop_assert!(is_next);
                    }
                }
                Err(other) => prop_assert!(false, "{other}"),
            }
            prop_assert_eq!(&kept[..], &feed.iter().map(|(_, at)| *at).collect::<Vec<_>>()[..kept.len()]);
        }
    }

    /// Where only a part is covered, and the source keeps the order, duplicates are all that has to be recognized.
    #[test]
    fn duplicates_are_seen_and_nothing_is_left_out(
        steps in proptest::collection::vec(1_u64..4, 1..30),
        mine in proptest::collection::vec(any::<bool>(), 30),
        repeats in proptest::collection::vec(0_usize..4, 30),
    ) {
        let mine: Vec<_> = feed(&steps).into_iter().zip(mine).filter(|(_, mine)| *mine).map(|(event, _)| event).collect();
        let mut kept = Vec::new();
        let mut seen = None;
        for (index, event) in mine.iter().enumerate() {
            // It comes, and then some of those before it come again.
            for again in std::iter::once(index).chain(index.saturating_sub(repeats[index])..=index) {
                match step(seen, mine[again], Coverage::Part) {
                    Ok(Step::Next(progress)) => {
                        kept.push(event.1);
                        seen = Some(progress);
                    }
                    Ok(Step::Seen) => {}
                    Err(error) => prop_assert!(false, "{error}"),
                }
            }
        }
        prop_assert_eq!(kept, mine.iter().map(|(_, at)| *at).collect::<Vec<_>>());
    }

    /// A snapshot may be taken at a position that is not that of a public event.
    #[test]
    fn after_a_snapshot_the_next_event_follows(steps in proptest::collection::vec(1_u64..4, 1..30), snapshot in 0_u64..120) {
        let feed = feed(&steps);
        for event in &feed {
            let expected = match (event.1.0 <= snapshot, event.0.0 <= snapshot) {
                (true, _) => Ok(Step::Seen),
                (false, true) => Ok(Step::Next(Progress { epoch: EPOCH, position: event.1 })),
                (false, false) => Err(OutOfStep::Gap { seen: Position(snapshot), up_to: event.0, position: event.1 }),
            };
            prop_assert_eq!(step(at(snapshot), *event, Coverage::Everything), expected);
        }
    }
}

#[test]
fn a_gap_says_what_is_missing_and_how_to_fetch_it() {
    let gap = step(at(12), (Position(17), Position(18)), Coverage::Everything).unwrap_err();
    assert_eq!(
        gap.to_string(),
        "the events after position 12 up to 17 are missing before the one at 18: fetch them over HTTP (GET /v1/events?after=12), then go on"
    );
    assert!(matches!(step(at(12), (Position(17), Position(18)), Coverage::Part), Ok(Step::Next(_))));
}

#[test]
fn another_history_is_told_before_anything_else() {
    let other = Uuid::from_u128(0xf);
    for coverage in [Coverage::Everything, Coverage::Part] {
        let changed = Progress::step_to(at(12), other, Position(7), Position(9), coverage);
        assert_eq!(changed, Err(OutOfStep::HistoryChanged { epoch: other, back_to: Position(7) }));
        let changed = Progress::step_to(at(12), other, Position(40), Position(41), coverage);
        assert_eq!(changed, Err(OutOfStep::HistoryChanged { epoch: other, back_to: Position(12) }));
    }
}

#[test]
fn nothing_seen_begins_with_the_first_event() {
    assert!(matches!(step(None, (Position(0), Position(3)), Coverage::Everything), Ok(Step::Next(_))));
    assert!(matches!(step(None, (Position(3), Position(4)), Coverage::Everything), Err(OutOfStep::Gap { .. })));
    assert!(matches!(step(None, (Position(3), Position(4)), Coverage::Part), Ok(Step::Next(_))));
}
