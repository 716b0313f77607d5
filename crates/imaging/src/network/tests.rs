//! Tiny networks, written here byte by byte as ONNX files are.

use super::{Channels, Fitting, Layout, Network, NetworkInput};
use crate::Preview;
use crate::testing as onnx;

fn input(width: u32, height: u32, layout: Layout, fitting: Fitting) -> NetworkInput {
    NetworkInput {
        width,
        height,
        layout,
        channels: Channels::Rgb,
        fitting,
        mean: [0.0; 3],
        deviation: [1.0; 3],
    }
}

/// Left half red, right half blue.
fn two_halves() -> Preview {
    let row = [[255, 0, 0], [255, 0, 0], [0, 0, 255], [0, 0, 255]].concat();
    Preview { width: 4, height: 2, rgb: row.repeat(2) }
}

fn identity(shape: &[i64]) -> Vec<u8> {
    onnx::model(shape, &[onnx::node("Identity", &["x"], "y", &[])], &[])
}

#[test]
fn a_network_is_given_the_numbers_it_asks_for() {
    let picture = two_halves();
    let (network, shapes) =
        Network::load(identity(&[1, 3, 2, 4]), input(4, 2, Layout::Nchw, Fitting::Stretch), 1)
            .unwrap();
    assert_eq!(shapes, [[1, 3, 2, 4]]);
    let planes = &network.run(&picture).unwrap()[0];
    let (red, blue) = ([1.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 1.0]);
    let expected = [red, red, [0.0; 4], [0.0; 4], blue, blue].concat();
    assert_eq!(planes.values, expected);

    let pixels = NetworkInput {
        channels: Channels::Bgr,
        mean: [0.5, 0.0, 1.0],
        deviation: [0.5, 1.0, 2.0],
        ..input(4, 2, Layout::Nhwc, Fitting::Stretch)
    };
    let (network, _) = Network::load(identity(&[1, 2, 4, 3]), pixels, 1).unwrap();
    let values = &network.run(&picture).unwrap()[0].values;
    assert_eq!(values[..3], [-1.0, 0.0, 0.0]);
    assert_eq!(values[9..12], [1.0, 0.0, -0.5]);
}

#[test]
fn other_shapes_are_fitted_as_the_network_wants() {
    let picture = two_halves();
    let red = |fitting| {
        let (network, _) =
            Network::load(identity(&[1, 3, 4, 4]), input(4, 4, Layout::Nchw, fitting), 1).unwrap();
        network.run(&picture).unwrap()[0].values[..16].to_vec()
    };
    let row = [1.0, 1.0, 0.0, 0.0];
    let grey = [114.0 / 255.0; 4];
    assert_eq!(red(Fitting::Stretch), [row; 4].concat());
    assert_eq!(red(Fitting::Pad), [grey, row, row, grey].concat());
    let cropped = red(Fitting::Crop);
    assert!(cropped[0] > 0.9 && cropped[3] < 0.1, "{cropped:?}");
}

#[test]
fn layers_are_computed() {
    // Two classes: red less blue, and the contrary.
    let model = onnx::colour_classes(8, &[1.0, -1.0, 0.0, 0.0, -1.0, 1.0]);
    let (network, shapes) =
        Network::load(model, input(8, 8, Layout::Nchw, Fitting::Stretch), 2).unwrap();
    assert_eq!(shapes, [[1, 2]]);
    let red = Preview { width: 2, height: 1, rgb: vec![255, 0, 0, 255, 0, 0] };
    assert_eq!(network.run(&red).unwrap()[0].values, [1.0, -1.0]);
}

/// The engine takes the number of dimensions from the attributes, which exporters always write.
#[test]
fn a_convolution_without_any_attribute_is_refused_when_it_is_loaded() {
    let nodes = [onnx::node("Conv", &["x", "k"], "y", &[])];
    let model = onnx::model(&[1, 3, 2, 2], &nodes, &[("k", &[1, 3, 1, 1], &[1.0; 3])]);
    let loaded = Network::load(model, input(2, 2, Layout::Nchw, Fitting::Stretch), 1);
    assert!(loaded.err().unwrap().to_string().contains("stride"));
}

#[test]
fn what_cannot_work_is_found_when_it_is_loaded() {
    let square = input(2, 2, Layout::Nchw, Fitting::Stretch);
    let said = |model: Vec<u8>, input| Network::load(model, input, 1).err().unwrap().to_string();
    assert!(said(b"no network".to_vec(), square).contains("no network in ONNX"));
    assert!(said(identity(&[1, 3, 4, 4]), square).contains("failed"));
    let mut cut = identity(&[1, 3, 2, 2]);
    cut.truncate(cut.len() / 2);
    assert!(!said(cut, square).is_empty());
    let wide = NetworkInput { width: 2_000, ..square };
    assert!(said(identity(&[1, 3, 2, 2]), wide).contains("from 1 to 1024 pixels"));
    let flat = NetworkInput { deviation: [1.0, 0.0, 1.0], ..square };
    assert!(said(identity(&[1, 3, 2, 2]), flat).contains("deviations not 0"));
    let odd = onnx::model(&[1, 3, 2, 2], &[onnx::node("NoSuchLayer", &["x"], "y", &[])], &[]);
    assert!(!said(odd, square).is_empty());
}
