//! Reads each section, with the range of each setting and the checks of one against another.

use std::path::PathBuf;
use std::time::Duration;

use backlot_library::fetch::FetchConfig;
use backlot_library::limiter::LimitsConfig;
use backlot_model::Millis;
use backlot_model::limits::{MIB, UploadLimits};

use super::reader::{self, Reader};
use super::{
    AdminConfig, BlobUrl, Config, DatabaseUrl, Dialects, JobsConfig, LogConfig, LogFormat,
    MediaConfig, ModelsConfig, Mount, ServerConfig, UploadsConfig, units,
};

const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_secs(86_400);
const YEAR: Duration = Duration::from_secs(366 * 86_400);
const TIB: u64 = 1 << 40;
/// What decoding one picture costs at most, for each of its pixels.
const DECODED_BYTES_PER_PIXEL: u64 = 4;
/// First parts of paths that belong to no dialect.
const RESERVED_PATHS: &[&str] =
    &["media", "upload", "docs", "livez", "readyz", "metrics", "assets", "ui"];

/// All sections; `None` after a mistake, which the reader holds.
pub(super) fn read(reader: &mut Reader<'_>) -> Option<Config> {
    let data_dir = reader.parsed("data_dir", |raw| match raw {
        "" => Err("must be a directory".to_owned()),
        path => Ok(PathBuf::from(path)),
    });
    let database = reader.optional("database_url", |raw| {
        let database = DatabaseUrl::parse(raw)?;
        database.sqlite_path()?;
        Ok(database)
    });
    let blobs = reader.optional("blob_url", |raw| {
        let blobs = BlobUrl::parse(raw)?;
        blobs.folder()?;
        Ok(blobs)
    });
    let server = read_server(reader);
    let limits = read_limits(reader);
    let decode_memory = reader.size("limits.decode_memory_max", MIB..=TIB);
    check_decode_memory(reader, limits, decode_memory);
    let fetch = read_fetch(reader);
    let rates = read_rates(reader);
    let media = read_media(reader);
    let uploads = read_uploads(reader);
    let jobs = read_jobs(reader);
    let detect_faces = reader.truth("detect.faces");
    let models = read_models(reader);
    let gc_grace = reader.duration("gc.grace", Duration::ZERO..=YEAR);
    let admin = read_admin(reader);
    let log = read_log(reader);
    let dialects = read_dialects(reader);
    let data_dir = data_dir?;
    Some(Config {
        database: database?.unwrap_or_else(|| DatabaseUrl::Sqlite(data_dir.join("backlot.db"))),
        blobs: blobs?.unwrap_or_else(|| BlobUrl::Folder(data_dir.join("blobs"))),
        data_dir,
        server: server?,
        limits: limits?,
        decode_memory_bytes_max: decode_memory?,
        fetch: fetch?,
        rates: rates?,
        media: media?,
        uploads: uploads?,
        jobs: jobs?,
        detect_faces: detect_faces?,
        models: models?,
        gc_grace_ms: millis(gc_grace?),
        admin: admin?,
        log: log?,
        dialects: dialects?,
    })
}

fn read_server(reader: &mut Reader<'_>) -> Option<ServerConfig> {
    let listen = reader.parsed("listen", reader::address);
    let public_url = reader.optional("public_url", reader::base_url);
    let shutdown_timeout = reader.duration("server.shutdown_timeout", Duration::ZERO..=DAY);
    let connections_max = reader.number("server.connections_max", 1..=1_000_000);
    let head_timeout = reader.duration("server.head_timeout", SECOND..=DAY);
    let body_idle_timeout = reader.duration("server.body_idle_timeout", SECOND..=DAY);
    let trust_forwarded = reader.truth("server.trust_forwarded");
    let cors_origins = reader.list("server.cors_origins", reader::origin);
    Some(ServerConfig {
        listen: listen?,
        public_url: public_url?,
        shutdown_timeout: shutdown_timeout?,
        connections_max: connections_max?,
        head_timeout: head_timeout?,
        body_idle_timeout: body_idle_timeout?,
        trust_forwarded: trust_forwarded?,
        cors_origins: cors_origins?,
    })
}

