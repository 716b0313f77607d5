//! Assets whose bytes are still somewhere else.

use backlot_model::account::{Caller, Scope};
use backlot_model::asset::{Asset, Status};
use backlot_model::event::EventKind;
use backlot_model::{Fault, Id, Kind};
use backlot_store::assets;
use backlot_store::db::Tx;
use futures::StreamExt;
use url::Url;

use super::create::attach;
use super::process::awaits_its_end;
use super::{Accepts, Origin, Received, Stage};
use crate::Library;
use crate::assets::NewAsset;
use crate::authority::member;
use crate::fetch::{filename_in, is_transient};
use crate::jobs::Job;
use crate::limiter::Limit;

impl Library {
    /// Makes an asset of what lies at a foreign address. The address is checked before the answer;
    /// the bytes are fetched afterwards, and what cannot be fetched ends as failed.
    ///
    /// # Errors
    /// `fetch-refused` for an address that the guard does not allow; `invalid` as for any asset.
    pub async fn create_asset_from_url(
        &self,
        caller: &Caller,
        url: &str,
        accepts: Accepts,
        new: NewAsset,
    ) -> Result<Asset, Fault> {
        let member = member(caller, Scope::Write)?;
        self.limiter().check(Limit::Upload, &member.user_id.to_string()).await?;
        self.refuse_when_full().await?;
        let url = self.fetcher().check(url).await?;
        let new = NewAsset { filename: new.filename.or_else(|| filename_in(&url)), ..new };
        let draft = self.draft(caller, self.ids().next(), new).await?;
        self.record(draft, Origin::Url(url.to_string(), accepts)).await
    }

    /// The job behind it: fetches, checks, records the bytes and asks for their processing.
    pub(crate) async fn import_url(
        &self,
        id: Id<Asset>,
        accepts: Option<Accepts>,
    ) -> Result<(), Fault> {
        let found = assets::by_id(self.db(), id).await?;
        let Some(asset) = found.filter(awaits_its_end) else {
            return Ok(());
        };
        let Some(url) = assets::source_url(self.db(), id).await? else {
            return Ok(());
        };
        if asset.digest.is_some() {
            return Ok(());
        }
        let accepts = accepts.unwrap_or_else(|| Accepts::pictures(&self.config().uploads));
        match self.download(&url, accepts).await {
            Ok((received, named)) => self.arrived(id, received, named, &url).await,
            Err(fault) if !may_pass(&fault) => self.fail_asset(id, reason(&fault)).await,
            Err(fault) => Err(fault),
        }
    }

    /// The bytes, and what their host calls them.
    pub(crate) async fn download(
        &self,
        url: &str,
        accepts: Accepts,
    ) -> Result<(Received, Option<String>), Fault> {
        let mut fetched = self.fetcher().fetch(url, accepts.bytes_max()).await?;
        let mut intake = self.receive_unmetered(accepts).await?;
        while let Some(bytes) = fetched.body.next().await {
            intake.write(bytes?).await?;
        }
        Ok((intake.finish().await?, fetched.filename))
    }

    async fn arrived(
        &self,
        id: Id<Asset>,
        received: Received,
        named: Option<String>,
        url: &str,
    ) -> Result<(), Fault> {
        let Received { staged, facts, extension } = received;
        let digest = staged.digest();
        let stage = Stage::begin("store");
        self.blobs().commit(staged).await.map_err(Fault::from)?;
        drop(stage);
        let tx = self.db().begin().await?;
        let found = assets::by_id_in(&tx, id).await?;
        let Some(before) = found.filter(|it| it.digest.is_none() && awaits_its_end(it)) else {
            return Ok(());
        };
        let mut after = before.clone();
        rename(&mut after, named, url);
        attach(&tx, &mut after, digest, &facts, extension).await?;
        self.still_there(digest).await?;
        after.updated_at = self.now_ms();
        assets::save(&tx, &before, &after).await?;
        self.enqueue(&tx, &Job::Process { asset: id.to_string() }).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Ends an asset as failed, with a reason that its owner can read.
    pub(crate) async fn fail_asset(&self, id: Id<Asset>, reason: &str) -> Result<(), Fault> {
        let tx = self.db().begin().await?;
        self.fail_asset_in(&tx, id, reason).await?;
        Ok(tx.commit().await?)
    }

    pub(crate) async fn fail_asset_in(
        &self,
        tx: &Tx,
        id: Id<Asset>,
        reason: &str,
    ) -> Result<(), Fault> {
        let found = assets::by_id_in(tx, id).await?;
        let Some(before) = found.filter(awaits_its_end) else {
            return Ok(());
        };
        let mut after = before.clone();
        after.status = Status::Failed;
        after.error = Some(reason.to_owned());
        after.updated_at = self.now_ms();
        assets::save(tx, &before, &after).await?;
        self.announce(tx, EventKind::Failed, &after).await
    }
}

/// Drops a name that was only made up until the file arrives: what its host calls it is better,
/// and its type gives an extension to one that has no name at all.
fn rename(asset: &mut Asset, named: Option<String>, url: &str) {
    let in_url = Url::parse(url).ok().and_then(|url| filename_in(&url));
    let made_up = in_url.clone().unwrap_or_else(|| asset.id.to_string());
    if asset.filename != made_up {
        return;
    }
    asset.filename = named.or(in_url).unwrap_or_default();
    if asset.name == made_up {
        asset.name.clone_from(&asset.filename);
    }
}

/// What was wrong with the file, without the field of a body that nobody sent.
fn reason(fault: &Fault) -> &str {
    fault.fields.first().map_or(&fault.message, |field| &field.message)
}

/// Whether trying again may help.
pub(crate) fn may_pass(fault: &Fault) -> bool {
    is_transient(fault) || matches!(fault.kind, Kind::Unavailable | Kind::Internal)
}
