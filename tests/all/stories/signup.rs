//! Signing up by double opt-in: forms, letters, links, limits, against a daemon that runs and a real SMTP server.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use chrono::Utc;
use crieur::model::subscription::EmailAddress;
use crieur::store::{SqliteStore, Store as _};
use mail_parser::MessageParser;

use crate::support::folder::Folder;
use crate::support::poll::eventually;
use crate::support::served::{Answer, TestApp};
use crate::support::smtp_sink::{Received, Sink};
use crate::support::state;

const FORM: &str = "application/x-www-form-urlencoded";
const NEWS: &str = "newsletter=communaute-ux";
const CONFIRM: &str = "confirm=yes";
const PRESSE: &str = "[[newsletter]]\nname = \"presse\"\ntitle = \"La presse\"\nschedule = \"0 9 * * MON#1\"\n\
    categories = [\"presse\"]";

/// A letter as its reader's program shows it.
struct Letter {
    to: String,
    subject: String,
    text: String,
    raw: String,
}

impl Letter {
    fn of(received: &Received) -> Self {
        let message = MessageParser::default().parse(&received.message).expect("a mail");
        Self {
            to: received.to[0].clone(),
            subject: message.subject().expect("a subject").to_owned(),
            text: message.body_text(0).expect("a text").into_owned(),
            raw: String::from_utf8(received.message.clone()).expect("only ASCII"),
        }
    }

    /// The path of the link with this name.
    fn path(&self, name: &str) -> String {
        let link = self.text.split_whitespace().find(|word| word.contains(&format!("/{name}/")));
        let link = link.unwrap_or_else(|| panic!("no link to {name}:\n{}", self.text));
        url::Url::parse(link).expect("an address").path().to_owned()
    }
}

async fn letters(sink: &Sink, count: usize) -> Vec<Letter> {
    sink.wait_for(count).await;
    sink.messages().iter().map(Letter::of).collect()
}

fn relayed(sink: &Sink) -> Folder {
    Folder::of_five().relayed_by(sink.address().port(), "")
}

fn sign_up(app: &TestApp, email: &str) -> Answer {
    app.post("/subscribe", FORM, &format!("page_lang=fr&{NEWS}&lang=fr&email={}", email.replace('+', "%2B")))
}

fn listed(folder: &Folder) -> String {
    folder.crieur(["subscribers", "list"]).succeeds().stdout
}

