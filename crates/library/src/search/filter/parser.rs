//! Reads tokens into an expression.

use std::ops::Bound;

use backlot_model::query::{Attribute, Expression, Range};

use super::lexer::{Placed, Token};
use super::vocabulary::{Field, Vocabulary};
use super::{CONDITIONS_MAX, DEPTH_MAX, Mistake, VALUES_MAX};

const OPERATORS: &str = "=, !=, <, <=, >, >=, IN, NOT IN, EXISTS, IS NULL, IS EMPTY or `a TO b`";

pub(super) struct Parser<'v> {
    tokens: Vec<Placed>,
    next: usize,
    vocabulary: &'v Vocabulary,
    conditions: usize,
    values: usize,
}

/// A value as it was written, and where.
struct Value {
    text: String,
    column: usize,
}

impl<'v> Parser<'v> {
    /// `tokens` end with [`Token::End`].
    pub(super) fn new(tokens: Vec<Placed>, vocabulary: &'v Vocabulary) -> Self {
        Self { tokens, next: 0, vocabulary, conditions: 0, values: 0 }
    }

    pub(super) fn whole(mut self) -> Result<Option<Expression>, Mistake> {
        if *self.token() == Token::End {
            return Ok(None);
        }
        let expression = self.any(0)?;
        match self.token() {
            Token::End => Ok(Some(expression)),
            Token::Sign(")") => Err(self.wrong("this `)` closes nothing")),
            _ => Err(self.wrong(format!("AND or OR must stand before {}", self.shown()))),
        }
    }

    fn any(&mut self, depth: usize) -> Result<Expression, Mistake> {
        let mut parts = vec![self.all(depth)?];
        while self.takes_word("OR") {
            parts.push(self.all(depth)?);
        }
        Ok(lone(parts).unwrap_or_else(Expression::Any))
    }

    fn all(&mut self, depth: usize) -> Result<Expression, Mistake> {
        let mut parts = vec![self.one(depth)?];
        while self.takes_word("AND") {
            parts.push(self.one(depth)?);
        }
        Ok(lone(parts).unwrap_or_else(Expression::All))
    }

    fn one(&mut self, depth: usize) -> Result<Expression, Mistake> {
        if depth > DEPTH_MAX {
            return Err(self.wrong(format!("parentheses and NOT go at most {DEPTH_MAX} deep")));
        }
        if self.takes_word("NOT") {
            return Ok(Expression::Not(Box::new(self.one(depth + 1)?)));
        }
        let opened = self.column();
        if !self.takes_sign("(") {
            return self.condition();
        }
        let inner = self.any(depth + 1)?;
        if self.takes_sign(")") {
            return Ok(inner);
        }
        match self.token() {
            Token::End => Err(Mistake::new(opened, "this `(` is never closed")),
            _ => Err(self.wrong(format!("AND, OR or `)` must stand before {}", self.shown()))),
        }
    }

    fn condition(&mut self) -> Result<Expression, Mistake> {
        self.conditions += 1;
        if self.conditions > CONDITIONS_MAX {
            return Err(self.wrong(format!("a filter has at most {CONDITIONS_MAX} conditions")));
        }
        let field = self.field()?;
        let column = self.column();
        for sign in ["=", "!=", "<", "<=", ">", ">="] {
            if self.takes_sign(sign) {
                let value = self.value()?;
                return compared(self.vocabulary, &field, sign, &value, column);
            }
        }
        if self.takes_word("IS") {
            let negated = self.takes_word("NOT");
            let it = if self.takes_word("NULL") {
                Expression::Not(Box::new(Expression::Known(field.attribute)))
            } else if self.takes_word("EMPTY") {
                Expression::Empty(field.attribute)
            } else {
                return Err(
                    self.wrong(format!("NULL or EMPTY must follow IS, not {}", self.shown()))
                );
            };
            return Ok(negated_if(negated, it));
        }
        let negated = self.takes_word("NOT");
        if self.takes_word("EXISTS") {
            return Ok(negated_if(negated, Expression::Known(field.attribute)));
        }
        if self.takes_word("IN") {
            let values = self.list()?;
            return Ok(negated_if(negated, one_of(self.vocabulary, &field, &values)?));
        }
        if negated {
            return Err(self.wrong(format!("IN or EXISTS must follow NOT, not {}", self.shown())));
        }
        if let Token::Word(_) | Token::Quoted(_) = self.token() {
            return self.span(&field);
        }
        let said =
            format!("`{}` must be followed by {OPERATORS}, not {}", field.name, self.shown());
        Err(self.wrong(said))
    }

