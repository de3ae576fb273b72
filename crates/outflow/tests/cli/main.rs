//! The real binary, as a shell runs it: what it prints where, how it ends, and what is left when it has.

mod fake;
mod failing;
mod flow;
mod life;
mod offline;
mod support;
