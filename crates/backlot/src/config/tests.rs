//! Settings from every layer, good and bad.

use std::ffi::OsString;
use std::fs;

use backlot_library::fetch::AllowedHost;
use backlot_library::limiter::LimitRule;
use backlot_model::limits::UploadLimits;
use tempfile::TempDir;

use super::*;

/// Loads with an empty data directory, `file` as `--config`, and these variables.
fn load_with(file: &str, environment: &[(&str, &str)]) -> Result<Loaded, Mistakes> {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("settings.toml");
    fs::write(&path, file).unwrap();
    load(&Inputs { config: Some(path), flags: Vec::new(), environment: variables(environment) })
}

fn variables(environment: &[(&str, &str)]) -> Vec<(OsString, OsString)> {
    environment.iter().map(|(name, value)| (name.into(), value.into())).collect()
}

/// Every mistake in `file` as `setting: message`.
fn mistakes_in(file: &str) -> Vec<String> {
    let mistakes = load_with(file, &[]).unwrap_err().0;
    mistakes.iter().map(|mistake| format!("{}: {}", mistake.setting, mistake.message)).collect()
}

#[test]
fn the_default_file_is_valid_and_agrees_with_the_model() {
    let loaded = load_with("", &[]).unwrap();
    assert_eq!(loaded.config.limits, UploadLimits::default());
    assert_eq!(loaded.config.data_dir, PathBuf::from("./backlot-data"));
    assert_eq!(
        loaded.config.database,
        DatabaseUrl::Sqlite(PathBuf::from("./backlot-data/backlot.db"))
    );
    assert_eq!(loaded.config.media.signed_url_ttl_ms, 7 * 86_400_000);
    assert_eq!(loaded.config.dialects.youthumb.prefix, "/youthumb/api");
    assert!(loaded.config.server.listen.ip().is_loopback());
    assert!(loaded.warnings.is_empty());
}

#[test]
fn every_setting_of_the_default_file_has_a_comment_of_its_own() {
    let mut above = "";
    for line in DEFAULT_FILE.lines() {
        if line.contains(" = ") && !line.starts_with('#') {
            assert!(above.starts_with("# "), "no comment above `{line}`");
        }
        above = line;
    }
}

#[test]
fn every_setting_of_the_default_file_is_read() {
    // A setting that nobody reads keeps its wrong type unnoticed.
    for setting in Settings::defaults().iter() {
        let wrong = toml::Value::Datetime("2026-01-01".parse().unwrap());
        let file = match setting.key.rsplit_once('.') {
            Some((section, name)) => format!("[{section}]\n{name} = {wrong}\n"),
            None => format!("{} = {wrong}\n", setting.key),
        };
        let mistakes = load_with(&file, &[]).unwrap_err().0;
        assert!(mistakes.iter().any(|mistake| mistake.setting == setting.key), "{}", setting.key);
    }
}

#[test]
fn flags_win_over_environment_over_file_over_defaults() {
    let dir = TempDir::new().unwrap();
    let data_dir = dir.path().to_str().unwrap().to_owned();
    let file = "listen = \"127.0.0.1:1\"\n[log]\nlevel = \"warn\"\nformat = \"json\"\n";
    fs::write(dir.path().join("backlot.toml"), file).unwrap();
    let inputs = Inputs {
        config: None,
        flags: vec![
            ("data_dir", "--data-dir", data_dir.clone()),
            ("listen", "--listen", "127.0.0.1:3".to_owned()),
        ],
        environment: variables(&[
            ("BACKLOT_LISTEN", "127.0.0.1:2"),
            ("BACKLOT_LOG_LEVEL", "debug"),
            ("BACKLOT_LOG_LEVL", "debug"),
        ]),
    };
    let loaded = load(&inputs).unwrap();
    assert_eq!(loaded.config.server.listen.port(), 3);
    assert_eq!(loaded.config.log.level, "debug");
    assert_eq!(loaded.config.log.format, LogFormat::Json);
    let source = |key: &str| loaded.settings.get(key).unwrap().source.clone();
    assert_eq!(source("listen"), Source::Flag("--listen"));
    assert_eq!(source("log.level"), Source::Environment("BACKLOT_LOG_LEVEL".to_owned()));
    assert_eq!(source("log.format"), Source::File(dir.path().join("backlot.toml")));
    assert_eq!(source("gc.grace"), Source::Default);
    let warning = "BACKLOT_LOG_LEVL is no setting and has no effect; \
                   did you mean BACKLOT_LOG_LEVEL?";
    assert_eq!(loaded.warnings, [warning]);
}

#[test]
fn the_environment_writes_lists_numbers_and_texts() {
    let environment = [
        ("BACKLOT_FETCH_ALLOW", "localhost:9000, [::1]:9001,"),
        ("BACKLOT_FETCH_PORTS", "8443"),
        ("BACKLOT_RATES_UPLOAD", "5000/s"),
        ("BACKLOT_JOBS_WORKERS", "3"),
        ("BACKLOT_DETECT_FACES", "false"),
        ("BACKLOT_LIMITS_IMAGE_MAX", "20MiB"),
        ("BACKLOT_DIALECT_PIKTID_PREFIX", "/pk"),
        ("BACKLOT_DIALECT_PIKTID_HOST", "Assets.Example.com"),
        ("BACKLOT_ADMIN_PASSWORD", " spaces stay "),
        ("BACKLOT_PUBLIC_URL", "https://a.example.com/"),
    ];
    let config = load_with("", &environment).unwrap().config;
    let allowed = ["localhost:9000", "[::1]:9001"].map(|it| AllowedHost::parse(it).unwrap());
    assert_eq!(config.fetch.allow, allowed);
    assert_eq!(config.fetch.extra_ports, [8_443]);
    assert_eq!(config.rates.upload, LimitRule::new(5_000, 1_000).unwrap());
    assert_eq!(config.jobs.workers, Some(3));
    assert!(!config.detect_faces);
    assert_eq!(config.limits.image_bytes_max, 20 << 20);
    let host = Some("assets.example.com".to_owned());
    assert_eq!(config.dialects.piktid, Mount { prefix: "/pk".to_owned(), host });
    assert_eq!(config.admin.password.as_deref(), Some(" spaces stay "));
    assert_eq!(config.server.public_url.as_deref(), Some("https://a.example.com"));
}

