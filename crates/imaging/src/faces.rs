//! A hint whether a face is in a picture.
//!
//! Finds frontal faces only and misses many: "found" means something, "not found" means nothing.

use std::panic::{AssertUnwindSafe, catch_unwind};

use rustface::{ImageData, Model};

use crate::{ImageFault, Preview};

/// SeetaFace's frontal model, BSD-2-Clause; its licence lies beside it.
const MODEL: &[u8] = include_bytes!("../models/seeta_fd_frontal_v1.0.bin");
/// Faces smaller than this are not looked for.
const FACE_PX_MIN: u32 = 40;
/// How sure the model must be; its authors use 0.95 to 4.5.
const SCORE_MIN: f64 = 4.0;

/// Finds faces in previews. Loading it takes some milliseconds; keep it.
pub struct FaceFinder {
    model: Model,
}

impl FaceFinder {
    /// The name and version of the detector, to be recorded with each hint.
    pub const NAME: &'static str = "rustface/0.1.7";

    /// Loads the model that is part of the program.
    ///
    /// # Errors
    /// [`ImageFault::Corrupt`] if the model is damaged, which a test rules out.
    pub fn new() -> Result<Self, ImageFault> {
        let model = rustface::read_model(MODEL).map_err(|cause| {
            ImageFault::Corrupt(format!("the model of the face finder: {cause}"))
        })?;
        Ok(Self { model })
    }

    /// Whether a frontal face was found. Takes 100 to 200 ms at 640 px.
    #[must_use]
    pub fn has_face(&self, preview: &Preview) -> bool {
        if preview.width.min(preview.height) < FACE_PX_MIN {
            return false;
        }
        let gray = crate::pixels::luma(&preview.rgb);
        let find = || {
            let mut detector = rustface::create_detector_with_model(self.model.clone());
            detector.set_min_face_size(FACE_PX_MIN);
            detector.set_score_thresh(SCORE_MIN);
            detector.set_pyramid_scale_factor(0.8);
            detector.set_slide_window_step(4, 4);
            !detector.detect(&ImageData::new(&gray, preview.width, preview.height)).is_empty()
        };
        catch_unwind(AssertUnwindSafe(find)).unwrap_or(false)
    }
}
