pub mod fixture;
pub mod tar;
pub mod tree;