#[test]
fn all_mistakes_come_at_once_and_name_setting_source_and_remedy() {
    let file = "listen = \"here\"\nlimits = 3\n[fetch]\nalow = []\nports = [0]\n[nothing]\n";
    let environment =
        [("BACKLOT_LIMITS_IMAGE_MAX", "5 pounds"), ("BACKLOT_ADMIN_PASSWORD", "secret")];
    let shown = load_with(file, &environment).unwrap_err().to_string();
    for part in [
        "listen (",
        "must be an IP address and a port such as \"127.0.0.1:8080\", not `here`",
        "limits (",
        "is a section; write [limits]",
        "fetch.alow (",
        "did you mean fetch.allow?",
        "each item must be a port from 1 to 65535, not `0`",
        "nothing (",
        "limits.image_max (BACKLOT_LIMITS_IMAGE_MAX): must be a size",
        "not `5 pounds`",
        "admin.password (BACKLOT_ADMIN_PASSWORD): must have at least 8 characters",
    ] {
        assert!(shown.contains(part), "{part} is missing in {shown}");
    }
    assert!(!shown.contains("secret"), "{shown}");
}

#[test]
fn values_out_of_range_or_at_odds_are_refused() {
    for (file, setting) in [
        ("public_url = \"ftp://x\"", "public_url"),
        ("public_url = \"https://u:p@x\"", "public_url"),
        ("database_url = \"postgres://u:p@db/x\"", "database_url"),
        ("blob_url = \"s3://bucket\"", "blob_url"),
        ("data_dir = \"\"", "data_dir"),
        ("[server]\nhead_timeout = \"10\"", "server.head_timeout"),
        ("[server]\nconnections_max = 0", "server.connections_max"),
        ("[server]\ncors_origins = [\"studio.example.com\"]", "server.cors_origins"),
        ("[limits]\nproductai_image_max = \"60 MiB\"", "limits.productai_image_max"),
        ("[limits]\ndecode_memory_max = \"100 MiB\"", "limits.decode_memory_max"),
        ("[fetch]\ntotal_timeout = \"1s\"", "fetch.total_timeout"),
        ("[fetch]\nallow = [\"localhost\"]", "fetch.allow"),
        ("[rates]\nupload = \"200\"", "rates.upload"),
        ("[log]\nlevel = \"inof\"", "log.level"),
        ("[admin]\nemail = \"root\"", "admin.email"),
        ("[dialect.piktid]\nprefix = \"/piktid/\"", "dialect.piktid.prefix"),
        ("[dialect.piktid]\nprefix = \"/media/x\"", "dialect.piktid.prefix"),
        ("[dialect.piktid]\nprefix = \"/api/v1/x\"", "dialect.piktid.prefix"),
        ("[dialect.piktid]\nhost = \"a:80\"", "dialect.piktid.host"),
        ("[dialect.piktid]\nhost = \"a.example/b/\"", "dialect.piktid.host"),
        (
            "[dialect.native]\nhost = \"a.test\"\n[dialect.piktid]\nhost = \"A.test\"",
            "dialect.piktid.host",
        ),
    ] {
        let mistakes = mistakes_in(file);
        let named = mistakes.iter().all(|mistake| mistake.starts_with(&format!("{setting}: ")));
        assert!(named && mistakes.len() == 1, "{file} gave {mistakes:?}");
    }
}

#[test]
fn a_missing_or_broken_file_is_a_mistake() {
    let inputs = Inputs { config: Some(PathBuf::from("/nowhere/b.toml")), ..Inputs::default() };
    let shown = load(&inputs).unwrap_err().to_string();
    assert!(shown.contains("/nowhere/b.toml") && shown.contains("cannot be read"), "{shown}");
    assert!(mistakes_in("listen = ")[0].contains("is not TOML"));
}

#[test]
fn a_file_in_the_data_directory_cannot_name_another() {
    let dir = TempDir::new().unwrap();
    fs::write(dir.path().join("backlot.toml"), "data_dir = \"/elsewhere\"").unwrap();
    let flags = vec![("data_dir", "--data-dir", dir.path().to_str().unwrap().to_owned())];
    let mistakes = load(&Inputs { flags, ..Inputs::default() }).unwrap_err().0;
    assert_eq!(mistakes[0].setting, "data_dir");
}

#[test]
fn secrets_are_masked_in_every_print() {
    let loaded = load_with("", &[("BACKLOT_ADMIN_PASSWORD", "correct horse")]).unwrap();
    let prints = [
        as_toml(&loaded.settings),
        as_json(&loaded.settings).to_string(),
        format!("{:?}", loaded.config),
    ];
    for print in prints {
        assert!(!print.contains("horse") && print.contains("***"), "{print}");
    }
}

#[test]
fn what_is_printed_can_be_read_again() {
    let printed = as_toml(&Settings::defaults());
    let again = load_with(&printed, &[]).unwrap();
    assert_eq!(again.config.limits, UploadLimits::default());
}