/// The whole way: the form, the letter, the button, an issue that reaches only whoever confirmed, the preferences, leaving.
#[tokio::test(flavor = "multi_thread")]
async fn somebody_signs_up_confirms_reads_changes_and_leaves() {
    let sink = Sink::builder().start().await;
    let folder = relayed(&sink);
    let app = folder.serve();
    let form = app.get("/subscribe");
    assert!(form.text().contains("chaque lundi à 9\u{a0}h"), "how often is said before: {}", form.text());
    assert_eq!(sign_up(&app, "idle@example.org").status, 200);
    let body = format!("page_lang=fr&{NEWS}&topic=communaute-ux%2Fatelier&lang=fr&email=Jeanne%40example.org");
    assert_eq!(app.post("/subscribe", FORM, &body).status, 200);
    let letters = letters(&sink, 2).await;
    let letter = letters.iter().find(|letter| letter.to == "Jeanne@example.org").expect("her letter");
    assert_eq!(letter.subject, "Confirmez votre abonnement\u{a0}: Communauté UX");
    assert!(letter.raw.contains("\r\nAuto-Submitted: auto-generated\r\n") && !letter.raw.contains("List-Unsubscribe"));
    let path = letter.path("confirm");

    // G11
    let before = listed(&folder);
    for (method, path) in [
        ("GET", path.clone()),
        ("HEAD", path.clone()),
        ("GET", format!("{path}?confirm=yes")),
        ("GET", format!("{path}?confirm=true")),
        ("OPTIONS", path.clone()),
        ("PUT", path.clone()),
    ] {
        let purpose = [("sec-purpose", "prefetch"), ("user-agent", "Outlook SafeLinks scanner")];
        app.ask(method, &path, &purpose, &[]);
    }
    for body in ["", "x=y", "confirm=no", "confirm=yes&confirm=yes"] {
        assert_eq!(app.post(&path, FORM, body).status, 400, "{body}");
    }
    assert_eq!(app.post(&path, "text/plain", CONFIRM).status, 415);
    assert_eq!(listed(&folder), before);

    assert_eq!(app.post(&path, FORM, CONFIRM).status, 200);
    assert!(listed(&folder).contains("Jeanne@example.org\tcommunaute-ux\tconfirmed"), "{}", listed(&folder));
    let again = app.post(&path, FORM, CONFIRM);
    assert!(again.status == 200 && again.text().contains("confirmé"), "a second time is fine");

    drop(app);
    let status = folder.crieur(["status"]).succeeds().stdout;
    assert!(status.contains("letters        ") && status.contains("2 sent"), "{status}");
    folder.crieur(["send", "--at", super::MONDAY]).succeeds();
    let issue = self::letters(&sink, 3).await.pop().expect("the issue");
    assert_eq!((issue.to.as_str(), sink.messages().len()), ("Jeanne@example.org", 3), "only who confirmed");
    let (preferences, leave) = (issue.path("preferences"), issue.path("unsubscribe"));

    let app = folder.serve();
    let page = app.get(&preferences);
    assert!(page.text().contains("value=\"communaute-ux/atelier\" checked"), "{}", page.text());
    assert!(!page.text().to_lowercase().contains("jeanne"), "the link may be forwarded");
    let changed = format!("save=yes&{NEWS}&topic=communaute-ux%2Farticle&lang=en");
    let page = app.post(&preferences, FORM, &changed);
    assert!(page.text().contains("lang=\"en\"") && page.text().contains("communaute-ux/article\" checked"));
    for wrong in [
        "",
        "save=yes",
        "lang=fr",
        "save=yes&leave=all&lang=fr",
        "save=yes&lang=fr&topic=communaute-ux/x&newsletter=communaute-ux",
        "save=yes&lang=de&newsletter=communaute-ux",
        "save=yes&lang=%3Cb%3E&newsletter=communaute-ux",
    ] {
        assert_eq!(app.post(&preferences, FORM, wrong).status, 400, "{wrong}");
    }
    assert!(listed(&folder).contains("Jeanne@example.org\tcommunaute-ux\tconfirmed"));

    // G12
    let address = app.address(&leave);
    let leaving = || ureq::post(&address).header("content-type", FORM).send("List-Unsubscribe=One-Click").expect("200");
    std::thread::scope(|scope| {
        let all: Vec<_> = (0..100).map(|_| scope.spawn(|| leaving().status().as_u16())).collect();
        assert!(all.into_iter().all(|one| one.join().expect("no panic") == 200));
    });
    assert!(listed(&folder).contains("Jeanne@example.org\tcommunaute-ux\tunsubscribed"));

    // G9
    let used = app.post(&path, FORM, CONFIRM);
    assert!(used.status == 410 && used.text().contains("action=\"/subscribe\""), "{}", used.text());
    assert!(listed(&folder).contains("Jeanne@example.org\tcommunaute-ux\tunsubscribed"));
    assert!(app.get(&preferences).text().contains("aucune lettre") || app.get(&preferences).status == 200);
}

fn posts() -> usize {
    std::env::var("CRIEUR_TEST_POSTS").ok().and_then(|posts| posts.parse().ok()).unwrap_or(80)
}

/// G4, G6; `CRIEUR_TEST_POSTS` sets how often.
#[tokio::test(flavor = "multi_thread")]
async fn a_mailbox_gets_one_letter_however_often_it_is_entered() {
    let sink = Sink::builder().start().await;
    let posts = posts();
    let folder = relayed(&sink).and("[subscribe]\nper_hour = 1000000");
    let app = folder.serve();
    let variants = ["jeanne@example.org", "Jeanne@Example.ORG", "jeanne+1@example.org", "JEANNE+news@example.org"];
    let mut pages = Vec::new();
    for number in 0..posts {
        let page = sign_up(&app, variants[number % variants.len()]);
        assert_eq!(page.status, 200);
        pages.push(page.body);
    }
    assert!(pages.windows(2).all(|two| two[0] == two[1]), "the same page always");
    sign_up(&app, "last@example.org");
    let all = letters(&sink, 2).await;
    let mut to: Vec<String> = all.iter().map(|letter| letter.to.to_lowercase()).collect();
    to.sort();
    assert_eq!(to.len(), 2, "{to:?}");
    assert!(to[0].starts_with("jeanne") && to[1] == "last@example.org", "{to:?}");
}

