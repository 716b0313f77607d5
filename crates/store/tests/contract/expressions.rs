//! Conditions of any shape: made by chance, held against an asset in memory the plain way, and
//! what the store says of each attribute.

use std::ops::Bound;

use backlot_model::asset::Asset;
use backlot_model::media::Detected;
use backlot_model::query::{
    AssetQuery, Attribute, Expression, Filter, Measure, Members, Order, Range, Reach,
    TextAttribute, Truth, Window,
};
use backlot_store::assets;
use backlot_store::testing::on_every_engine;
use serde_json::Value;

use crate::samples::{asset, id, insert, user};
use crate::world::{Dice, has};

const PATHS: &[&str] =
    &["seed", "steps", "loras.0.name", "loras", "hires", "prompt", "none", "1.2"];

/// Whether `expression` holds for `asset`.
pub(crate) fn holds(expression: &Expression, asset: &Asset) -> bool {
    match expression {
        Expression::All(parts) => parts.iter().all(|part| holds(part, asset)),
        Expression::Any(parts) => parts.iter().any(|part| holds(part, asset)),
        Expression::Not(inner) => !holds(inner, asset),
        Expression::TextIs(attribute, values) => {
            text(*attribute, asset).is_some_and(|text| values.contains(&text))
        }
        Expression::Within(measure, range) => {
            number(*measure, asset).is_some_and(|number| range.holds(number))
        }
        Expression::TruthIs(it, value) => truth(*it, asset) == Some(*value),
        Expression::Holds(it, values) => members(*it, asset)
            .is_some_and(|members| members.iter().any(|member| values.contains(member))),
        Expression::ParameterIs(path, values) => {
            values.iter().any(|value| has(&asset.parameters, path, value))
        }
        Expression::ParameterWithin(path, range) => match parameter(asset, path) {
            Some(Value::Number(number)) => number.as_f64().is_some_and(|it| range.holds(it)),
            _ => false,
        },
        Expression::CollectedBy { owner, organizations } => asset.collections.iter().any(|it| {
            it.owner_id == *owner
                || it.organization_id.is_some_and(|id| organizations.contains(&id))
        }),
        Expression::Known(attribute) => match attribute {
            Attribute::Text(it) => text(*it, asset).is_some(),
            Attribute::Measure(it) => number(*it, asset).is_some(),
            Attribute::Truth(it) => truth(*it, asset).is_some(),
            Attribute::Members(it) => members(*it, asset).is_some(),
            Attribute::Parameter(path) => {
                !matches!(parameter(asset, path), None | Some(Value::Null))
            }
        },
        Expression::Empty(attribute) => match attribute {
            Attribute::Text(it) => text(*it, asset).is_some_and(|text| text.is_empty()),
            Attribute::Measure(_) | Attribute::Truth(_) => false,
            Attribute::Members(it) => members(*it, asset).is_some_and(|it| it.is_empty()),
            Attribute::Parameter(path) => match parameter(asset, path) {
                Some(Value::String(text)) => text.is_empty(),
                Some(Value::Array(members)) => members.is_empty(),
                Some(Value::Object(members)) => members.is_empty(),
                _ => false,
            },
        },
    }
}

fn text(attribute: TextAttribute, asset: &Asset) -> Option<String> {
    use TextAttribute as Text;
    let lineage = &asset.lineage;
    match attribute {
        Text::Id => Some(asset.id.to_string()),
        Text::Name => Some(asset.name.clone()),
        Text::Filename => Some(asset.filename.clone()),
        Text::Description => asset.description.clone(),
        Text::Type => Some(asset.asset_type.clone()),
        Text::Kind => Some(asset.kind.to_string()),
        Text::Status => Some(asset.status.to_string()),
        Text::Visibility => Some(asset.visibility.to_string()),
        Text::MimeType => asset.mime_type.clone(),
        Text::Uploader => Some(asset.uploader_id.to_string()),
        Text::Organization => asset.organization_id.map(|id| id.to_string()),
        Text::Author => lineage.author_id.clone(),
        Text::Parent => lineage.parent_id.map(|id| id.to_string()),
        Text::Root => lineage.root_id.map(|id| id.to_string()),
        Text::Inference => lineage.inference_id.clone(),
        Text::Model => lineage.model_id.clone(),
        Text::Project => asset.project.clone(),
        Text::Note => asset.styling_note.clone(),
        Text::Color => asset.dominant_color.clone(),
    }
}

fn number(measure: Measure, asset: &Asset) -> Option<f64> {
    let whole = match measure {
        Measure::Size => asset.size.map(u64::cast_signed),
        Measure::Width => asset.width.map(i64::from),
        Measure::Height => asset.height.map(i64::from),
        Measure::CreatedAt => Some(asset.created_at),
        Measure::UpdatedAt => Some(asset.updated_at),
    };
    whole.map(|whole| whole as f64)
}

fn truth(truth: Truth, asset: &Asset) -> Option<bool> {
    let detected = asset.detected.as_ref()?;
    match truth {
        Truth::HasPerson => detected.has_person,
        Truth::HasClothing => detected.has_clothing,
    }
}

fn members(members: Members, asset: &Asset) -> Option<Vec<String>> {
    let detected = asset.detected.as_ref();
    match members {
        Members::Tags => Some(asset.tags.clone()),
        Members::Collections => {
            Some(asset.collections.iter().map(|it| it.id.to_string()).collect())
        }
        Members::PersonAttributes => detected?.person_attributes.clone(),
        Members::ClothingItems => detected?.clothing_items.clone(),
        Members::Categories => detected?.categories.clone(),
    }
}

