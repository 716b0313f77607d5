//! Uploads: promises of bytes that end as an asset, fail, or expire.
//!
//! Owns: the tables `upload` and `upload_part`. A part keeps its blob from being collected.

use backlot_model::account::{Organization, User};
use backlot_model::asset::Asset;
use backlot_model::media::Digest;
use backlot_model::{Id, Millis};

use crate::args;
use crate::assets::row::word;
use crate::blob_rows::known_digest;
use crate::db::{Db, DbError, Fetch, Row, Tx};
use crate::statement::number;

/// How far an upload is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UploadStatus {
    /// Bytes are awaited.
    Pending,
    /// They are all there, or being fetched, and looked at.
    Validating,
    /// They are good.
    Validated,
    /// The asset is there.
    Imported,
    /// There will be no asset; `error` says why.
    Failed,
}

impl UploadStatus {
    /// Every value, in the order in which an upload goes through them.
    pub const ALL: &'static [Self] =
        &[Self::Pending, Self::Validating, Self::Validated, Self::Imported, Self::Failed];

    /// The word that stands for it in rows.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Validating => "validating",
            Self::Validated => "validated",
            Self::Imported => "imported",
            Self::Failed => "failed",
        }
    }

    /// The value that `word` stands for.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|it| it.word() == word)
    }

    /// Whether nothing more will happen.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Imported | Self::Failed)
    }
}

/// How the bytes come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UploadSource {
    /// In one piece.
    Put,
    /// In parts, each to an address of its own.
    Parts,
    /// They are fetched.
    Url,
    /// They are those of an asset.
    Asset,
}

impl UploadSource {
    /// The word that stands for it in rows.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Put => "put",
            Self::Parts => "parts",
            Self::Url => "url",
            Self::Asset => "asset",
        }
    }

    fn parse(word: &str) -> Option<Self> {
        [Self::Put, Self::Parts, Self::Url, Self::Asset].into_iter().find(|it| it.word() == word)
    }
}

/// An upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    /// Identifier.
    pub id: Id<Upload>,
    /// Who may upload.
    pub owner_id: Id<User>,
    /// The organisation he acted for when he asked.
    pub organization_id: Option<Id<Organization>>,
    /// The id that the asset will have.
    pub asset_id: Id<Asset>,
    /// As the client calls the file.
    pub filename: String,
    /// What the client is expected to send as type.
    pub content_type: String,
    /// What the asset will be called: JSON of the library's.
    pub promise: String,
    /// Which sort of file it is to be: a word of the library's.
    pub kind: String,
    /// How the bytes come.
    pub source: UploadSource,
    /// How far it is.
    pub status: UploadStatus,
    /// Where the bytes are fetched from.
    pub url: Option<String>,
    /// In bytes: as announced, then as found.
    pub size: Option<u64>,
    /// In how many parts it comes; 0 when it does not come in parts.
    pub parts: u32,
    /// Why it failed; for the owner.
    pub error: Option<String>,
    /// When it was asked for.
    pub created_at: Millis,
    /// When it last changed.
    pub updated_at: Millis,
    /// Open until then.
    pub expires_at: Millis,
}

/// A part that has arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// Its place, from 1.
    pub number: u32,
    /// Its bytes.
    pub digest: Digest,
    /// In bytes.
    pub size: u64,
}

const COLUMNS: &str = "id, owner_id, organization_id, asset_id, filename, content_type, promise,
    kind, source, status, url, size, parts, error, created_at, updated_at, expires_at";

fn read(row: &Row<'_>) -> Result<Upload, DbError> {
    Ok(Upload {
        id: row.get(0)?,
        owner_id: row.get(1)?,
        organization_id: row.get(2)?,
        asset_id: row.get(3)?,
        filename: row.get(4)?,
        content_type: row.get(5)?,
        promise: row.get(6)?,
        kind: row.get(7)?,
        source: word(row, 8, UploadSource::parse)?,
        status: word(row, 9, UploadStatus::parse)?,
        url: row.get(10)?,
        size: row.get(11)?,
        parts: row.get(12)?,
        error: row.get(13)?,
        created_at: row.get(14)?,
        updated_at: row.get(15)?,
        expires_at: row.get(16)?,
    })
}