/// G7: new, pending, confirmed, gone and suppressed are told the same, in the same time.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_learns_from_the_form_who_is_subscribed() {
    const KINDS: [&str; 5] = ["new", "pending", "confirmed", "gone", "suppressed"];
    const ROUNDS: usize = 60;
    let sink = Sink::builder().start().await;
    let folder = relayed(&sink);
    folder.crieur(["subscribers", "add", "confirmed@example.org"]).succeeds();
    folder.crieur(["subscribers", "add", "gone@example.org"]).succeeds();
    let store = SqliteStore::open(&folder.path("state/crieur.db")).await.expect("the state");
    let suppressed = EmailAddress::parse("suppressed@example.org").expect("an address");
    store.suppress(&suppressed, "complaint", Utc::now()).await.expect("suppressed");
    let all = store.subscriptions(None, 0, 9).await.expect("all");
    let gone = all.iter().find(|it| it.address.as_str() == "gone@example.org").expect("there");
    store.unsubscribe(gone.id, Utc::now()).await.expect("left");
    store.close().await;
    let app = folder.serve();
    sign_up(&app, "pending@example.org");
    letters(&sink, 1).await;
    let mut times: [Vec<Duration>; 5] = Default::default();
    let (mut heads, mut bodies) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        for (kind, times) in KINDS.iter().zip(&mut times) {
            let email = if *kind == "new" { format!("new{round}@example.org") } else { format!("{kind}@example.org") };
            let start = Instant::now();
            let page = sign_up(&app, &email);
            times.push(start.elapsed());
            let mut names: Vec<String> = page.headers.keys().map(ToString::to_string).collect();
            names.sort();
            heads.push((page.status, names));
            bodies.push(page.body);
        }
    }
    assert!(heads.windows(2).all(|two| two[0] == two[1]) && bodies.windows(2).all(|two| two[0] == two[1]));
    let medians: Vec<Duration> = times
        .iter_mut()
        .map(|times| {
            times.sort();
            times[ROUNDS / 2]
        })
        .collect();
    let (least, most) = (medians.iter().min().expect("five"), medians.iter().max().expect("five"));
    assert!(*most < *least * 2 + Duration::from_millis(5), "{medians:?}");
    // one each to pending, confirmed and gone, and one to each that is new
    let all = letters(&sink, 3 + ROUNDS).await;
    assert!(all.iter().all(|letter| letter.to != "suppressed@example.org"));
    let reminder = all.iter().find(|letter| letter.to == "confirmed@example.org").expect("a reminder");
    assert!(reminder.subject.starts_with("Vous recevez déjà") && !reminder.text.contains("/confirm/"));
    assert_eq!(app.get(&reminder.path("preferences")).status, 200);
    assert!(!app.log().contains("@example.org"), "no address in the log");
}

/// G5: beyond the limit everybody is told the same, and an issue goes out all the same.
#[tokio::test(flavor = "multi_thread")]
async fn an_open_breaker_tells_everybody_to_come_back() {
    let sink = Sink::builder().start().await;
    let folder = relayed(&sink).and("[subscribe]\nper_hour = 5");
    folder.crieur(["subscribers", "add", "confirmed@example.org"]).succeeds();
    let app = folder.serve();
    for number in 0..5 {
        assert_eq!(sign_up(&app, &format!("reader{number}@example.org")).status, 200);
    }
    let refused = [sign_up(&app, "one@example.org"), sign_up(&app, "confirmed@example.org")];
    for page in &refused {
        assert_eq!(page.status, 503);
        let seconds: u64 = page.header("retry-after").parse().expect("seconds");
        assert!((1..=720).contains(&seconds), "{seconds}");
    }
    let [one, other] = refused.each_ref().map(Answer::text);
    assert_eq!(one.replace("one@", "confirmed@"), other, "what was entered, and nothing else");
    let seconds: u64 = refused[1].header("retry-after").parse().expect("seconds");
    let wait = match seconds.div_ceil(60) {
        1 => "dans une minute".to_owned(),
        minutes => format!("dans {minutes}\u{a0}minutes"),
    };
    assert!(other.contains(&wait) && other.contains("value=\"confirmed@example.org\""), "{wait}: {other}");
    // reading the configuration again is no way around it
    app.hang_up();
    app.until_logged("configuration and templates were read again");
    assert_eq!(sign_up(&app, "two@example.org").status, 503);
    letters(&sink, 5).await;
    drop(app);
    folder.crieur(["send", "--at", super::MONDAY]).succeeds();
    assert_eq!(sink.recipients().iter().filter(|to| *to == "confirmed@example.org").count(), 1);
}

