//! What the mails say. Each is compared with a golden file; `UPDATE_GOLDEN=1` writes them anew, to be read before they are kept.

#![allow(clippy::unwrap_used, clippy::panic, reason = "in tests")]

mod support;

use std::path::{Path, PathBuf};

use mail::{Composed, Encoding, Rendered, Templates};
use notification_dispatch::Template;
use serde_json::json;
use support::{composer, composer_with, now, sample};

fn golden(locale: &str, file: &str, content: &str) {
    let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "tests", "golden", locale, file].iter().collect();
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(expected == content, "{} differs from what the mail says now:\n{content}", path.display());
}

fn check(locale: &str, name: &str, content: &Rendered) {
    golden(locale, &format!("{name}.txt"), &format!("Subject: {}\n\n{}", content.subject, content.text));
    golden(locale, &format!("{name}.html"), &content.html);
}

#[test]
fn every_mail_says_what_its_golden_file_says() {
    let composer = composer("en");
    for template in Template::ALL {
        let composed = composer.compose(&sample(*template), now()).unwrap();
        check("en", template.as_str(), &composed.content);
    }
}

#[test]
fn mails_with_other_occasions_say_so() {
    let composer = composer("en");
    let cases = [
        ("registration_acknowledged.resubmitted", Template::RegistrationAcknowledged, json!({ "occasion": "resubmitted" })),
        ("registration_acknowledged.reopened", Template::RegistrationAcknowledged, json!({ "occasion": "reopened" })),
        ("invitation_offer.addressee", Template::InvitationOffer, json!({ "administrator": false })),
        ("account_suspended.organization", Template::AccountSuspended, json!({ "whole_organization": true })),
        ("review_overdue.unclaimed", Template::ReviewOverdue, json!({ "claimed": false, "claimed_by_recipient": false })),
    ];
    for (name, template, other) in cases {
        let mut mail = sample(template);
        mail.variables.extend(other.as_object().unwrap().clone());
        check("en", name, &composer.compose(&mail, now()).unwrap().content);
    }
}

#[test]
fn a_mail_without_its_optional_values_still_reads_well() {
    let composer = composer("en");
    let optional = ["message", "partner", "prerequisites", "user_id", "reason", "organization"];
    for (template, needed) in [
        (Template::RegistrationAcknowledged, None),
        (Template::InformationRequested, None),
        (Template::Rejected, Some("reason")),
        (Template::LoginSuccess, None),
        (Template::PasswordChanged, None),
        (Template::CredentialAdded, None),
        (Template::ReviewDueSoon, None),
        (Template::SelfRegistrationRefused, Some("reason")),
    ] {
        let mut mail = sample(template);
        mail.recipient_name.clear();
        mail.variables.retain(|name, _| !optional.contains(&name.as_str()) || needed == Some(name.as_str()));
        let content = composer.compose(&mail, now()).unwrap().content;
        assert!(!content.text.contains("  ") || content.text.contains("    "), "{template}: {}", content.text);
        assert!(content.text.starts_with("Hello,\n"), "{template}");
    }
}

#[test]
fn mails_of_another_locale_fall_back_to_english_one_by_one() {
    for locale in ["de", "de-AT"] {
        let composer = composer(locale);
        for template in [Template::Invitation, Template::Approved] {
            check("de", template.as_str(), &composer.compose(&sample(template), now()).unwrap().content);
        }
        check("en", "rejected", &composer.compose(&sample(Template::Rejected), now()).unwrap().content);
    }
}

#[test]
fn a_button_and_its_link_are_in_both_forms_and_nothing_is_loaded_from_elsewhere() {
    let composer = composer("en");
    for template in Template::ALL {
        let mail = sample(*template);
        let content = composer.compose(&mail, now()).unwrap().content;
        if mail.link == notification_dispatch::Link::Nowhere {
            assert!(!content.html.contains("class=\"button\""), "{template}");
        } else {
            assert_eq!(content.html.matches("class=\"button\"").count(), 1, "{template}");
            assert!(content.text.lines().any(|line| line.starts_with("https://gateway.example/")), "{template}");
        }
        for external in ["<img", "src=", "url(", "<script", "<link", "@import", "<table"] {
            assert!(!content.html.contains(external), "{template} has {external}");
        }
    }
}

#[test]
fn the_invitations_subject_is_the_seeds() {
    let composed = composer("en").compose(&sample(Template::Invitation), now()).unwrap();
    assert_eq!(composed.content.subject, "You're Invited to Collaborate with Boeing");
}

