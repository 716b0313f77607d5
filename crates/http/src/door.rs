//! The doors for one file: from a request's body, or from an address, into the library.
//!
//! Owns: opening the library's intake when the first file of a call begins, so that whoever may
//! not upload is told before he sends; the refusal of data URLs that lie about their type; telling
//! addresses of ours from foreign ones.
//! Never: what the call's other fields mean.

use backlot_library::Library;
use backlot_library::assets::NewAsset;
use backlot_library::ingest::{Accepts, Intake, Received};
use backlot_model::account::Caller;
use backlot_model::asset::Asset;
use backlot_model::{Fault, Kind};
use bytes::Bytes;

use crate::app::{App, Links};
use crate::edge::intake::{FilePart, IntakeLimits, Sink};

/// The field of most forms.
const FILE: &str = "file";

/// Takes at most one file. Dropping it leaves nothing behind.
pub struct Door<'c> {
    library: Library,
    caller: &'c Caller,
    accepts: Accepts,
    intake: Option<Intake>,
    /// The field that carries the file.
    field: String,
}

impl<'c> Door<'c> {
    /// A door for what `caller` uploads, of the types that `accepts` names.
    #[must_use]
    pub fn new(app: &App, caller: &'c Caller, accepts: Accepts) -> Self {
        Self {
            library: app.library().clone(),
            caller,
            accepts,
            intake: None,
            field: FILE.to_owned(),
        }
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
            Some(intake) => match intake.finish().await {
                Ok(received) => Ok(Some(received)),
                Err(fault) => Err(at_field(fault, &self.field)),
            },
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
    async fn begin(&mut self, part: &FilePart) -> Result<(), Fault> {
        if self.intake.is_some() {
            return Err(Fault::internal("one door was opened for two files"));
        }
        self.intake = Some(self.library.receive(self.caller, self.accepts).await?);
        self.field.clone_from(&part.field);
        Ok(())
    }

    async fn write(&mut self, bytes: Bytes) -> Result<(), Fault> {
        match &mut self.intake {
            Some(intake) => intake.write(bytes).await.map_err(|fault| at_field(fault, &self.field)),
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

/// Makes an asset of what lies at an address. One of ours is resolved here, whatever its query;
/// others are fetched later, under the guard.
///
/// # Errors
/// At `body.url`: an address of ours that is nothing to the caller, one that the guard refuses, or
/// a file that `accepts` does not take; `invalid` as for any asset.
pub async fn import(
    app: &App,
    caller: &Caller,
    links: &Links,
    url: &str,
    accepts: Accepts,
    new: NewAsset,
) -> Result<Asset, Fault> {
    let path = "body.url";
    let made = match links.asset_at(url) {
        Some(id) => app.library().create_asset_from_asset(caller, id, accepts, new).await,
        None => app.library().create_asset_from_url(caller, url, accepts, new).await,
    };
    made.map_err(|fault| match fault.kind {
        Kind::NotFound => Fault::invalid(path, "reference", "there is no such asset"),
        Kind::Invalid if fault.fields.is_empty() => fault.at(path, "reference"),
        _ => fault,
    })
}

/// The library calls the file `body.file`; a client knows it by the field in which he sent it.
fn at_field(mut fault: Fault, field: &str) -> Fault {
    // A raw body has no fields.
    if field == "body" {
        return fault;
    }
    for at in &mut fault.fields {
        if at.path == ["body", FILE] {
            fault.message = fault.message.replacen("body.file: ", &format!("body.{field}: "), 1);
            at.path = std::iter::once("body").chain(field.split('.')).map(str::to_owned).collect();
        }
    }
    fault
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
    fn a_fault_names_the_field_that_was_sent() {
        let fault = || Fault::invalid("body.file", "missing", "the file has no bytes");
        let named = at_field(fault(), "images.0.base64");
        assert_eq!(named.fields[0].path, ["body", "images", "0", "base64"]);
        assert_eq!(named.message, "body.images.0.base64: the file has no bytes");
        assert_eq!(at_field(fault(), "body").fields[0].path, ["body", "file"]);
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