/// G5: a proxy that is trusted tells networks apart.
#[tokio::test(flavor = "multi_thread")]
async fn one_network_uses_up_its_own_quota_only() {
    let sink = Sink::builder().start().await;
    let folder = relayed(&sink)
        .and("[subscribe]\nper_network = 2")
        .but("[http]\n", "[http]\ntrusted_proxies = [\"127.0.0.1\"]\n");
    let app = folder.serve();
    let from = |address: &str, email: &str| {
        let headers = [("content-type", FORM), ("x-forwarded-for", address)];
        app.ask("POST", "/subscribe", &headers, format!("{NEWS}&lang=fr&email={email}@example.org").as_bytes()).status
    };
    assert_eq!([from("192.0.2.1", "a"), from("192.0.2.77", "b"), from("192.0.2.3", "c")], [200, 200, 503]);
    assert_eq!([from("2001:db8::1", "d"), from("2001:db8::2", "e"), from("2001:db8::3", "f")], [200, 200, 503]);
    assert_eq!(from("2001:db8:0:1::1", "g"), 200);
    letters(&sink, 5).await;
}

/// G5; `CRIEUR_TEST_POSTS` sets how many.
#[tokio::test(flavor = "multi_thread")]
async fn many_addresses_from_many_networks_get_as_many_letters_as_an_hour_has() {
    let sink = Sink::builder().start().await;
    let folder =
        relayed(&sink).and("[subscribe]\nper_hour = 20").but("[http]\n", "[http]\ntrusted_proxies = [\"127.0.0.1\"]\n");
    let app = folder.serve();
    let mut answers = BTreeMap::<u16, usize>::new();
    for number in 0..posts() {
        let from = format!("10.{}.{}.7", number / 256 % 256, number % 256);
        let headers = [("content-type", FORM), ("x-forwarded-for", from.as_str())];
        let form = format!("{NEWS}&lang=fr&email=reader{number}@example.org");
        *answers.entry(app.ask("POST", "/subscribe", &headers, form.as_bytes()).status).or_default() += 1;
    }
    // one more each three minutes
    let taken = answers.remove(&200).unwrap_or(0);
    assert!((20..=25).contains(&taken) && answers.into_keys().eq([503]), "{taken}");
    letters(&sink, taken).await;
}

