//! People whose names nobody else has.

use serde_json::{Value, json};

/// What stands in reasons, questions and answers: words that are about no one person, and stay in the record.
pub(super) const FREE_TEXT: &str = "Snibbletop-Vantage said so.";

/// Somebody.
#[derive(Debug, Clone)]
pub(super) struct Canary {
    pub(super) given_name: String,
    pub(super) family_name: String,
    pub(super) email: String,
    pub(super) phone: String,
    pub(super) job_title: String,
}

impl Canary {
    fn named(given_name: &str, family_name: &str, number: u32) -> Self {
        let email = format!("{given_name}.{number}@pomander-fixtures.example");
        let (phone, job_title) = (format!("+3319977{number}"), format!("{given_name}wright"));
        Self { given_name: given_name.to_owned(), family_name: family_name.to_owned(), email, phone, job_title }
    }

    pub(super) fn full_name(&self) -> String {
        format!("{} {}", self.given_name, self.family_name)
    }

    pub(super) fn contact(&self) -> Value {
        let Self { given_name, family_name, email, phone, job_title } = self;
        json!({ "given_name": given_name, "family_name": family_name, "email": email, "phone": phone, "job_title": job_title })
    }

    /// What is looked for.
    fn texts(&self) -> Vec<String> {
        let local = self.email.split_once('@').unwrap().0.to_owned();
        let digits = self.phone.trim_start_matches('+').to_owned();
        vec![self.given_name.clone(), self.family_name.clone(), local, digits]
    }
}

/// Everybody on the way through, by what they are there.
pub(super) struct People {
    pub(super) addressee: Canary,
    /// The partner's words to the addressee.
    pub(super) message: String,
    pub(super) administrator: Canary,
    /// Who was named by mistake, and corrected.
    pub(super) mistaken: Canary,
    pub(super) corrected: Canary,
    pub(super) colleague: Canary,
    pub(super) uploaded: Canary,
    pub(super) newcomer: Canary,
    /// Who registered as a user and was refused.
    pub(super) stranger: Canary,
    /// Who registered a company that nobody invited.
    pub(super) walker: Canary,
    /// On the staff.
    pub(super) clerk: Canary,
}

impl People {
    pub(super) fn new() -> Self {
        Self {
            addressee: Canary::named("Quillonda", "Vexmarrow", 4101),
            message: "Please ring at Brambleshaw-Gate, \"the ‘green’ one\", and ask for Ottilienka.".to_owned(),
            administrator: Canary::named("Ondrizela", "Kaspworthy", 4102),
            mistaken: Canary::named("Mispeltina", "Grubenvold", 4103),
            corrected: Canary::named("Mirellaqua", "Grubenwald", 4104),
            colleague: Canary::named("Tharnwicka", "Ölbrünnsdottir", 4105),
            uploaded: Canary::named("Drusquilla", "Hobbenstern", 4106),
            newcomer: Canary::named("Yevgranija", "Plonkstedt", 4107),
            stranger: Canary::named("Bardolphina", "Zwickelmoor", 4108),
            walker: Canary::named("Fennimortha", "Grubbletone", 4109),
            clerk: Canary::named("Wolfrandis", "Quoxleyana", 4110),
        }
    }

    pub(super) fn all(&self) -> [&Canary; 10] {
        let Self { addressee, message: _, administrator, mistaken, corrected, colleague, uploaded, newcomer, stranger, walker, clerk } =
            self;
        [addressee, administrator, mistaken, corrected, colleague, uploaded, newcomer, stranger, walker, clerk]
    }

    /// Everything personal that is looked for.
    pub(super) fn texts(&self) -> Vec<String> {
        let of_message = ["Brambleshaw", "Ottilienka"].map(str::to_owned);
        self.all().iter().flat_map(|person| person.texts()).chain(of_message).collect()
    }
}
