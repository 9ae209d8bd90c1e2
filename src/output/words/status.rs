//! The words of the status page.

use serde::Serialize;

use super::Tongue;
use crate::model::health::Trouble;

#[derive(Debug, Serialize)]
pub struct StatusWords {
    pub title: &'static str,
    pub as_of: &'static str,
    pub again: &'static str,
    pub healthy: &'static str,
    pub healthy_help: &'static str,
    pub degraded: &'static str,
    pub catalog: &'static str,
    pub announcements: &'static str,
    pub visible: &'static str,
    pub events: &'static str,
    pub errors: &'static str,
    pub warnings: &'static str,
    pub last_publish: &'static str,
    pub never: &'static str,
    pub documents: &'static str,
    pub to_mend: &'static str,
    pub nothing_to_mend: &'static str,
    pub more_to_mend: &'static str,
    pub error: &'static str,
    pub warning: &'static str,
    pub hint: &'static str,
    pub newsletters: &'static str,
    pub no_newsletter: &'static str,
    pub next_slot: &'static str,
    pub last_slot: &'static str,
    pub none: &'static str,
    pub issue: &'static str,
    pub slot: &'static str,
    pub progress: &'static str,
    pub recipients: &'static str,
    pub confirmed: &'static str,
    pub pending: &'static str,
    pub unsubscribed: &'static str,
    pub outbox: &'static str,
    pub suppressions: &'static str,
    pub relay_open: &'static str,
    pub domains_paused: &'static str,
    pub waiting: &'static str,
    pub sending: &'static str,
    pub sent: &'static str,
    pub deferred: &'static str,
    pub refused: &'static str,
    pub doubt: &'static str,
    pub suppressed: &'static str,
    pub frozen: &'static str,
    pub empty: &'static str,
    pub held: &'static str,
    pub deliveries_a_day: &'static str,
    pub deliveries_none: &'static str,
    pub readers_over_time: &'static str,
    pub refusals: &'static str,
    pub refusals_none: &'static str,
    pub code: &'static str,
    pub meaning: &'static str,
    pub count: &'static str,
    pub day: &'static str,
    pub readers: &'static str,
    pub as_table: &'static str,
    pub last_30_days: &'static str,
    pub metrics: &'static str,
    pub website: &'static str,
    pub skip: &'static str,
    pub started: &'static str,
}

