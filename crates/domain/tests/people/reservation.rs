use domain::RejectionKind::Conflict;
use domain::reservation::{Reservation, ReservationCommand, ReservationEvent, ReservationKind, ReservationRejection};
use domain::testing::{given, uuid};

const KINDS: [(ReservationKind, &str); 4] = [
    (ReservationKind::UserId, "user-id-taken"),
    (ReservationKind::RegisteredIdentifier, "registered-identifier-taken"),
    (ReservationKind::OpenInvitation, "open-invitation-exists"),
    (ReservationKind::ApplicationCode, "application-code-taken"),
];

fn reserve(kind: ReservationKind, owner: u128) -> ReservationCommand {
    ReservationCommand::Reserve { kind, owner: uuid(owner) }
}

fn release(owner: u128) -> ReservationCommand {
    ReservationCommand::Release { owner: uuid(owner), seen: None }
}

fn taken(kind: ReservationKind, owner: u128) -> ReservationEvent {
    ReservationEvent::Taken { kind, owner: uuid(owner) }
}

#[test]
fn a_value_belongs_to_one_owner() {
    for (kind, code) in KINDS {
        let mine = given::<Reservation>([]).when(reserve(kind, 1)).then_events([taken(kind, 1)]);
        assert_eq!(mine.state().owner(), Some(uuid(1)));
        mine.clone().when(reserve(kind, 2)).then_refused(Conflict, code);
        mine.when(reserve(kind, 2)).then_rejected(ReservationRejection::Taken { kind, owner: uuid(1) });
    }
}

#[test]
fn what_can_be_given_back_is_taken_once_more_by_who_has_it_and_what_is_kept_for_good_is_not() {
    for (kind, _) in KINDS {
        let mine = given::<Reservation>([taken(kind, 1)]).when(reserve(kind, 1));
        if kind.is_given_back() {
            mine.then_events([taken(kind, 1)]);
        } else {
            mine.then_nothing();
        }
    }
}

#[test]
fn what_was_taken_once_more_is_not_given_back_for_what_was_seen_before() {
    let kind = ReservationKind::OpenInvitation;
    let free = ReservationEvent::Released { owner: uuid(1) };
    let release = |seen| ReservationCommand::Release { owner: uuid(1), seen: Some(seen) };
    given::<Reservation>([taken(kind, 1), taken(kind, 1)]).when(release(1)).then_nothing();
    given::<Reservation>([taken(kind, 1), free.clone(), taken(kind, 1)]).when(release(1)).then_nothing();
    given::<Reservation>([taken(kind, 1), taken(kind, 1)]).when(release(2)).then_events([free]);
}

#[test]
fn an_identifier_and_an_open_invitation_are_given_back_and_taken_again() {
    for kind in [ReservationKind::RegisteredIdentifier, ReservationKind::OpenInvitation] {
        let free = given::<Reservation>([taken(kind, 1)]).when(release(1)).then_events([ReservationEvent::Released { owner: uuid(1) }]);
        assert_eq!(free.state().owner(), None);
        free.clone().when(release(1)).then_nothing();
        free.when(reserve(kind, 2)).then_events([taken(kind, 2)]);
    }
}

#[test]
fn a_user_id_and_an_application_code_are_never_given_back() {
    for kind in [ReservationKind::UserId, ReservationKind::ApplicationCode] {
        given::<Reservation>([taken(kind, 1)]).when(release(1)).then_refused(Conflict, "reservation-kept-for-good");
    }
}

#[test]
fn nobody_gives_back_what_is_not_theirs() {
    for (kind, _) in KINDS {
        given::<Reservation>([taken(kind, 1)]).when(release(2)).then_nothing();
    }
    given::<Reservation>([]).when(release(1)).then_nothing();
}

#[test]
fn who_is_refused_does_not_learn_who_has_it() {
    let rejection = ReservationRejection::Taken { kind: ReservationKind::UserId, owner: uuid(1) };
    assert!(!rejection.to_string().contains(&uuid(1).to_string()));
}
