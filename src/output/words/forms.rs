//! The words of signing up, confirming and preferences, and of the letters that belong to them. Templates get them as `f`.

use serde::Serialize;

use super::Tongue;

#[derive(Debug, Serialize)]
pub struct FormWords {
    pub sign_up: &'static str,
    pub which: &'static str,
    /// Where there is one only.
    pub which_one: &'static str,
    pub topics: &'static str,
    pub topics_hint: &'static str,
    pub email: &'static str,
    pub email_hint: &'static str,
    pub language: &'static str,
    /// How the other language calls itself, and its tag.
    pub other_language: [&'static str; 2],
    pub languages: [[&'static str; 2]; 2],
    /// What is stored and why, and how it ends: agreed to word for word.
    pub stored: &'static str,
    pub ends: &'static str,
    pub privacy: &'static str,
    pub then: &'static str,
    pub error: &'static str,
    pub error_summary: &'static str,
    pub no_email: &'static str,
    pub bad_email: &'static str,
    pub local_email: &'static str,
    pub mixed_email: &'static str,
    pub no_newsletter: &'static str,
    pub topics_alone: &'static str,
    pub stale_topics: &'static str,
    pub sent: &'static str,
    pub sent_what: &'static str,
    pub sent_help: &'static str,
    pub confirm: &'static str,
    pub confirm_question: &'static str,
    pub confirm_button: &'static str,
    pub confirm_nothing_yet: &'static str,
    /// The same three of other topics for what is received already.
    pub confirm_change: &'static str,
    pub change_question: &'static str,
    pub change_button: &'static str,
    pub confirmed: &'static str,
    pub confirmed_what: &'static str,
    pub change: &'static str,
    pub expired: &'static str,
    pub expired_help: &'static str,
    pub used: &'static str,
    pub used_help: &'static str,
    pub preferences: &'static str,
    pub preferences_help: &'static str,
    pub keep: &'static str,
    pub save: &'static str,
    pub leave_all: &'static str,
    pub saved: &'static str,
    pub nothing_left: &'static str,
    pub nothing_left_help: &'static str,
    pub again: &'static str,
    pub nothing_yet: &'static str,
    // letters
    pub somebody_asked: &'static str,
    /// What follows is received already, and changes.
    pub somebody_changes: &'static str,
    /// The same after `somebody_asked`.
    pub and_changes: &'static str,
    pub open_to_confirm: &'static str,
    pub link_lives: &'static str,
    pub not_you: &'static str,
    /// The same to whoever is known, who is not forgotten.
    pub not_you_known: &'static str,
    pub already: &'static str,
    pub open_to_change: &'static str,
    pub nothing_to_do: &'static str,
}

impl Tongue {
    pub fn form_words(self) -> &'static FormWords {
        match self {
            Self::French => &FRENCH,
            Self::English => &ENGLISH,
        }
    }

    /// The subject of the letter that asks to confirm.
    pub fn confirm_subject(self, what: &str) -> String {
        match self {
            Self::French => format!("Confirmez votre abonnement\u{a0}: {what}"),
            Self::English => format!("Confirm your subscription: {what}"),
        }
    }

    /// The same where only topics change of what is received already.
    pub fn change_subject(self, what: &str) -> String {
        match self {
            Self::French => format!("Confirmez vos nouveaux sujets\u{a0}: {what}"),
            Self::English => format!("Confirm your new topics: {what}"),
        }
    }

    /// The subject of the letter to whoever has it all already.
    pub fn reminder_subject(self, what: &str) -> String {
        match self {
            Self::French => format!("Vous recevez déjà\u{a0}: {what}"),
            Self::English => format!("You are subscribed already: {what}"),
        }
    }

    /// Told where too many sign up: when to come back, in the next larger unit that is not a lie.
    pub fn busy(self, seconds: u64) -> String {
        let (minutes, hours) = (seconds.div_ceil(60).max(1), seconds.div_ceil(3600));
        let is_long = minutes > 90;
        match self {
            Self::French => {
                let wait = match (is_long, minutes) {
                    (true, _) => format!("{hours}\u{a0}heures"),
                    (_, 1) => "une minute".to_owned(),
                    (_, 60) => "une heure".to_owned(),
                    _ => format!("{minutes}\u{a0}minutes"),
                };
                format!(
                    "Trop de demandes arrivent en ce moment, et la vôtre n’est pas enregistrée. Ce que vous avez saisi est \
                     encore là\u{a0}: envoyez-le de nouveau dans {wait}."
                )
            }
            Self::English => {
                let wait = match (is_long, minutes) {
                    (true, _) => format!("{hours} hours"),
                    (_, 1) => "a minute".to_owned(),
                    (_, 60) => "an hour".to_owned(),
                    _ => format!("{minutes} minutes"),
                };
                format!(
                    "Too many requests are coming in, and yours was not taken. What you entered is still here: send it \
                     again in {wait}."
                )
            }
        }
    }
}

const LANGUAGES: [[&str; 2]; 2] = [["fr", "Français"], ["en", "English"]];

static FRENCH: FormWords = FormWords {
    sign_up: "S’abonner par courriel",
    which: "Lettres d’information",
    which_one: "Lettre d’information",
    topics: "Sujets",
    topics_hint: "Ne cochez rien pour tout recevoir.",
    email: "Adresse électronique",
    email_hint: "Par exemple\u{a0}: prenom.nom@exemple.fr",
    language: "Langue des messages",
    other_language: ["en", "English"],
    languages: LANGUAGES,
    stored: "Votre adresse électronique, vos choix et la date de votre accord sont conservés pour vous envoyer les lettres choisies, et ne servent à rien d’autre.",
    ends: "Chaque lettre contient un lien pour changer vos préférences ou vous désabonner en un clic\u{202f}; une demande qui n’est pas confirmée est effacée au bout de sept jours.",
    privacy: "En savoir plus sur vos données",
    then: "Vous recevrez d’abord un message pour confirmer votre adresse.",
    error: "Erreur",
    error_summary: "Il reste à corriger\u{a0}:",
    no_email: "Indiquez votre adresse électronique.",
    bad_email: "Cette adresse électronique n’est pas valide. Vérifiez-la, par exemple\u{a0}: prenom.nom@exemple.fr",
    local_email: "Après l’arobase (@), il manque un nom de domaine complet, par exemple\u{a0}: exemple.fr",
    mixed_email: "Après l’arobase (@), des lettres de plusieurs alphabets se mêlent, faciles à confondre. Saisissez l’adresse lettre par lettre.",
    no_newsletter: "Choisissez au moins une lettre d’information.",
    topics_alone: "Vous avez coché des sujets d’une lettre qui n’est pas cochée\u{a0}: cochez aussi la lettre, ou décochez ses sujets.",
    stale_topics: "Les sujets proposés ont changé\u{a0}: choisissez-les de nouveau.",
    sent: "Consultez votre messagerie",
    sent_what: "Si cette adresse peut recevoir nos lettres, un message vient d’y être envoyé\u{a0}: ouvrez-le et confirmez votre abonnement.",
    sent_help: "Il peut mettre quelques minutes à arriver\u{202f}; regardez aussi parmi les indésirables. Il reste valable sept jours. Un seul message est envoyé par jour\u{a0}: une autre demande pour la même adresse peut rester sans effet pendant vingt-quatre heures.",
    confirm: "Confirmer votre abonnement",
    confirm_question: "Appuyez sur le bouton pour recevoir\u{a0}:",
    confirm_button: "Confirmer mon abonnement",
    confirm_nothing_yet: "Vous ne recevrez rien tant que vous n’avez pas appuyé sur le bouton.",
    confirm_change: "Confirmer vos nouveaux sujets",
    change_question: "Appuyez sur le bouton pour recevoir désormais\u{a0}:",
    change_button: "Confirmer mes nouveaux sujets",
    confirmed: "Votre abonnement est confirmé",
    confirmed_what: "Vous recevrez\u{a0}:",
    change: "Changer mes préférences",
    expired: "Ce lien n’est plus valable",
    expired_help: "Un lien de confirmation vaut sept jours. Demandez ci-dessous un nouveau message.",
    used: "Ce lien n’est plus valable",
    used_help: "Depuis, cet abonnement a pris fin. Vous pouvez vous abonner de nouveau ci-dessous.",
    preferences: "Mes préférences",
    preferences_help: "Décochez une lettre pour ne plus la recevoir.",
    keep: "Recevoir",
    save: "Enregistrer mes préférences",
    leave_all: "Me désabonner de tout",
    saved: "Vos préférences sont enregistrées.",
    nothing_left: "Vous ne recevez plus aucune lettre",
    nothing_left_help: "Un envoi déjà parti peut encore vous parvenir.",
    again: "S’abonner de nouveau",
    nothing_yet: "Rien n’est changé tant que vous n’avez pas appuyé sur un bouton.",
    somebody_asked: "Quelqu’un, vous sans doute, a demandé à recevoir à cette adresse\u{a0}:",
    somebody_changes: "Quelqu’un, vous sans doute, a demandé d’autres sujets pour ce que vous recevez déjà\u{a0}:",
    and_changes: "… et d’autres sujets pour ce que vous recevez déjà\u{a0}:",
    open_to_confirm: "Pour confirmer, ouvrez cette page et appuyez sur le bouton",
    link_lives: "Ce lien est valable sept jours.",
    not_you: "Si ce n’est pas vous, il n’y a rien à faire\u{a0}: sans confirmation vous ne recevrez rien, et votre adresse sera effacée au bout de sept jours.",
    not_you_known: "Si ce n’est pas vous, il n’y a rien à faire\u{a0}: sans confirmation, rien ne change pour vous.",
    already: "Vous recevez déjà tout cela\u{a0}: il n’y a rien à confirmer.",
    open_to_change: "Pour changer de sujets ou de langue, ou pour vous désabonner",
    nothing_to_do: "Si ce n’est pas vous, il n’y a rien à faire\u{a0}: rien n’est changé.",
};

static ENGLISH: FormWords = FormWords {
    sign_up: "Subscribe by e-mail",
    which: "Newsletters",
    which_one: "Newsletter",
    topics: "Topics",
    topics_hint: "Tick none to receive them all.",
    email: "E-mail address",
    email_hint: "For example: first.last@example.org",
    language: "Language of the messages",
    other_language: ["fr", "Français"],
    languages: LANGUAGES,
    stored: "Your e-mail address, your choices and the date of your consent are kept to send you the newsletters you chose, and serve no other purpose.",
    ends: "Every issue carries a link to change your preferences or to leave in one click; a request that is not confirmed is erased after seven days.",
    privacy: "More about your data",
    then: "You will first receive a message to confirm your address.",
    error: "Error",
    error_summary: "Please correct:",
    no_email: "Enter your e-mail address.",
    bad_email: "This e-mail address is not valid. Check it, for example: first.last@example.org",
    local_email: "After the at sign (@), a whole domain name is missing, for example: example.org",
    mixed_email: "After the at sign (@), letters of several alphabets are mixed that are easily taken for each other. Type the address letter by letter.",
    no_newsletter: "Choose at least one newsletter.",
    topics_alone: "You ticked topics of a newsletter that is not ticked: tick the newsletter too, or untick its topics.",
    stale_topics: "The topics on offer have changed: choose again.",
    sent: "Check your mail",
    sent_what: "If this address can be subscribed, a message has just been sent there: open it and confirm your subscription.",
    sent_help: "It may take a few minutes; look among the spam as well. Only one a day is sent, and it is good for seven days. After it, another request for the same address may have no effect for twenty-four hours: make it again then.",
    confirm: "Confirm your subscription",
    confirm_question: "Press the button to receive:",
    confirm_button: "Confirm my subscription",
    confirm_nothing_yet: "You will receive nothing until you press the button.",
    confirm_change: "Confirm your new topics",
    change_question: "Press the button to receive from now on:",
    change_button: "Confirm my new topics",
    confirmed: "Your subscription is confirmed",
    confirmed_what: "You will receive:",
    change: "Change my preferences",
    expired: "This link is no longer valid",
    expired_help: "A confirmation link is good for seven days. Ask for a new message below.",
    used: "This link is no longer valid",
    used_help: "The subscription has ended since. You may subscribe again below.",
    preferences: "My preferences",
    preferences_help: "Untick a newsletter to stop receiving it.",
    keep: "Receive",
    save: "Save my preferences",
    leave_all: "Unsubscribe me from everything",
    saved: "Your preferences are saved.",
    nothing_left: "You are not subscribed to any newsletter",
    nothing_left_help: "An issue that has already left may still reach you.",
    again: "Subscribe again",
    nothing_yet: "Nothing changes until you press a button.",
    somebody_asked: "Somebody, most likely you, asked to receive at this address:",
    somebody_changes: "Somebody, most likely you, asked for other topics of what you receive already:",
    and_changes: "… and for other topics of what you receive already:",
    open_to_confirm: "To confirm, open this page and press the button",
    link_lives: "This link is good for seven days.",
    not_you: "If it was not you, there is nothing to do: without confirmation you will receive nothing, and your address will be erased after seven days.",
    not_you_known: "If it was not you, there is nothing to do: without confirmation nothing changes for you.",
    already: "You are subscribed already: there is nothing to confirm.",
    open_to_change: "To change topics or language, or to unsubscribe",
    nothing_to_do: "If it was not you, there is nothing to do: nothing has changed.",
};