    fn field(&mut self) -> Result<Field, Mistake> {
        let column = self.column();
        let (Token::Word(name) | Token::Quoted(name)) = self.token().clone() else {
            let said =
                format!("a condition such as `name = value` must stand here, not {}", self.shown());
            return Err(self.wrong(said));
        };
        match self.vocabulary.find(&name) {
            Some(field) => {
                self.next += 1;
                Ok(field)
            }
            None => {
                let short: String = name.chars().take(100).collect();
                let known = self.vocabulary.names();
                Err(Mistake::new(column, format!("`{short}` is unknown; there are {known}")))
            }
        }
    }

    /// `a TO b`, the field already taken.
    fn span(&mut self, field: &Field) -> Result<Expression, Mistake> {
        let column = self.column();
        let from = self.value()?;
        if !self.takes_word("TO") {
            let said = format!("`{}` must be followed by {OPERATORS}", field.name);
            return Err(Mistake::new(column, said));
        }
        let to = self.value()?;
        let range = Range {
            from: Bound::Included(number(self.vocabulary, field, &from)?),
            to: Bound::Included(number(self.vocabulary, field, &to)?),
        };
        within(field, range, column)
    }

    fn list(&mut self) -> Result<Vec<Value>, Mistake> {
        if !self.takes_sign("[") {
            let said = format!("a list such as [a, b] must follow IN, not {}", self.shown());
            return Err(self.wrong(said));
        }
        let mut values = Vec::new();
        while !self.takes_sign("]") {
            if !values.is_empty() && !self.takes_sign(",") {
                return Err(self.wrong(format!("`,` or `]` must stand before {}", self.shown())));
            }
            if values.is_empty() || *self.token() != Token::Sign("]") {
                values.push(self.value()?);
            }
        }
        Ok(values)
    }

    fn value(&mut self) -> Result<Value, Mistake> {
        self.values += 1;
        if self.values > VALUES_MAX {
            return Err(self.wrong(format!("a filter has at most {VALUES_MAX} values")));
        }
        let column = self.column();
        match self.token().clone() {
            Token::Word(text) | Token::Quoted(text) => {
                self.next += 1;
                Ok(Value { text, column })
            }
            _ => Err(self.wrong(format!("a value must stand here, not {}", self.shown()))),
        }
    }

    fn token(&self) -> &Token {
        self.tokens.get(self.next).map_or(&Token::End, |placed| &placed.token)
    }

    fn column(&self) -> usize {
        self.tokens.get(self.next).or(self.tokens.last()).map_or(1, |placed| placed.column)
    }

    fn takes_word(&mut self, keyword: &str) -> bool {
        let is_it = matches!(self.token(), Token::Word(word) if word.eq_ignore_ascii_case(keyword));
        self.next += usize::from(is_it);
        is_it
    }

    fn takes_sign(&mut self, sign: &'static str) -> bool {
        let is_it = *self.token() == Token::Sign(sign);
        self.next += usize::from(is_it);
        is_it
    }

    fn wrong(&self, said: impl Into<String>) -> Mistake {
        Mistake::new(self.column(), said)
    }

    /// The next token, for a message.
    fn shown(&self) -> String {
        match self.token() {
            Token::End => "the end".to_owned(),
            Token::Sign(sign) => format!("`{sign}`"),
            Token::Word(text) | Token::Quoted(text) => {
                format!("`{}`", text.chars().take(50).collect::<String>())
            }
        }
    }
}

fn lone(mut parts: Vec<Expression>) -> Result<Expression, Vec<Expression>> {
    match parts.pop() {
        Some(only) if parts.is_empty() => Ok(only),
        last => {
            parts.extend(last);
            Err(parts)
        }
    }
}

