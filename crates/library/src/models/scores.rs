//! What of a network's numbers are scores, and of which label.

use backlot_imaging::network::Tensor;

/// What makes a score of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activation {
    /// It is one already.
    None,
    /// The logistic function.
    Sigmoid,
    /// Over all labels of one place.
    Softmax,
}

/// Where the scores of the labels are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scores {
    /// Along one axis of an output, for each place of the others (boxes, anchors) anew. Classifiers
    /// have one place: `[1, classes]` with `axis` 1. YOLO's `[1, 4 + classes, boxes]` has `axis` 1
    /// and `first` 4.
    Along {
        /// Which output.
        output: usize,
        /// Which axis the labels are along.
        axis: usize,
        /// Where along it the first label is.
        first: usize,
        /// Where along it the score is that there is anything at all; others are multiplied by it.
        objectness: Option<usize>,
        /// What makes scores of its numbers.
        activation: Activation,
    },
    /// Numbers of labels in one output, and the scores of those in another, place by place.
    Pairs {
        /// Which output has the numbers of the labels.
        classes: usize,
        /// Which output has the scores.
        scores: usize,
        /// The number of the first label.
        first: usize,
    },
}

impl Scores {
    /// Whether a network with outputs of these shapes gives scores for so many labels.
    pub(super) fn check(&self, outputs: &[Vec<usize>], labels: usize) -> Result<(), String> {
        let shape = |output: usize| {
            let missing = || format!("there is no output {output}; it has {}", outputs.len());
            outputs.get(output).ok_or_else(missing)
        };
        match self {
            Self::Along { output, axis, first, objectness, .. } => {
                let shape = shape(*output)?;
                let Some(length) = shape.get(*axis) else {
                    return Err(format!("output {output} has no axis {axis}; it is {shape:?}"));
                };
                if objectness.is_some_and(|at| at >= *length) || first + labels != *length {
                    return Err(format!(
                        "there are {labels} labels from place {first} on, and axis {axis} of \
                         output {output} has {length} places; they must end together"
                    ));
                }
                Ok(())
            }
            Self::Pairs { classes, scores, .. } => {
                let (classes, scores) = (shape(*classes)?, shape(*scores)?);
                let count = |shape: &[usize]| shape.iter().product::<usize>();
                match count(classes) == count(scores) {
                    true => Ok(()),
                    false => Err(format!("numbers {classes:?} and scores {scores:?} do not pair")),
                }
            }
        }
    }

    /// The best score of each label over all places; 0 where it has none.
    pub(super) fn read(&self, outputs: &[Tensor], labels: usize) -> Result<Vec<f32>, String> {
        let shapes: Vec<Vec<usize>> = outputs.iter().map(|it| it.shape.clone()).collect();
        self.check(&shapes, labels)?;
        let mut best = vec![0.0_f32; labels];
        match *self {
            Self::Along { output, axis, first, objectness, activation } => {
                let Tensor { shape, values } = &outputs[output];
                let (length, step) = (shape[axis], shape[axis + 1..].iter().product::<usize>());
                for (block, inner) in values
                    .chunks_exact((length * step).max(1))
                    .flat_map(|block| (0..step).map(move |inner| (block, inner)))
                {
                    let at = |place: usize| block[place * step + inner];
                    let there = objectness.map_or(1.0, |place| activated(activation, at(place)));
                    let numbers: Vec<f32> = (first..length).map(at).collect();
                    keep_best(&mut best, &scored(activation, numbers), there);
                }
            }
            Self::Pairs { classes, scores, first } => {
                for (class, score) in outputs[classes].values.iter().zip(&outputs[scores].values) {
                    #[expect(clippy::cast_possible_truncation, reason = "a cast saturates")]
                    let place = usize::try_from(*class as i64).ok();
                    let place = place.and_then(|class| class.checked_sub(first));
                    if let Some(best) = place.and_then(|place| best.get_mut(place)) {
                        *best = best.max(*score);
                    }
                }
            }
        }
        Ok(best)
    }
}

fn keep_best(best: &mut [f32], scores: &[f32], by: f32) {
    for (best, score) in best.iter_mut().zip(scores) {
        // What is no number is never better.
        *best = best.max(score * by);
    }
}