#[test]
fn what_users_write_is_text_in_html_and_cannot_reach_a_header() {
    let evil = "Evil <script>alert(1)</script> & \"Co\"\r\nBcc: everybody@example.com\r\n\r\n<a href=x>\u{202e}";
    let mut mail = sample(Template::Invitation);
    for name in ["partner", "company", "message"] {
        mail.variables.insert(name.to_owned(), evil.into());
    }
    mail.variables.insert("applications".to_owned(), json!([evil]));
    mail.recipient_name = evil.to_owned();
    let composed = composer("en").compose(&mail, now()).unwrap();
    assert!(!composed.content.html.contains("<script") && !composed.content.html.contains("<a href=x"));
    assert!(composed.content.html.contains("&lt;script&gt;"));
    assert!(!composed.content.subject.chars().any(char::is_control));
    for encoding in [Encoding::Base64, Encoding::Readable] {
        let message = String::from_utf8(composed.message(encoding).unwrap().formatted()).unwrap();
        let (headers, _) = message.split_once("\r\n\r\n").unwrap();
        let names: Vec<&str> =
            headers.split("\r\n").filter(|line| !line.starts_with([' ', '\t'])).map(|line| line.split(':').next().unwrap()).collect();
        assert_eq!(
            names,
            [
                "Message-ID",
                "Date",
                "From",
                "To",
                "Subject",
                "Auto-Submitted",
                "X-Auto-Response-Suppress",
                "Reply-To",
                "MIME-Version",
                "Content-Type"
            ]
        );
        assert!(!message.contains('\u{202e}'));
    }
}

#[test]
fn an_address_with_a_line_break_is_refused() {
    let mut mail = sample(Template::Invitation);
    for address in ["ada@example.com\r\nRCPT TO:<eve@example.com>", "ada@example.com\nx", "ada", "", "ada@example.com>"] {
        address.clone_into(&mut mail.to_address);
        let composed: Composed = composer("en").compose(&mail, now()).unwrap();
        assert!(composed.message(Encoding::Base64).is_err(), "{address:?}");
    }
}

#[test]
fn bodies_for_servers_are_base64_and_the_message_id_derives_from_the_mail() {
    let composed = composer("en").compose(&sample(Template::Approved), now()).unwrap();
    let message = String::from_utf8(composed.message(Encoding::Base64).unwrap().formatted()).unwrap();
    assert_eq!(message.matches("Content-Transfer-Encoding: base64").count(), 2);
    assert!(message.contains("Message-ID: <01980000-0000-8000-8000-000000000001@gateway.example>"));
    assert!(message.contains("Date: Mon, 02 Nov 2026 14:00:00 +0000"));
    assert!(message.contains("Auto-Submitted: auto-generated"));
    assert_eq!(message, String::from_utf8(composed.message(Encoding::Base64).unwrap().formatted()).unwrap());
}

fn write(folder: &Path, file: &str, content: &str) {
    let path = folder.join(file);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, content).unwrap();
}

#[test]
fn an_operator_replaces_single_files_and_adds_a_locale() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "en/invitation.subject.txt", "{{ partner }} is waiting for you");
    for (part, text) in [("subject.txt", "Bienvenue"), ("txt", "Bonjour {{ name }}: {{ link }}"), ("html", "<p>{{ name }}</p>")] {
        write(folder.path(), &format!("fr/approved.{part}"), text);
    }
    let english = composer_with(Templates::with_folder("en", "UTC", folder.path()).unwrap());
    assert_eq!(english.compose(&sample(Template::Invitation), now()).unwrap().content.subject, "Boeing is waiting for you");
    let french = composer_with(Templates::with_folder("fr", "UTC", folder.path()).unwrap());
    let content = french.compose(&sample(Template::Approved), now()).unwrap().content;
    assert_eq!(
        (content.subject.as_str(), content.text.as_str()),
        ("Bienvenue", "Bonjour Ada Miller: https://gateway.example/first-login\n")
    );
}

#[test]
fn a_template_folder_with_a_mistake_is_refused_at_the_start() {
    for (file, content) in
        [("en/invitaton.txt", "x"), ("en/invitation.txt", "{% if %}"), ("en/approved.md", "x"), ("nonsense_folder/x.txt", "x")]
    {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), file, content);
        assert!(Templates::with_folder("en", "UTC", folder.path()).is_err(), "{file}");
    }
    assert!(Templates::with_folder("en", "UTC", Path::new("no/such/folder")).is_err());
    assert!(Templates::compiled_in("../en", "UTC").is_err());
    assert!(Templates::compiled_in("en", "Mars/Olympus").is_err());
}
