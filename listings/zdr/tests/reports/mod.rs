//! What is made of reports: a page, a summary, a comparison, one of several; and their file.

mod at_risk;
mod causes;
mod compare;
mod file;
mod gate;
mod merge;
mod outputs;
mod page;
mod sample;
mod schema;
mod summary;
mod waivers;
