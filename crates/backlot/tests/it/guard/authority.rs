//! Every operation × who asks × what he shows × every kind of asset, against the rules in words.

use backlot_model::account::Caller;

use super::oracle::{ACTS, Act, Outcome, Paper, Thing, Who};
use super::stage::{Prop, Shown, Stage, outcome_of};

/// One way to show a key is enough where no request is read.
fn is_distinct(paper: Paper) -> bool {
    !matches!(paper, Paper::LongToken | Paper::KeyInHeader | Paper::KeyAsBasic)
}

#[tokio::test]
async fn the_library_lets_each_do_what_the_rules_say_and_nothing_else() {
    let stage = Stage::new().await;
    let mut counts = (0, 0);
    for shown in stage.shown.iter().filter(|shown| is_distinct(shown.asker.paper)) {
        let credential = shown.credential.clone();
        let authenticated = stage.app.library.accounts().authenticate(credential).await;
        let Ok(caller) = authenticated else {
            assert!(!shown.asker.is_believed(), "{:?}", shown.asker);
            continue;
        };
        assert!(shown.asker.is_believed(), "{:?}", shown.asker);
        let mut before = stage.rows().await;
        for act in ACTS {
            for prop in &stage.props {
                stage.app.clock.advance_ms(1);
                let told = format!("{act:?} by {:?} of {:?}", shown.asker, prop.thing);
                let result = stage.act(act, &caller, shown, prop).await;
                let outcome = outcome_of(&result);
                assert_eq!(outcome, shown.asker.outcome(act, prop.thing), "{told}");
                if outcome == Outcome::Done {
                    stage.undo(act, prop).await;
                    before = stage.rows().await;
                    counts.0 += 1;
                } else {
                    assert_eq!(stage.rows().await, before, "{told}");
                    counts.1 += 1;
                }
            }
        }
    }
    assert!(counts.0 > 1_000 && counts.1 > 3_000, "both happen: {counts:?}");
}

/// What the native API answers. Only seeing is open to those who show nothing.
fn status_of(outcome: Outcome, act: Act, who: Who) -> u16 {
    match outcome {
        _ if who == Who::Anonymous && act != Act::See => 401,
        Outcome::Done if act == Act::Copy => 201,
        Outcome::Done => 200,
        Outcome::NotDeleted => 409,
        Outcome::Unknown => 404,
        Outcome::Forbidden | Outcome::NeedsScope => 403,
        Outcome::NeedsCredential | Outcome::BadCredential => 401,
    }
}

#[tokio::test]
async fn the_native_api_answers_as_the_rules_say() {
    let stage = Stage::new().await;
    let mut counts = (0, 0);
    for (turn, shown) in stage.shown.iter().enumerate() {
        for (step, act) in ACTS.into_iter().enumerate() {
            for (place, prop) in stage.props.iter().enumerate() {
                // Every pair of what differs is there; the whole cross is the library's.
                if act != Act::See && (turn + step + place) % 5 != 0 {
                    continue;
                }
                stage.app.clock.advance_ms(1);
                let outcome = shown.asker.outcome(act, prop.thing);
                let expected = status_of(outcome, act, shown.asker.who);
                let answer = stage.call(act, shown, prop).send().await;
                let told = format!("{act:?} by {:?} of {:?}", shown.asker, prop.thing);
                assert_eq!(answer.status.as_u16(), expected, "{told}: {:?}", answer.bytes);
                if answer.status.is_success() {
                    stage.undo(act, prop).await;
                    counts.0 += 1;
                } else {
                    counts.1 += 1;
                }
            }
        }
    }
    assert!(counts.0 > 300 && counts.1 > 1_000, "both happen: {counts:?}");
}

#[tokio::test]
async fn piktid_answers_as_the_rules_say() {
    let stage = Stage::new().await;
    for (turn, shown) in stage.shown.iter().enumerate() {
        for (place, prop) in stage.props.iter().enumerate() {
            let path = format!("/piktid/assets/{}", prop.id);
            let app = &stage.app;
            let note = serde_json::json!({ "styling_note": format!("{turn}") });
            let calls = [
                (Act::See, 200, app.get(&path)),
                (Act::Change, 200, app.patch(&format!("{path}/note")).json(&note)),
                (Act::Delete, 204, app.delete(&path)),
            ];
            for (act, done, call) in calls {
                if act != Act::See && (turn + place) % 3 != 0 {
                    continue;
                }
                let expected = match shown.asker.outcome(act, prop.thing) {
                    // Nothing here is open to those who show nothing.
                    _ if shown.asker.who == Who::Anonymous => 401,
                    Outcome::Done => done,
                    other => status_of(other, act, shown.asker.who),
                };
                let answer = shown.on(call).send().await;
                let told = format!("{act:?} by {:?} of {:?}", shown.asker, prop.thing);
                assert_eq!(answer.status.as_u16(), expected, "{told}: {:?}", answer.bytes);
                if answer.status.is_success() {
                    stage.undo(act, prop).await;
                }
            }
        }
    }
}