/// Adds an upload.
pub async fn insert(tx: &Tx, upload: &Upload) -> Result<(), DbError> {
    let it = upload;
    let sql = format!(
        "INSERT INTO upload ({COLUMNS}) VALUES
         ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)"
    );
    let args = args![
        it.id,
        it.owner_id,
        it.organization_id,
        it.asset_id,
        &it.filename,
        &it.content_type,
        &it.promise,
        &it.kind,
        it.source.word(),
        it.status.word(),
        &it.url,
        it.size.map(number),
        it.parts,
        &it.error,
        it.created_at,
        it.updated_at,
        it.expires_at,
    ];
    tx.execute(sql, args).await.map(drop)
}

/// Writes how far an upload is: status, size, error and time. The rest never changes.
pub async fn save(tx: &Tx, upload: &Upload) -> Result<(), DbError> {
    let it = upload;
    let sql = "UPDATE upload SET status = $2, size = $3, error = $4, updated_at = $5 WHERE id = $1";
    let size = it.size.map(number);
    tx.execute(sql, args![it.id, it.status.word(), size, &it.error, it.updated_at]).await.map(drop)
}

/// One upload, open or not.
pub async fn by_id(db: &Db, id: Id<Upload>) -> Result<Option<Upload>, DbError> {
    one(db, id).await
}

/// One upload, to be changed in this transaction.
pub async fn by_id_in(tx: &Tx, id: Id<Upload>) -> Result<Option<Upload>, DbError> {
    one(tx, id).await
}

async fn one(source: &impl Fetch, id: Id<Upload>) -> Result<Option<Upload>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM upload WHERE id = $1");
    source.fetch_optional(sql, args![id], read).await
}

/// The owner's uploads, the newest first, and how many there are.
pub async fn list(
    db: &Db,
    owner: Id<User>,
    skip: u64,
    limit: u32,
) -> Result<(Vec<Upload>, u64), DbError> {
    let sql = "SELECT count(*) FROM upload WHERE owner_id = $1";
    let total = db.fetch_one(sql, args![owner], |row| row.get(0));
    let sql = format!(
        "SELECT {COLUMNS} FROM upload WHERE owner_id = $1
         ORDER BY created_at DESC, id DESC LIMIT $2 OFFSET $3"
    );
    futures::try_join!(db.fetch(sql, args![owner, limit, number(skip)], read), total)
}

/// Notes that a part has arrived, in place of an older one of its number, whose blob may be an
/// orphan now. The blob has its row.
pub async fn put_part(tx: &Tx, id: Id<Upload>, part: Part) -> Result<Option<Digest>, DbError> {
    let sql = "SELECT digest FROM upload_part WHERE upload_id = $1 AND number = $2";
    let older = tx.fetch_optional(sql, args![id, part.number], |row| known_digest(row, 0)).await?;
    let sql = "INSERT INTO upload_part (upload_id, number, digest, size) VALUES ($1, $2, $3, $4)
        ON CONFLICT (upload_id, number) DO UPDATE SET
            digest = excluded.digest, size = excluded.size";
    tx.execute(sql, args![id, part.number, part.digest, number(part.size)]).await?;
    Ok(older.filter(|it| *it != part.digest))
}

/// The parts that have arrived, in their order.
pub async fn parts(source: &impl Fetch, id: Id<Upload>) -> Result<Vec<Part>, DbError> {
    let sql = "SELECT number, digest, size FROM upload_part WHERE upload_id = $1 ORDER BY number";
    let read = |row: &Row<'_>| {
        Ok(Part { number: row.get(0)?, digest: known_digest(row, 1)?, size: row.get(2)? })
    };
    source.fetch(sql, args![id], read).await
}

/// Forgets the parts, whose blobs may be orphans now.
pub async fn take_parts(tx: &Tx, id: Id<Upload>) -> Result<Vec<Digest>, DbError> {
    let sql = "DELETE FROM upload_part WHERE upload_id = $1 RETURNING digest";
    tx.fetch(sql, args![id], |row| known_digest(row, 0)).await
}

/// At most `limit` uploads that expired before `now` and that nobody is at work on.
pub async fn expired(tx: &Tx, now: Millis, limit: u32) -> Result<Vec<Id<Upload>>, DbError> {
    let sql = "SELECT id FROM upload
        WHERE expires_at < $1 AND status NOT IN ('validating', 'validated')
        ORDER BY expires_at LIMIT $2";
    tx.fetch(sql, args![now, limit], |row| row.get(0)).await
}

/// Removes an upload that has no parts any more.
pub async fn delete(tx: &Tx, id: Id<Upload>) -> Result<(), DbError> {
    tx.execute("DELETE FROM upload WHERE id = $1", args![id]).await.map(drop)
}
