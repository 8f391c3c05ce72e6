//! What is wrong is refused without repeating a secret that stands in it.

use serde_json::{Value, json};

use crate::support::cast::Cast;
use crate::support::secrets::Kind;
use crate::support::user::User;

const SECRET: &str = "porcelain-Hatchet-71-overture";

/// Sends what is wrong in every way: as another type, under another name, as an address, a token, a table, a setting.
/// Gives back where it was repeated nevertheless.
pub(super) async fn echoed(cast: &Cast, administrator: &User) -> Vec<String> {
    let (world, mut faults) = (&cast.world, Vec::new());
    world.secrets.borrow_mut().add(SECRET, Kind::Credential);
    for body in bodies() {
        for (path, token) in [
            ("/v1/sign-in", None),
            ("/v1/sign-in/second-factor", Some(&administrator.token)),
            ("/v1/me/password", Some(&administrator.token)),
            ("/v1/users", Some(&administrator.token)),
            ("/v1/registrations", None),
        ] {
            let mut call = world.post(path).json(body.clone());
            if let Some(token) = token {
                call = call.by(token);
            }
            let answer = call.send().await;
            assert!((400..500).contains(&answer.status), "{path} {body}: {answer}");
            if answer.body.to_string().contains(SECRET) {
                faults.push(format!("repeated: {path} {body}: {answer}"));
            }
        }
    }
    let answers = [
        world.get("/v1/me").by(SECRET).send().await,
        world.get(format!("/v1/users/{SECRET}")).by(&administrator.token).send().await,
        world.get(format!("/v1/users?limit={SECRET}")).by(&administrator.token).send().await,
        world.get(format!("/v1/users?{SECRET}=1")).by(&administrator.token).send().await,
        world.get(format!("/v1/status/{SECRET}")).send().await,
        world.get(format!("/{SECRET}")).send().await,
        world.post("/v1/users/uploads").by(&administrator.token).csv(format!("{SECRET},email\na,b\n")).key("columns").send().await,
        world.post("/v1/users/uploads").by(&administrator.token).csv(SECRET.to_owned()).key("none").send().await,
    ];
    for answer in answers {
        assert!(answer.status >= 400, "{answer}");
        if answer.body.to_string().contains(SECRET) {
            faults.push(format!("repeated: {answer}"));
        }
    }
    at_the_terminal(cast, &mut faults);
    faults
}

fn bodies() -> Vec<Value> {
    vec![
        json!(SECRET),
        json!([SECRET]),
        json!({ SECRET: 1 }),
        json!({ "secret": [SECRET], "password": [SECRET], "code": [SECRET], "current_password": [SECRET], "one_time_password": [SECRET], "name": [SECRET] }),
        json!({ "user_id": 7, "session": SECRET, "secret": SECRET, "contact": SECRET, "code": { "code": SECRET }, "applications": SECRET }),
        json!({ "user_id": SECRET, "secret": "mistaken-Secret-55-x", "code": SECRET, "one_time_password": { SECRET: SECRET }, "link": { SECRET: 1 } }),
    ]
}

/// Settings and arguments that are wrong, with a secret in them.
fn at_the_terminal(cast: &Cast, faults: &mut Vec<String>) {
    let (world, url) = (&cast.world, format!("postgres://gatehouse:{SECRET}@127.0.0.1:1/none"));
    let (with_port, malformed) = (format!("postgres://gatehouse:{SECRET}@127.0.0.1:none/x"), format!("gatehouse-master-key-1:{SECRET}"));
    let nats = format!("nats://gatehouse:{SECRET}@127.0.0.1:none");
    let settings: [(&str, &str); 9] = [
        ("GATEHOUSE_MASTER_KEY_FILE", &malformed),
        ("GATEHOUSE_MASTER_KEY", &malformed),
        ("GATEHOUSE_MASTER_KEY", SECRET),
        ("GATEHOUSE_LOG", &url),
        ("GATEHOUSE_LOG", &with_port),
        ("GATEHOUSE_SECRETS", &with_port),
        ("GATEHOUSE_VIEWS", &url),
        ("GATEHOUSE_NATS__URL", &nats),
        ("GATEHOUSE_POLICY", SECRET),
    ];
    for setting in settings {
        for arguments in [&["config"][..], &["doctor"], &["serve", "--listen", "127.0.0.1:0", "--role", "none"]] {
            let (_, out, err) = world.operator_tries(arguments, &[setting]);
            if format!("{out}{err}").contains(SECRET) {
                faults.push(format!("repeated: {setting:?} {arguments:?}: {out}{err}"));
            }
        }
    }
    for arguments in [
        &["token", "create", "x", "--staff", SECRET][..],
        &["forget", "x", "--reason", SECRET, "--yes"],
        &["history", "case", "x", "--at", SECRET],
    ] {
        // What was typed as an argument may be said again, but is in no log: that is looked for with all the rest.
        let (succeeded, ..) = world.operator_tries(arguments, &[]);
        assert!(!succeeded, "{arguments:?}");
    }
}