/// G14, G15, G28
#[test]
fn what_is_no_form_of_ours_is_refused() {
    let folder = Folder::of_five();
    let app = folder.serve();
    let good = format!("{NEWS}&lang=fr&email=jeanne%40example.org");
    let post = |headers: &[(&str, &str)], body: &str| app.ask("POST", "/subscribe", headers, body.as_bytes()).status;
    let form = ("content-type", FORM);
    for (headers, body, expected) in [
        (vec![form, ("origin", "https://evil.example")], good.clone(), 403),
        (vec![form, ("origin", "null"), ("sec-fetch-site", "cross-site")], good.clone(), 403),
        (vec![form], format!("{good}&email=other%40example.org"), 400),
        (vec![form], format!("{good}&lang=en"), 400),
        (vec![form], format!("{NEWS}&email=%ff%40example.org"), 400),
        (vec![form], format!("{NEWS}&email=a%40example.org%0d%0aBcc:%20b%40example.org"), 400),
        (vec![form], format!("{NEWS}&email=a%00b%40example.org"), 400),
        (vec![("content-type", "application/x-www-form-urlencoded; charset=iso-8859-1")], good.clone(), 400),
        (vec![("content-type", "application/json")], "{}".to_owned(), 415),
        (vec![("content-type", "multipart/form-data; boundary=x")], "--x--".to_owned(), 415),
        (vec![form], format!("{good}&x={}", "y".repeat(20_000)), 413),
        (vec![form], format!("{NEWS}&email="), 422),
        (vec![form], format!("{NEWS}&email=jeanne"), 422),
        (vec![form], format!("{NEWS}&email=root%40localhost"), 422),
        (vec![form], format!("{NEWS}&email=jeanne%40intranet"), 422),
        (vec![form], format!("{NEWS}&email=jeanne%40127.0.0.1"), 422),
        (vec![form], format!("{NEWS}&email=jeanne%40ex%d0%b0mple.org"), 422),
        (vec![form], format!("{NEWS}&email=%e2%80%aejeanne%40example.org"), 422),
        (vec![form], format!("{NEWS}&email={}%40example.org", "j".repeat(10_000)), 422),
        (vec![form], "email=jeanne%40example.org&topic=communaute-ux%2Fatelier".to_owned(), 422),
        (vec![form], "email=jeanne%40example.org".to_owned(), 422),
        (vec![form], "newsletter=other&email=jeanne%40example.org".to_owned(), 422),
        (vec![form], format!("{good}&topic=communaute-ux/no-such"), 422),
    ] {
        assert_eq!(post(&headers, &body), expected, "{headers:?} {body:.80}");
    }
    let shown = app.post("/subscribe", FORM, &format!("page_lang=fr&{NEWS}&email=%22%3E%3Cscript%3E&lang=fr"));
    assert!(!shown.text().contains("<script>") && shown.text().contains("aria-invalid=\"true\""), "{}", shown.text());
    assert!(shown.text().contains("<title>Erreur – ") && shown.text().contains("href=\"#page.email\""));
    let english = format!("{good}&page_lang=en&lang=en");
    let refused = app.post("/subscribe", FORM, &english);
    assert!(refused.status == 400 && refused.text().contains("This request could not be taken"), "{}", refused.text());
    for refused in [refused, app.post("/subscribe", "text/plain", "x"), app.ask("DELETE", "/subscribe", &[], &[])] {
        assert!(refused.text().contains("class=\"button\" href=\"/subscribe\""), "{}", refused.text());
        assert!(!refused.text().contains("Lien incomplet"));
    }
    assert!(app.get("/confirm/cut").text().contains("Lien incomplet"));
    let both = app.post("/subscribe", FORM, "page_lang=fr&email=jeanne&lang=fr");
    let [newsletters, email] =
        ["newsletters", "email"].map(|field| both.text().find(&format!("<a href=\"#page.{field}\"")));
    assert!(newsletters.is_some() && newsletters < email, "as on the page: {}", both.text());
    // what was entered comes back as it was entered, each fault also at its field
    let alone = "page_lang=en&topic=communaute-ux%2Fatelier&lang=fr&email=+jeanne%40example.org+&newsletter=other";
    let shown = app.post("/subscribe", FORM, alone);
    for expected in [
        "value=\"communaute-ux/atelier\" checked",
        "value=\" jeanne@example.org \"",
        "<option value=\"fr\" lang=\"fr\" selected>",
        "id=\"page.newsletters-fault\"",
        "aria-describedby=\"page.newsletters-fault\"",
    ] {
        assert!(shown.text().contains(expected), "{expected}: {}", shown.text());
    }
    assert!(listed(&folder).is_empty(), "none of it left a trace");
    assert!(state::ask(&folder.path("state/crieur.db"), "SELECT address FROM wish").is_empty());
    assert_eq!(folder.mails().len(), 0);
}

/// A reader who asks for other topics is told what would change; nobody is told that an address is forgotten that is kept.
#[tokio::test(flavor = "multi_thread")]
async fn other_topics_are_asked_for_like_another_newsletter() {
    let sink = Sink::builder().start().await;
    let folder = relayed(&sink).and(PRESSE);
    folder.crieur(["subscribers", "add", "jeanne@example.org", "--newsletter", "communaute-ux"]).succeeds();
    let app = folder.serve();
    let body = format!(
        "page_lang=fr&{NEWS}&newsletter=presse&topic=communaute-ux%2Fatelier&lang=fr&email=jeanne%40example.org"
    );
    assert_eq!(app.post("/subscribe", FORM, &body).status, 200);
    let letter = letters(&sink, 1).await.remove(0);
    let text = letter.text.replace("\r\n", "\n");
    let (begins, changes) = text.split_once("… et d’autres sujets").expect("two lists");
    assert!(
        begins.contains("- La presse – le premier lundi de chaque mois") && !begins.contains("Communauté UX –"),
        "{text}"
    );
    assert!(changes.contains("- Communauté UX") && !text.contains("effacée"), "{text}");
    let path = letter.path("confirm");
    let page = app.get(&path);
    assert!(
        page.text().contains("Sujets\u{a0}: Presse") || page.text().contains("Sujets\u{a0}: presse"),
        "not everything: {}",
        page.text()
    );
    assert!(!page.text().contains("toutes les annonces"));
    assert_eq!(app.post(&path, FORM, CONFIRM).status, 200);
    let record = folder.crieur(["subscribers", "show", "jeanne@example.org"]).succeeds().stdout;
    assert!(record.contains("topics: atelier") && record.contains("presse: confirmed"), "{record}");
}

