//! Tokens that were bought elsewhere (J3): imported by the operator, registered by serial number, shown, given back.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "the helpers of tests fail the test")]

use domain::StaffRole;
use serde_json::{Value, json};

use crate::world::{ONE_TIME_PASSWORD, PASSWORD, Reply, World};

/// The seed of RFC 4226, appendix D.
const SEED: &str = "3132333435363738393031323334353637383930";
const SEED_IN_BASE32: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
const IMPORTS: &str = "/v1/tokens/imports";

/// The code of a token with a button, of [`SEED`].
fn code(counter: u64) -> String {
    let builder = totp_rs::Builder::new().with_step_duration(1).with_secret(b"12345678901234567890".to_vec());
    builder.build().unwrap().generate(counter).to_string()
}

async fn imported(world: &World, administrator: &str, serial: &str) {
    let file = format!("serial,algorithm,seed_hex\n{serial},hotp,{SEED}\n");
    let done = world.upload(IMPORTS, administrator, "1", &file).await.expect(200);
    assert_eq!(done["rows"][0]["outcome"], "imported", "{done:#}");
}

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_else(|| panic!("no {name} in {value:#}")).to_owned()
}

fn outcomes(done: &Value) -> Vec<String> {
    done["rows"].as_array().unwrap().iter().map(|row| text(row, "outcome")).collect()
}

async fn begin(world: &World, token: &str, serial: &str) -> Reply {
    world.post("/v1/me/credentials/tokens", token, json!({ "serial": serial, "label": "Key ring" })).await
}

async fn standing(world: &World, administrator: &str, serial: &str) -> String {
    let listed = world.get("/v1/tokens", administrator).await.expect(200);
    let found = listed["items"].as_array().unwrap().iter().find(|token| token["serial"] == serial);
    text(found.unwrap(), "standing")
}

#[tokio::test]
async fn tokens_are_imported_by_administrators_of_the_service_who_see_no_seed_again() {
    let world = World::new().await;
    let administrator = world.staff(&[StaffRole::Administrator]).await;
    let file = format!(
        "\u{feff}Serial,algorithm,digits,period,hash,counter,seed_hex,seed_base32\n\
         sn-1,hotp,6,,,,{SEED},\n\
         SN-2,TOTP,8,60,sha256,,,{SEED_IN_BASE32}\n"
    )
    .replace("Serial", "serial");
    let looked = world.upload(&format!("{IMPORTS}?dry_run=true"), &administrator, "1", &file).await.expect(200);
    assert_eq!((&looked["dry_run"], outcomes(&looked)), (&json!(true), vec!["imported".to_owned(), "imported".to_owned()]));
    assert_eq!(world.get("/v1/tokens", &administrator).await.expect(200)["items"], json!([]));

    let done = world.upload(IMPORTS, &administrator, "1", &file).await.expect(200);
    assert_eq!(outcomes(&done), ["imported", "imported"]);
    // Sent again, also under another key, nothing is imported twice.
    assert_eq!(outcomes(&world.upload(IMPORTS, &administrator, "2", &file).await.expect(200)), ["same", "same"]);
    let listed = world.get("/v1/tokens", &administrator).await.expect(200);
    let second = json!({ "serial": "SN-2", "algorithm": "totp", "period": 60, "digits": 8, "hash": "sha256", "standing": "available" });
    assert_eq!(listed["items"][1], second);
    for answer in [&looked, &done, &listed] {
        let answer = answer.to_string().to_uppercase();
        assert!(!answer.contains(SEED) && !answer.contains(SEED_IN_BASE32), "{answer}");
    }
    let page = world.get("/v1/tokens?limit=1&standing=available", &administrator).await.expect(200);
    assert_eq!((page["items"].as_array().unwrap().len(), &page["next"]), (1, &json!("SN-1")));
    let page = world.get("/v1/tokens?limit=1&after=SN-1", &administrator).await.expect(200);
    assert_eq!((&page["items"][0]["serial"], page.get("next")), (&json!("SN-2"), None));
    world.get("/v1/tokens?standing=lost", &administrator).await.problem(400, "malformed-request");
}