fn parameter(asset: &Asset, path: &str) -> Option<Value> {
    let all: Value = serde_json::from_str(&asset.parameters).unwrap();
    all.pointer(&format!("/{}", path.replace('.', "/"))).cloned()
}

/// Hints that some detector could have found.
pub(crate) fn any_hints(dice: &mut Dice) -> Option<Detected> {
    let mut list = || match dice.roll(3) {
        0 => None,
        1 => Some(Vec::new()),
        _ => Some(vec!["shoes".to_owned(), "it's".to_owned()]),
    };
    let (clothing_items, categories) = (list(), list());
    let truths = [None, Some(true), Some(false)];
    let (has_person, has_clothing) = (dice.pick(&truths), dice.pick(&truths));
    let hints =
        Detected { has_person, has_clothing, clothing_items, categories, ..Detected::default() };
    Some(hints).filter(|_| dice.once_in(2))
}

/// A condition with some chance to hold for `witness`.
pub(crate) fn any_expression(witness: &Asset, dice: &mut Dice, depth: u64) -> Expression {
    let some = |dice: &mut Dice| {
        let count = dice.roll(4);
        (0..count).map(|_| any_expression(witness, dice, depth + 1)).collect()
    };
    match dice.roll(if depth < 3 { 13 } else { 9 }) {
        0 | 1 => {
            let attribute = dice.pick(TextAttribute::ALL);
            let mut values: Vec<String> = text(attribute, witness).into_iter().collect();
            values.extend(Some("other".to_owned()).filter(|_| dice.once_in(3)));
            Expression::TextIs(attribute, values)
        }
        2 | 3 => {
            let measure = dice.pick(Measure::ALL);
            Expression::Within(measure, any_range(number(measure, witness).unwrap_or(1.0), dice))
        }
        4 => Expression::TruthIs(dice.pick(Truth::ALL), dice.once_in(2)),
        5 => {
            let it = dice.pick(Members::ALL);
            let mut values = members(it, witness).unwrap_or_default();
            values.push("shoes".to_owned());
            let by = witness.collections.first().copied();
            match (it, by) {
                (Members::Collections, Some(by)) if dice.once_in(2) => Expression::CollectedBy {
                    owner: if dice.once_in(2) { by.owner_id } else { id(0, 0) },
                    organizations: by.organization_id.into_iter().collect(),
                },
                _ => Expression::Holds(it, vec![dice.pick(&values)]),
            }
        }
        6 => {
            let values = ["42", "20", "a", "true", "nothing", "A blue sneaker on 日本 snow"];
            let values = vec![dice.pick(&values).to_owned(), dice.pick(&values).to_owned()];
            Expression::ParameterIs(dice.pick(PATHS).to_owned(), values)
        }
        7 => {
            let range = any_range(dice.pick(&[42.0, 20.0, 43.0]), dice);
            Expression::ParameterWithin(dice.pick(PATHS).to_owned(), range)
        }
        8 => {
            let attribute = match dice.roll(5) {
                0 => Attribute::Text(dice.pick(TextAttribute::ALL)),
                1 => Attribute::Measure(dice.pick(Measure::ALL)),
                2 => Attribute::Truth(dice.pick(Truth::ALL)),
                3 => Attribute::Members(dice.pick(Members::ALL)),
                _ => Attribute::Parameter(dice.pick(PATHS).to_owned()),
            };
            match dice.once_in(2) {
                true => Expression::Known(attribute),
                false => Expression::Empty(attribute),
            }
        }
        9 => Expression::All(some(dice)),
        10 => Expression::Any(some(dice)),
        _ => Expression::Not(Box::new(any_expression(witness, dice, depth + 1))),
    }
}

fn any_range(near: f64, dice: &mut Dice) -> Range {
    let mut bound = |by: f64| match dice.roll(5) {
        0 => Bound::Unbounded,
        1 => Bound::Included(near),
        2 => Bound::Excluded(near),
        3 => Bound::Included(near + by),
        _ => Bound::Excluded(near + 0.5 + by),
    };
    Range { from: bound(-1.0), to: bound(1.0) }
}

#[tokio::test]
async fn an_expression_of_the_largest_size_is_answered() {
    on_every_engine(async |db| {
        let owner = user(db, 1, false).await;
        insert(db, &[asset(owner, 1)]).await;
        let values: Vec<String> = (0..25).map(|n| format!("tag {n}")).collect();
        let many = Expression::Not(Box::new(Expression::Holds(Members::Tags, values)));
        let mut deep = many.clone();
        for _ in 0..20 {
            // As many values and as deep as a filter may be.
            deep = Expression::Not(Box::new(Expression::All(vec![deep, many.clone()])));
        }
        let wide = vec![Expression::Known(Attribute::Parameter("1.2.3.4.5.6".to_owned())); 100];
        for (expression, count) in [(deep, 1), (Expression::Any(wide), 0), (many, 1)] {
            let query = AssetQuery {
                reach: Reach::Everything,
                filter: Filter { expression: Some(expression), ..Filter::default() },
                order: Order::default(),
                window: Window::Offset { skip: 0, limit: 10 },
                count: true,
            };
            let page = assets::list(db, &query).await.unwrap();
            assert_eq!(page.total, Some(count));
            assert_eq!(page.items.len() as u64, count);
        }
    })
    .await;
}