impl Tongue {
    pub fn status_words(self) -> &'static StatusWords {
        match self {
            Self::French => &FRENCH,
            Self::English => &ENGLISH,
        }
    }

    /// What a trouble means and what can be done about it.
    pub fn trouble(self, trouble: Trouble) -> (&'static str, &'static str) {
        match (self, trouble) {
            (Self::French, Trouble::Held) => (
                "Le dossier n’est pas publié tel qu’il est",
                "Le dernier bon site reste en ligne. Si ce qui a disparu devait disparaître, confirmez-le avec « crieur build --confirm ».",
            ),
            (Self::English, Trouble::Held) => (
                "The folder as it is now is not published",
                "The last good site stays online. If what is gone is meant to be gone, confirm it with “crieur build --confirm”.",
            ),
            (Self::French, Trouble::Publishing) => {
                ("La publication échoue", "Le dernier bon site reste en ligne ; un nouvel essai a lieu chaque minute.")
            }
            (Self::English, Trouble::Publishing) => {
                ("Publishing fails", "The last good site stays online; it is tried again every minute.")
            }
            (Self::French, Trouble::Writing) => (
                "Le site ne peut pas être écrit sur le disque",
                "Il est servi par HTTP ; les fichiers restent ceux d’avant. Vérifiez la place et les droits.",
            ),
            (Self::English, Trouble::Writing) => (
                "The site cannot be written to the disk",
                "It is served over HTTP; the files stay what they were. Look at room and rights.",
            ),
            (Self::French, Trouble::Store) => {
                ("La base de données ne répond pas comme il faut", "Rien n’est envoyé entre-temps.")
            }
            (Self::English, Trouble::Store) => ("The store fails", "Nothing is sent meanwhile."),
            (Self::French, Trouble::Relay) => {
                ("Le relais n’accepte aucun message", "Ce qui attend est réessayé ; personne n’est oublié.")
            }
            (Self::English, Trouble::Relay) => {
                ("The relay takes no mail", "What waits is tried again; nobody is forgotten.")
            }
            (Self::French, Trouble::Issue) => (
                "Un numéro est retenu : le relais le refuse",
                "Voyez pourquoi avec « crieur issues list » ; « crieur issues resume » le relance.",
            ),
            (Self::English, Trouble::Issue) => (
                "An issue is held: the relay refuses it",
                "“crieur issues list” says why; “crieur issues resume” lets it go on.",
            ),
            (Self::French, Trouble::Composing) => (
                "Un numéro prévu ne peut pas être composé",
                "Le plus souvent à cause d’un gabarit : « crieur doctor » dit lequel. Un nouvel essai a lieu à chaque relecture.",
            ),
            (Self::English, Trouble::Composing) => (
                "An issue that is due cannot be made",
                "Mostly because of a template: “crieur doctor” says which. It is tried again at each look.",
            ),
            (Self::French, Trouble::Paused) => (
                "Les envois sont suspendus",
                "Rien ne part et aucun numéro n’est composé. Si tout est en ordre, confirmez-le avec « crieur issues resume --confirm ».",
            ),
            (Self::English, Trouble::Paused) => (
                "Sending is paused",
                "No mail leaves and no issue is made. If all is right, confirm it with “crieur issues resume --confirm”.",
            ),
            (Self::French, Trouble::Polling) => {
                ("Le dossier n’est pas surveillé, seulement relu", "Ce qui est enregistré paraît un peu plus tard.")
            }
            (Self::English, Trouble::Polling) => {
                ("The folder is polled, not watched", "What is saved appears a little later.")
            }
            (Self::French, Trouble::Configuration) => (
                "La nouvelle configuration est inutilisable",
                "L’ancienne reste en vigueur jusqu’à ce que l’erreur soit corrigée.",
            ),
            (Self::English, Trouble::Configuration) => {
                ("The new configuration cannot be used", "The old one stays until it is mended.")
            }
        }
    }

    /// What a refusal's code means to people.
    pub fn refusal(self, code: &str) -> &'static str {
        let (french, english) = match code {
            "5.1.1" | "5.1.0" | "5.1.6" | "5.1.10" | "5.1" | "551" | "550" => ("adresse inconnue", "no such address"),
            "5.1.2" | "5.4.4" | "556" | "521" => ("domaine sans messagerie", "the domain takes no mail"),
            "5.1.3" | "501" | "553" => ("adresse mal formée", "malformed address"),
            "5.1.8" => ("expéditeur refusé", "sender refused"),
            "5.2.1" => ("boîte désactivée", "mailbox disabled"),
            "5.2.2" | "452" | "552" => ("boîte pleine", "mailbox full"),
            "5.2.3" | "5.3.4" => ("message trop gros", "message too large"),
            "5.2" | "5.2.0" | "450" => ("boîte indisponible", "mailbox unavailable"),
            "5.4.1" | "5.4.6" | "5.4.7" | "5.4" => ("acheminement impossible", "cannot be routed"),
            "5.3" | "421" | "451" | "455" => ("serveur en difficulté", "server in trouble"),
            "5.5" | "5.5.0" | "500" | "502" | "503" | "504" | "555" => ("erreur de protocole", "protocol error"),
            "5.6" | "5.6.0" => ("contenu refusé", "content refused"),
            "5.7" | "5.7.0" | "5.7.1" | "5.7.25" | "5.7.26" | "554" | "530" | "534" | "535" | "541" => {
                ("refusé par la politique du serveur", "refused by policy")
            }
            _ => ("autre raison", "other reason"),
        };
        if self == Self::French { french } else { english }
    }
}

