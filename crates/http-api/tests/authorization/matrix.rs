//! Each row of the table × each caller × what is theirs, others' and nobody's.

use axum::body::{Body, Bytes};
use axum::http::{Method, Request, StatusCode, header};
use domain::application::{RegistrationPolicy, Way};
use domain::testing::text;
use domain::{Owner, Slug};
use http_api::access::{Role, Row, Scope};
use http_body_util::BodyExt;
use serde_json::Value;
use tower::ServiceExt;

use super::callers::{Callers, OPERATORS, OURS, THEIRS, Who, former};
use super::common::Api;
use super::examples::{SLUG, Target, path};
use super::side::Side;

/// Three sides that have nothing to do with each other, and who calls.
pub(crate) struct World {
    pub(crate) api: Api,
    pub(crate) sides: [Side; 3],
    pub(crate) callers: Callers,
}

impl World {
    pub(crate) async fn new() -> Self {
        let api = Api::start().await;
        let public = api.application_with(Owner::Operator, "787P", |details| {
            details.registration = RegistrationPolicy::Public;
            details.ways = vec![Way::PublicRegistration, Way::PublicLink(text(Slug::parse, SLUG))];
        });
        let public = public.await;
        let ours = Side { is_ours: true, ..Side::of_partner(&api, "Northwind Avionics", "SFT", public).await };
        let theirs = Side::of_partner(&api, "Southwind Rotors", "BSCP", public).await;
        let operators = Side::of_operator(&api, "FIS", public).await;
        let callers = Callers::new(&api, &ours).await;
        api.settle().await;
        Self { api, sides: [ours, theirs, operators], callers }
    }

    /// What is answered when this caller makes the request of this row, with as little in it as can be.
    async fn ask(&self, row: &Row, who: Who, target: Target<'_>) -> Answer {
        let token = self.callers.token(who, &self.api, &self.sides[OURS]).await;
        ask(&self.api, &row.method, &path(row, who, target, &self.callers), token.as_deref()).await
    }
}

/// An answer, as far as this matters.
#[derive(Debug, PartialEq, Eq)]
struct Answer {
    status: StatusCode,
    text: String,
}

impl Answer {
    /// The code of the problem, if it is one.
    fn problem(&self) -> Option<String> {
        let body: Value = serde_json::from_str(&self.text).ok()?;
        Some(body["type"].as_str()?.strip_prefix("urn:gatehouse:problem:")?.to_owned())
    }

    /// Whether authorization let the request through: what the domain says then is another matter.
    fn is_admitted(&self) -> bool {
        let is_refusal = matches!(self.status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::NOT_FOUND);
        // What is off answers so for everybody who is let through.
        let is_off = self.problem().as_deref() == Some("openid-not-configured");
        is_off || (!is_refusal && !self.status.is_server_error())
    }

    /// What was expected and is not so, in words.
    fn against(&self, expected: &Expected<'_>) -> Option<String> {
        let is_so = match expected {
            Expected::Unauthenticated => self.status == StatusCode::UNAUTHORIZED,
            Expected::Forbidden => self.status == StatusCode::FORBIDDEN,
            Expected::AsNobodys(nobodys) => self.status == StatusCode::NOT_FOUND && self == *nobodys,
            Expected::Admitted => self.is_admitted(),
        };
        (!is_so).then(|| format!("expected {expected:?}, got {} {}", self.status, self.text))
    }
}

/// What a request should be answered.
#[derive(Debug)]
enum Expected<'a> {
    /// 401: there is no token, and it needs one.
    Unauthenticated,
    /// 403: none of the roles.
    Forbidden,
    /// 404, to the letter as if there were no such thing.
    AsNobodys(&'a Answer),
    /// Anything else: authorization lets it through.
    Admitted,
}

