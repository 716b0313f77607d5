//! Many assets at once: all of them, or none.

use backlot_model::account::{Caller, Scope};
use backlot_model::asset::Asset;
use backlot_model::limits::REGISTERED_MAX;
use backlot_model::media::Digest;
use backlot_model::policy::Operation;
use backlot_model::{Fault, Id, Kind};
use backlot_store::{assets, blob_rows};

use super::create::Draft;
use super::{Accepts, Origin, Received};
use crate::Library;
use crate::assets::NewAsset;
use crate::authority::{allow, asset_not_found, member};
use crate::limiter::Limit;

/// Where the bytes of a new asset come from.
pub enum BytesFrom {
    /// They have come.
    Received(Box<Received>),
    /// The caller has an asset with these already.
    Hash(Digest),
    /// They are those of another asset, such as one that an address of ours named.
    Asset(Id<Asset>),
    /// A foreign address, from which they are fetched after the answer.
    Url(String, Accepts),
}

impl BytesFrom {
    /// The field that the bytes came in.
    const fn field(&self) -> &'static str {
        match self {
            Self::Received(_) => "base64",
            Self::Hash(_) => "content_hash",
            Self::Asset(_) | Self::Url(..) => "url",
        }
    }
}

impl Library {
    /// Makes many assets, such as the results of a generation, in one transaction: all are there
    /// afterwards, in their order, or none. A parent has to be there before.
    ///
    /// # Errors
    /// `invalid` for none or more than 100, and for whatever is wrong with one, whose fields stand
    /// at `body.items.<n>`; `rate-limited`, `queue-full`; storage and database faults.
    pub async fn create_assets(
        &self,
        caller: &Caller,
        items: Vec<(BytesFrom, NewAsset)>,
    ) -> Result<Vec<Asset>, Fault> {
        let member = member(caller, Scope::Write)?;
        if items.is_empty() || items.len() > REGISTERED_MAX {
            let said = format!("must be 1 to {REGISTERED_MAX} assets");
            return Err(Fault::invalid("body.items", "length", said));
        }
        self.limiter().check(Limit::Upload, &member.user_id.to_string()).await?;
        self.refuse_when_full().await?;
        let drafts = self.drafts(caller, items).await?;
        self.record_all(drafts).await
    }

    /// The assets as they will be, with bytes that are durable.
    pub(crate) async fn drafts(
        &self,
        caller: &Caller,
        items: Vec<(BytesFrom, NewAsset)>,
    ) -> Result<Vec<(Draft, Origin)>, Fault> {
        let mut drafts = Vec::with_capacity(items.len());
        for (place, (bytes, new)) in items.into_iter().enumerate() {
            let field = bytes.field();
            let drafted = self.drafted(caller, bytes, new).await;
            drafts.push(drafted.map_err(|fault| located(fault, place, field))?);
        }
        Ok(drafts)
    }

    async fn drafted(
        &self,
        caller: &Caller,
        bytes: BytesFrom,
        mut new: NewAsset,
    ) -> Result<(Draft, Origin), Fault> {
        let origin = match bytes {
            BytesFrom::Received(received) => {
                let Received { staged, facts, extension } = *received;
                let digest = staged.digest();
                self.blobs().commit(staged).await.map_err(Fault::from)?;
                Origin::Blob { digest, facts: Box::new(facts), extension }
            }
            BytesFrom::Hash(digest) => {
                let owner = member(caller, Scope::Write)?.user_id;
                if !assets::owns_blob(self.db(), owner, digest).await? {
                    return Err(asset_not_found());
                }
                self.over(digest).await?
            }
            BytesFrom::Asset(id) => {
                let original = self.live_asset(id).await?;
                allow(caller, Operation::Copy, &original)?;
                let busy = "the asset has no bytes yet; use it when it is ready";
                let digest = original
                    .digest
                    .ok_or_else(|| Fault::new(Kind::Conflict, "asset-busy", busy))?;
                new.filename = new.filename.or(Some(original.filename));
                self.over(digest).await?
            }
            BytesFrom::Url(url, accepts) => {
                let url = self.fetcher().check(&url).await?;
                new.filename = new.filename.or_else(|| crate::fetch::filename_in(&url));
                Origin::Url(url.to_string(), accepts)
            }
        };
        Ok((self.draft(caller, self.ids().next(), new).await?, origin))
    }

    /// Bytes that are here.
    pub(crate) async fn over(&self, digest: Digest) -> Result<Origin, Fault> {
        let found = blob_rows::facts(self.db(), digest).await?;
        let (facts, ..) = found.ok_or_else(asset_not_found)?;
        let extension = backlot_imaging::extension(&facts.mime_type);
        Ok(Origin::Blob { digest, facts: Box::new(facts), extension })
    }
}

/// The fault of one, where it stands among all. What was not found is a wrong reference here: the
/// call itself is about no one asset.
fn located(mut fault: Fault, place: usize, field: &str) -> Fault {
    if fault.kind == Kind::NotFound {
        fault = Fault::invalid(&format!("body.{field}"), "reference", fault.message);
    } else if fault.kind == Kind::Invalid && fault.fields.is_empty() {
        fault = fault.at(&format!("body.{field}"), "reference");
    }
    for it in &mut fault.fields {
        if it.path.first().is_some_and(|root| root == "body") {
            it.path.splice(1..1, ["items".to_owned(), place.to_string()]);
        }
    }
    match fault.code {
        "invalid" => Fault::invalid_fields(fault.fields),
        _ => fault,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_stands_at_its_item() {
        let path = |fault: Fault| located(fault, 3, "url").fields[0].path.join(".");
        assert_eq!(path(Fault::invalid("body.tags.1", "length", "")), "body.items.3.tags.1");
        assert_eq!(path(asset_not_found()), "body.items.3.url");
    }
}