const FRENCH: StatusWords = StatusWords {
    title: "État de Crieur",
    as_of: "État au",
    again: "Actualiser",
    healthy: "Tout va bien",
    healthy_help: "Le dossier est lu, le site publié, rien n’est retenu.",
    degraded: "À regarder",
    catalog: "Catalogue",
    announcements: "annonces",
    visible: "visibles",
    events: "événements",
    errors: "erreurs",
    warnings: "avertissements",
    last_publish: "Dernière publication",
    never: "Rien n’est encore publié.",
    documents: "documents",
    to_mend: "À corriger dans les fichiers",
    nothing_to_mend: "Rien à corriger.",
    more_to_mend: "« crieur check » montre le reste :",
    error: "erreur",
    warning: "avertissement",
    hint: "conseil",
    newsletters: "Lettres d’information",
    no_newsletter: "Aucune lettre n’est configurée.",
    next_slot: "Prochain envoi",
    last_slot: "Dernière échéance",
    none: "aucun",
    issue: "Numéro",
    slot: "Échéance",
    progress: "Avancement",
    recipients: "destinataires",
    confirmed: "abonnés",
    pending: "en attente de confirmation",
    unsubscribed: "désabonnés",
    outbox: "Boîte d’envoi",
    suppressions: "adresses auxquelles ne plus écrire",
    relay_open: "connexions ouvertes au relais",
    domains_paused: "domaines en pause",
    waiting: "en attente",
    sending: "en cours",
    sent: "envoyés",
    deferred: "différés",
    refused: "refusés",
    doubt: "incertains",
    suppressed: "écartés",
    frozen: "numéro figé",
    empty: "rien de nouveau",
    held: "retenu, trop tard",
    deliveries_a_day: "Envois par jour",
    deliveries_none: "Aucun envoi ces 30 derniers jours.",
    readers_over_time: "Abonnés au fil du temps",
    refusals: "Refus par raison",
    refusals_none: "Aucun refus ces 30 derniers jours.",
    code: "Code",
    meaning: "Sens",
    count: "Nombre",
    day: "Jour",
    readers: "Abonnés",
    as_table: "Les chiffres en tableau",
    last_30_days: "30 derniers jours",
    metrics: "Mesures pour Prometheus",
    website: "Le site publié",
    skip: "Aller au contenu",
    started: "en marche depuis le",
};

const ENGLISH: StatusWords = StatusWords {
    title: "Crieur status",
    as_of: "As of",
    again: "Refresh",
    healthy: "All is well",
    healthy_help: "The folder is read, the site published, nothing is held back.",
    degraded: "Needs attention",
    catalog: "Catalog",
    announcements: "announcements",
    visible: "visible",
    events: "events",
    errors: "errors",
    warnings: "warnings",
    last_publish: "Last publication",
    never: "Nothing is published yet.",
    documents: "documents",
    to_mend: "To mend in the files",
    nothing_to_mend: "Nothing to mend.",
    more_to_mend: "“crieur check” shows the rest:",
    error: "error",
    warning: "warning",
    hint: "hint",
    newsletters: "Newsletters",
    no_newsletter: "No newsletter is configured.",
    next_slot: "Next slot",
    last_slot: "Last slot",
    none: "none",
    issue: "Issue",
    slot: "Slot",
    progress: "Progress",
    recipients: "recipients",
    confirmed: "subscribers",
    pending: "to be confirmed",
    unsubscribed: "unsubscribed",
    outbox: "Outbox",
    suppressions: "addresses never to be mailed again",
    relay_open: "open connections to the relay",
    domains_paused: "paused domains",
    waiting: "waiting",
    sending: "sending",
    sent: "sent",
    deferred: "deferred",
    refused: "refused",
    doubt: "in doubt",
    suppressed: "suppressed",
    frozen: "issue frozen",
    empty: "nothing new",
    held: "held, too late",
    deliveries_a_day: "Deliveries a day",
    deliveries_none: "No deliveries in the last 30 days.",
    readers_over_time: "Subscribers over time",
    refusals: "Refusals by reason",
    refusals_none: "No refusals in the last 30 days.",
    code: "Code",
    meaning: "Meaning",
    count: "Count",
    day: "Day",
    readers: "Subscribers",
    as_table: "The numbers as a table",
    last_30_days: "last 30 days",
    metrics: "Metrics for Prometheus",
    website: "The published site",
    skip: "Skip to content",
    started: "running since",
};