async fn ask(api: &Api, method: &Method, path: &str, token: Option<&str>) -> Answer {
    let mut request = Request::builder().method(method).uri(path);
    if let Some(token) = token {
        request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
    }
    let body = if method == Method::GET { Body::empty() } else { Body::from("{}") };
    let request = request.header(header::CONTENT_TYPE, "application/json").body(body).unwrap();
    let response = api.router.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let is_endless = parts.headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind == "text/event-stream");
    let bytes = if is_endless { Bytes::new() } else { body.collect().await.unwrap().to_bytes() };
    Answer { status: parts.status, text: String::from_utf8_lossy(&bytes).into_owned() }
}

/// The scopes that a row grants this caller.
fn granted(row: &Row, who: Who) -> Vec<Scope> {
    row.may.iter().filter(|may| who.roles().contains(&may.role)).map(|may| may.scope).collect()
}

fn expected<'a>(granted: &[Scope], who: Who, side: usize, nobodys: Option<&'a Answer>) -> Expected<'a> {
    if granted.is_empty() {
        return if who == Who::Anyone { Expected::Unauthenticated } else { Expected::Forbidden };
    }
    let is_within_reach = granted.iter().any(|scope| who.reaches(*scope, side));
    nobodys.filter(|_| !is_within_reach).map_or(Expected::Admitted, Expected::AsNobodys)
}

/// What an answer shows of sides that are not within reach.
fn leak(answer: &Answer, granted: &[Scope], who: Who, sides: &[Side; 3]) -> Option<(usize, String)> {
    let foreign = sides.iter().enumerate().filter(|(side, _)| !granted.iter().any(|scope| who.reaches(*scope, *side)));
    foreign.flat_map(|(side, of)| of.ids().into_iter().map(move |id| (side, id))).find(|(_, id)| answer.text.contains(id))
}

#[tokio::test]
async fn every_caller_is_let_to_what_the_table_says_and_to_nothing_else() {
    let world = World::new().await;
    let (mut asked, mut wrong) = (0, Vec::new());
    for row in http_api::table() {
        let names_something = row.path.contains('{');
        for who in Who::ALL {
            let granted = granted(&row, who);
            let nobodys = if names_something { Some(world.ask(&row, who, Target::Nobodys(world.api.id())).await) } else { None };
            let sides = if names_something { &[THEIRS, OPERATORS, OURS][..] } else { &[OURS] };
            for side in sides {
                let answer = world.ask(&row, who, Target::Of(&world.sides[*side])).await;
                asked += 1;
                let whose = ["ours", "theirs", "the operator's"][*side];
                if let Some(differs) = answer.against(&expected(&granted, who, *side, nobodys.as_ref())) {
                    wrong.push(format!("{} {} by {who:?} on {whose}: {differs}", row.method, row.path));
                }
                if answer.status.is_success()
                    && let Some((of, id)) = leak(&answer, &granted, who, &world.sides)
                {
                    let of = ["ours", "theirs", "the operator's"][of];
                    wrong.push(format!("{} {} by {who:?} on {whose}: shows {id}, which is {of}: {}", row.method, row.path, answer.text));
                }
            }
        }
    }
    println!("{asked} requests");
    assert!(wrong.is_empty(), "{} of {asked} are wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert!(asked > 1_500, "{asked}");
}

#[tokio::test]
async fn what_proved_somebody_once_opens_nothing_not_even_what_is_for_anyone() {
    let world = World::new().await;
    let ours = &world.sides[OURS];
    let former = former(&world.api, ours).await;
    for row in http_api::table() {
        for (what, token) in &former {
            let answer = ask(&world.api, &row.method, &path(&row, Who::User, Target::Of(ours), &world.callers), Some(token)).await;
            assert_eq!(answer.problem().as_deref(), Some("unauthenticated"), "{} {} by {what}: {answer:?}", row.method, row.path);
        }
    }
}

#[test]
fn every_role_is_somebodys_in_the_matrix() {
    for role in Role::ALL {
        assert!(Who::ALL.iter().any(|who| who.roles().contains(&role)), "nobody in the matrix is {}", role.words());
    }
}
