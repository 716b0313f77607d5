//! Faults of the library name fields as the library does; here they get this vendor's names.

use backlot_model::{Fault, Kind};

/// The library's name of a field, and its path in the body.
pub(super) type Spelling = (&'static str, &'static [&'static str]);

/// The fault with every field at fault under the path that `spellings` gives it.
pub(super) fn respelt(mut fault: Fault, spellings: &[Spelling]) -> Fault {
    for field in &mut fault.fields {
        let name = match field.path.as_slice() {
            [root, name, ..] if root == "body" => name,
            [name] => name,
            _ => continue,
        };
        if let Some((_, spelt)) = spellings.iter().find(|(known, _)| known == name) {
            let below = field.path.iter().skip(2).cloned();
            let root = std::iter::once("body").chain(spelt.iter().copied()).map(str::to_owned);
            field.path = root.chain(below).collect();
        }
    }
    if let ([field], Kind::Invalid) = (fault.fields.as_slice(), fault.kind) {
        fault.message = format!("{}: {}", field.path.join("."), field.message);
    }
    fault
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_get_their_place_in_the_body() {
        let spellings: &[Spelling] = &[("parent_id", &["options", "parentId"])];
        let path = |path: &str| {
            let fault = respelt(Fault::invalid(path, "format", "must be an id"), spellings);
            assert_eq!(fault.message, format!("{}: must be an id", fault.fields[0].path.join(".")));
            fault.fields[0].path.join(".")
        };
        assert_eq!(path("body.parent_id"), "body.options.parentId");
        assert_eq!(path("parent_id"), "body.options.parentId");
        assert_eq!(path("body.parent_id.3"), "body.options.parentId.3");
        assert_eq!(path("body.name"), "body.name");
        assert_eq!(path("query.parent_id"), "query.parent_id");
    }
}
