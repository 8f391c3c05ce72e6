//! Commands are answered for what is on disk, once, whatever happens in between.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod common;

use command_handlers::{CommandError, Reserve};
use common::{House, addressee, handlers, sent};
use domain::invitation::{Invitation, InvitationCommand, InvitationRejection};
use domain::reservation::{Reservation, ReservationCommand, ReservationKind};
use domain::{PersonId, Personal, ReservationId};
use uuid::Uuid;

const STREAM: Uuid = Uuid::from_u128(100);

#[tokio::test]
async fn the_same_command_again_gets_the_same_answer() {
    let house = House::new();
    let first = house.handlers.create::<Invitation>(STREAM, house.invite("Fastener Works"), &sent(1, 1), &[]).await.unwrap();
    let again = house.handlers.create::<Invitation>(STREAM, house.invite("Fastener Works"), &sent(1, 1), &[]).await.unwrap();
    assert!(again.repeated && !first.repeated);
    assert_eq!((again.position, again.version), (first.position, first.version));
    assert_eq!(again.events, first.events);
    assert_eq!(house.events().await.len(), 1);
}

#[tokio::test]
async fn the_same_command_after_a_restart_gets_the_same_answer() {
    let mut house = House::new();
    let first = house.handlers.create::<Invitation>(STREAM, house.invite("Fastener Works"), &sent(1, 1), &[]).await.unwrap();
    let resend = InvitationCommand::ResendInvitation { expires_in_days: None };
    house.handlers.handle::<Invitation>(STREAM, resend, &sent(2, 2)).await.unwrap();
    house.restart();
    let again = house.handlers.create::<Invitation>(STREAM, house.invite("Fastener Works"), &sent(1, 1), &[]).await.unwrap();
    assert!(again.repeated);
    assert_eq!((again.position, again.version, again.events), (first.position, first.version, first.events));
    assert_eq!(house.events().await.len(), 2);
}

#[tokio::test]
async fn the_same_id_with_other_content_is_refused_before_and_after_a_restart() {
    let mut house = House::new();
    house.handlers.create::<Invitation>(STREAM, house.invite("Fastener Works"), &sent(1, 1), &[]).await.unwrap();
    for _ in 0..2 {
        let other = house.handlers.create::<Invitation>(STREAM, house.invite("Other Works"), &sent(1, 2), &[]).await;
        assert!(matches!(other, Err(CommandError::IdReused)), "{other:?}");
        house.restart();
    }
    assert_eq!(house.events().await.len(), 1);
}

#[tokio::test]
async fn a_rejection_pins_nothing_and_changes_nothing() {
    let house = House::new();
    let resend = InvitationCommand::ResendInvitation { expires_in_days: None };
    let rejected = house.handlers.handle::<Invitation>(STREAM, resend.clone(), &sent(1, 1)).await;
    assert!(matches!(rejected, Err(CommandError::Rejected(InvitationRejection::NotFound))), "{rejected:?}");
    house.handlers.create::<Invitation>(STREAM, house.invite("Fastener Works"), &sent(2, 2), &[]).await.unwrap();
    // The id of the rejected command is still free, for other content too.
    house.handlers.handle::<Invitation>(STREAM, resend, &sent(1, 9)).await.unwrap();
    assert_eq!(house.events().await.len(), 2);
}

#[tokio::test]
async fn nothing_is_answered_before_what_it_rests_on_is_on_disk() {
    let house = House::new();
    house.disk.hold();
    let create = tokio::spawn({
        let (handlers, command) = (house.handlers.clone(), house.invite("Fastener Works"));
        async move { handlers.create::<Invitation>(STREAM, command, &sent(1, 1), &[]).await.map(|answer| answer.position) }
    });
    while house.disk.held() == 0 {
        tokio::task::yield_now().await;
    }
    // Decided ahead of the disk: a rejection, since the invitation was sent already.
    let rejected = tokio::spawn({
        let (handlers, command) = (house.handlers.clone(), house.invite("Fastener Works"));
        async move { handlers.handle::<Invitation>(STREAM, command, &sent(2, 2)).await.is_err() }
    });
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert!(!create.is_finished() && !rejected.is_finished(), "answered before the disk was");
    house.disk.release();
    create.await.unwrap().unwrap();
    assert!(rejected.await.unwrap());
}

