//! The query parameters of the listing: what they are, and what they mean.

use backlot_library::listing::Ownership;
use backlot_model::asset::{ASSET_TYPES, is_asset_type};
use backlot_model::fault::FieldFault;
use backlot_model::limits::{NAME_CHARS_MAX, SEARCH_CHARS_MAX, TAG_CHARS_MAX, TAGS_MAX};
use backlot_model::query::{
    Direction, Filter, Order, PixelRange, SortKey, TextField, TextSearch, TimeRange, TypeFilter,
};
use backlot_model::{Fault, Id};

use crate::edge::fields::{Checks, Fields};
use crate::native::paging::{limit_checked, skip_checked};
use crate::native::wire::create::words;
use crate::native::wire::word::Worded;

/// How many generation parameters one query may name.
const PARAMETERS_MAX: usize = 10;

/// What a query asks for; whose assets it reaches is the library's to say.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) ownership: Option<Ownership>,
    pub(super) filter: Filter,
    pub(super) order: Order,
    pub(super) skip: u64,
    pub(super) limit: u32,
    pub(super) cursor: Option<String>,
    pub(super) count: bool,
}

impl Asked {
    /// Reads the query and names all that is wrong with it.
    pub(super) fn read(query: &Fields) -> Result<Self, Fault> {
        let mut checks = Checks::default();
        let asked = Self {
            ownership: checks.take(query.choice("ownership", &words::<Ownership>())),
            filter: filter(query, &mut checks),
            order: order(query, &mut checks),
            skip: skip_checked(query, &mut checks),
            limit: limit_checked(query, 100, &mut checks),
            cursor: checks.take(query.one("cursor")).map(str::to_owned),
            count: checks.take(query.flag("count")).unwrap_or(true),
        };
        if asked.cursor.is_some() && asked.skip > 0 {
            let said = "must be 0 with a cursor, which says itself where the page begins";
            checks.note(query.fault("skip", "range", said));
        }
        checks.done()?;
        Ok(asked)
    }

    /// What a cursor is bound to: another filter or order is another question. Cursors do not
    /// outlive an upgrade that changes the filter; then the client begins anew.
    pub(super) fn fingerprint(&self) -> String {
        let Self { ownership, filter, order, skip: _, limit: _, cursor: _, count: _ } = self;
        format!("{ownership:?} {filter:?} {order:?}")
    }
}

fn order(query: &Fields, checks: &mut Checks) -> Order {
    let keys: Vec<_> = SortKey::ALL.iter().map(|key| (key.word(), *key)).collect();
    let directions: Vec<_> = Direction::ALL.iter().map(|way| (way.word(), *way)).collect();
    let default = Order::default();
    Order {
        key: checks.take(query.choice("sort_by", &keys)).unwrap_or(default.key),
        direction: checks
            .take(query.choice("sort_direction", &directions))
            .unwrap_or(default.direction),
    }
}

fn filter(query: &Fields, checks: &mut Checks) -> Filter {
    let search = checks.take(query.text_up_to("search", SEARCH_CHARS_MAX));
    Filter {
        visibility: checks.take(any_of(query, "visibility")),
        types: checks.take(types(query)),
        status: checks.take(any_of(query, "status")),
        kinds: checks.take(any_of(query, "kind")),
        tags_all: checks.take(tags(query, "tags")),
        tags_none: checks.take(tags(query, "exclude_tags")),
        text: search.and_then(|text| TextSearch::parse(text, TextField::ALL)),
        created: TimeRange {
            after: checks.take(query.time("created_after")),
            before: checks.take(query.time("created_before")),
        },
        updated: TimeRange {
            after: checks.take(query.time("updated_after")),
            before: checks.take(query.time("updated_before")),
        },
        uploader_id: None,
        organization_id: checks.take(id(query, "organization_id")),
        author_id: checks.take(label(query, "author_id")),
        parent_id: checks.take(id(query, "parent_id")),
        root_id: checks.take(id(query, "root_id")),
        inference_id: checks.take(label(query, "inference_id")),
        model_id: checks.take(label(query, "model_id")),
        collection_id: checks.take(id(query, "collection_id")),
        project: checks.take(label(query, "project")),
        width: pixels(query, "min_width", "max_width", checks),
        height: pixels(query, "min_height", "max_height", checks),
        parameters: checks.take(parameters(query)),
        expression: None,
        deleted: checks.take(query.flag("deleted")).unwrap_or(false),
    }
}

