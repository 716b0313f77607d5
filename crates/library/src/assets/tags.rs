//! Changing the tags of one asset, and telling what was changed.

use backlot_model::account::Caller;
use backlot_model::asset::Asset;
use backlot_model::fault::FieldFault;
use backlot_model::{Fault, Id};

use super::{AssetPatch, Expected, new_asset};
use crate::Library;

/// Tags to add to an asset and to take away from it.
#[derive(Debug, Clone, Default)]
pub struct TagChange {
    /// To be added.
    pub add: Vec<String>,
    /// To be taken away, before others are added.
    pub delete: Vec<String>,
    /// Whether to refuse to add what is there, and to take away what is not.
    pub strict: bool,
}

impl Library {
    /// Changes the tags of an asset: those that were added, and those that were taken away.
    ///
    /// # Errors
    /// `asset-not-found`, `forbidden`, `locked`; `invalid` with the tag that is there already, or
    /// is not there, where the change is strict. Nothing is changed then.
    pub async fn change_tags(
        &self,
        caller: &Caller,
        id: Id<Asset>,
        expected: &Expected,
        change: &TagChange,
    ) -> Result<(Vec<String>, Vec<String>), Fault> {
        let tx = self.db().begin().await?;
        let before = self.live_asset_in(&tx, id).await?;
        // Whether he may comes first: what is wrong with the tags tells what there are.
        let same = AssetPatch::default();
        self.patched(caller, &before, expected, same)?;
        let Outcome { tags, added, deleted } =
            outcome(&before.tags, change).map_err(|it| Fault::invalid_fields(vec![it]))?;
        let patch = AssetPatch { tags: Some(tags), ..AssetPatch::default() };
        let after = self.patched(caller, &before, expected, patch)?;
        if after != before {
            self.save(&tx, &before, after).await?;
            tx.commit().await?;
        }
        Ok((added, deleted))
    }
}

#[derive(Debug, PartialEq, Eq)]
struct Outcome {
    tags: Vec<String>,
    added: Vec<String>,
    deleted: Vec<String>,
}

fn outcome(tags: &[String], change: &TagChange) -> Result<Outcome, FieldFault> {
    let add = new_asset::tags("add", &change.add)?;
    let delete = new_asset::tags("delete", &change.delete)?;
    let (known, new): (Vec<_>, Vec<_>) = add.into_iter().partition(|tag| tags.contains(tag));
    let (deleted, absent): (Vec<_>, Vec<_>) =
        delete.into_iter().partition(|tag| tags.contains(tag));
    if change.strict {
        let fault = |field: &str, tag: &str, said| {
            Err(FieldFault::new(&format!("body.{field}"), "reference", said).with_input(tag))
        };
        if let Some(tag) = known.first() {
            return fault("add", tag, format!("the asset has the tag `{tag}` already"));
        }
        if let Some(tag) = absent.first() {
            return fault("delete", tag, format!("the asset does not have the tag `{tag}`"));
        }
    }
    // What is added and taken away in one call is there afterwards.
    let (kept, deleted): (Vec<_>, Vec<_>) =
        deleted.into_iter().partition(|tag| known.contains(tag));
    let stays = |tag: &&String| !deleted.contains(tag) || kept.contains(tag);
    let tags = tags.iter().filter(stays).cloned().chain(new.iter().cloned()).collect();
    Ok(Outcome { tags, added: new, deleted })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(add: &[&str], delete: &[&str], strict: bool) -> Result<[Vec<String>; 3], String> {
        let all = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        let change = TagChange { add: all(add), delete: all(delete), strict };
        let outcome = outcome(&["a".to_owned(), "b".to_owned()], &change);
        outcome.map(|it| [it.tags, it.added, it.deleted]).map_err(|it| it.message)
    }

    #[test]
    fn what_is_there_already_or_not_there_is_passed_over() {
        let changed = change(&["b", "c", "c"], &["a", "x"], false).unwrap();
        assert_eq!(changed, [vec!["b", "c"], vec!["c"], vec!["a"]]);
        assert_eq!(change(&["a"], &["a"], false).unwrap(), [vec!["a", "b"], vec![], vec![]]);
        assert_eq!(change(&[], &[], true).unwrap(), [vec!["a", "b"], vec![], vec![]]);
    }

    #[test]
    fn a_strict_change_refuses_it() {
        assert!(change(&["c", "b"], &[], true).unwrap_err().contains("`b` already"));
        assert!(change(&["c"], &["x"], true).unwrap_err().contains("does not have the tag `x`"));
        assert_eq!(change(&["c"], &["a"], true).unwrap(), [vec!["b", "c"], vec!["c"], vec!["a"]]);
    }
}