#[tokio::test]
async fn a_failed_commit_takes_all_that_rested_on_it_along_and_service_goes_on_when_it_heals() {
    let house = House::new();
    house.disk.hold();
    let spawn = |id: u128, command: InvitationCommand| {
        let handlers = house.handlers.clone();
        tokio::spawn(async move { handlers.create::<Invitation>(STREAM, command, &sent(id, id), &[]).await.map(|answer| answer.version) })
    };
    let first = spawn(1, house.invite("Fastener Works"));
    while house.disk.held() == 0 {
        tokio::task::yield_now().await;
    }
    let second = spawn(2, InvitationCommand::ResendInvitation { expires_in_days: None });
    while house.disk.held() < 2 {
        tokio::task::yield_now().await;
    }
    house.disk.fail_held("disk full");
    assert!(matches!(first.await.unwrap(), Err(CommandError::Unavailable(_))));
    assert!(second.await.unwrap().is_err());
    assert!(house.events().await.is_empty());

    let answer = house.handlers.create::<Invitation>(STREAM, house.invite("Fastener Works"), &sent(1, 1), &[]).await.unwrap();
    assert_eq!((answer.version, answer.repeated), (0, false));
}

#[tokio::test]
async fn a_stream_that_others_write_too_is_read_again() {
    let house = House::new();
    let elsewhere = handlers(&house.disk, &house.keys);
    house.handlers.create::<Invitation>(STREAM, house.invite("Fastener Works"), &sent(1, 1), &[]).await.unwrap();
    let resend = || InvitationCommand::ResendInvitation { expires_in_days: None };
    for round in 0..10_u128 {
        house.handlers.handle::<Invitation>(STREAM, resend(), &sent(10 + round, 0)).await.unwrap();
        elsewhere.handle::<Invitation>(STREAM, resend(), &sent(50 + round, 0)).await.unwrap();
    }
    let versions: Vec<u64> = house.events().await.iter().map(|event| event.version).collect();
    assert_eq!(versions, (0..21).collect::<Vec<u64>>());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_commands_on_one_stream_at_once_are_all_decided_in_turn() {
    let house = House::new();
    house.handlers.create::<Invitation>(STREAM, house.invite("Fastener Works"), &sent(1, 1), &[]).await.unwrap();
    let tasks: Vec<_> = (0..64_u128)
        .map(|number| {
            let handlers = house.handlers.clone();
            tokio::spawn(async move {
                let resend = InvitationCommand::ResendInvitation { expires_in_days: None };
                handlers.handle::<Invitation>(STREAM, resend, &sent(100 + number, 0)).await.unwrap().version
            })
        })
        .collect();
    let mut versions = Vec::new();
    for task in tasks {
        versions.push(task.await.unwrap());
    }
    versions.sort_unstable();
    assert_eq!(versions, (1..=64).collect::<Vec<u64>>());
}

fn company(owner: Uuid) -> Reserve {
    Reserve { id: ReservationId(Uuid::from_u128(900)), kind: ReservationKind::OpenInvitation, owner }
}

#[tokio::test]
async fn a_value_that_another_owner_has_is_refused_and_nothing_is_recorded() {
    let mut house = House::new();
    let (one, other) = (Uuid::from_u128(101), Uuid::from_u128(102));
    house.handlers.create::<Invitation>(one, house.invite("Fastener Works"), &sent(1, 1), &[company(one)]).await.unwrap();
    for _ in 0..2 {
        let refused = house.handlers.create::<Invitation>(other, house.invite("Fastener Works"), &sent(2, 2), &[company(other)]).await;
        assert!(matches!(refused, Err(CommandError::Taken(ReservationKind::OpenInvitation))), "{refused:?}");
        house.restart();
    }
    assert_eq!(house.events().await.len(), 2);
}

#[tokio::test]
async fn a_command_that_is_rejected_reserves_nothing() {
    let house = House::new();
    let owner = Uuid::from_u128(101);
    let InvitationCommand::InviteOrg { inviter, inviter_name, company: name, addressee, organization, expires_in_days, .. } =
        house.invite("Fastener Works")
    else {
        panic!("not the command")
    };
    let without_applications = InvitationCommand::InviteOrg {
        inviter,
        inviter_name,
        company: name,
        addressee,
        applications: vec![],
        organization,
        expires_in_days,
    };
    let rejected = house.handlers.create::<Invitation>(owner, without_applications, &sent(1, 1), &[company(owner)]).await;
    assert!(matches!(rejected, Err(CommandError::Rejected(_))), "{rejected:?}");
    assert!(house.events().await.is_empty());
}

#[tokio::test]
async fn values_taken_for_a_command_that_cannot_take_all_are_given_back() {
    let house = House::new();
    let (one, other) = (Uuid::from_u128(101), Uuid::from_u128(102));
    let second = |owner| Reserve { id: ReservationId(Uuid::from_u128(901)), kind: ReservationKind::RegisteredIdentifier, owner };
    house.handlers.create::<Invitation>(one, house.invite("Fastener Works"), &sent(1, 1), &[second(one)]).await.unwrap();
    let both = [company(other), second(other)];
    let refused = house.handlers.create::<Invitation>(other, house.invite("Other Works"), &sent(2, 2), &both).await;
    assert!(matches!(refused, Err(CommandError::Taken(ReservationKind::RegisteredIdentifier))), "{refused:?}");
    let third = Uuid::from_u128(103);
    house.handlers.create::<Invitation>(third, house.invite("Third Works"), &sent(3, 3), &[company(third)]).await.unwrap();
}

#[tokio::test]
async fn values_that_were_theirs_before_are_kept_when_a_command_cannot_take_all() {
    let house = House::new();
    let (one, other) = (Uuid::from_u128(101), Uuid::from_u128(102));
    let second = |owner| Reserve { id: ReservationId(Uuid::from_u128(901)), kind: ReservationKind::RegisteredIdentifier, owner };
    house.handlers.create::<Invitation>(one, house.invite("Fastener Works"), &sent(1, 1), &[second(one)]).await.unwrap();
    house.handlers.create::<Invitation>(other, house.invite("Other Works"), &sent(2, 2), &[company(other)]).await.unwrap();
    let resend = InvitationCommand::ResendInvitation { expires_in_days: None };
    let both = [company(other), second(other)];
    let refused = house.handlers.handle_reserving::<Invitation>(other, resend, &sent(3, 3), &both).await;
    assert!(matches!(refused, Err(CommandError::Taken(ReservationKind::RegisteredIdentifier))), "{refused:?}");
    assert_eq!(house.owner(company(other)).await, Some(other));
}

#[tokio::test]
async fn what_holds_data_of_a_forgotten_person_cannot_be_recorded_anew() {
    let house = House::new();
    let person: PersonId = house.keys.allot().unwrap();
    house.keys.destroy(person).unwrap();
    let InvitationCommand::InviteOrg { inviter, inviter_name, company, applications, organization, expires_in_days, .. } =
        house.invite("Fastener Works")
    else {
        panic!("not the command")
    };
    let addressee = Personal::new(person, addressee());
    let command = InvitationCommand::InviteOrg { inviter, inviter_name, company, addressee, applications, organization, expires_in_days };
    let refused = house.handlers.create::<Invitation>(STREAM, command, &sent(1, 1), &[]).await;
    assert!(matches!(refused, Err(CommandError::Erased)), "{refused:?}");
    assert!(house.events().await.is_empty());
}

#[test]
fn the_time_of_an_idempotency_key_is_kept_so_that_new_streams_sort_by_it() {
    let early = command_handlers::command_id("a", "invite", "01980000-0000-7000-8000-000000000001");
    let late = command_handlers::command_id("b", "invite", "01990000-0000-7000-8000-000000000000");
    assert!(early.0 < late.0);
    let named = command_handlers::command_id("a", "invite", "order 17");
    assert_eq!(named, command_handlers::command_id("a", "invite", "order 17"));
    assert_ne!(named, command_handlers::command_id("b", "invite", "order 17"));
    assert_ne!(named, command_handlers::command_id("a", "revoke", "order 17"));
}

#[tokio::test]
async fn a_command_that_comes_again_after_its_values_were_given_back_takes_them_anew() {
    let house = House::new();
    let (one, other) = (Uuid::from_u128(101), Uuid::from_u128(102));
    let second = |owner| Reserve { id: ReservationId(Uuid::from_u128(901)), kind: ReservationKind::RegisteredIdentifier, owner };
    house.handlers.create::<Invitation>(one, house.invite("Fastener Works"), &sent(1, 1), &[second(one)]).await.unwrap();
    let both = [company(other), second(other)];
    for _ in 0..3 {
        let refused = house.handlers.create::<Invitation>(other, house.invite("Other Works"), &sent(2, 2), &both).await;
        assert!(matches!(refused, Err(CommandError::Taken(ReservationKind::RegisteredIdentifier))), "{refused:?}");
        assert_eq!(house.owner(company(other)).await, None);
    }
    let release = ReservationCommand::Release { owner: one, seen: None };
    house.handlers.handle::<Reservation>(second(one).id.0, release, &sent(3, 3)).await.unwrap();
    house.handlers.create::<Invitation>(other, house.invite("Other Works"), &sent(2, 2), &both).await.unwrap();
    for value in both {
        assert_eq!(house.owner(value).await, Some(other));
    }
}
