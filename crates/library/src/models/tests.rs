//! Models from files that the tests make.

use backlot_imaging::network::{Channels, Fitting, Layout};
use backlot_imaging::testing::colour_classes;

use super::*;

fn limits() -> RunLimits {
    RunLimits { gate: Arc::default(), threads: 1, time_max: Duration::from_secs(60) }
}

fn input() -> NetworkInput {
    NetworkInput {
        width: 8,
        height: 8,
        layout: Layout::Nchw,
        channels: Channels::Rgb,
        fitting: Fitting::Stretch,
        mean: [0.0; 3],
        deviation: [1.0; 3],
    }
}

fn files(description: &str, weights: &[f32]) -> ModelFiles {
    ModelFiles {
        name: "colours".to_owned(),
        description: description.to_owned(),
        network: colour_classes(8, weights),
    }
}

fn along(first: usize) -> Scores {
    Scores::Along { output: 0, axis: 1, first, objectness: None, activation: Activation::None }
}

fn category(word: &str) -> Label {
    let meaning = Meaning { category: Some(word.to_owned()), ..Meaning::default() };
    Label { threshold: 0.5, absent_below: None, meaning }
}

const RED_OR_BLUE: [f32; 6] = [1.0, 0.0, 0.0, 0.0, 0.0, 1.0];

#[test]
fn what_a_model_sees_becomes_hints() {
    let labels = vec![category("red"), category("blue")];
    let model =
        HintModel::load(files("", &RED_OR_BLUE), input(), along(0), labels, &limits()).unwrap();
    let picture = |rgb: [u8; 3]| Preview { width: 4, height: 4, rgb: rgb.repeat(16) };
    let seen = |rgb| model.detect(&picture(rgb)).unwrap().categories.unwrap();
    assert_eq!(seen([255, 0, 0]), ["red"]);
    assert_eq!(seen([200, 0, 255]), ["blue", "red"]);
    assert!(seen([0, 255, 0]).is_empty());
}

#[test]
fn a_model_is_known_by_all_that_it_consists_of() {
    let name = |description: &str, weights: &[f32]| {
        EncoderModel::load(files(description, weights), input(), 0, &limits())
            .unwrap()
            .name()
            .to_owned()
    };
    let first = name("a", &RED_OR_BLUE);
    assert!(first.starts_with("colours@") && first.len() == "colours@".len() + 12);
    assert_eq!(first, name("a", &RED_OR_BLUE));
    assert_ne!(first, name("b", &RED_OR_BLUE));
    assert_ne!(first, name("a", &[1.0, 0.0, 0.0, 0.0, 0.0, 0.5]));
}

#[test]
fn what_cannot_be_used_is_refused_with_the_reason() {
    let said = |scores, labels| {
        let loaded = HintModel::load(files("", &RED_OR_BLUE), input(), scores, labels, &limits());
        loaded.err().unwrap()
    };
    assert!(said(along(0), vec![category("red")]).contains("must end together"));
    let broken = ModelFiles { network: b"nothing".to_vec(), ..files("", &RED_OR_BLUE) };
    let loaded = EncoderModel::load(broken, input(), 0, &limits());
    assert!(loaded.err().unwrap().contains("ONNX"));
    let loaded = EncoderModel::load(files("", &RED_OR_BLUE), input(), 3, &limits());
    assert!(loaded.err().unwrap().contains("no output 3"));
    let loaded = EncoderModel::load(files("", &[1.0; 3]), input(), 0, &limits());
    assert!(loaded.err().unwrap().contains("1 numbers"));
}