fn read_limits(reader: &mut Reader<'_>) -> Option<UploadLimits> {
    let image = reader.size("limits.image_max", 1..=TIB);
    let productai_image = reader.size("limits.productai_image_max", 1..=TIB);
    let lora = reader.size("limits.lora_max", 1..=TIB);
    let zip = reader.size("limits.zip_max", 1..=TIB);
    let other = reader.size("limits.other_max", 1..=TIB);
    let json = reader.size("limits.json_max", 1_024..=1_024 * MIB);
    let side = reader.number("limits.side_px_max", 1..=65_535);
    let pixels = reader.number("limits.pixels_max", 1..=1_000_000_000);
    let frames = reader.number("limits.frames_max", 1..=100_000);
    let decode_time = reader.duration("limits.decode_time_max", SECOND..=DAY);
    if let (Some(image), Some(productai)) = (image, productai_image)
        && productai > image
    {
        reader.wrong("limits.productai_image_max", "must not be above limits.image_max");
    }
    Some(UploadLimits {
        image_bytes_max: image?,
        small_image_bytes_max: productai_image?,
        lora_bytes_max: lora?,
        zip_bytes_max: zip?,
        other_bytes_max: other?,
        json_bytes_max: json?,
        side_px_max: side?,
        pixels_max: pixels?,
        frames_max: frames?,
        decode_ms_max: u64::try_from(millis(decode_time?)).ok()?,
    })
}

/// A picture that needs more than all decoders share would wait for ever.
fn check_decode_memory(
    reader: &mut Reader<'_>,
    limits: Option<UploadLimits>,
    decode_memory: Option<u64>,
) {
    let (Some(limits), Some(decode_memory)) = (limits, decode_memory) else { return };
    let needed = limits.pixels_max * DECODED_BYTES_PER_PIXEL + limits.image_bytes_max;
    if decode_memory < needed {
        let needed = units::show_size(needed.next_multiple_of(MIB));
        reader.wrong(
            "limits.decode_memory_max",
            format!("must hold one picture of limits.pixels_max: at least {needed}"),
        );
    }
}

fn read_fetch(reader: &mut Reader<'_>) -> Option<FetchConfig> {
    let allow = reader.list("fetch.allow", reader::allowed_host);
    let ports = reader.list("fetch.ports", reader::port);
    let connect = reader.duration("fetch.connect_timeout", Duration::from_millis(1)..=DAY);
    let first_byte = reader.duration("fetch.first_byte_timeout", Duration::from_millis(1)..=DAY);
    let total = reader.duration("fetch.total_timeout", Duration::from_millis(1)..=DAY);
    if let (Some(connect), Some(first_byte), Some(total)) = (connect, first_byte, total)
        && total < connect.max(first_byte)
    {
        let parts = "fetch.connect_timeout and fetch.first_byte_timeout";
        reader.wrong("fetch.total_timeout", format!("must not be below {parts}"));
    }
    Some(FetchConfig {
        allow: allow?,
        extra_ports: ports?,
        connect_ms: millis(connect?),
        first_byte_ms: millis(first_byte?),
        total_ms: millis(total?),
        ..FetchConfig::default()
    })
}

fn read_rates(reader: &mut Reader<'_>) -> Option<LimitsConfig> {
    let login_account = reader.parsed("rates.login_account", reader::rate);
    let login_address = reader.parsed("rates.login_address", reader::rate);
    let upload = reader.parsed("rates.upload", reader::rate);
    let bulk_delete = reader.parsed("rates.bulk_delete", reader::rate);
    Some(LimitsConfig {
        login_account: login_account?,
        login_address: login_address?,
        upload: upload?,
        bulk_delete: bulk_delete?,
        ..LimitsConfig::default()
    })
}

fn read_media(reader: &mut Reader<'_>) -> Option<MediaConfig> {
    let signed_url_ttl = reader.duration("media.signed_url_ttl", SECOND..=YEAR);
    let rendition_cache = reader.size("media.rendition_cache_max", 0..=1_024 * TIB);
    Some(MediaConfig {
        signed_url_ttl_ms: millis(signed_url_ttl?),
        rendition_cache_bytes_max: rendition_cache?,
    })
}

fn read_uploads(reader: &mut Reader<'_>) -> Option<UploadsConfig> {
    let presigned_ttl = reader.duration("uploads.presigned_ttl", SECOND..=7 * DAY);
    let multipart_ttl = reader.duration("uploads.multipart_ttl", SECOND..=7 * DAY);
    let temporary_ttl = reader.duration("uploads.temporary_ttl", SECOND..=YEAR);
    Some(UploadsConfig {
        presigned_ttl_ms: millis(presigned_ttl?),
        multipart_ttl_ms: millis(multipart_ttl?),
        temporary_ttl_ms: millis(temporary_ttl?),
    })
}

