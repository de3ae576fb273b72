//! The engine on a real state table and a real folder, with a warehouse whose every answer can be made to go wrong.

mod attempts;
mod deadlines;
mod deliveries;
mod faults;
mod retention;
mod support;