/// One or more words of a set: any of them will do.
fn any_of<T: Worded>(query: &Fields, name: &str) -> Result<Vec<T>, FieldFault> {
    let known = words::<T>();
    let find = |word: &String| known.iter().find(|(known, _)| known == word).map(|(_, it)| *it);
    let read = |word: String| {
        find(&word).ok_or_else(|| {
            let all: Vec<_> = known.iter().map(|(word, _)| *word).collect();
            let said = format!("must be one of {}", all.join(", "));
            query.fault(name, "enum", said).with_input(&word)
        })
    };
    query.csv(name)?.unwrap_or_default().into_iter().map(read).collect()
}

fn types(query: &Fields) -> Result<Vec<TypeFilter>, FieldFault> {
    let read = |word: String| {
        if is_asset_type(&word) {
            return Ok(TypeFilter::Exact(word));
        }
        let is_family = word.ends_with('-') && ASSET_TYPES.iter().any(|it| it.starts_with(&word));
        if is_family {
            return Ok(TypeFilter::Family(word));
        }
        let said = "must be one of the asset types, or the beginning of some with a hyphen at the \
                    end, such as `inference-`";
        Err(query.fault("type", "enum", said).with_input(&word))
    };
    query.csv("type")?.unwrap_or_default().into_iter().map(read).collect()
}

fn tags(query: &Fields, name: &str) -> Result<Vec<String>, FieldFault> {
    let tags = query.csv(name)?.unwrap_or_default();
    if tags.len() > TAGS_MAX {
        let said = format!("must have at most {TAGS_MAX} tags");
        return Err(query.fault(name, "length", said));
    }
    if let Some(long) = tags.iter().find(|tag| tag.chars().count() > TAG_CHARS_MAX) {
        let said = format!("each tag must have 1 to {TAG_CHARS_MAX} characters");
        return Err(query.fault(name, "length", said).with_input(long));
    }
    Ok(tags)
}

fn id<T>(query: &Fields, name: &str) -> Result<Option<Id<T>>, FieldFault> {
    let read = |raw| {
        let no_id = || query.fault(name, "format", "must be an id, such as a UUID").with_input(raw);
        Id::parse(raw).ok_or_else(no_id)
    };
    query.one(name)?.map(read).transpose()
}

fn label(query: &Fields, name: &str) -> Result<Option<String>, FieldFault> {
    let label = query.text_up_to(name, NAME_CHARS_MAX)?.map(str::trim);
    match label {
        Some("") => Err(query.fault(name, "length", "must not be empty")),
        label => Ok(label.map(str::to_owned)),
    }
}

fn pixels(query: &Fields, min: &str, max: &str, checks: &mut Checks) -> PixelRange {
    let mut bound = |name: &str| {
        let read = checks.take(query.integer(name, 0..=i64::from(u32::MAX)));
        read.and_then(|px| u32::try_from(px).ok())
    };
    PixelRange { min: bound(min), max: bound(max) }
}

fn parameters(query: &Fields) -> Result<Vec<(String, String)>, FieldFault> {
    let named = query.beginning_with("parameters.")?;
    let fault = |name: &str, said: String| {
        let short: String = name.chars().take(NAME_CHARS_MAX).collect();
        query.fault(&format!("parameters.{short}"), "length", said)
    };
    if let Some((over, _)) = named.get(PARAMETERS_MAX) {
        let said = format!("at most {PARAMETERS_MAX} generation parameters may be given");
        return Err(fault(over, said));
    }
    let long = |text: &str| text.chars().count() > NAME_CHARS_MAX;
    match named.iter().find(|(name, value)| long(name) || long(value)) {
        Some((name, _)) => {
            let said = format!("name and value must have at most {NAME_CHARS_MAX} characters");
            Err(fault(name, said))
        }
        None => Ok(named.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect()),
    }
}

#[cfg(test)]
mod tests {
    use backlot_model::asset::{Status, Visibility};
    use backlot_model::media::MediaKind;

    use super::*;

    fn read(raw: &str) -> Result<Asked, Fault> {
        Asked::read(&Fields::parse("query", raw.as_bytes()).unwrap())
    }

    const ID: &str = "0190f2c4-a7e0-7d1b-8a55-0c2f6b0f4a11";

    #[test]
    fn nothing_said_means_the_newest_hundred_with_their_count() {
        let asked = read("").unwrap();
        assert_eq!(asked.filter, Filter::default());
        assert_eq!(asked.order, Order::default());
        assert_eq!((asked.skip, asked.limit, asked.count), (0, 100, true));
        assert_eq!((asked.ownership, asked.cursor), (None, None));
    }

