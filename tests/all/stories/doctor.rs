//! `doctor`: what stands in the way is named before readers find out.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use crate::support::cli::Ended;
use crate::support::folder::Folder;
use crate::support::rights;
use crate::support::smtp_sink::Sink;
use crate::support::state::change;

/// Nobody answers there, so nothing is asked outside.
const NO_DNS: &str = "printf 'nameserver 127.0.0.1\\noptions timeout:1 attempts:1\\n' > resolv.conf && mount --bind resolv.conf /etc/resolv.conf";

fn findings(ended: &Ended) -> Vec<(String, String, String)> {
    let checkup: serde_json::Value = serde_json::from_str(&ended.stdout).expect("JSON");
    let text = |finding: &serde_json::Value, key: &str| finding[key].as_str().expect(key).to_owned();
    let all = checkup["findings"].as_array().expect("findings").iter();
    all.map(|finding| (text(finding, "about"), text(finding, "verdict"), text(finding, "message"))).collect()
}

/// What was found about something; none of it where nothing was.
fn about(ended: &Ended, wanted: &str) -> String {
    let lines = findings(ended).into_iter().filter(|(about, ..)| about == wanted);
    lines.map(|(_, verdict, message)| format!("{verdict}: {message}")).collect::<Vec<_>>().join("\n")
}

fn doctor(folder: &Folder, preparation: &str) -> crate::support::cli::Cli {
    folder.crieur(["doctor", "--format", "json"]).under(&rights::mounted(preparation))
}

#[tokio::test(flavor = "multi_thread")]
async fn where_all_is_well_it_says_so_and_where_not_what_to_do() {
    if !rights::can_mount() {
        return;
    }
    let sink = Sink::builder().extension("SIZE 10240000").start().await;
    let folder = Folder::of_five().relayed_by(sink.address().port(), "");
    let well = doctor(&folder, NO_DNS).succeeds();
    assert!(about(&well, "relay").starts_with("ok: ") && about(&well, "relay").contains("up to 10240 kB"));
    assert!(sink.messages().is_empty(), "nothing is sent");
    assert_eq!(about(&well, "content"), "ok: `content` is readable: 5 of 5 files announce");
    assert!(about(&well, "dns").starts_with("warning: the DNS does not answer"), "{}", about(&well, "dns"));

    let config = folder.read("crieur.toml");
    folder.write("crieur.toml", &config.replace("[[newsletter]]", "[[newsletter]]\ncategories = [\"ateliers\"]"));
    let told = doctor(&folder, NO_DNS).succeeds();
    assert!(about(&told, "newsletters").contains("the category `ateliers`, and no announcement has it"), "{told:?}");
    folder.write("crieur.toml", &config);

    folder.write("content/agenda/2021-01-01-x.md", "---\ntitle: [\n---\nx\n");
    drop(sink);
    let ill = doctor(&folder, &format!("{NO_DNS} && mount -t tmpfs -o size=4k,ro none public")).exits(1);
    assert!(about(&ill, "relay").starts_with("error: "), "{}", about(&ill, "relay"));
    assert_eq!(about(&ill, "content"), "warning: errors in the 6 files of `content`: 1");
    assert!(about(&ill, "folders").contains("error: the folder `public` cannot be written"));
    fs::set_permissions(folder.path("state/crieur.db"), Permissions::from_mode(0o644)).expect("rights");
    assert!(about(&doctor(&folder, NO_DNS).exits(1), "store").contains("may be read by others (mode 644)"));
    folder.write("state/crieur.db", "no database");
    assert!(about(&doctor(&folder, NO_DNS).exits(1), "store").starts_with("error: "));
}

#[test]
fn a_template_that_asks_for_what_there_is_not_and_a_pause_are_found() {
    if !rights::can_mount() {
        return;
    }
    let folder = Folder::of_five();
    assert_eq!(about(&doctor(&folder, NO_DNS).run(), "templates"), "ok: the built-in ones");
    let built_in = include_str!("../../../templates/email/issue.txt");
    folder.write("templates/email/issue.txt", &format!("{built_in}{{{{ nothere }}}}"));
    let found = about(&doctor(&folder, NO_DNS).exits(1), "templates");
    assert!(found.starts_with("error: ") && found.contains("nothere"), "{found}");
    folder.remove("templates/email/issue.txt");
    assert_eq!(about(&doctor(&folder, NO_DNS).run(), "sending"), "");
    change(&folder.path("state/crieur.db"), "INSERT INTO pause (cause, reason) VALUES ('clock', 'it jumped')");
    assert_eq!(about(&doctor(&folder, NO_DNS).exits(1), "sending"), "error: it is paused: it jumped");
}

