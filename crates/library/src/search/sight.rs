//! Keeps questions from telling of collections that the asker does not see: what names one is
//! answered as what names none.

use backlot_model::Fault;
use backlot_model::Id;
use backlot_model::account::{Caller, Member};
use backlot_model::asset::Collection;
use backlot_model::query::{Attribute, Expression, Filter, Members};
use backlot_store::collections;

use crate::Library;
use crate::collections::sees;
use crate::listing::{lists_everything, organizations};

impl Library {
    /// `filter` with nothing in it of collections that `caller` does not see; none when it asks for
    /// what is in one of those, and nothing meets it.
    ///
    /// # Errors
    /// Database faults.
    pub(crate) async fn in_sight(
        &self,
        caller: &Caller,
        filter: Filter,
    ) -> Result<Option<Filter>, Fault> {
        if caller.member().is_some_and(lists_everything) {
            return Ok(Some(filter));
        }
        let mut named: Vec<Id<Collection>> = filter.collection_id.into_iter().collect();
        filter.expression.iter().for_each(|it| gather(it, &mut named));
        let mut seen = match named.as_slice() {
            [] => Vec::new(),
            named => collections::whose(self.db(), named).await?,
        };
        seen.retain(|it| sees(caller, it));
        let seen: Vec<Id<Collection>> = seen.into_iter().map(|it| it.id).collect();
        if filter.collection_id.is_some_and(|id| !seen.contains(&id)) {
            return Ok(None);
        }
        let sight = Sight { seen, member: caller.member() };
        let expression = filter.expression.map(|it| sight.within(it));
        Ok(Some(Filter { expression, ..filter }))
    }
}

/// The collections that a condition names.
fn gather(expression: &Expression, into: &mut Vec<Id<Collection>>) {
    match expression {
        Expression::All(parts) | Expression::Any(parts) => {
            parts.iter().for_each(|part| gather(part, into));
        }
        Expression::Not(inner) => gather(inner, into),
        Expression::Holds(Members::Collections, ids) => {
            into.extend(ids.iter().filter_map(|id| Id::parse(id)));
        }
        _ => {}
    }
}

struct Sight<'a> {
    seen: Vec<Id<Collection>>,
    member: Option<&'a Member>,
}

impl Sight<'_> {
    fn within(&self, expression: Expression) -> Expression {
        let each = |parts: Vec<Expression>| parts.into_iter().map(|it| self.within(it)).collect();
        match expression {
            Expression::All(parts) => Expression::All(each(parts)),
            Expression::Any(parts) => Expression::Any(each(parts)),
            Expression::Not(inner) => Expression::Not(Box::new(self.within(*inner))),
            Expression::Holds(Members::Collections, mut ids) => {
                ids.retain(|id| Id::parse(id).is_some_and(|id| self.seen.contains(&id)));
                Expression::Holds(Members::Collections, ids)
            }
            Expression::Empty(Attribute::Members(Members::Collections)) => match self.member {
                // The anonymous see none.
                None => Expression::All(Vec::new()),
                Some(member) => Expression::Not(Box::new(Expression::CollectedBy {
                    owner: member.user_id,
                    organizations: organizations(member).collect(),
                })),
            },
            other => other,
        }
    }
}
