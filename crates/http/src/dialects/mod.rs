//! The wire formats of existing products, one folder each, over the one library.

pub mod piktid;
pub mod productai;
pub mod scenario;
pub mod youthumb;

use utoipa_axum::router::OpenApiRouter;

use crate::app::App;
use crate::edge::dialect::Dialect;

/// Every dialect with its routes, which are relative to its place.
#[must_use]
pub fn all() -> Vec<(&'static Dialect, OpenApiRouter<App>)> {
    vec![
        (&piktid::PIKTID, piktid::routes()),
        (&productai::PRODUCTAI, productai::routes()),
        (&scenario::SCENARIO, scenario::routes()),
        (&youthumb::YOUTHUMB, youthumb::routes()),
    ]
}
