//! No address and no token in any log, whatever is done and however much is logged.

use super::MONDAY;
use crate::support::folder::Folder;
use crate::support::smtp_sink::Sink;

/// Nobody else has this word in an address.
const CANARY: &str = "kanarienvogel";

fn address() -> String {
    format!("{CANARY}@example.org")
}

fn is_silent(what: &str, said: &str, secrets: &[&str]) {
    for secret in secrets {
        assert!(!said.to_lowercase().contains(&secret.to_lowercase()), "{what} tells `{secret}`:\n{said}");
    }
}

#[test]
fn adding_importing_sending_and_leaving_log_neither_address_nor_token() {
    let folder = Folder::of_five();
    let address = address();
    let mut said = String::new();
    let bad = format!("email\n{address}\n{CANARY} at example.org\n{address}x@\n\"{CANARY}\n");
    for command in [
        folder.crieur(["-vv", "subscribers", "add", &address]),
        folder.crieur(["-vv", "subscribers", "add", &address]),
        folder.crieur(["-vv", "subscribers", "import", "-", "--consent-source", "forms"]).stdin(bad),
        folder.crieur(["-vv", "send", "--at", MONDAY]),
        folder.crieur(["-vv", "status"]),
        folder.crieur(["-vv", "preview", "communaute-ux"]),
    ] {
        let ended = command.run();
        assert!(ended.code <= 1, "{}", ended.stderr);
        said.push_str(&ended.stderr);
        said.push_str(&ended.stdout);
    }
    let mail = folder.mails().into_iter().find(|mail| mail.to == address).expect("the canary's mail");
    let token = mail.token();
    is_silent("a command", &said, &[CANARY, &token]);

    let app = crate::support::served::TestApp::start(&folder, &["-vv", "serve"]);
    let path = mail.leave_path();
    let form = "application/x-www-form-urlencoded";
    let answers = [
        app.get(&path),
        app.post(&path, form, "x=y"),
        app.post(&path, form, "List-Unsubscribe=One-Click"),
        app.get(&format!("{path}x")),
        app.get(&format!("/{CANARY}/{token}")),
    ];
    for answer in &answers {
        // the page's own form may name the path it is at
        is_silent("a page", &answer.text().replace(&path, ""), &[CANARY, &token]);
        is_silent("a header", &format!("{:?}", answer.headers), &[CANARY, &token]);
    }
    is_silent("the daemon", &app.log(), &[CANARY, &token]);
    assert!(folder.crieur(["subscribers", "list"]).succeeds().stdout.contains("unsubscribed"));
}

/// What commands print on stdout about a person is what they were asked for; stderr is a log.
#[test]
fn no_command_logs_an_address_whatever_becomes_of_it() {
    let folder = Folder::of_five();
    let address = address();
    let (bad, unclosed) = (format!("{CANARY}@@example.org"), format!("email\n\"{CANARY}{}", "x\n".repeat(1 << 10)));
    let headerless = format!("{address},{CANARY}\n");
    let list = format!("courriel,nom\n{address},{CANARY}\n{address},{CANARY}\n{bad},\n{address},\u{1}{CANARY}\n");
    let latin = [list.as_bytes(), b"\xe9kanarienvogel@example.org,x\n"].concat();
    let import = ["-vv", "subscribers", "import", "-", "--consent-source", "forms"];
    let column = ["--column", "email=nowhere"];
    folder.crieur(["subscribers", "add", &address]).succeeds();
    folder.crieur(["send", "--at", MONDAY]).succeeds();
    let token = folder.only_mail().token();
    for command in [
        folder.crieur(["-vv", "subscribers", "add", &bad]),
        folder.crieur(["-vv", "subscribers", "add", &address, "--name", &format!("{CANARY}\u{7}")]),
        folder.crieur(["-vv", "subscribers", "add", &address, "--newsletter", "nobody"]),
        folder.crieur(import).stdin(list.clone()),
        folder.crieur(import).stdin(latin),
        folder.crieur(import).stdin(unclosed),
        folder.crieur(import).stdin(headerless.clone()),
        folder.crieur(import.into_iter().chain(column)).stdin(headerless),
        folder.crieur(import.into_iter().chain(["--dry-run"])).stdin(list),
        folder.crieur(["-vv", "subscribers", "list"]),
        folder.crieur(["-vv", "subscribers", "show", &address]),
        folder.crieur(["-vv", "subscribers", "show", &bad]),
        folder.crieur(["-vv", "subscribers", "export"]),
        folder.crieur(["-vv", "subscribers", "export", "--out", "list.csv"]),
        folder.crieur(["-vv", "subscribers", "rotate-key"]),
        folder.crieur(["-vv", "subscribers", "unsubscribe", &address]),
        folder.crieur(["-vv", "subscribers", "unsubscribe", &bad]),
        folder.crieur(["-vv", "status"]),
        folder.crieur(["-vv", "subscribers", "erase", &bad]),
        folder.crieur(["-vv", "subscribers", "erase", &address, "--objected"]),
        folder.crieur(["-vv", "subscribers", "add", &address]),
    ] {
        let ended = command.run();
        is_silent("a log", &ended.stderr, &[CANARY, &token]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_repeats_the_address_is_not_repeated() {
    let address = address();
    for reply in [
        format!("550 5.1.1 <{address}>: no such user {CANARY}"),
        format!("451 4.7.1 <{address}>: greylisted"),
        format!("250 2.1.5 <{address}> ok"),
    ] {
        let sink = Sink::builder()
            .rcpt(&address, reply.as_str())
            .after_every_dot(format!("250 2.0.0 taken for {address}").as_str())
            .start()
            .await;
        let folder = Folder::of_five().relayed_by(sink.address().port(), "");
        folder.crieur(["subscribers", "add", &address]).succeeds();
        let ended = folder.crieur(["-vv", "send", "--at", MONDAY]).run();
        is_silent("send", &ended.stderr, &[CANARY]);
        is_silent("send", &ended.stdout, &[CANARY]);
        let status = folder.crieur(["-vv", "status", "--format", "json"]).succeeds();
        is_silent("status", &(status.stdout + &status.stderr), &[CANARY]);
    }
}