#[test]
fn a_running_daemon_behind_the_public_address_is_recognized() {
    if !rights::can_mount() {
        return;
    }
    let folder = Folder::of_five();
    let app = folder.serve();
    let public = format!("listen = \"127.0.0.1:0\"\npublic_url = \"{}\"", app.address("/"));
    let reached = Folder::of_five().but("listen = \"127.0.0.1:0\"", &public);
    let found = doctor(&reached, NO_DNS).succeeds();
    let address = about(&found, "public address");
    assert!(address.contains("ok: ") && address.contains("leads to a running crieur"), "{address}");
    assert!(about(&found, "clock").contains("as the public address does"), "{}", about(&found, "clock"));
}

/// Runs a command of the shell in the folder and returns what it says.
fn shell(folder: &Folder, command: &str) -> String {
    let done = Command::new("sh").arg("-c").arg(command).current_dir(folder.root()).output().expect("sh");
    assert!(done.status.success(), "{command}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).expect("text")
}

/// With a network of its own: a name server on its port that knows these records.
fn named(records: &str) -> Vec<String> {
    let script = format!(
        "ip link set lo up && {NO_DNS} && {{ dnsmasq --no-daemon --conf-file=/dev/null --no-resolv --no-hosts \
         --listen-address=127.0.0.1 --bind-interfaces --local=/#/ {records} 2> named.log & named=$!; }} && \
         until grep -q started named.log; do sleep 0.01; done; \"$@\"; ended=$?; kill $named; exit $ended"
    );
    ["unshare", "-Urnm", "sh", "-c", &script, "sh"].map(str::to_owned).into()
}

#[test]
fn what_the_dns_says_of_the_domain_is_compared_with_what_is_sent() {
    let has_network = ["unshare", "-Urnm", "sh", "-c", "ip link set lo up && dnsmasq --version"];
    if !rights::can("a name server", &has_network) || !rights::can("keys", &["openssl", "version"]) {
        return;
    }
    let folder = Folder::of_five().relayed_by(
        9,
        "bounce_address = \"back@bounces.example.org\"\n\
         dkim = [{ selector = \"a\", key_file = \"rsa.pem\" }, { selector = \"b\", key_file = \"ed.pem\" }]\n",
    );
    shell(&folder, "umask 077 && openssl genrsa -out rsa.pem 2048 && openssl genpkey -algorithm ed25519 -out ed.pem");
    // the public halves as another program finds them
    let rsa = shell(&folder, "openssl pkey -in rsa.pem -pubout -outform DER | base64 -w0");
    let ed = shell(&folder, "openssl pkey -in ed.pem -pubout -outform DER | tail -c 32 | base64 -w0");
    let ask = |records: &str| folder.crieur(["doctor", "--format", "json"]).under(&named(records)).exits(1);

    let whole = format!(
        "--mx-host=example.org,mx.example.org,10 --host-record=bounces.example.org,192.0.2.1 \
         --txt-record=bounces.example.org,'v=spf1 mx ~all' --txt-record=_dmarc.example.org,'v=DMARC1; p=none' \
         --txt-record=a._domainkey.example.org,'v=DKIM1; k=rsa; p={}','{}' \
         --txt-record=b._domainkey.example.org,'v=DKIM1; k=ed25519; p={ed}'",
        &rsa[..200],
        &rsa[200..]
    );
    let found = ask(&whole);
    for what in ["mx", "spf", "dkim", "dmarc"] {
        let told = about(&found, what);
        assert!(!told.is_empty() && told.lines().all(|line| line.starts_with("ok: ")), "{what}: {told}");
    }
    assert_eq!(about(&found, "mx").lines().count(), 2, "both domains are looked at");
    assert_eq!(about(&found, "dkim").lines().count(), 2, "both keys are looked at");
    assert!(about(&found, "relay").starts_with("error: "), "nobody listens there: {}", found.stdout);

    let found = ask("--txt-record=a._domainkey.example.org,'v=DKIM1; k=rsa; p='");
    let dkim = about(&found, "dkim");
    assert!(dkim.contains("was revoked") && dkim.contains("nothing stands at `b._domainkey.example.org`"), "{dkim}");
    assert!(about(&found, "mx").contains("error: `example.org` is no domain mail can be sent to"));
    assert!(about(&found, "spf").starts_with("error: ") && about(&found, "dmarc").starts_with("warning: "));
    let shown = folder.crieur(["doctor"]).under(&named("")).exits(1).stdout;
    assert!(shown.contains(&format!("b._domainkey.example.org. IN TXT \"v=DKIM1; k=ed25519; p={ed}\"")), "{shown}");
    assert!(!shown.contains("PRIVATE"), "{shown}");
}
