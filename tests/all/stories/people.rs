//! What an operator does for the people on the list, and what stays of them.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Stdio;

use super::{MONDAY, announcement};
use crate::support::cli::binary;
use crate::support::folder::Folder;
use crate::support::poll::eventually;
use crate::support::smtp_sink::Sink;
use crate::support::state;

const CANARY: &str = "kanarienvogel@example.org";

fn listed(folder: &Folder) -> String {
    folder.crieur(["subscribers", "list"]).succeeds().stdout
}

/// Files below the project in which the word stands, in whatever case and encoding a mail may have it.
fn traces(folder: &Folder, below: &str) -> Vec<String> {
    let word = b"kanarienvogel";
    let has = |bytes: &[u8]| bytes.windows(word.len()).any(|window| window.eq_ignore_ascii_case(word));
    folder.files(below).into_iter().filter(|(_, bytes)| has(bytes)).map(|(name, _)| name).collect()
}

#[test]
fn of_who_was_erased_no_byte_is_left() {
    let folder = Folder::of_five();
    let rows: Vec<String> = (0..800).map(|number| format!("reader{number}@example.org,Name {number}")).collect();
    let (before, after) = rows.split_at(400);
    let csv = format!("email,name\n{}\n{CANARY},Kanarienvogel Müller\n{}\n", before.join("\n"), after.join("\n"));
    folder.crieur(["subscribers", "import", "-", "--consent-source", "forms"]).stdin(csv).succeeds();
    folder.crieur(["send", "--at", MONDAY]).succeeds();
    assert_eq!(folder.mails().len(), 801);
    assert!(
        !traces(&folder, "state").is_empty() && !traces(&folder, "outbox").is_empty(),
        "the scan finds what is there"
    );

    let erased = folder.crieur(["subscribers", "erase", "Kanarienvogel@Example.org"]).succeeds();
    assert!(
        erased.stdout.starts_with("erased: 1 subscription, 1 mail in the outbox folder; 1 delivery is counted"),
        "{}",
        erased.stdout
    );
    assert_eq!(traces(&folder, ""), [""; 0], "nowhere in the project");
    assert_eq!(state::deliveries(&folder.path("state/crieur.db"))["sent"], 801, "the issue went to so many");
    assert_eq!(state::faults(&folder.path("state/crieur.db")), [""; 0]);
    assert_eq!((listed(&folder).lines().count(), folder.mails().len()), (800, 800));
    let again = folder.crieur(["subscribers", "erase", CANARY]).succeeds();
    assert_eq!(again.stdout, "nothing was kept of this address\n");
    folder.crieur(["subscribers", "add", CANARY]).succeeds();
    folder.crieur(["subscribers", "erase", CANARY, "--objected"]).succeeds();
    let add = folder.crieur(["subscribers", "add", CANARY]).exits(1);
    assert!(add.stdout.contains("suppression list") && add.stdout.contains("--again"), "{}", add.stdout);
    assert_eq!(traces(&folder, "state"), [""; 0], "a keyed hash tells nobody's name");
}

#[test]
fn a_backup_that_is_put_back_forgets_who_was_erased_since() {
    let folder = Folder::of_five();
    for reader in [CANARY, "reader@example.org", "objects@example.org"] {
        folder.crieur(["subscribers", "add", reader]).succeeds();
    }
    let backup = ["state/crieur.db", "state/crieur.db-wal"].map(|name| (name, fs::read(folder.path(name)).ok()));
    folder.crieur(["subscribers", "erase", CANARY]).succeeds();
    folder.crieur(["subscribers", "erase", "objects@example.org", "--objected"]).succeeds();
    let log = folder.path("state/crieur.db.erasures");
    assert_eq!(fs::metadata(&log).expect("the log").permissions().mode() & 0o777, 0o600);
    let _ = fs::remove_file(folder.path("state/crieur.db-shm"));
    for (name, bytes) in backup {
        match bytes {
            Some(bytes) => fs::write(folder.path(name), bytes).expect("put back"),
            None => drop(fs::remove_file(folder.path(name))),
        }
    }
    folder.crieur(["send", "--at", MONDAY]).succeeds();
    assert_eq!(folder.only_mail().to, "reader@example.org");
    assert_eq!(listed(&folder).lines().count(), 1);
    assert_eq!(traces(&folder, ""), [""; 0]);
    folder.crieur(["subscribers", "add", "objects@example.org"]).exits(1);
    // the log is carried out once: who comes back stays
    folder.crieur(["subscribers", "add", CANARY]).succeeds();
    assert_eq!(listed(&folder).lines().count(), 2);
}

