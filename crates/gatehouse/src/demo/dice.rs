//! The same seed throws the same numbers, names and places.

use domain::{Address, AddressLine, CompanyName, Contact, Country, Email, IdentifierScheme, IdentifierValue, Invalid, OrganizationProfile};
use domain::{PersonName, Phone, RegisteredIdentifier, WebAddress};
use jiff::SignedDuration;

/// A small generator (SplitMix64): good enough for stories, the same on every machine.
#[derive(Debug, Clone)]
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64, about: u64) -> Self {
        let mut dice = Self(seed ^ about.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        dice.next();
        dice
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `sides`.
    pub(super) fn below(&mut self, sides: u64) -> u64 {
        self.next() % sides.max(1)
    }

    /// True in so many of a hundred cases.
    pub(super) fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// A time between the two, in minutes.
    pub(super) fn minutes(&mut self, from: u64, to: u64) -> SignedDuration {
        let minutes = from + self.below(to.saturating_sub(from) + 1);
        SignedDuration::from_mins(i64::try_from(minutes).unwrap_or_default())
    }

    /// One of these.
    pub(super) fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        let index = self.below(u64::try_from(from.len()).unwrap_or(1));
        usize::try_from(index).ok().and_then(|index| from.get(index)).copied().unwrap_or_default()
    }
}

const GIVEN: &[&str] = &[
    "Ada", "Amara", "Anders", "Beatriz", "Carlos", "Chloe", "Daniel", "Elif", "Emeka", "Farah", "Grace", "Hana", "Henrik", "Ines", "Ivan",
    "Jonas", "Kenji", "Leila", "Lucía", "Mateo", "Mei", "Nadia", "Noah", "Oksana", "Priya", "Quentin", "Rosa", "Samuel", "Sofia", "Tomasz",
    "Ursula", "Viktor", "Wei", "Yara", "Zoe",
];
const FAMILY: &[&str] = &[
    "Abe",
    "Almeida",
    "Bauer",
    "Bianchi",
    "Chen",
    "Cohen",
    "Dubois",
    "Eriksen",
    "Fischer",
    "García",
    "Haddad",
    "Ivanova",
    "Jansen",
    "Kaya",
    "Kowalski",
    "Larsson",
    "Lindqvist",
    "Moreau",
    "Nakamura",
    "Novak",
    "O'Brien",
    "Okafor",
    "Park",
    "Patel",
    "Quiroga",
    "Rossi",
    "Sato",
    "Schneider",
    "Silva",
    "Tremblay",
    "Ueda",
    "Varga",
    "Walker",
    "Yilmaz",
    "Zhang",
];
const FIRST: &[&str] = &[
    "Alpine",
    "Apex",
    "Atlas",
    "Aurora",
    "Baltic",
    "Beacon",
    "Cascade",
    "Cedar",
    "Cobalt",
    "Copper",
    "Delta",
    "Eastgate",
    "Falcon",
    "Granite",
    "Harbor",
    "Helix",
    "Iberia",
    "Juniper",
    "Keystone",
    "Lakeside",
    "Meridian",
    "Midland",
    "Nordic",
    "Orion",
    "Pacific",
    "Pioneer",
    "Quartz",
    "Redwood",
    "Rhône",
    "Sierra",
    "Silverline",
    "Summit",
    "Tidewater",
    "Titan",
    "Union",
    "Vanguard",
    "Westfield",
    "Zenith",
];
const TRADE: &[&str] = &[
    "Aerostructures",
    "Alloys",
    "Avionics",
    "Bearings",
    "Castings",
    "Coatings",
    "Composites",
    "Controls",
    "Fasteners",
    "Forge",
    "Hydraulics",
    "Interiors",
    "Machining",
    "Metalworks",
    "Precision",
    "Sealing Systems",
    "Sensors",
    "Tooling",
    "Wire & Cable",
];
const FORM: &[&str] = &["Inc.", "LLC", "GmbH", "Ltd", "S.A.", "AB", "Srl", "K.K.", "B.V."];
const TOWNS: &[(&str, &str, &str)] = &[
    ("Everett", "US", "+1425555"),
    ("Wichita", "US", "+1316555"),
    ("Hamburg", "DE", "+49405550"),
    ("Augsburg", "DE", "+49821555"),
    ("Toulouse", "FR", "+33561555"),
    ("Bristol", "GB", "+44117555"),
    ("Montréal", "CA", "+1514555"),
    ("Nagoya", "JP", "+81525550"),
    ("Linköping", "SE", "+4613555"),
    ("Sevilla", "ES", "+34954555"),
    ("Torino", "IT", "+39011555"),
    ("Querétaro", "MX", "+52442555"),
];
const STREETS: &[&str] =
    &["Airport Road", "Foundry Lane", "Industrial Way", "Mill Street", "Riverside Drive", "Station Road", "Technology Park"];