/// The page of a link says what the button would do, and afterwards what holds now.
#[tokio::test(flavor = "multi_thread")]
async fn a_page_promises_no_more_than_its_button_does() {
    let sink = Sink::builder().start().await;
    let folder = relayed(&sink).and(PRESSE);
    folder.crieur(["subscribers", "add", "jeanne@example.org", "--newsletter", "communaute-ux"]).succeeds();
    let app = folder.serve();
    let body = format!("page_lang=fr&{NEWS}&topic=communaute-ux%2Fatelier&lang=fr&email=jeanne%40example.org");
    assert_eq!(app.post("/subscribe", FORM, &body).status, 200);
    let letter = letters(&sink, 1).await.remove(0);
    assert_eq!(letter.subject, "Confirmez vos nouveaux sujets\u{a0}: Communauté UX");
    let path = letter.path("confirm");
    let page = app.get(&path);
    assert!(page.text().contains("<h1>Confirmer vos nouveaux sujets</h1>"), "{}", page.text());
    assert!(page.text().contains("Rien n’est changé tant") && !page.text().contains("Vous ne recevrez rien"));
    let page = app.post(&path, FORM, CONFIRM);
    let preferences = page.text().split('"').find(|part| part.starts_with("/preferences/")).expect("a link").to_owned();
    let changed = format!("save=yes&lang=fr&shown=communaute-ux&{NEWS}&topic=communaute-ux%2Farticle");
    assert_eq!(app.post(&preferences, FORM, &changed).status, 200);
    let chosen = |page: &Answer| page.text().split_once("class=\"chosen\"").expect("a list").1.to_lowercase();
    for page in [app.get(&path), app.post(&path, FORM, CONFIRM)] {
        assert!(chosen(&page).contains("article") && !chosen(&page).contains("atelier"), "{}", page.text());
    }

    let asked = "page_lang=fr&newsletter=presse&lang=fr&email=jeanne%40example.org";
    assert_eq!(app.post("/subscribe", FORM, asked).status, 200);
    let path = letters(&sink, 2).await[1].path("confirm");
    assert!(app.get(&path).text().contains("Rien n’est changé tant"));
    let state = folder.path("state/crieur.db");
    let left =
        "UPDATE subscription SET status = 'unsubscribed', unsubscribed = created + 1000 WHERE newsletter = 'presse'";
    state::change(&state, left);
    for page in [app.get(&path), app.post(&path, FORM, CONFIRM)] {
        assert!(page.status == 410 && page.text().contains("<h1>Ce lien n’est plus valable</h1>"), "{}", page.text());
    }
    assert_eq!(state::ask(&state, "SELECT count(*) || '' FROM signup WHERE confirmed IS NULL"), ["1"]);
}

/// A page of preferences that was opened before somebody signed up for more says nothing about what it did not show.
#[tokio::test(flavor = "multi_thread")]
async fn an_old_page_of_preferences_ends_only_what_it_showed() {
    let sink = Sink::builder().start().await;
    let folder = relayed(&sink).and(PRESSE);
    folder.crieur(["subscribers", "add", "jeanne@example.org", "--newsletter", "communaute-ux"]).succeeds();
    let app = folder.serve();
    let body = "page_lang=fr&newsletter=presse&lang=fr&email=jeanne%40example.org";
    assert_eq!(app.post("/subscribe", FORM, body).status, 200);
    let path = letters(&sink, 1).await[0].path("confirm");
    let confirmed = app.post(&path, FORM, CONFIRM);
    let preferences =
        confirmed.text().split('"').find(|part| part.starts_with("/preferences/")).expect("a link").to_owned();
    assert!(app.get(&preferences).text().contains("name=\"shown\" value=\"presse\""));
    let old = app.post(&preferences, FORM, &format!("save=yes&lang=fr&shown=communaute-ux&{NEWS}"));
    assert!(old.status == 200 && listed(&folder).contains("\tpresse\tconfirmed"), "{}", listed(&folder));
    let both = "save=yes&lang=fr&shown=communaute-ux&shown=presse&newsletter=communaute-ux";
    assert_eq!(app.post(&preferences, FORM, both).status, 200);
    assert!(listed(&folder).contains("\tpresse\tunsubscribed") && listed(&folder).contains("-ux\tconfirmed"));
    assert_eq!(app.post(&preferences, FORM, "leave=all&lang=fr&shown=presse").status, 200);
    assert!(!listed(&folder).contains("\tconfirmed"), "{}", listed(&folder));
}

