//! What a newcomer is told at the first start, once.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use backlot_imaging::OutputFormat;
use backlot_library::Library;
use backlot_library::accounts::NewKey;
use backlot_library::secret::Secret;
use backlot_model::Fault;
use backlot_model::account::Caller;
use serde_json::{Value, json};

use crate::cli::exit::Failure;
use crate::cli::output;
use crate::config::Config;
use crate::painting::{Motif, paint};

/// The first picture of a newcomer.
const WELCOME_FILE: &str = "welcome.jpg";
const WELCOME_SIZE: (u32, u32) = (960, 640);

/// What a newcomer has to know, and is told once.
pub(super) struct Newcomer {
    email: String,
    /// None when the operator chose it himself.
    password: Option<Secret>,
    token: Secret,
}

/// Sees to it that there is an administrator. A new one gets an API key, too, for the first upload.
pub(super) async fn welcome(
    library: &Library,
    config: &Config,
) -> Result<Option<Newcomer>, Failure> {
    let accounts = library.accounts();
    let password = config.admin.password.as_deref().map(Secret::new);
    let made = accounts.ensure_first_admin(config.admin.email.as_deref(), password).await?;
    let Some(admin) = made else { return Ok(None) };
    let new = NewKey {
        name: "first start".to_owned(),
        scopes: None,
        expires_at: None,
        organization_id: None,
    };
    let key = accounts.create_key(&Caller::platform(), admin.user.id, new).await?;
    let (email, password) = (admin.user.email, admin.made_up_password);
    Ok(Some(Newcomer { email, password, token: key.token }))
}

/// How clients on this machine reach the server, unless the settings say it.
pub(super) fn reached_as(config: &Config, address: SocketAddr) -> String {
    if let Some(url) = &config.server.public_url {
        return url.clone();
    }
    let host = match address.ip() {
        ip if !ip.is_unspecified() => address.to_string(),
        IpAddr::V4(_) => format!("127.0.0.1:{}", address.port()),
        IpAddr::V6(_) => format!("[::1]:{}", address.port()),
    };
    format!("http://{host}")
}

/// Says where the server is, and to a newcomer how to begin.
pub(super) fn announce(
    config: &Config,
    url: &str,
    address: &str,
    newcomer: Option<&Newcomer>,
    as_json: bool,
) -> Result<(), Failure> {
    if as_json {
        let admin = newcomer.map(
            |it| json!({"email": it.email, "password": it.password.as_ref().map(Secret::expose)}),
        );
        let key = newcomer.map(|it| Value::from(it.token.expose()));
        let line = json!({"url": url, "address": address, "admin": admin, "key": key});
        return output::print(&format!("{line}\n"));
    }
    output::print(&format!("listening on {url}\n"))?;
    let Some(newcomer) = newcomer else { return Ok(()) };
    let password = match &newcomer.password {
        Some(password) => format!("{}  (shown this once)", password.expose()),
        None => "as the settings say".to_owned(),
    };
    let token = newcomer.token.expose();
    output::print(&format!(
        "\n  library   {}\n  admin     {}\n  password  {password}\n  API key   {token}  \
         (shown this once)\n\n",
        config.data_dir.display(),
        newcomer.email,
    ))?;
    let base = match &config.dialects.native.host {
        Some(host) => format!("http://{host}"),
        None => format!("{url}{}", config.dialects.native.prefix),
    };
    let picture = quoted(&welcome_picture(&config.data_dir));
    output::print(&format!(
        "Upload a first picture:\n\n  curl -H 'Authorization: Bearer {token}' -F file=@{picture} \
         {base}/assets\n\nDocumentation of every API: {url}/docs\n"
    ))
}

/// A picture for the first upload, made now. When that fails, the newcomer has one of his own.
fn welcome_picture(data_dir: &Path) -> PathBuf {
    let path = data_dir.join(WELCOME_FILE);
    let made = paint(Motif::Landscape, 7, WELCOME_SIZE, OutputFormat::Jpeg)
        .and_then(|bytes| std::fs::write(&path, bytes).map_err(Fault::internal));
    match made.and_then(|()| path.canonicalize().map_err(Fault::internal)) {
        Ok(path) => path,
        Err(fault) => {
            tracing::warn!(cause = ?fault.cause, "the welcome picture could not be made");
            PathBuf::from("picture.jpg")
        }
    }
}

/// As a shell takes it.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
    if text.chars().all(is_plain) {
        return text;
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pasted_path_is_one_word() {
        assert_eq!(quoted(Path::new("/srv/a-b_c.jpg")), "/srv/a-b_c.jpg");
        assert_eq!(quoted(Path::new("/it's here")), r"'/it'\''s here'");
    }

    #[test]
    fn a_server_on_every_address_is_told_as_loopback() {
        let mut config = crate::config::load(&crate::config::Inputs::default()).unwrap().config;
        let told = |config: &Config, address: &str| reached_as(config, address.parse().unwrap());
        assert_eq!(told(&config, "0.0.0.0:80"), "http://127.0.0.1:80");
        assert_eq!(told(&config, "[::]:80"), "http://[::1]:80");
        assert_eq!(told(&config, "10.0.0.1:80"), "http://10.0.0.1:80");
        config.server.public_url = Some("https://a.example".to_owned());
        assert_eq!(told(&config, "0.0.0.0:80"), "https://a.example");
    }
}
