//! The limits that are not configuration, and the defaults of those that are.

/// One mebibyte.
pub const MIB: u64 = 1 << 20;

/// What may come in, by kind; every field is configurable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UploadLimits {
    /// A picture, in bytes.
    pub image_bytes_max: u64,
    /// A picture through an API that takes only smaller ones, in bytes.
    pub small_image_bytes_max: u64,
    /// A LoRA file, in bytes.
    pub lora_bytes_max: u64,
    /// A ZIP archive, in bytes.
    pub zip_bytes_max: u64,
    /// Anything else (video, audio, 3D, text), in bytes.
    pub other_bytes_max: u64,
    /// A JSON body that carries no picture, in bytes.
    pub json_bytes_max: u64,
    /// A side of a picture, in pixels.
    pub side_px_max: u32,
    /// Width × height of a picture, in pixels.
    pub pixels_max: u64,
    /// Frames of an animation.
    pub frames_max: u32,
    /// Time to decode one picture, in milliseconds.
    pub decode_ms_max: u64,
}

impl Default for UploadLimits {
    fn default() -> Self {
        Self {
            image_bytes_max: 50 * MIB,
            small_image_bytes_max: 10 * MIB,
            lora_bytes_max: 100 * MIB,
            zip_bytes_max: 1_024 * MIB,
            other_bytes_max: 5_120 * MIB,
            json_bytes_max: MIB,
            side_px_max: 16_384,
            pixels_max: 100_000_000,
            frames_max: 1_000,
            decode_ms_max: 30_000,
        }
    }
}

/// How many assets one bulk call may name.
pub const BULK_IDS_MAX: usize = 1_000;
/// How many assets one call may register.
pub const REGISTERED_MAX: usize = 100;
/// The files of one archive together, in bytes.
pub const ARCHIVE_BYTES_MAX: u64 = 20 << 30;
/// How many tags an asset may carry.
pub const TAGS_MAX: usize = 100;
/// A tag, in characters.
pub const TAG_CHARS_MAX: usize = 100;
/// How many words one hint about a picture's content may have.
pub const HINTS_MAX: usize = 100;
/// A name or file name, in characters.
pub const NAME_CHARS_MAX: usize = 255;
/// A description or note, in characters.
pub const TEXT_CHARS_MAX: usize = 10_000;
/// The generation parameters of one asset as JSON, in bytes.
pub const PARAMETERS_BYTES_MAX: usize = 64 << 10;
/// How deep generation parameters may nest.
pub const PARAMETERS_DEPTH_MAX: usize = 8;
/// How long a deleted thing can be restored.
pub const RESTORE_DAYS: i64 = 30;
/// A search text, in characters.
pub const SEARCH_CHARS_MAX: usize = 200;
/// An e-mail address, in characters.
pub const EMAIL_CHARS_MAX: usize = 254;
/// A username, in characters.
pub const USERNAME_CHARS_MAX: usize = 64;
/// A password, in characters.
pub const PASSWORD_CHARS_MIN: usize = 8;
/// A password, in characters.
pub const PASSWORD_CHARS_MAX: usize = 256;
/// How many organisations one user may be in. Authentication reads them all.
pub const ORGANIZATIONS_PER_USER_MAX: u32 = 1_000;
/// How many API keys one user may have.
pub const KEYS_PER_USER_MAX: u32 = 1_000;
/// How many long-lived tokens of one user may be good at a time.
pub const LONG_TOKENS_PER_USER_MAX: u32 = 20;
/// How many sessions of one user may be open at a time; the oldest go.
pub const SESSIONS_PER_USER_MAX: u32 = 100;
/// Longest side of the small stored thumbnail, in pixels.
pub const THUMB_SMALL_PX: u32 = 320;
/// Longest side of the big stored thumbnail, in pixels.
pub const THUMB_BIG_PX: u32 = 1_024;

const _: () = assert!(THUMB_SMALL_PX < THUMB_BIG_PX, "the big thumbnail is the bigger one");
