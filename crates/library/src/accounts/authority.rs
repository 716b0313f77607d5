//! Asks the table and says no.

use backlot_model::account::{Caller, Member};
use backlot_model::fault::{Fault, Kind};
use backlot_model::policy::Verdict;
use backlot_model::policy::account::{AccountOperation, AccountStanding, account_verdict};

/// The caller, if the table lets him. `hidden` is what those get for whom there is no such thing.
pub(super) fn require(
    caller: &Caller,
    operation: AccountOperation,
    standing: AccountStanding,
    hidden: fn() -> Fault,
) -> Result<&Member, Fault> {
    let Some(member) = caller.member() else { return Err(no_credentials()) };
    match account_verdict(operation, standing, caller) {
        Verdict::Allowed => Ok(member),
        Verdict::Hidden => Err(hidden()),
        Verdict::NeedsCredential => Err(no_credentials()),
        Verdict::Forbidden => {
            let message = format!("you may not do this: {operation}");
            Err(Fault::new(Kind::Forbidden, "forbidden", message))
        }
        Verdict::NeedsScope(scope) => Err(insufficient_scope(scope.word())),
    }
}

/// The caller, if he may do something that concerns the installation as a whole.
pub(super) fn require_platform(
    caller: &Caller,
    operation: AccountOperation,
) -> Result<&Member, Fault> {
    let standing = AccountStanding::to_platform(caller);
    require(caller, operation, standing, || Fault::new(Kind::NotFound, "not-found", "not found"))
}

fn no_credentials() -> Fault {
    Fault::new(Kind::Unauthenticated, "no-credentials", "not authenticated")
}

pub(super) fn insufficient_scope(scope: &str) -> Fault {
    let message = format!("this needs a credential with the scope `{scope}`");
    Fault::new(Kind::Forbidden, "insufficient-scope", message)
}
