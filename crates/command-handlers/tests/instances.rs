//! Several instances on one log: whatever one of them remembers may be out of date, and no answer rests on that.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod common;

use std::sync::Arc;

use command_handlers::{CommandError, CommandHandlers, Reserve};
use common::{House, clock, handlers, sent};
use domain::ReservationId;
use domain::invitation::{Invitation, InvitationCommand, InvitationRejection};
use domain::reservation::{Reservation, ReservationCommand, ReservationKind};
use event_store::memory::MemoryStore;
use uuid::Uuid;

const STREAM: Uuid = Uuid::from_u128(100);

/// One instance and another, both of which know the invitation as it was sent.
async fn both_know_it() -> (House, Arc<CommandHandlers>) {
    let house = House::on(MemoryStore::shared(clock()));
    let elsewhere = handlers(&house.disk, &house.keys);
    house.handlers.create::<Invitation>(STREAM, house.invite("Fastener Works"), &sent(1, 1), &[]).await.unwrap();
    assert!(elsewhere.state::<Invitation>(STREAM).await.unwrap().is_some());
    (house, elsewhere)
}

fn revoke() -> InvitationCommand {
    InvitationCommand::RevokeInvitation { reason: None }
}

fn resend() -> InvitationCommand {
    InvitationCommand::ResendInvitation { expires_in_days: None }
}

#[tokio::test]
async fn what_another_instance_has_done_is_seen() {
    let (house, elsewhere) = both_know_it().await;
    house.handlers.handle::<Invitation>(STREAM, resend(), &sent(2, 2)).await.unwrap();
    assert_eq!(elsewhere.state::<Invitation>(STREAM).await.unwrap().unwrap().1, 1);
}

#[tokio::test]
async fn nothing_to_do_is_not_said_of_a_state_that_another_instance_has_changed() {
    let house = House::on(MemoryStore::shared(clock()));
    let elsewhere = handlers(&house.disk, &house.keys);
    let (one, other) = (Uuid::from_u128(101), Uuid::from_u128(102));
    let value = ReservationId(Uuid::from_u128(900));
    let reserve = |owner| ReservationCommand::Reserve { kind: ReservationKind::OpenInvitation, owner };
    house.handlers.handle::<Reservation>(value.0, reserve(one), &sent(1, 1)).await.unwrap();
    elsewhere.handle::<Reservation>(value.0, ReservationCommand::Release { owner: one, seen: None }, &sent(2, 2)).await.unwrap();
    // The first one remembers that the value is reserved for the same owner: by that, nothing would be to be done.
    let answer = house.handlers.handle::<Reservation>(value.0, reserve(one), &sent(3, 3)).await.unwrap();
    assert_eq!((answer.version, answer.events.len()), (2, 1));
    // And by what the other one remembers, it would be free.
    assert!(matches!(elsewhere.handle::<Reservation>(value.0, reserve(other), &sent(4, 4)).await, Err(CommandError::Rejected(_))));
}

#[tokio::test]
async fn a_rejection_is_not_given_on_a_state_that_another_instance_has_changed() {
    let house = House::on(MemoryStore::shared(clock()));
    let elsewhere = handlers(&house.disk, &house.keys);
    let unknown = elsewhere.handle::<Invitation>(STREAM, resend(), &sent(1, 1)).await;
    assert!(matches!(unknown, Err(CommandError::Rejected(InvitationRejection::NotFound))), "{unknown:?}");
    house.handlers.create::<Invitation>(STREAM, house.invite("Fastener Works"), &sent(2, 2), &[]).await.unwrap();
    assert_eq!(elsewhere.handle::<Invitation>(STREAM, resend(), &sent(3, 3)).await.unwrap().version, 1);
}

#[tokio::test]
async fn a_command_that_one_instance_has_accepted_gets_the_same_answer_from_another() {
    let (house, elsewhere) = both_know_it().await;
    let first = house.handlers.handle::<Invitation>(STREAM, revoke(), &sent(2, 2)).await.unwrap();
    for instance in [&elsewhere, &house.handlers] {
        let again = instance.handle::<Invitation>(STREAM, revoke(), &sent(2, 2)).await.unwrap();
        assert_eq!((again.repeated, again.position, &again.events), (true, first.position, &first.events));
    }
    let reused = elsewhere.handle::<Invitation>(STREAM, revoke(), &sent(2, 9)).await;
    assert!(matches!(reused, Err(CommandError::IdReused)), "{reused:?}");
}

#[tokio::test]
async fn whether_a_command_was_accepted_before_is_asked_of_the_log() {
    let (house, elsewhere) = both_know_it().await;
    house.handlers.handle::<Invitation>(STREAM, resend(), &sent(2, 2)).await.unwrap();
    assert!(elsewhere.answered_before::<Invitation>(STREAM, &sent(2, 2)).await.unwrap().is_some());
    assert!(elsewhere.answered_before::<Invitation>(STREAM, &sent(3, 3)).await.unwrap().is_none());
}

#[tokio::test]
async fn a_value_that_another_instance_gave_back_does_not_pass_for_one_that_is_held() {
    let house = House::on(MemoryStore::shared(clock()));
    let elsewhere = handlers(&house.disk, &house.keys);
    let value = Reserve { id: ReservationId(Uuid::from_u128(900)), kind: ReservationKind::OpenInvitation, owner: STREAM };
    let reserve = ReservationCommand::Reserve { kind: value.kind, owner: value.owner };
    house.handlers.handle::<Reservation>(value.id.0, reserve, &sent(1, 1)).await.unwrap();
    elsewhere.handle::<Reservation>(value.id.0, ReservationCommand::Release { owner: STREAM, seen: None }, &sent(2, 2)).await.unwrap();
    house.handlers.create::<Invitation>(STREAM, house.invite("Fastener Works"), &sent(3, 3), &[value]).await.unwrap();
    assert_eq!(house.owner(value).await, Some(STREAM));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn instances_that_take_one_value_at_once_give_it_to_one_owner() {
    let house = House::on(MemoryStore::shared(clock()));
    let instances: Vec<_> = (0..4).map(|_| handlers(&house.disk, &house.keys)).collect();
    let value = Uuid::from_u128(900);
    let tasks: Vec<_> = (0..32_u128)
        .map(|number| {
            let instance = instances[usize::try_from(number % 4).unwrap()].clone();
            let reserve = ReservationCommand::Reserve { kind: ReservationKind::UserId, owner: Uuid::from_u128(number) };
            tokio::spawn(async move { instance.handle::<Reservation>(value, reserve, &sent(100 + number, 0)).await.is_ok() })
        })
        .collect();
    let mut accepted = 0;
    for task in tasks {
        accepted += u32::from(task.await.unwrap());
    }
    assert_eq!((accepted, house.events().await.len()), (1, 1));
}
