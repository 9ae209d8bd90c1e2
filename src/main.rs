//! Arguments in, exit code out.

fn main() -> std::process::ExitCode {
    crieur::cli::main()
}
