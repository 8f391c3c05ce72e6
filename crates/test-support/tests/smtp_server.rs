//! The SMTP server behaves, and misbehaves, as it is told.
#![allow(clippy::unwrap_used, reason = "a test's helpers fail the test")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Command, Output};
use std::time::Duration;

use test_support::servers::{Behaviour, Encryption, SmtpServer, free_port, python};
use test_support::wait_until;

const LIMIT: Duration = Duration::from_secs(20);

/// A client of few words.
struct Client {
    stream: BufReader<TcpStream>,
}

impl Client {
    fn connect(server: &SmtpServer) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", server.port())).unwrap();
        stream.set_read_timeout(Some(LIMIT)).unwrap();
        Self { stream: BufReader::new(stream) }
    }

    /// A client that has been greeted and has greeted back.
    fn greeted(server: &SmtpServer) -> Self {
        let mut client = Self::connect(server);
        assert_eq!(client.reply(), Some(220));
        assert_eq!(client.say("EHLO client"), Some(250));
        client
    }

    /// The status of the next reply, all its lines read; none when the connection ends.
    fn reply(&mut self) -> Option<u16> {
        loop {
            let mut line = String::new();
            if self.stream.read_line(&mut line).unwrap_or(0) == 0 {
                return None;
            }
            if line.as_bytes().get(3) != Some(&b'-') {
                return line.get(..3)?.parse().ok();
            }
        }
    }

    fn say(&mut self, line: &str) -> Option<u16> {
        self.stream.get_mut().write_all(format!("{line}\r\n").as_bytes()).unwrap();
        self.reply()
    }

    /// The status after the whole message.
    fn send(&mut self, recipient: &str, content: &str) -> Option<u16> {
        assert_eq!(self.say("MAIL FROM:<gatehouse@operator.test>"), Some(250));
        assert_eq!(self.say(&format!("RCPT TO:<{recipient}>")), Some(250));
        assert_eq!(self.say("DATA"), Some(354));
        self.say(&format!("{content}\r\n."))
    }

    /// Whether nothing is said for a while, the connection being open.
    fn is_left_without_an_answer(&mut self) -> bool {
        self.stream.get_mut().set_read_timeout(Some(Duration::from_millis(300))).unwrap();
        let silence = self.stream.read(&mut [0]);
        silence.is_err_and(|error| matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut))
    }
}

#[test]
fn an_accepted_mail_is_kept_byte_for_byte_with_its_envelope() {
    let server = SmtpServer::start();
    let mut client = Client::greeted(&server);
    assert_eq!(client.send("anna@supplier.test", "Subject: You're Invited\r\n to Collaborate\r\n\r\nHello\r\n..dot"), Some(250));
    assert_eq!(client.send("bert@supplier.test", "Subject: Second\r\n\r\n"), Some(250));
    let mails = server.wait_for_mails(2, LIMIT);
    let first = mails.first().unwrap();
    assert_eq!(
        (first.sender.as_str(), first.recipients.as_slice()),
        ("gatehouse@operator.test", ["anna@supplier.test".to_owned()].as_slice())
    );
    assert_eq!(first.text(), "Subject: You're Invited\r\n to Collaborate\r\n\r\nHello\r\n.dot\r\n");
    assert_eq!(first.header("subject").as_deref(), Some("You're Invited to Collaborate"));
    assert_eq!(first.header("Hello"), None);
    assert!(!first.encrypted && first.authenticated_as.is_none());
    assert_eq!(server.connections(), 1);
}

#[test]
fn a_recipient_is_refused_for_now_or_for_good() {
    let server = SmtpServer::start();
    for (behaviour, status) in [(Behaviour::RefuseRecipientForNow, 450), (Behaviour::RefuseRecipient, 550)] {
        server.behave(behaviour);
        let mut client = Client::greeted(&server);
        assert_eq!(client.say("MAIL FROM:<gatehouse@operator.test>"), Some(250));
        assert_eq!(client.say("RCPT TO:<anna@supplier.test>"), Some(status));
    }
    assert!(server.received().is_empty());
}

#[test]
fn a_message_is_refused_for_now_or_for_good_and_accepted_once_the_server_behaves() {
    let server = SmtpServer::start();
    for (behaviour, status) in [(Behaviour::RefuseMessageForNow, 451), (Behaviour::RefuseMessage, 554)] {
        server.behave(behaviour);
        assert_eq!(Client::greeted(&server).send("anna@supplier.test", "Subject: x\r\n"), Some(status));
    }
    assert!(server.received().is_empty());
    server.behave(Behaviour::Accept);
    assert_eq!(Client::greeted(&server).send("anna@supplier.test", "Subject: x\r\n"), Some(250));
    assert_eq!(server.received().len(), 1);
}

#[test]
fn one_address_can_be_refused_while_others_are_served() {
    let server = SmtpServer::start();
    server.behave_towards("gone@supplier.test", Behaviour::RefuseRecipient);
    let mut client = Client::greeted(&server);
    assert_eq!(client.say("MAIL FROM:<gatehouse@operator.test>"), Some(250));
    assert_eq!(client.say("RCPT TO:<gone@supplier.test>"), Some(550));
    assert_eq!(client.say("RSET"), Some(250));
    assert_eq!(client.send("anna@supplier.test", "Subject: x\r\n"), Some(250));
}

#[test]
fn a_busy_server_says_so_and_hangs_up() {
    let server = SmtpServer::start();
    server.behave(Behaviour::Busy);
    let mut client = Client::connect(&server);
    assert_eq!(client.reply(), Some(421));
    assert_eq!(client.reply(), None);
}

