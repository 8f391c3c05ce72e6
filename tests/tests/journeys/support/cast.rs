//! Who is there before a journey begins: staff, a partner with its applications.

use serde_json::json;

use super::SOON;
use super::registrant::{Company, Registrant};
use super::review::approve;
use super::user::{User, establish};
use super::world::World;

/// The partner's name.
pub(crate) const PARTNER: &str = "Meridian Aerostructures";

/// A member of staff.
#[derive(Debug, Clone)]
pub(crate) struct Staff {
    /// Their id.
    pub(crate) id: String,
    /// Their token.
    pub(crate) token: String,
}

/// Appoints a member of staff, as an operator would.
pub(crate) fn appoint(world: &World, given_name: &str, arguments: &[&str]) -> Staff {
    let email = format!("{}@operator.example", given_name.to_lowercase());
    let mut typed = vec!["staff", "appoint", given_name, "Staff", email.as_str()];
    typed.extend(arguments);
    let id = world.operator(&typed);
    let token = world.operator(&["token", "create", &format!("console of {given_name}"), "--staff", &id]);
    Staff { id, token }
}

/// A service with a catalogue, staff, and a partner that owns two applications.
pub(crate) struct Cast {
    /// The service.
    pub(crate) world: World,
    /// Runs the service.
    pub(crate) administrator: Staff,
    /// Reviews.
    pub(crate) reviewer: Staff,
    /// The partner's organization id.
    pub(crate) partner: String,
    /// The token of the partner's own system.
    pub(crate) partner_token: String,
    /// The partner's organization administrator, with an established account.
    pub(crate) partner_administrator: User,
    /// The partner's application whose access an application administrator grants: by invitation only.
    pub(crate) parts_portal: String,
    /// The partner's application whose access is automatic: by invitation only.
    pub(crate) notice_board: String,
}

impl Cast {
    /// The usual service.
    pub(crate) async fn assemble() -> Self {
        Self::assemble_with(&[]).await
    }

    /// With these settings of its environment.
    pub(crate) async fn assemble_with(settings: &[(&'static str, &str)]) -> Self {
        let world = World::start_with(settings);
        world.demonstration_catalogue();
        let administrator = appoint(&world, "Alma", &["--role", "administrator"]);
        let reviewer = appoint(&world, "Rene", &["--role", "reviewer"]);
        let company = Company::named(PARTNER);
        let source_pass = application(&world, "SOURCEPASS").await;
        let invitation = json!({ "company": PARTNER, "email": company.registrant, "applications": [source_pass] });
        world.post("/v1/invitations").by(&administrator.token).json(invitation).send().await.ok();
        let token = world.mail(&company.registrant, "You're Invited").await.token("Register Now");
        let submitted = Registrant::accept(&world, &token).await.fill_in(&company).await;
        approve(&world, &reviewer, &submitted.id).await;
        let partner_administrator = establish(&world, submitted.administrator(), "is registered").await;
        let partner = world.get("/v1/me").by(&partner_administrator.token).send().await.ok().text("organization");
        let partner_token = world.operator(&["token", "create", "partner system", "--partner", &partner]);
        world.catalogue(&catalogue_of_the_partner());
        let parts_portal = application(&world, "PARTS").await;
        let notice_board = application(&world, "NOTICES").await;
        Self { world, administrator, reviewer, partner, partner_token, partner_administrator, parts_portal, notice_board }
    }

    /// The partner invites a company to these applications; gives back the invitation's id and the token of its link.
    pub(crate) async fn invite(&self, company: &Company, applications: &[&str]) -> (String, String) {
        let body = json!({
            "company": company.name, "email": company.registrant, "name": "Ada Moreau",
            "message": "We look forward to working with you.", "applications": applications,
        });
        let answer = self.world.post("/v1/invitations").by(&self.partner_token).json(body).send().await.ok();
        let mail = self.world.mail(&company.registrant, "You're Invited to Collaborate with").await;
        (answer.text("id"), mail.token("Register Now"))
    }

    /// A company that was invited to these applications, registered and approved, with its administrator's account established.
    pub(crate) async fn registered(&self, company: &Company, applications: &[&str]) -> User {
        let (_, token) = self.invite(company, applications).await;
        let submitted = Registrant::accept(&self.world, &token).await.fill_in(company).await;
        approve(&self.world, &self.reviewer, &submitted.id).await;
        establish(&self.world, submitted.administrator(), "is registered").await
    }
}

fn catalogue_of_the_partner() -> String {
    let application = |code: &str, name: &str, access: &str, prerequisites: &str| {
        format!(
            "[[application]]\ncode = \"{code}\"\nowner = \"{PARTNER}\"\nname = \"{name}\"\ndescription = \"{name} of the partner.\"\n\
             registration = \"invitation_only\"\naccess = \"{access}\"\nways = [\"invitation\"]\ncredential_strength = \"password\"\n\
             {prerequisites}launch_url = \"https://{}.partner.example/\"\n\n",
            code.to_lowercase()
        )
    };
    application("PARTS", "Parts Portal", "application_administrator", "prerequisites = \"Install the drawing viewer first.\"\n")
        + &application("NOTICES", "Notice Board", "automatic", "")
}

/// The id of the application of this code, as soon as the catalogue has it.
pub(crate) async fn application(world: &World, code: &str) -> String {
    test_support::eventually(&format!("application {code}"), SOON, async || {
        let list = world.operator(&["catalogue", "list"]);
        list.lines().find(|line| line.split_whitespace().any(|word| word == code)).and_then(uuid_in)
    })
    .await
}

/// The first id in a text.
pub(crate) fn uuid_in(text: &str) -> Option<String> {
    text.split(|c: char| !(c.is_ascii_hexdigit() || c == '-')).find(|word| word.parse::<uuid::Uuid>().is_ok()).map(str::to_owned)
}