    #[test]
    fn every_parameter_has_its_meaning() {
        let raw = format!(
            "ownership=shared&visibility=shared,public&type=face&type=inference-&status=ready\
             &kind=image&kind=video&tags=a,b&exclude_tags=c&exclude_tags=d&search=Blue+Cat\
             &created_after=2026-01-01&created_before=2026-01-02&updated_after=2026-01-03\
             &updated_before=2026-01-04&organization_id={ID}&author_id=ann&parent_id=asset_{ID}\
             &root_id={ID}&inference_id=inf&model_id=mod&collection_id={ID}&project=autumn\
             &min_width=1&max_width=2&min_height=3&max_height=4&parameters.seed=7\
             &parameters.a.b=x&deleted=true&sort_by=size&sort_direction=asc&skip=5&limit=7\
             &count=false"
        );
        let asked = read(&raw).unwrap();
        let day = 86_400_000;
        let first = 1_767_225_600_000;
        let filter = Filter {
            visibility: vec![Visibility::Shared, Visibility::Public],
            types: vec![
                TypeFilter::Exact("face".to_owned()),
                TypeFilter::Family("inference-".to_owned()),
            ],
            status: vec![Status::Ready],
            kinds: vec![MediaKind::Image, MediaKind::Video],
            tags_all: vec!["a".to_owned(), "b".to_owned()],
            tags_none: vec!["c".to_owned(), "d".to_owned()],
            text: TextSearch::parse("blue cat", TextField::ALL),
            created: TimeRange { after: Some(first), before: Some(first + day) },
            updated: TimeRange { after: Some(first + 2 * day), before: Some(first + 3 * day) },
            uploader_id: None,
            organization_id: Id::parse(ID),
            author_id: Some("ann".to_owned()),
            parent_id: Id::parse(ID),
            root_id: Id::parse(ID),
            inference_id: Some("inf".to_owned()),
            model_id: Some("mod".to_owned()),
            collection_id: Id::parse(ID),
            project: Some("autumn".to_owned()),
            width: PixelRange { min: Some(1), max: Some(2) },
            height: PixelRange { min: Some(3), max: Some(4) },
            parameters: vec![
                ("seed".to_owned(), "7".to_owned()),
                ("a.b".to_owned(), "x".to_owned()),
            ],
            expression: None,
            deleted: true,
        };
        assert_eq!(asked.filter, filter);
        let order = Order { key: SortKey::Size, direction: Direction::Ascending };
        assert_eq!((asked.ownership, asked.order), (Some(Ownership::Shared), order));
        assert_eq!((asked.skip, asked.limit, asked.count), (5, 7, false));
    }

    #[test]
    fn every_bad_value_is_named() {
        let raw = "ownership=x&visibility=x&type=x&type=x-&status=x&kind=x&created_after=x\
                   &created_before=x&updated_after=x&updated_before=x&organization_id=x\
                   &author_id=&parent_id=x&root_id=x&inference_id=&model_id=&collection_id=\
                   &project=&min_width=x&max_width=-1&min_height=1.5&max_height=4294967296\
                   &deleted=x&sort_by=x&sort_direction=x&skip=x&limit=0&count=x";
        let fault = read(raw).unwrap_err();
        let named = fault.fields.iter().map(|it| it.path.join("."));
        let named: std::collections::BTreeSet<_> = named.collect();
        assert_eq!(named.len(), 27, "{named:?}");
        assert!(named.contains("query.max_height") && named.contains("query.type"));
    }

    #[test]
    fn lists_and_texts_have_limits() {
        let of = |raw: &str| read(raw).unwrap_err().fields[0].rule;
        assert_eq!(of(&format!("search={}", "x".repeat(201))), "length");
        assert_eq!(of(&format!("tags={}", "x".repeat(101))), "length");
        assert_eq!(of(&format!("tags={}", "x,".repeat(101))), "length");
        assert_eq!(of(&format!("project={}", "x".repeat(256))), "length");
        let many: Vec<_> = (0..11).map(|n| format!("parameters.p{n}=1")).collect();
        assert_eq!(of(&many.join("&")), "length");
        assert_eq!(of(&format!("parameters.p={}", "x".repeat(256))), "length");
    }

    #[test]
    fn a_cursor_says_itself_where_to_begin() {
        assert_eq!(read("cursor=abc&skip=0").unwrap().cursor.as_deref(), Some("abc"));
        let fault = read("cursor=abc&skip=1").unwrap_err();
        assert_eq!(fault.fields[0].path, ["query", "skip"]);
    }

    #[test]
    fn a_cursor_belongs_to_filter_and_order_but_not_to_the_page() {
        let of = |raw: &str| read(raw).unwrap().fingerprint();
        assert_eq!(of("tags=a"), of("tags=a&limit=7&skip=3&count=false"));
        assert_eq!(of("tags=a,b"), of("tags=a&tags=b"));
        for other in ["", "tags=b", "tags=a&sort_by=size", "tags=a&ownership=mine"] {
            assert_ne!(of("tags=a"), of(other), "{other}");
        }
    }
}
