//! The wire formats of existing products, one folder each, over the one library.

pub mod productai;
pub mod youthumb;