#[test]
fn a_server_hangs_before_its_greeting() {
    let server = SmtpServer::start();
    server.behave(Behaviour::HangBeforeGreeting);
    let mut client = Client::connect(&server);
    assert!(client.is_left_without_an_answer());
    assert_eq!(server.connections(), 1);
}

#[test]
fn a_server_hangs_after_the_message_and_keeps_nothing() {
    let server = SmtpServer::start();
    server.behave(Behaviour::HangAfterData);
    let mut client = Client::greeted(&server);
    assert_eq!(client.say("MAIL FROM:<gatehouse@operator.test>"), Some(250));
    assert_eq!(client.say("RCPT TO:<anna@supplier.test>"), Some(250));
    assert_eq!(client.say("DATA"), Some(354));
    client.stream.get_mut().write_all(b"Subject: x\r\n.\r\n").unwrap();
    assert!(client.is_left_without_an_answer());
    assert!(server.received().is_empty());
}

#[test]
fn a_connection_is_dropped_after_the_message_was_kept_and_before_the_answer() {
    let server = SmtpServer::start();
    server.behave(Behaviour::DropAfterData);
    assert_eq!(Client::greeted(&server).send("anna@supplier.test", "Subject: x\r\n"), None);
    assert_eq!(server.received().len(), 1);
}

#[test]
fn a_stopped_server_refuses_connections_and_comes_back_on_its_port_with_what_it_kept() {
    let mut server = SmtpServer::builder().port(free_port()).start();
    assert_eq!(Client::greeted(&server).send("anna@supplier.test", "Subject: before\r\n"), Some(250));
    server.stop();
    wait_until("connections to be refused", LIMIT, || TcpStream::connect(("127.0.0.1", server.port())).is_err());
    server.restart();
    assert_eq!(Client::greeted(&server).send("anna@supplier.test", "Subject: after\r\n"), Some(250));
    let subjects: Vec<_> = server.received().iter().map(|mail| mail.header("Subject").unwrap()).collect();
    assert_eq!(subjects, ["before", "after"]);
}

#[test]
fn an_account_is_required_before_a_mail_is_taken() {
    let server = SmtpServer::builder().account("gatehouse", "secret").start();
    let mut client = Client::greeted(&server);
    assert_eq!(client.say("MAIL FROM:<gatehouse@operator.test>"), Some(530));
    // PLAIN, base64 of NUL name NUL password (RFC 4616): first a wrong password, then the right one.
    assert_eq!(client.say("AUTH PLAIN AGdhdGVob3VzZQB3cm9uZw=="), Some(535));
    assert_eq!(client.say("AUTH PLAIN AGdhdGVob3VzZQBzZWNyZXQ="), Some(235));
    assert_eq!(client.send("anna@supplier.test", "Subject: x\r\n"), Some(250));
    assert_eq!(server.received().first().unwrap().authenticated_as.as_deref(), Some("gatehouse"));
}

/// Sends a mail with Python's own client, which checks the certificate.
fn send_encrypted(server: &SmtpServer, host: &str, connect: &str) -> Output {
    let script = format!(
        "import smtplib, ssl, sys\ncontext = ssl.create_default_context(cadata=sys.argv[1])\n{connect}\n\
         client.login('gatehouse', 'secret')\nclient.sendmail('gatehouse@operator.test', ['anna@supplier.test'], 'Subject: x\\n\\nHello')\n"
    )
    .replace("HOST", &format!("'{host}', {}", server.port()));
    Command::new(python()).args(["-c", &script, SmtpServer::authority_pem()]).output().unwrap()
}

#[test]
fn starttls_is_required_and_its_certificate_holds_for_localhost() {
    let server = SmtpServer::builder().encryption(Encryption::StartTls).account("gatehouse", "secret").start();
    assert_eq!(Client::greeted(&server).say("MAIL FROM:<gatehouse@operator.test>"), Some(530));
    for host in ["localhost", "127.0.0.1"] {
        let sent = send_encrypted(&server, host, "client = smtplib.SMTP(HOST, timeout=20)\nclient.starttls(context=context)");
        assert!(sent.status.success(), "{host}: {}", String::from_utf8_lossy(&sent.stderr));
    }
    let mails = server.received();
    assert_eq!(mails.len(), 2);
    assert!(mails.iter().all(|mail| mail.encrypted && mail.authenticated_as.as_deref() == Some("gatehouse")));
}

#[test]
fn a_client_that_does_not_know_the_authority_refuses_the_certificate() {
    let server = SmtpServer::builder().encryption(Encryption::StartTls).account("gatehouse", "secret").start();
    let connect = "client = smtplib.SMTP(HOST, timeout=20)\nclient.starttls(context=ssl.create_default_context())";
    let sent = send_encrypted(&server, "localhost", connect);
    assert!(String::from_utf8_lossy(&sent.stderr).contains("CERTIFICATE_VERIFY_FAILED"));
    assert!(server.received().is_empty());
}

#[test]
fn encryption_from_the_first_byte_is_served_too() {
    let server = SmtpServer::builder().encryption(Encryption::Implicit).account("gatehouse", "secret").start();
    let sent = send_encrypted(&server, "localhost", "client = smtplib.SMTP_SSL(HOST, timeout=20, context=context)");
    assert!(sent.status.success(), "{}", String::from_utf8_lossy(&sent.stderr));
    assert!(server.received().first().unwrap().encrypted);
}