#[test]
fn an_export_is_the_owners_safe_in_a_spreadsheet_and_comes_in_again() {
    let folder = Folder::of_five();
    let names = ["=cmd|'/C calc'!A0", "@SUM(A1)", "+1", "-1", "\"=1", "'=1", "Dupont, =1", "Zoë \"Z\" O’Neil"];
    for (number, name) in names.iter().enumerate() {
        folder.crieur(["subscribers", "add", &format!("r{number}@example.org"), &format!("--name={name}")]).succeeds();
    }
    folder
        .crieur(["subscribers", "add", "+odd@example.org", "--lang", "en", "--topics", "Atelier, Appel à défis"])
        .succeeds();
    folder.crieur(["subscribers", "unsubscribe", "r1@example.org"]).succeeds();
    let said = folder.crieur(["subscribers", "export", "--out", "list.csv"]).succeeds();
    assert!(said.stdout.is_empty(), "{}", said.stdout);
    assert_eq!(fs::metadata(folder.path("list.csv")).expect("a file").permissions().mode() & 0o777, 0o600);
    let before = folder.bytes("list.csv");
    let again = folder.crieur(["subscribers", "export", "--out", "list.csv"]).exits(2);
    assert!(again.stderr.contains("nothing is overwritten"), "{}", again.stderr);
    assert_eq!(folder.bytes("list.csv"), before);

    let mut rows = csv::Reader::from_reader(&before[..]);
    let cells: Vec<String> =
        rows.records().flat_map(|row| row.expect("a row").iter().map(str::to_owned).collect::<Vec<_>>()).collect();
    assert!(cells.iter().all(|cell| !cell.starts_with(['=', '+', '-', '@', '\t', '\r'])), "{cells:?}");
    assert!(cells.contains(&"'=cmd|'/C calc'!A0".to_owned()), "{cells:?}");

    let other = Folder::of_five();
    other.write("list.csv", std::str::from_utf8(&before).expect("UTF-8"));
    let taken = other.crieur(["subscribers", "import", "list.csv", "--consent-source", "the old server"]).succeeds();
    assert!(
        taken.stdout.starts_with("8 subscribed, ") && taken.stdout.contains("1 not subscribed in the list"),
        "{}",
        taken.stdout
    );
    let list = |folder: &Folder| {
        let json =
            folder.crieur(["subscribers", "list", "--status", "confirmed", "--format", "json"]).succeeds().stdout;
        let all: Vec<serde_json::Value> = serde_json::from_str(&json).expect("an array");
        all.iter()
            .map(|one| format!("{} {} {} {}", one["address"], one["name"], one["lang"], one["topics"]))
            .collect::<Vec<_>>()
    };
    assert_eq!(list(&other), list(&folder));
    let csv = other.crieur(["subscribers", "list", "--format", "csv"]).succeeds().stdout;
    assert!(csv.contains("\"'+odd@example.org\",\"\",\"en\""), "{csv}");
}