fn negated_if(negated: bool, expression: Expression) -> Expression {
    if negated { Expression::Not(Box::new(expression)) } else { expression }
}

fn compared(
    vocabulary: &Vocabulary,
    field: &Field,
    sign: &str,
    value: &Value,
    column: usize,
) -> Result<Expression, Mistake> {
    if sign == "=" || sign == "!=" {
        let equal = one_of(vocabulary, field, std::slice::from_ref(value))?;
        return Ok(negated_if(sign == "!=", equal));
    }
    let bound = number(vocabulary, field, value)?;
    let (from, to) = match sign {
        "<" => (Bound::Unbounded, Bound::Excluded(bound)),
        "<=" => (Bound::Unbounded, Bound::Included(bound)),
        ">" => (Bound::Excluded(bound), Bound::Unbounded),
        _ => (Bound::Included(bound), Bound::Unbounded),
    };
    within(field, Range { from, to }, column)
}

fn within(field: &Field, range: Range, column: usize) -> Result<Expression, Mistake> {
    match &field.attribute {
        Attribute::Measure(measure) => Ok(Expression::Within(*measure, range)),
        Attribute::Parameter(path) => Ok(Expression::ParameterWithin(path.clone(), range)),
        _ => Err(no_number(field, column)),
    }
}

fn no_number(field: &Field, column: usize) -> Mistake {
    let name = &field.name;
    Mistake::new(column, format!("`{name}` is no number; compare it by =, !=, IN or NOT IN"))
}

fn one_of(vocabulary: &Vocabulary, field: &Field, values: &[Value]) -> Result<Expression, Mistake> {
    if let Attribute::Measure(measure) = field.attribute {
        let each = values.iter().map(|value| {
            let number = number(vocabulary, field, value)?;
            Ok(Expression::Within(measure, Range::exactly(number)))
        });
        return Ok(lone(each.collect::<Result<_, _>>()?).unwrap_or_else(Expression::Any));
    }
    if let Some(truth) = field.is_truth() {
        let each = values.iter().map(|value| match value.text.to_ascii_lowercase().as_str() {
            "true" => Ok(Expression::TruthIs(truth, true)),
            "false" => Ok(Expression::TruthIs(truth, false)),
            _ => {
                let said = format!("`{}` is true or false, not `{}`", field.name, value.text);
                Err(Mistake::new(value.column, said))
            }
        });
        return Ok(lone(each.collect::<Result<_, _>>()?).unwrap_or_else(Expression::Any));
    }
    let mut stored = Vec::new();
    for value in values {
        let some = field.stored(&value.text).map_err(|said| Mistake::new(value.column, said))?;
        stored.extend(some);
    }
    stored.sort_unstable();
    stored.dedup();
    Ok(match &field.attribute {
        Attribute::Text(attribute) => Expression::TextIs(*attribute, stored),
        Attribute::Members(members) => Expression::Holds(*members, stored),
        Attribute::Parameter(path) => Expression::ParameterIs(path.clone(), stored),
        Attribute::Measure(_) | Attribute::Truth(_) => Expression::Any(Vec::new()),
    })
}

/// A number that can be compared with the field; a time as milliseconds.
fn number(vocabulary: &Vocabulary, field: &Field, value: &Value) -> Result<f64, Mistake> {
    let number = value.text.parse::<f64>().ok().filter(|number| number.is_finite());
    if !matches!(field.attribute, Attribute::Measure(_) | Attribute::Parameter(_)) {
        return Err(no_number(field, value.column));
    }
    if let Some(number) = number {
        return Ok(number);
    }
    #[expect(clippy::cast_precision_loss, reason = "exact for the next 285,000 years")]
    let time = (vocabulary.time)(&value.text).filter(|_| field.is_time()).map(|ms| ms as f64);
    time.ok_or_else(|| {
        let what = if field.is_time() { "a time such as 2026-01-31T12:00:00Z" } else { "a number" };
        let short: String = value.text.chars().take(50).collect();
        Mistake::new(
            value.column,
            format!("`{}` is compared with {what}, not `{short}`", field.name),
        )
    })
}
