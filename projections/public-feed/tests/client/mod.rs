//! What a consumer does that was told of the published language and of nothing else: it keeps what is so, by the types and the data of
//! the messages.

use std::collections::BTreeMap;

use public_events::snapshot::Line;
use serde_json::{Value, json};

/// What is so, by what it is about.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Client {
    known: BTreeMap<String, Value>,
}

impl Client {
    /// From the lines of a snapshot.
    pub(crate) fn of(lines: &[Line]) -> Self {
        let mut client = Self::default();
        for line in lines {
            let line = serde_json::to_value(line).unwrap();
            let kind = line["kind"].as_str().unwrap();
            if kind != "begin" && kind != "end" {
                client.known.insert(key(kind, &line), line);
            }
        }
        client
    }

    pub(crate) fn told(&mut self, kind: &str, data: &Value) {
        let parts: Vec<&str> = kind.split('.').collect();
        match (parts[0], parts[1]) {
            ("application", "published" | "amended") => self.put("application", data, "published"),
            ("application", "retired") => self.put("application", data, "retired"),
            ("organization", "approved" | "reinstated") => self.put("organization", data, "registered"),
            ("organization", "suspended") => self.put("organization", data, "suspended"),
            ("organization", "closed") => self.put("organization", data, "closed"),
            ("subscription", "activated") => self.put("subscription", data, "active"),
            ("subscription" | "access" | "relationship", state) => self.put(parts[0], data, state),
            ("user", "created") => {
                let mut user = data.clone();
                user["activated"] = json!(false);
                self.put("user", &user, "pending_first_login");
            }
            ("user", what) => self.of_user(what, data),
            ("person", "erased") => self.of_user("erased", &json!({ "user": data["person"] })),
            ("invitation" | "registration", _) | ("organization", "profile_amended") => {}
            other => panic!("{other:?} is not told of anywhere"),
        }
    }

    fn put(&mut self, what: &str, data: &Value, state: &str) {
        let mut line = data.clone();
        line["kind"] = json!(what);
        line["state"] = json!(state);
        if what == "organization" {
            line.as_object_mut().unwrap().remove("registration");
        }
        self.known.insert(key(what, &line), line);
    }

    fn of_user(&mut self, what: &str, data: &Value) {
        let user = self.known.get_mut(&key("user", data)).unwrap();
        if user["state"] == "erased" {
            return;
        }
        let activated = user["activated"] == true;
        let mut set = |state: &str| user["state"] = json!(state);
        match what {
            "activated" => {
                set("active");
                user["activated"] = json!(true);
            }
            "reinstated" if activated => set("active"),
            "reinstated" => set("pending_first_login"),
            "suspended" | "closed" | "erased" => set(what),
            "role_granted" => user["roles"].as_array_mut().unwrap().push(role(data)),
            "role_revoked" => user["roles"].as_array_mut().unwrap().retain(|has| *has != role(data)),
            "profile_confirmed" => {}
            other => panic!("user.{other} is not told of anywhere"),
        }
    }
}

fn role(data: &Value) -> Value {
    let mut role = json!({ "role": data["role"] });
    if let Some(application) = data.get("application") {
        role["application"] = application.clone();
    }
    role
}

fn key(what: &str, data: &Value) -> String {
    let named = |fields: &[&str]| fields.iter().map(|field| data[field].as_str().unwrap()).collect::<Vec<_>>().join("/");
    let id = match what {
        "application" => named(&["application"]),
        "organization" => named(&["organization"]),
        "user" => named(&["user"]),
        "subscription" => named(&["organization", "application"]),
        "access" => named(&["user", "application"]),
        "relationship" => named(&["organization", "partner"]),
        other => panic!("a snapshot has no {other}"),
    };
    format!("{what}/{id}")
}