#[tokio::test]
async fn a_serial_that_is_there_with_another_seed_is_refused_for_its_row_only() {
    let world = World::new().await;
    let administrator = world.staff(&[StaffRole::Administrator]).await;
    imported(&world, &administrator, "SN-1").await;
    let other = SEED.replace("31", "99");
    let file = format!("serial,algorithm,seed_hex\nSN-1,hotp,{other}\nSN-2,hotp,{other}\nSN-1X,totp,{SEED}\n");
    for (path, key) in [(format!("{IMPORTS}?dry_run=true"), "2"), (IMPORTS.to_owned(), "3")] {
        let done = world.upload(&path, &administrator, key, &file).await.expect(200);
        assert_eq!(outcomes(&done), ["differs", "imported", "imported"]);
        assert_eq!(done["rows"][0]["errors"][0]["pointer"], "/rows/1/serial");
    }
}

#[tokio::test]
async fn of_a_file_with_a_row_that_is_not_valid_nothing_is_imported_and_no_answer_holds_a_seed() {
    let world = World::new().await;
    let administrator = world.staff(&[StaffRole::Administrator]).await;
    let file = format!(
        "serial,algorithm,digits,period,hash,counter,seed_hex,seed_base32\n\
         SN-1,hotp,6,,,,{SEED},\n\
         SN 2,hotp,6,,,,{SEED},\n\
         SN-3,smart,7,,md5,x,{SEED},\n\
         SN-4,hotp,,30,,,{SEED},{SEED_IN_BASE32}\n\
         SN-5,totp,,5,,,,{SEED_IN_BASE32}\n\
         SN-6,totp,,,,,{SEED}zz,\n\
         sn-1,hotp,,,,,,\n\
         SN-8,hotp,,,,,{},\n",
        &SEED[..30]
    );
    let looked = world.upload(&format!("{IMPORTS}?dry_run=true"), &administrator, "1", &file).await.expect(200);
    let mut expected = vec!["invalid"; 8];
    expected[0] = "imported";
    assert_eq!(outcomes(&looked), expected);
    let refused = world.upload(IMPORTS, &administrator, "1", &file).await.problem(422, "invalid-fields");
    let pointers: Vec<_> = refused["errors"].as_array().unwrap().iter().map(|error| text(error, "pointer")).collect();
    let expected = [
        "/rows/2/serial",
        "/rows/3/algorithm",
        "/rows/3/digits",
        "/rows/3/hash",
        "/rows/3/counter",
        "/rows/4/seed_base32",
        "/rows/4/period",
        "/rows/5/period",
        "/rows/6/seed_hex",
        "/rows/7/seed_hex",
        "/rows/7/serial",
        "/rows/8/seed_hex",
    ];
    assert_eq!(pointers, expected, "{refused:#}");
    assert_eq!(world.get("/v1/tokens", &administrator).await.expect(200)["items"], json!([]));

    let none = [
        "".to_owned(),
        "serial,algorithm,seed_hex\n".to_owned(),
        // Without a header, a seed stands where the name of a column should.
        format!("SN-1,hotp,{SEED}\nSN-2,hotp,{SEED}\n"),
        format!("serial,algorithm,seed_hex\nSN-1,hotp,{SEED},{SEED}\n"),
        format!("serial,seed_hex\nSN-1,{SEED}\n"),
        std::iter::once("serial,algorithm,seed_hex\n".to_owned()).chain((0..=1_000).map(|n| format!("S{n},hotp,{SEED}\n"))).collect(),
    ];
    for file in none {
        let refused = world.upload(IMPORTS, &administrator, "1", &file).await.problem(400, "malformed-request").to_string();
        assert!(!refused.contains(SEED), "{refused}");
    }
    assert!(!looked.to_string().contains(&SEED[..30]));
    world.post(IMPORTS, &administrator, json!({})).await.problem(415, "unsupported-media-type");
}

