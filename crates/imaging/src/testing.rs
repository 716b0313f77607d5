//! Tiny networks for tests, written byte by byte as ONNX files are (protocol buffers).

/// One number in 7 bits a byte.
fn varint(mut number: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = (number & 0x7F) as u8;
        number >>= 7;
        if number == 0 {
            bytes.push(low);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}

fn number(field: u64, value: i64) -> Vec<u8> {
    [varint(field << 3), varint(value.cast_unsigned())].concat()
}

fn bytes(field: u64, content: &[u8]) -> Vec<u8> {
    [&varint(field << 3 | 2), &varint(content.len() as u64), content].concat()
}

/// A layer: its operator, the names of what it takes and gives, and whole numbers it is set by.
#[must_use]
pub fn node(operator: &str, inputs: &[&str], output: &str, attributes: &[(&str, i64)]) -> Vec<u8> {
    let mut node = inputs.iter().flat_map(|it| bytes(1, it.as_bytes())).collect::<Vec<_>>();
    node.extend(bytes(2, output.as_bytes()));
    node.extend(bytes(3, format!("{operator} to {output}").as_bytes()));
    node.extend(bytes(4, operator.as_bytes()));
    for (name, value) in attributes {
        let attribute = [bytes(1, name.as_bytes()), number(3, *value), number(20, 2)].concat();
        node.extend(bytes(5, &attribute));
    }
    node
}

/// A network of these nodes, from `x` of that shape to `y`, with named constants (shape, numbers).
#[must_use]
pub fn model(shape: &[i64], nodes: &[Vec<u8>], constants: &[(&str, &[i64], &[f32])]) -> Vec<u8> {
    let mut graph = nodes.iter().flat_map(|node| bytes(1, node)).collect::<Vec<_>>();
    graph.extend(bytes(2, b"test"));
    for (name, shape, values) in constants {
        let mut tensor = shape.iter().flat_map(|side| number(1, *side)).collect::<Vec<_>>();
        tensor.extend(number(2, 1));
        tensor.extend(bytes(8, name.as_bytes()));
        let raw: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        tensor.extend(bytes(9, &raw));
        graph.extend(bytes(5, &tensor));
    }
    let sides = shape.iter().flat_map(|side| bytes(1, &number(1, *side))).collect::<Vec<_>>();
    let picture = bytes(1, &[number(1, 1), bytes(2, &sides)].concat());
    graph.extend(bytes(11, &[bytes(1, b"x"), bytes(2, &picture)].concat()));
    let answer = bytes(1, &number(1, 1));
    graph.extend(bytes(12, &[bytes(1, b"y"), bytes(2, &answer)].concat()));
    let opset = bytes(8, &number(2, 17));
    [number(1, 8), bytes(7, &graph), opset].concat()
}

/// A network that gives the mean of each colour times a matrix (three rows, `classes` columns):
/// `[1, classes]`, for pictures of `side` by `side` pixels.
#[must_use]
pub fn colour_classes(side: i64, weights: &[f32]) -> Vec<u8> {
    let classes = i64::try_from(weights.len() / 3).unwrap_or(0);
    let nodes = [
        node("GlobalAveragePool", &["x"], "pooled", &[]),
        node("Flatten", &["pooled"], "flat", &[("axis", 1)]),
        node("MatMul", &["flat", "w"], "y", &[]),
    ];
    model(&[1, 3, side, side], &nodes, &[("w", &[3, classes], weights)])
}
