use domain::EventId;
use domain::RejectionKind::Invalid;
use domain::mail::{Mail, MailCommand, MailEvent};
use domain::testing::{given, uuid};

fn sent(attempts: u32) -> MailEvent {
    MailEvent::Sent { cause: EventId(uuid(1)), template: "invitation".to_owned(), attempts }
}

fn refused(attempts: u32) -> MailEvent {
    MailEvent::Refused { cause: EventId(uuid(1)), template: "invitation".to_owned(), answer: "550 no such mailbox".to_owned(), attempts }
}

fn given_up(attempts: u32) -> MailEvent {
    MailEvent::GivenUp {
        cause: EventId(uuid(1)),
        template: "invitation".to_owned(),
        reason: "the recipient was forgotten".to_owned(),
        attempts,
    }
}

fn record(fate: MailEvent) -> MailCommand {
    MailCommand::RecordFate { fate }
}

#[test]
fn the_first_fate_of_a_mail_stands() {
    for first in [sent(1), refused(2), given_up(9)] {
        let settled = given::<Mail>([]).when(record(first.clone())).then_events([first.clone()]);
        assert_eq!(settled.state().fate(), Some(&first));
        for later in [sent(3), refused(3), given_up(3)] {
            settled.clone().when(record(later)).then_nothing();
        }
    }
}

#[test]
fn a_mail_is_sent_or_refused_by_trying() {
    given::<Mail>([]).when(record(sent(0))).then_refused(Invalid, "mail-attempt-required");
    given::<Mail>([]).when(record(refused(0))).then_refused(Invalid, "mail-attempt-required");
    given::<Mail>([]).when(record(given_up(0))).then_events([given_up(0)]);
}