/// What `/media` answers to one who shows `shown` and no signature.
fn media_status(shown: &Shown, thing: Thing) -> u16 {
    use backlot_model::asset::Visibility;
    match shown.asker.outcome(Act::See, thing) {
        // The bytes of public pictures are everybody's, whatever a good credential is good for.
        Outcome::NeedsScope if thing.visibility == Visibility::Public => 200,
        other => status_of(other, Act::See, shown.asker.who),
    }
}

#[tokio::test]
async fn pictures_go_out_as_the_rules_say_or_by_a_signature() {
    let stage = Stage::new().await;
    let platform = Caller::platform();
    for prop in &stage.props {
        let plain = format!("/media/assets/{}/original", prop.id);
        let signed = signed_addresses(&stage, prop, &platform).await;
        for shown in &stage.shown {
            let told = format!("{:?} of {:?}", shown.asker, prop.thing);
            let status =
                async |target: &str| shown.on(stage.app.get(target)).send().await.status.as_u16();
            assert_eq!(status(&plain).await, media_status(shown, prop.thing), "{told}");
            let Some([original, small]) = &signed else { continue };
            // Who shows something bad is told so; else the signature is enough.
            let good = if shown.asker.is_believed() { 200 } else { 401 };
            assert_eq!(status(original).await, good, "{told}");
            assert_eq!(status(small).await, good, "{told}");
            // A thumbnail's signature opens no original to who could not open it anyway.
            let (_, query) = small.split_once('?').unwrap();
            let crossed = status(&format!("{plain}?{query}")).await;
            let seen = media_status(shown, prop.thing);
            assert!(crossed == seen || crossed == 404, "{told}: {crossed}");
            assert!(seen == 200 || crossed != 200, "{told}");
        }
    }
}

/// The signed addresses of the original and the small thumbnail, of what is there.
async fn signed_addresses(stage: &Stage, prop: &Prop, platform: &Caller) -> Option<[String; 2]> {
    use backlot_library::delivery::Picture;
    let asset = stage.app.library.asset(platform, prop.id).await.ok()?;
    let path = |picture| stage.app.library.picture_path(&asset, picture).unwrap();
    Some([path(Picture::Original), path(Picture::Small)])
}

#[tokio::test]
async fn a_signature_ends_with_its_time_with_deletion_and_when_fewer_may_see() {
    let stage = Stage::new().await;
    let platform = Caller::platform();
    for prop in stage.props.iter().filter(|prop| !prop.thing.is_deleted) {
        let status = async |target: &str| stage.app.get(target).send().await.status.as_u16();
        let bytes = format!("/media/assets/{}/original", prop.id);
        let is_open = status(&bytes).await == 200;
        for act in [Act::Delete, Act::SetVisibility] {
            let [original, small] = signed_addresses(&stage, prop, &platform).await.unwrap();
            let root = &stage.shown[0];
            stage.act(act, &platform, root, prop).await.unwrap();
            // A private asset becomes unlisted, which nobody loses by.
            let widened = prop.thing.visibility == backlot_model::asset::Visibility::Private;
            let after = if act == Act::SetVisibility && widened { 200 } else { 404 };
            for address in [&original, &small] {
                assert_eq!(status(address).await, after, "{act:?} {:?}", prop.thing);
            }
            stage.undo(act, prop).await;
            // What was taken away stays so when the asset comes back, but for what is public.
            let back = if is_open { 200 } else { 404 };
            assert_eq!(status(&original).await, back, "{act:?} {:?}", prop.thing);
        }
        let [original, _] = signed_addresses(&stage, prop, &platform).await.unwrap();
        assert_eq!(status(&original).await, 200);
        stage.app.clock.advance_ms(9 * 24 * 60 * 60 * 1_000);
        let late = status(&original).await;
        assert!(if is_open { late == 200 } else { late != 200 }, "{late} {:?}", prop.thing);
    }
}