/// A company and the people of the story.
#[derive(Debug, Clone)]
pub(super) struct Company {
    pub(super) name: CompanyName,
    pub(super) profile: OrganizationProfile,
    /// Who is invited and registers.
    pub(super) registrant: Contact,
    /// Who else is named.
    pub(super) colleague: Contact,
}

impl Company {
    /// The company of this number; no two have the same name.
    pub(super) fn throw(number: u32, dice: &mut Dice) -> Result<Self, Invalid> {
        let (first, trade) = (dice.pick(FIRST), dice.pick(TRADE));
        let short = if number < 38 { format!("{first} {trade}") } else { format!("{first} {trade} {}", roman(number / 38 + 1)) };
        let name = CompanyName::parse(&short)?;
        let legal_name = CompanyName::parse(&format!("{short} {}", dice.pick(FORM)))?;
        let town =
            usize::try_from(dice.below(12)).ok().and_then(|index| TOWNS.get(index)).copied().unwrap_or(("Everett", "US", "+1425555"));
        let (city, country, dial) = town;
        let host = format!("{}-{number}.example", first.to_lowercase().replace('ô', "o"));
        let address = Address {
            lines: vec![AddressLine::parse(&format!("{} {}", dice.below(400) + 1, dice.pick(STREETS)))?],
            city: AddressLine::parse(city)?,
            region: None,
            postal_code: Some(AddressLine::parse(&format!("{:05}", 10_000 + dice.below(89_999)))?),
            country: Country::parse(country)?,
        };
        let identifiers = vec![RegisteredIdentifier {
            scheme: IdentifierScheme::parse("DUNS")?,
            value: IdentifierValue::parse(&format!("{:09}", 100_000_000 + u64::from(number) * 7_919 % 899_999_999))?,
        }];
        let profile = OrganizationProfile {
            legal_name,
            trading_name: None,
            address,
            identifiers,
            phone: Some(Phone::parse(&format!("{dial}{:04}", dice.below(9_999)))?),
            website: Some(WebAddress::parse(&format!("https://{host}"))?),
        };
        let registrant = person(dice, &host, dial, None)?;
        let colleague = person(dice, &host, dial, Some(&registrant))?;
        Ok(Self { name, profile, registrant, colleague })
    }
}

fn person(dice: &mut Dice, host: &str, dial: &str, but: Option<&Contact>) -> Result<Contact, Invalid> {
    loop {
        let (given, family) = (dice.pick(GIVEN), dice.pick(FAMILY));
        if but.is_some_and(|but| but.given_name.as_str() == given) {
            continue;
        }
        let ascii = |text: &str| text.to_lowercase().replace(['í', '\''], "").replace('é', "e");
        return Ok(Contact {
            given_name: PersonName::parse(given)?,
            family_name: PersonName::parse(family)?,
            email: Email::parse(&format!("{}.{}@{host}", ascii(given), ascii(family)))?,
            phone: Some(Phone::parse(&format!("{dial}{:04}", dice.below(9_999)))?),
            job_title: None,
        });
    }
}

fn roman(mut number: u32) -> String {
    let mut text = String::new();
    for (value, letters) in [(50, "L"), (40, "XL"), (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I")] {
        while number >= value {
            text.push_str(letters);
            number -= value;
        }
    }
    text
}