/// G17: a slash too many is no reason to be sent away, nor anywhere else.
#[tokio::test(flavor = "multi_thread")]
async fn a_slash_at_the_end_does_no_harm() {
    let sink = Sink::builder().start().await;
    let folder = relayed(&sink);
    let app = folder.serve();
    assert_eq!(app.get("/subscribe/").status, 200);
    assert_eq!(app.get("/subscribe/?lang=en").body, app.get("/subscribe?lang=en").body);
    assert_eq!(app.post("/subscribe/", FORM, &format!("{NEWS}&lang=fr&email=jeanne%40example.org")).status, 200);
    let path = format!("{}/", letters(&sink, 1).await[0].path("confirm"));
    assert_eq!([app.get(&path).status, app.post(&path, FORM, CONFIRM).status], [200, 200]);
    assert!(listed(&folder).contains("jeanne@example.org\tcommunaute-ux\tconfirmed"));
    for strange in ["/subscribe//", "/subscribe/x", "//evil.example/subscribe/", "/subscribe/%2F%2Fevil.example"] {
        let answer = app.get(strange);
        assert!(answer.status == 404 && answer.header("location").is_empty(), "{strange}: {}", answer.status);
    }
}

/// G10
#[tokio::test(flavor = "multi_thread")]
async fn an_expired_link_offers_the_form() {
    let sink = Sink::builder().start().await;
    let folder = relayed(&sink);
    let app = folder.serve();
    sign_up(&app, "jeanne@example.org");
    let path = letters(&sink, 1).await[0].path("confirm");
    state::change(&folder.path("state/crieur.db"), "UPDATE signup SET at = at - 7 * 24 * 3600 * 1000");
    for answer in [app.get(&path), app.post(&path, FORM, CONFIRM)] {
        assert!(answer.status == 410 && answer.text().contains("action=\"/subscribe\""), "{}", answer.text());
        assert_eq!((answer.header("cache-control"), answer.header("x-robots-tag")), ("no-store", "noindex"));
    }
    assert!(listed(&folder).contains("\tpending\t"), "{}", listed(&folder));
}

/// A fresh link whose key was rotated is no broken one, and its reader gets another at once.
#[tokio::test(flavor = "multi_thread")]
async fn a_link_of_a_former_key_offers_the_form_and_a_letter_at_once() {
    let sink = Sink::builder().start().await;
    let folder = relayed(&sink);
    let app = folder.serve();
    sign_up(&app, "jeanne@example.org");
    let path = letters(&sink, 1).await[0].path("confirm");
    drop(app);
    let said = folder.crieur(["subscribers", "rotate-key"]).succeeds().stdout;
    assert!(said.contains("links to confirm that were sent are void"), "{said}");
    let app = folder.serve();
    for answer in [app.get(&path), app.post(&path, FORM, CONFIRM)] {
        assert!(answer.status == 410 && answer.text().contains("action=\"/subscribe\""), "{}", answer.text());
    }
    sign_up(&app, "jeanne@example.org");
    let path = letters(&sink, 2).await[1].path("confirm");
    assert_eq!(app.post(&path, FORM, CONFIRM).status, 200);
}

/// The receipt holds what the page said, not what another configuration would say when the sign-up is looked at; what cannot
/// be read, however much of it there is, keeps nobody waiting.
#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_holds_the_words_of_the_page() {
    let sink = Sink::builder().start().await;
    let folder = relayed(&sink);
    let app = folder.serve();
    let state = folder.path("state/crieur.db");
    for _ in 0..25 {
        state::change(
            &state,
            "INSERT INTO wish (key, address, lang, page_lang, choices, at) VALUES ('x', 'x', 'fr', 'fr', '{', 9e15)",
        );
    }
    state::change(&state, "CREATE TRIGGER held BEFORE DELETE ON wish BEGIN SELECT raise(ABORT, 'held'); END");
    sign_up(&app, "jeanne@example.org");
    drop(app);
    state::change(&state, "DROP TRIGGER held");
    let toml = std::fs::read_to_string(folder.path("crieur.toml")).expect("read");
    let titled = toml.replace("\"Communauté UX\"", "\"Tout autre chose\"");
    assert_ne!(toml, titled);
    folder.write("crieur.toml", &titled);
    let app = folder.serve();
    let letter = letters(&sink, 1).await.remove(0);
    assert!(letter.subject.ends_with("Tout autre chose"), "{}", letter.subject);
    assert_eq!(app.post(&letter.path("confirm"), FORM, CONFIRM).status, 200);
    let words = state::ask(&state, "SELECT text FROM wording");
    assert!(words.len() == 1 && words[0].starts_with("Communauté UX\n"), "{words:?}");
}