#[test]
fn a_list_that_breaks_off_subscribes_nobody_and_goes_in_again() {
    let folder = Folder::of_five();
    assert_eq!(listed(&folder), "", "the state is there");
    let row = |number: usize| format!("reader{number}@example.org\n");
    let mut command = binary(folder.root());
    command.args(["subscribers", "import", "-", "--consent-source", "forms"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().expect("the binary starts");
    let mut input = child.stdin.take().expect("its stdin");
    input.write_all(format!("email\n{}", (0..12_000).map(row).collect::<String>()).as_bytes()).expect("written");
    let database = folder.path("state/crieur.db");
    let came_in = || (state::ask(&database, "SELECT cast(count(*) AS text) FROM arrival") == ["10000"]).then_some(());
    eventually("the first rows", came_in);
    child.kill().expect("killed");
    child.wait().expect("its end");
    drop(input);
    assert_eq!(listed(&folder), "");
    let sent = folder.crieur(["send", "--at", MONDAY]).succeeds();
    assert!(sent.stdout.contains("no confirmed subscriber"), "the slot waits for the whole list: {}", sent.stdout);
    let whole = format!("email\n{}", (0..12_000).map(row).collect::<String>());
    let dry = ["subscribers", "import", "-", "--consent-source", "forms", "--dry-run"];
    let said = folder.crieur(dry).stdin(whole.clone()).succeeds();
    assert!(said.stdout.starts_with("12000 would be subscribed, "), "{}", said.stdout);
    assert_eq!(listed(&folder), "");
    let said = folder.crieur(dry[..5].iter().copied()).stdin(whole).succeeds();
    assert!(said.stdout.starts_with("12000 subscribed, 0 subscribed already"), "{}", said.stdout);
    assert_eq!(listed(&folder).lines().count(), 12_000);
    assert_eq!(state::ask(&database, "SELECT DISTINCT source FROM consent"), ["forms"]);
}

#[test]
fn lists_are_read_in_the_encoding_they_are_written_in() {
    let folder = Folder::of_five();
    fs::write(folder.path("list.csv"), b"Nom;Pr\xe9nom;Courriel\r\nM\xfcller;Zo\xeb;zoe@example.org\r\n")
        .expect("written");
    let import = ["subscribers", "import", "list.csv", "--consent-source", "forms"];
    let refused = folder.crieur(import).exits(2);
    assert!(refused.stderr.contains("--encoding windows-1252"), "{}", refused.stderr);
    fs::write(folder.path("rows.csv"), b"nom;courriel\r\nM\xfcller;zoe@example.org\r\nAda;ada@example.org\r\n")
        .expect("written");
    let half = folder.crieur(["subscribers", "import", "rows.csv", "--consent-source", "forms"]).exits(1);
    assert!(half.stdout.starts_with("1 subscribed, "), "{}", half.stdout);
    assert!(half.stderr.contains("rows.csv:2: ") && half.stderr.contains("--encoding windows-1252"), "{}", half.stderr);
    folder.crieur(import.into_iter().chain(["--encoding", "windows-1252"])).succeeds();
    assert!(listed(&folder).contains("Zoë Müller"), "{}", listed(&folder));
    let utf16: Vec<u8> =
        "email\tname\r\nl\u{e9}a@example.org\tL\u{e9}a\r\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    fs::write(folder.path("utf16.csv"), [b"\xff\xfe", &utf16[..]].concat()).expect("written");
    folder.crieur(["subscribers", "import", "utf16.csv", "--consent-source", "forms"]).succeeds();
    assert!(listed(&folder).contains("léa@example.org"), "{}", listed(&folder));
    let unknown = folder.crieur(import.into_iter().chain(["--encoding", "klingon"])).exits(2);
    assert!(unknown.stderr.contains("`klingon` is no encoding"), "{}", unknown.stderr);
}

#[test]
fn where_consent_comes_from_has_to_be_said() {
    let folder = Folder::of_five();
    let refused = folder.crieur(["subscribers", "import", "-"]).stdin("email\na@example.org\n").exits(2);
    assert!(refused.stderr.contains("--consent-source"), "{}", refused.stderr);
    folder.crieur(["subscribers", "import", "-", "--consent-source", " "]).stdin("email\na@example.org\n").exits(2);
    assert_eq!(listed(&folder), "");
}

#[test]
fn rows_that_are_not_taken_are_told_by_line_and_reason() {
    let folder = Folder::of_five();
    folder.crieur(["subscribers", "add", "known@example.org"]).succeeds();
    folder.crieur(["subscribers", "add", "left@example.org"]).succeeds();
    folder.crieur(["subscribers", "unsubscribe", "left@example.org", "--newsletter", "communaute-ux"]).succeeds();
    folder.crieur(["subscribers", "erase", "never@example.org", "--objected"]).succeeds();
    let csv = "Contact,Statut,Langue\n\
               new@example.org,Abonné,FR\n\
               known@example.org,,\n\
               left@example.org,,\n\
               never@example.org,,\n\
               new@example.org,,\n\
               gone@example.org,désabonné,\n\
               lang@example.org,,français\n\
               \"ctrl@example.org\u{1}\",,\n";
    let ended = folder
        .crieur(["subscribers", "import", "-", "--consent-source", "forms", "--column", "email=contact"])
        .stdin(csv)
        .exits(1);
    for line in [
        "-:3: subscribed already",
        "-:4: left before",
        "-:5: on the suppression list",
        "-:6: twice in the list",
        "-:7: not subscribed in the list",
        "-:8: the language is no tag",
        "-:9: the address has a blank, or a character that nobody can see",
    ] {
        assert!(ended.stderr.contains(line), "{line}\n{}", ended.stderr);
    }
    assert!(!ended.stderr.contains("example.org"), "{}", ended.stderr);
    assert_eq!(
        ended.stdout,
        "1 subscribed, 1 subscribed already, 1 twice in the list, 1 left before, 1 on the suppression list, \
         1 not subscribed in the list, 2 rows not taken\n"
    );
}

#[test]
fn who_left_comes_back_only_where_they_ask_for_it() {
    let folder = Folder::of_five();
    folder.crieur(["subscribers", "add", CANARY]).succeeds();
    let ended = folder.crieur(["subscribers", "unsubscribe", CANARY]).succeeds();
    assert_eq!(ended.stdout, "1 subscription ended\n");
    assert_eq!(folder.crieur(["subscribers", "unsubscribe", CANARY]).succeeds().stdout, "left before\n");
    folder.crieur(["subscribers", "unsubscribe", "nobody@example.org"]).exits(1);
    let refused = folder.crieur(["subscribers", "add", CANARY]).exits(1);
    assert!(refused.stdout.contains("--again"), "{}", refused.stdout);
    assert!(listed(&folder).contains("unsubscribed"));
    folder.crieur(["subscribers", "add", CANARY, "--again", "--consent-source", "by telephone"]).succeeds();
    let shown = folder.crieur(["subscribers", "show", CANARY]).succeeds().stdout;
    assert!(shown.contains("communaute-ux: confirmed, in fr") && shown.contains("by telephone"), "{shown}");
    for name in ["--name=Ada\u{7}", "--name=a\r\nBcc: x@example.org"] {
        folder.crieur(["subscribers", "add", "new@example.org", name]).exits(2);
    }
}

#[test]
fn one_person_can_be_handed_everything_that_is_kept() {
    let folder = Folder::of_five();
    assert_eq!(folder.crieur(["subscribers", "show", CANARY, "--format", "json"]).exits(1).stdout, "null\n");
    folder.crieur(["subscribers", "add", CANARY, "--name", "Kanarienvogel", "--consent-source", "stand"]).succeeds();
    folder.crieur(["send", "--at", MONDAY]).succeeds();
    let _ = folder.only_mail();
    let json = folder.crieur(["subscribers", "show", CANARY, "--format", "json"]).succeeds().stdout;
    let all: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!((&all["address"], &all["name"]), (&CANARY.into(), &"Kanarienvogel".into()));
    let one = &all["subscriptions"][0];
    assert_eq!((&one["newsletter"], &one["status"]), (&"communaute-ux".into(), &"confirmed".into()));
    assert_eq!(one["consents"][0]["source"], "stand");
    assert_eq!((&one["deliveries"][0]["number"], &one["deliveries"][0]["state"]), (&1.into(), &"sent".into()));
}

#[test]
fn links_outlive_the_key_that_signed_them() {
    let folder = Folder::of_five();
    for reader in ["one@example.org", "two@example.org"] {
        folder.crieur(["subscribers", "add", reader]).succeeds();
    }
    folder.crieur(["send", "--at", MONDAY]).succeeds();
    let old = folder.mails();
    let said = folder.crieur(["subscribers", "rotate-key"]).succeeds();
    assert!(said.stdout.starts_with("key 2 signs from now on"), "{}", said.stdout);
    folder.write("content/actualites/frais.md", &announcement("Frais", "2019-04-12 10:00:00 +02:00"));
    folder.crieur(["send", "--at", "2019-04-15T09:00:00+02:00"]).succeeds();
    let new = folder.mails();
    let of = |mails: &[crate::support::mails::Mail], to: &str, but: &[String]| {
        mails.iter().find(|mail| mail.to == to && !but.contains(&mail.token())).expect("a mail").leave_path()
    };
    let tokens: Vec<String> = old.iter().map(crate::support::mails::Mail::token).collect();
    let (before, after) = (of(&old, "one@example.org", &[]), of(&new, "two@example.org", &tokens));
    assert_eq!(new.len(), 4);
    let app = folder.serve();
    for path in [&before, &after] {
        let left = app.post(path, "application/x-www-form-urlencoded", "List-Unsubscribe=One-Click");
        assert_eq!(left.status, 200, "{}", left.text());
    }
    assert_eq!(listed(&folder).matches("unsubscribed").count(), 2);
    folder.crieur(["subscribers", "rotate-key"]).exits(3);
}

#[test]
fn a_state_that_others_may_read_is_refused() {
    let folder = Folder::of_five();
    folder.crieur(["subscribers", "add", CANARY]).succeeds();
    let database = folder.path("state/crieur.db");
    for mode in [0o644, 0o640, 0o602] {
        fs::set_permissions(&database, fs::Permissions::from_mode(mode)).expect("changed");
        let refused = folder.crieur(["subscribers", "list"]).exits(2);
        assert!(
            refused.stderr.contains(&format!("mode {mode:o}")) && refused.stderr.contains("chmod 600"),
            "{}",
            refused.stderr
        );
        assert!(refused.stdout.is_empty());
    }
    fs::set_permissions(&database, fs::Permissions::from_mode(0o600)).expect("changed");
    folder.crieur(["subscribers", "list"]).succeeds();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_beyond_ascii_goes_where_the_relay_carries_it() {
    for (extension, taken) in [(true, 1), (false, 0)] {
        let sink = Sink::builder();
        let sink = if extension { sink.extension("SMTPUTF8").extension("8BITMIME") } else { sink };
        let sink = sink.start().await;
        let folder = Folder::of_five().relayed_by(sink.address().port(), "");
        folder.crieur(["subscribers", "add", "zoë@example.org", "--name", "Zoë"]).succeeds();
        let sent = folder.crieur(["send", "--at", MONDAY]).exits(i32::from(!extension));
        assert_eq!(sink.messages().len(), taken, "{}{}", sent.stdout, sent.stderr);
        let shown = folder.crieur(["subscribers", "show", "zoë@example.org"]).succeeds().stdout;
        if extension {
            let message = &sink.messages()[0];
            assert_eq!(message.to, ["zoë@example.org"]);
            let text = std::str::from_utf8(&message.message).expect("UTF-8");
            assert!(text.contains("<zoë@example.org>\r\n"), "{text}");
        } else {
            assert!(shown.contains("refused") && shown.contains("SMTPUTF8"), "{shown}");
        }
    }
}
