//! Outflow's one binary: the service, and the commands that talk to it.
//!
//! This file only starts and ends the process; [`cli`] has the grammar, [`command`] what each command does, [`exit`] how it ends.

mod checksum;
mod cli;
mod client;
mod command;
mod config;
mod exit;
mod locator;
mod logging;
mod output;
mod parts;
mod progress;
mod service;
mod signals;
mod verify;

use std::process::ExitCode;

use clap::Parser;

use crate::exit::Exit;

fn main() -> ExitCode {
    // Both TLS stacks that could be there are switched off by features; without this one every HTTPS call would panic.
    let _ = rustls::crypto::ring::default_provider().install_default();
    // Nothing, but in the build that the crash tests run.
    let _failpoints = outflow_engine::Failpoints::arm();
    let exit = match command::run(cli::Cli::parse()) {
        Ok(()) => Exit::Ok,
        Err(error) => error.report(),
    };
    exit.into()
}