/// The score that there is something is a probability by itself, never one of several.
fn activated(activation: Activation, number: f32) -> f32 {
    match activation {
        Activation::None => number,
        Activation::Sigmoid | Activation::Softmax => sigmoid(number),
    }
}

fn scored(activation: Activation, mut numbers: Vec<f32>) -> Vec<f32> {
    match activation {
        Activation::None => {}
        Activation::Sigmoid => numbers.iter_mut().for_each(|it| *it = sigmoid(*it)),
        Activation::Softmax => {
            let most = numbers.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            numbers.iter_mut().for_each(|it| *it = (*it - most).exp());
            let sum: f32 = numbers.iter().sum();
            numbers.iter_mut().for_each(|it| *it /= sum);
        }
    }
    numbers
}

fn sigmoid(number: f32) -> f32 {
    1.0 / (1.0 + (-number).exp())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn along(axis: usize, first: usize, objectness: Option<usize>) -> Scores {
        Scores::Along { output: 0, axis, first, objectness, activation: Activation::None }
    }

    fn tensor(shape: &[usize], values: &[f32]) -> Tensor {
        Tensor { shape: shape.to_vec(), values: values.to_vec() }
    }

    #[test]
    fn a_classifier_has_one_place() {
        let answer = [tensor(&[1, 3], &[0.1, 0.7, f32::NAN])];
        assert_eq!(along(1, 0, None).read(&answer, 3), Ok(vec![0.1, 0.7, 0.0]));
        let softmax = Scores::Along {
            output: 0,
            axis: 1,
            first: 0,
            objectness: None,
            activation: Activation::Softmax,
        };
        let scores = softmax.read(&[tensor(&[1, 2], &[1_000.0, 1_000.0])], 2);
        assert_eq!(scores, Ok(vec![0.5, 0.5]));
    }

    #[test]
    fn a_detector_has_its_best_place() {
        // One number of a box, then two labels, for three boxes; and the same the other way round.
        let by_label = [9.0, 9.0, 9.0, 0.1, 0.2, 0.3, 0.6, 0.5, 0.4];
        let by_box = [9.0, 0.1, 0.6, 9.0, 0.2, 0.5, 9.0, 0.3, 0.4];
        let best = Ok(vec![0.3, 0.6]);
        assert_eq!(along(1, 1, None).read(&[tensor(&[1, 3, 3], &by_label)], 2), best);
        assert_eq!(along(2, 1, None).read(&[tensor(&[1, 3, 3], &by_box)], 2), best);
        let halved = [0.5, 0.5, 0.0, 0.1, 0.2, 0.3, 0.6, 0.5, 0.4];
        let scores = along(1, 1, Some(0)).read(&[tensor(&[1, 3, 3], &halved)], 2);
        assert_eq!(scores, Ok(vec![0.1, 0.3]));
    }

    #[test]
    fn pairs_are_numbers_of_labels_and_their_scores() {
        let pairs = Scores::Pairs { classes: 0, scores: 1, first: 1 };
        let classes = tensor(&[5], &[1.0, 2.0, 1.0, 0.0, 7.0]);
        let answer = [classes, tensor(&[1, 5], &[0.3, 0.4, 0.5, 1.0, 1.0])];
        assert_eq!(pairs.read(&answer, 2), Ok(vec![0.5, 0.4]));
    }

    #[test]
    fn what_does_not_fit_is_said() {
        let said = |scores: Scores, shapes: &[Vec<usize>]| scores.check(shapes, 2).unwrap_err();
        assert!(said(along(1, 0, None), &[]).contains("no output 0"));
        assert!(said(along(3, 0, None), &[vec![1, 2]]).contains("no axis 3"));
        assert!(said(along(1, 4, None), &[vec![1, 7]]).contains("must end together"));
        assert!(said(along(1, 0, Some(2)), &[vec![1, 2]]).contains("must end together"));
        let pairs = Scores::Pairs { classes: 0, scores: 1, first: 0 };
        assert!(said(pairs, &[vec![3], vec![4]]).contains("do not pair"));
    }
}