#[tokio::test]
async fn a_token_is_registered_by_its_serial_shown_revoked_released_and_goes_to_somebody_else() {
    let world = World::new().await;
    let administrator = world.staff(&[StaffRole::Administrator]).await;
    imported(&world, &administrator, "SN-1").await;
    let company = world.company("Fastener Works").await;
    let token = world.first_login(&company.user_id, ONE_TIME_PASSWORD).await;
    let (_, other) = world.user(&company, "Bela", vec![]).await;
    begin(&world, &token, "SN-9").await.problem(422, "no-such-token");
    let begun = begin(&world, &token, " sn-1 ").await.expect(201);
    begin(&world, &other, "SN-1").await.problem(409, "token-taken");
    // Whoever comes back goes on with the same.
    assert_eq!(begin(&world, &token, "SN-1").await.expect(201), begun);
    assert_eq!(standing(&world, &administrator, "SN-1").await, "taken");
    let confirm = format!("/v1/me/credentials/{}/confirm", text(&begun, "id"));
    let token = text(&world.post(&confirm, &token, json!({ "code": code(0) })).await.expect(200), "token");
    let listed = world.get("/v1/me/credentials", &token).await.expect(200);
    assert_eq!((&listed["items"][0]["type"], &listed["items"][0]["serial"]), (&json!("token"), &json!("SN-1")));

    let half = world.sign_in(&company.user_id, PASSWORD).await;
    let prove = |half: String, body: Value| {
        let world = &world;
        async move { world.post("/v1/sign-in/second-factor", &half, body).await }
    };
    prove(half.clone(), json!({ "code": code(0) })).await.problem(422, "code-refused");
    let token = text(&prove(half, json!({ "code": code(3) })).await.expect(200), "token");
    // Its button was pressed in a pocket: one code is not looked for that far ahead, two are.
    let half = world.sign_in(&company.user_id, PASSWORD).await;
    prove(half.clone(), json!({ "code": code(40) })).await.problem(422, "code-refused");
    prove(half.clone(), json!({ "code": code(40), "next_code": code(42) })).await.problem(422, "code-refused");
    prove(half.clone(), json!({ "code": code(40), "next_code": code(41) })).await.expect(200);

    let release = "/v1/tokens/sn-1/release";
    world.post(release, &administrator, json!({})).await.problem(409, "token-not-withdrawn");
    let revoke = format!("/v1/me/credentials/{}/revoke", text(&begun, "id"));
    world.post(&revoke, &token, json!({ "reason": "Gave it back" })).await.expect(200);
    assert_eq!(standing(&world, &administrator, "SN-1").await, "withdrawn");
    begin(&world, &other, "SN-1").await.problem(409, "token-taken");
    assert_eq!(world.post(release, &administrator, json!({})).await.expect(200)["standing"], "available");
    world.post("/v1/tokens/SN-9/release", &administrator, json!({})).await.problem(404, "not-found");
    let begun = begin(&world, &other, "SN-1").await.expect(201);
    let confirm = format!("/v1/me/credentials/{}/confirm", text(&begun, "id"));
    world.post(&confirm, &other, json!({ "code": code(41) })).await.problem(422, "code-refused");
    world.post(&confirm, &other, json!({ "code": code(42) })).await.expect(200);
}

#[tokio::test]
async fn a_token_that_was_begun_and_given_up_can_be_registered_by_another() {
    let world = World::new().await;
    let administrator = world.staff(&[StaffRole::Administrator]).await;
    imported(&world, &administrator, "SN-1").await;
    imported(&world, &administrator, "SN-2").await;
    let company = world.company("Fastener Works").await;
    let token = world.first_login(&company.user_id, ONE_TIME_PASSWORD).await;
    begin(&world, &token, "SN-1").await.expect(201);
    let begun = begin(&world, &token, "SN-2").await.expect(201);
    assert_eq!(standing(&world, &administrator, "SN-1").await, "available", "nobody showed that they have it");
    let listed = world.get("/v1/me/credentials", &token).await.expect(200);
    assert_eq!((listed["items"].as_array().unwrap().len(), &listed["items"][0]["id"]), (1, &begun["id"]));
    // Pressed too often before it was ever used.
    let confirm = format!("/v1/me/credentials/{}/confirm", text(&begun, "id"));
    world.post(&confirm, &token, json!({ "code": code(60) })).await.problem(422, "code-refused");
    world.post(&confirm, &token, json!({ "code": code(60), "next_code": code(61) })).await.expect(200);
}