fn read_jobs(reader: &mut Reader<'_>) -> Option<JobsConfig> {
    let workers: Option<usize> = reader.number("jobs.workers", 0..=1_024);
    let queue_max = reader.number("jobs.queue_max", 1..=100_000_000);
    Some(JobsConfig {
        workers: Some(workers?).filter(|&workers| workers > 0),
        queue_max: queue_max?,
    })
}

fn read_models(reader: &mut Reader<'_>) -> Option<ModelsConfig> {
    let path = |raw: &str| match raw {
        "" => Err("must be a file".to_owned()),
        path => Ok(PathBuf::from(path)),
    };
    let hints = reader.list("models.hints", path);
    let encoder = reader.optional("models.encoder", path);
    let threads = reader.number("models.threads", 1..=256);
    let run_time = reader.duration("models.run_time_max", Duration::from_millis(1)..=DAY);
    let file = reader.size("models.file_max", 1..=TIB);
    Some(ModelsConfig {
        hints: hints?,
        encoder: encoder?,
        threads: threads?,
        run_time_max: run_time?,
        file_bytes_max: file?,
    })
}

fn read_admin(reader: &mut Reader<'_>) -> Option<AdminConfig> {
    let email = reader.optional("admin.email", |raw| match raw.split_once('@') {
        Some((name, host)) if !name.is_empty() && !host.is_empty() => Ok(raw.to_owned()),
        _ => Err("must be an e-mail address".to_owned()),
    });
    let password = reader.optional("admin.password", |raw| match raw.chars().count() {
        8.. => Ok(raw.to_owned()),
        _ => Err("must have at least 8 characters".to_owned()),
    });
    Some(AdminConfig { email: email?, password: password? })
}

fn read_log(reader: &mut Reader<'_>) -> Option<LogConfig> {
    let level = reader.parsed("log.level", |raw| {
        let level =
            |word: &str| ["off", "error", "warn", "info", "debug", "trace"].contains(&word.trim());
        let directive = |part: &str| match part.rsplit_once('=') {
            Some((target, word)) => !target.trim().is_empty() && level(word),
            None => level(part),
        };
        if raw.split(',').all(directive) {
            Ok(raw.to_owned())
        } else {
            let levels = "error, warn, info, debug or trace";
            Err(format!("must be {levels}, or a filter such as \"info,backlot_http=debug\""))
        }
    });
    let format = reader.parsed("log.format", |raw| match raw {
        "auto" => Ok(LogFormat::Auto),
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        _ => Err("must be auto, text or json".to_owned()),
    });
    Some(LogConfig { level: level?, format: format? })
}

fn read_dialects(reader: &mut Reader<'_>) -> Option<Dialects> {
    let names = ["native", "piktid", "productai", "scenario", "youthumb"];
    let mounts = names.map(|name| {
        let prefix = reader.parsed(&format!("dialect.{name}.prefix"), reader::prefix);
        let host = reader.optional(&format!("dialect.{name}.host"), reader::host);
        Some((name, Mount { prefix: prefix?, host: host? }))
    });
    check_mounts(reader, &mounts.iter().flatten().collect::<Vec<_>>());
    let [native, piktid, productai, scenario, youthumb] =
        mounts.map(|mount| mount.map(|(_, mount)| mount));
    Some(Dialects {
        native: native?,
        piktid: piktid?,
        productai: productai?,
        scenario: scenario?,
        youthumb: youthumb?,
    })
}

/// Two APIs at one place could not be told apart.
fn check_mounts(reader: &mut Reader<'_>, mounts: &[&(&str, Mount)]) {
    let within = |inner: &str, outer: &str| {
        inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    for (index, (name, mount)) in mounts.iter().enumerate() {
        let first = mount.prefix.split('/').nth(1).unwrap_or_default();
        if RESERVED_PATHS.contains(&first) {
            let message = format!("must not begin with /{first}, which is Backlot's own");
            reader.wrong(&format!("dialect.{name}.prefix"), message);
        }
        for (other_name, other) in mounts.iter().take(index) {
            if within(&mount.prefix, &other.prefix) || within(&other.prefix, &mount.prefix) {
                let message = format!("must not overlap dialect.{other_name}.prefix");
                reader.wrong(&format!("dialect.{name}.prefix"), message);
            }
            if mount.host.is_some() && mount.host == other.host {
                let message = format!("must not be the same as dialect.{other_name}.host");
                reader.wrong(&format!("dialect.{name}.host"), message);
            }
        }
    }
}

fn millis(duration: Duration) -> Millis {
    Millis::try_from(duration.as_millis()).unwrap_or(Millis::MAX)
}
