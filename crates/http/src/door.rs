//! The door for one file: from a request's body into the library.
//!
//! Owns: opening the library's intake when the first file of a call begins, so that whoever may
//! not upload is told before he sends, and the refusal of data URLs that lie about their type.
//! Never: what the call's other fields mean.

use backlot_library::Library;
use backlot_library::ingest::{Accepts, Intake, Received};
use backlot_model::account::Caller;
use backlot_model::{Fault, Kind};
use bytes::Bytes;

use crate::app::App;
use crate::edge::intake::{FilePart, IntakeLimits, Sink};

/// Takes at most one file. Dropping it leaves nothing behind.
pub struct Door<'c> {
    library: Library,
    caller: &'c Caller,
    accepts: Accepts,
    intake: Option<Intake>,
}

impl<'c> Door<'c> {
    /// A door for what `caller` uploads, of the types that `accepts` names.
    #[must_use]
    pub fn new(app: &App, caller: &'c Caller, accepts: Accepts) -> Self {
        Self { library: app.library().clone(), caller, accepts, intake: None }
    }

    /// One file, as large as the largest that this door takes.
    #[must_use]
    pub fn limits(&self) -> IntakeLimits {
        IntakeLimits::one_file(self.accepts.bytes_max())
    }

    /// What came, if a file did.
    ///
    /// # Errors
    /// As [`Intake::finish`].
    pub async fn finish(self) -> Result<Option<Received>, Fault> {
        match self.intake {
            Some(intake) => intake.finish().await.map(Some),
            None => Ok(None),
        }
    }

    /// As [`Self::finish`], for base64: a data URL that names another type than the bytes have is
    /// refused.
    ///
    /// # Errors
    /// As [`Self::finish`], and `unsupported-media`.
    pub async fn finish_data_url(self, files: &[FilePart]) -> Result<Option<Received>, Fault> {
        let received = self.finish().await?;
        if let (Some(received), Some(part)) = (&received, files.first()) {
            refuse_lie(part, received.mime_type())?;
        }
        Ok(received)
    }
}

impl Sink for Door<'_> {
    async fn begin(&mut self, _part: &FilePart) -> Result<(), Fault> {
        if self.intake.is_some() {
            return Err(Fault::internal("one door was opened for two files"));
        }
        self.intake = Some(self.library.receive(self.caller, self.accepts).await?);
        Ok(())
    }

    async fn write(&mut self, bytes: Bytes) -> Result<(), Fault> {
        match &mut self.intake {
            Some(intake) => intake.write(bytes).await,
            None => Err(Fault::internal("bytes came before their file began")),
        }
    }
}

/// Takes many files, each through a door of its own. Dropping it leaves nothing behind.
pub struct ManyDoors<'c> {
    library: Library,
    caller: &'c Caller,
    accepts: Accepts,
    open: Option<(String, Intake)>,
    received: Vec<(String, Received)>,
}

impl<'c> ManyDoors<'c> {
    /// Doors for what `caller` uploads, of the types that `accepts` names.
    #[must_use]
    pub fn new(app: &App, caller: &'c Caller, accepts: Accepts) -> Self {
        let library = app.library().clone();
        Self { library, caller, accepts, open: None, received: Vec::new() }
    }

    /// What came, each with the field that it came in; a data URL that names another type than
    /// its bytes have is refused.
    ///
    /// # Errors
    /// As [`Intake::finish`], and `unsupported-media`.
    pub async fn finish_data_urls(
        mut self,
        files: &[FilePart],
    ) -> Result<Vec<(String, Received)>, Fault> {
        self.close().await?;
        for ((_, received), part) in self.received.iter().zip(files) {
            refuse_lie(part, received.mime_type())?;
        }
        Ok(self.received)
    }

    async fn close(&mut self) -> Result<(), Fault> {
        if let Some((field, intake)) = self.open.take() {
            let received = intake.finish().await.map_err(|fault| of_field(fault, &field))?;
            self.received.push((field, received));
        }
        Ok(())
    }
}

impl Sink for ManyDoors<'_> {
    async fn begin(&mut self, part: &FilePart) -> Result<(), Fault> {
        self.close().await?;
        let intake = self.library.receive(self.caller, self.accepts).await?;
        self.open = Some((part.field.clone(), intake));
        Ok(())
    }

    async fn write(&mut self, bytes: Bytes) -> Result<(), Fault> {
        match &mut self.open {
            Some((field, intake)) => {
                intake.write(bytes).await.map_err(|fault| of_field(fault, field))
            }
            None => Err(Fault::internal("bytes came before their file began")),
        }
    }
}

/// The library knows one file, `body.file`.
fn of_field(mut fault: Fault, field: &str) -> Fault {
    for it in &mut fault.fields {
        if it.path == ["body", "file"] {
            it.path = format!("body.{field}").split('.').map(str::to_owned).collect();
        }
    }
    fault
}

/// An intake that was opened before the file began, as for a presigned upload.
impl Sink for Intake {
    async fn write(&mut self, bytes: Bytes) -> Result<(), Fault> {
        Self::write(self, bytes).await
    }
}

fn refuse_lie(part: &FilePart, sniffed: &str) -> Result<(), Fault> {
    let Some(declared) = part.declared_type.as_deref() else { return Ok(()) };
    let named = |word: &str| match word {
        "image/jpg" | "image/pjpeg" => "image/jpeg".to_owned(),
        other => other.replace("/x-", "/"),
    };
    if declared == "application/octet-stream" || named(declared) == named(sniffed) {
        return Ok(());
    }
    let said = format!("the data URL says {declared}, but its bytes are {sniffed}");
    let fault = Fault::new(Kind::UnsupportedMedia, "unsupported-media", said);
    Err(fault.at(&format!("body.{}", part.field), "type"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(declared: Option<&str>) -> FilePart {
        let declared_type = declared.map(str::to_owned);
        FilePart { field: "base64".to_owned(), filename: None, declared_type, bytes: 1 }
    }

    #[test]
    fn only_a_data_url_of_another_type_is_refused() {
        for declared in
            [None, Some("image/jpeg"), Some("image/jpg"), Some("application/octet-stream")]
        {
            assert!(refuse_lie(&part(declared), "image/jpeg").is_ok(), "{declared:?}");
        }
        assert!(refuse_lie(&part(Some("image/x-bmp")), "image/bmp").is_ok());
        let fault = refuse_lie(&part(Some("image/png")), "image/jpeg").unwrap_err();
        assert_eq!((fault.kind, fault.code), (Kind::UnsupportedMedia, "unsupported-media"));
        assert_eq!(fault.fields[0].path, ["body", "base64"]);
    }
}
