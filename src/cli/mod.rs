//! The command line: which steps run, and what is printed. Data goes to stdout, logs to stderr.

mod bounces;
mod build;
mod check;
mod completions;
mod doctor;
mod exit;
mod format;
mod init;
mod issues;
mod man;
mod newsletters;
mod preview;
mod print;
mod send;
mod serve;
mod status;
mod stop;
mod subscribers;
mod time;

use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use chrono::Utc;
use clap::{ArgAction, Parser, Subcommand};
use rustix::process::{Resource, Rlimit, setrlimit};
use tracing_subscriber::EnvFilter;

use self::print::tell;
use crate::app::App;
use crate::config::Config;
use crate::model::time::Clock;

/// A town crier for your Markdown folder: feeds, calendars and newsletters from one process.
#[derive(Parser)]
#[command(name = "crieur", version, propagate_version = true, arg_required_else_help = true, after_help = exit::MEANINGS)]
struct Arguments {
    /// The configuration file
    #[arg(long, global = true, env = "CRIEUR_CONFIG", default_value = "crieur.toml", value_name = "FILE")]
    config: PathBuf,
    /// Log more (-v: what is done, -vv: everything)
    #[arg(short, long, global = true, action = ArgAction::Count, conflicts_with = "quiet")]
    verbose: u8,
    /// Log errors only
    #[arg(short, long, global = true)]
    quiet: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Write a commented crieur.toml and a content folder with one sample
    Init(init::Init),
    /// Read the content folder and print what there is to say about it
    Check(check::Check),
    /// Build the site into a folder
    Build(build::Build),
    /// Run the daemon: watch, publish, serve over HTTP, compose and deliver newsletters
    Serve,
    /// Compose what is due and deliver until nothing is left, for people who use cron
    Send(send::Send),
    /// Show exactly the next issue of a newsletter; changes nothing
    Preview(preview::Preview),
    /// List, show, approve, hold and resume issues; list and settle mails in doubt
    #[command(subcommand)]
    Issues(issues::Issues),
    /// Add, list, show, import, export, unsubscribe and erase subscribers; sign links with a new key
    #[command(subcommand)]
    Subscribers(subscribers::Subscribers),
    /// Take in delivery reports and complaints
    #[command(subcommand)]
    Bounces(bounces::Bounces),
    /// What the daemon would tell: catalog, last publish, next slots, outbox
    Status(status::Status),
    /// Look at everything a daemon will need: folders, state, clock, relay, DNS
    Doctor(doctor::Doctor),
    /// Print what a shell needs to complete these commands
    Completions(completions::Completions),
    /// Print the manual page
    Man(man::Man),
}

/// Runs the command that was asked for.
pub fn main() -> ExitCode {
    std::panic::set_hook(Box::new(say_where));
    leave_no_core();
    let arguments = Arguments::parse();
    log_to_stderr(&arguments);
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return exit::failed(&anyhow::Error::new(error).context("the runtime cannot be started")),
    };
    match catch_unwind(AssertUnwindSafe(|| runtime.block_on(run(arguments)))) {
        Ok(Ok(code)) => code,
        Ok(Err(error)) => exit::failed(&error),
        Err(_) => ExitCode::from(exit::TRY_AGAIN),
    }
}

/// What is in memory is people's addresses and the keys to their links: no crash leaves it in a file, nor with whoever collects
/// crashes (systemd-coredump keeps to this limit).
fn leave_no_core() {
    // where it cannot be set, there is nothing else to do about it
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
}

/// Where something of ours broke, not what it was about: that may be an address.
fn say_where(panic: &PanicHookInfo) {
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    tell!("error: a fault in crieur itself at {place}; please report it");
}

async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let Arguments { config, command, .. } = arguments;
    let load = || Config::load(&config);
    match command {
        Command::Init(init) => init.run(&config),
        Command::Check(check) => check.run(&load()?),
        Command::Build(build) => build.run(App::open(load()?).await?).await,
        Command::Serve => serve::run(App::open(load()?).await?).await,
        Command::Send(send) => send.run(App::open(load()?).await?).await,
        Command::Preview(preview) => preview.run(App::open(load()?).await?).await,
        Command::Issues(issues) => issues.run(App::open(load()?).await?).await,
        Command::Subscribers(subscribers) => subscribers.run(App::open(load()?).await?).await,
        Command::Bounces(bounces) => bounces.run(App::open(load()?).await?).await,
        Command::Status(status) => status.run(App::open(load()?).await?).await,
        Command::Doctor(doctor) => doctor.run(&load()?).await,
        Command::Completions(completions) => Ok(completions.run()),
        Command::Man(man) => man.run(),
    }
}

/// What tells the time outside `--at`.
fn system_clock() -> Clock {
    Arc::new(Utc::now)
}

/// Libraries are heard from warnings on: at debug level some of them print what people send.
fn log_to_stderr(arguments: &Arguments) {
    let own = match (arguments.quiet, arguments.verbose) {
        (true, _) => "error",
        (false, 0) => "info",
        (false, 1) => "debug",
        (false, _) => "trace",
    };
    let filter = EnvFilter::new(format!("{},crieur={own}", if arguments.quiet { "error" } else { "warn" }));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()))
        .with_target(false)
        // it would print them to stderr, and panic where that is what failed
        .log_internal_errors(false)
        .init();
}
