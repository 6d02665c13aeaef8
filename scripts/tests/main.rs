//! The chores' tests, in one program: they wait side by side, and are linked once.

mod catalogue;
mod ci;
mod costs;
mod destination;
mod errata;
mod exercises;
mod grid;
mod itself;
mod listing;
mod log;
mod new_chapter;
mod offline;
mod pictures;
mod plan;
mod quiz;
mod results;
mod root;
mod serve;
mod slides;
mod symptoms;
mod timeline;
mod versions;