/// G8, G26, G27
#[tokio::test(flavor = "multi_thread")]
async fn tokens_are_neither_guessed_nor_given_away() {
    let sink = Sink::builder().start().await;
    let folder = relayed(&sink);
    let app = TestApp::start(&folder, &["-vv", "serve"]);
    sign_up(&app, "canary@example.org");
    let path = letters(&sink, 1).await[0].path("confirm");
    let token = path.rsplit('/').next().expect("a token").to_owned();
    for index in 0..token.len() {
        let mut forged = token.clone().into_bytes();
        forged[index] = if forged[index] == b'A' { b'B' } else { b'A' };
        let forged = String::from_utf8(forged).expect("ASCII");
        assert_eq!(app.get(&format!("/confirm/{forged}")).status, 404, "letter {index}");
    }
    assert_eq!(app.get(&format!("/preferences/{token}")).status, 404, "a token serves one purpose");
    assert_eq!(app.get(&format!("/unsubscribe/{token}")).status, 404);
    let confirmed = app.post(&path, FORM, CONFIRM);
    let preferences =
        confirmed.text().split('"').find(|it| it.starts_with("/preferences/")).expect("a link").to_owned();
    for path in [path.as_str(), &preferences, "/subscribe"] {
        let page = app.get(path);
        assert_eq!(page.status, 200, "{path:.14}");
        for (name, value) in
            [("cache-control", "no-store"), ("x-robots-tag", "noindex"), ("referrer-policy", "no-referrer")]
        {
            assert_eq!(page.header(name), value, "{path:.14}");
        }
        let policy = page.header("content-security-policy");
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{policy}");
        assert_eq!(page.header("set-cookie"), "");
        let outside = page.text().split("src=\"").skip(1).any(|rest| rest.starts_with("http"));
        assert!(!page.text().contains("<script") && !outside, "{path:.14}");
    }
    eventually("the log", || app.log().contains("/preferences/…").then_some(()));
    for secret in ["canary", token.as_str(), preferences.rsplit('/').next().expect("a token")] {
        assert!(!app.log().contains(secret), "{secret}");
    }
}

/// What was answered outlives a daemon that is killed in the same moment, and is carried out once.
#[tokio::test(flavor = "multi_thread")]
async fn a_sign_up_that_was_answered_survives_a_kill() {
    let sink = Sink::builder().start().await;
    let folder = relayed(&sink);
    let mut app = folder.serve();
    for round in 1..=3 {
        assert_eq!(sign_up(&app, &format!("jeanne{round}@example.org")).status, 200);
        app.kill9();
        assert_eq!(state::ask(&folder.path("state/crieur.db"), "SELECT address FROM wish").len(), 1, "round {round}");
        app.restart();
        letters(&sink, round).await;
        // one killed before it noted the answer would send that letter once more, as it may
        let sent =
            || state::ask(&folder.path("state/crieur.db"), "SELECT state FROM letter WHERE state = 'sent'").len();
        eventually("the note", || (sent() == round).then_some(()));
    }
    sign_up(&app, "last@example.org");
    let mut to: Vec<String> = letters(&sink, 4).await.into_iter().map(|letter| letter.to).collect();
    to.sort();
    assert_eq!(to, ["jeanne1@example.org", "jeanne2@example.org", "jeanne3@example.org", "last@example.org"]);
    assert!(state::ask(&folder.path("state/crieur.db"), "SELECT address FROM wish").is_empty());
}

/// What was answered is not lost when the daemon is asked to stop.
#[tokio::test(flavor = "multi_thread")]
async fn a_sign_up_that_was_answered_survives_a_stop() {
    let sink = Sink::builder().start().await;
    let folder = relayed(&sink);
    let mut app = folder.serve();
    assert_eq!(sign_up(&app, "jeanne@example.org").status, 200);
    assert!(app.terminate().success());
    assert!(listed(&folder).contains("jeanne@example.org\tcommunaute-ux\tpending"), "{}", listed(&folder));
    app.restart();
    letters(&sink, 1).await;
}
