//! What holds across chapters, in one program: they wait side by side, and are linked once.
//! One that is run by itself, too, is a program of its own: see `Cargo.toml`.

mod browser;
mod claims;
mod commands;
mod epub;
mod events;
mod house;
mod joined;
mod lies;
mod mdbook;
mod search;
mod site;
mod standards;
