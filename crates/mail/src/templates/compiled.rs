//! The templates compiled into the binary.

/// The three files of each mail, and the two layouts of each locale, by name.
macro_rules! compiled_in {
    ($($locale:literal: [$($mail:literal),* $(,)?])*) => {
        &[$(
            (concat!($locale, "/layout.txt"), include_str!(concat!("../../templates/", $locale, "/layout.txt"))),
            (concat!($locale, "/layout.html"), include_str!(concat!("../../templates/", $locale, "/layout.html"))),
            $(
                (concat!($locale, "/", $mail, ".subject.txt"), include_str!(concat!("../../templates/", $locale, "/", $mail, ".subject.txt"))),
                (concat!($locale, "/", $mail, ".txt"), include_str!(concat!("../../templates/", $locale, "/", $mail, ".txt"))),
                (concat!($locale, "/", $mail, ".html"), include_str!(concat!("../../templates/", $locale, "/", $mail, ".html"))),
            )*
        )*]
    };
}

/// Name and source of each.
pub(super) const TEMPLATES: &[(&str, &str)] = compiled_in! {
    "en": [
        "access_asked",
        "access_denied",
        "access_granted",
        "access_revoked",
        "account_created",
        "account_suspended",
        "approved",
        "credential_added",
        "credential_removed",
        "information_requested",
        "invitation",
        "invitation_offer",
        "invitation_reminder",
        "invitation_revoked",
        "login_success",
        "organization_subscribed",
        "password_changed",
        "registration_acknowledged",
        "registration_linked",
        "rejected",
        "review_due_soon",
        "review_overdue",
        "self_registration_confirmed",
        "self_registration_invitation",
        "self_registration_refused",
        "subscription_denied",
    ]
    "de": [
        "approved",
        "invitation",
    ]
};
