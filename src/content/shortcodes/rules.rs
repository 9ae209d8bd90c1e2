//! The table: what becomes of each shortcode and tag, by name. Names are shared by all generators, since themes borrow
//! them from each other; what is not here is left out with a warning.

use std::collections::HashMap;
use std::sync::LazyLock;

/// What becomes of a shortcode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    /// A picture, with its caption.
    Figure,
    /// A link instead of what would be embedded: the address with one `{}` for each list of argument names.
    Link(&'static str, &'static [&'static str]),
    /// A link with words: the inner text, or the argument named so.
    Button(&'static str),
    /// The address of another page or file of the site, given by its path.
    Address,
    /// The address of a post, given by its file name.
    Post,
    /// A value of front matter or site.
    Param,
    /// The inner text as code, in the language of the first argument or of its name.
    Code,
    /// The inner text as a quote, under the title that the argument names or stands at that place.
    Note(&'static str, usize),
    /// One argument as text.
    Text(&'static str),
    /// The tag goes, its inner text stays.
    Inner,
    /// The tag goes, its inner text stays as HTML, however it is indented.
    Html,
    /// The tag goes, its inner text too.
    Nothing,
    /// A file of a theme, named by the first argument: read as a shortcode of that name.
    Include,
}

use Effect::{Address, Button, Code, Figure, Html, Include, Inner, Link, Note, Nothing, Param, Post, Text};

const ID: &str = "id | video_id | videoid | video | v | code | key";
const FILE: &str = "src | url | href | file | path | link | mp4 | mp3 | webm";

const RULES: &[(&str, Effect)] = &[
    // pictures
    ("figure | img | image | picture | photo | imgproc | resize_image | responsive-image | responsive_image", Figure),
    ("lazyimg | lazy_img | image_caption | image-with-caption | captioned_image | fig | thumbnail | zoom-img", Figure),
    ("asset_img | img_caption | img-caption | caption-img | image_figure | imagesm | screenshot", Figure),
    // films, posts and documents of other sites: no frame, no tracking
    (
        "youtube | yt | youtube-lite | lite-youtube | youtube_embed | youtube-embed | youtubeplayer | embed-youtube",
        YOUTUBE,
    ),
    ("youtube-enhanced | privacy-youtube | youtube_nocookie | youtubevideo", YOUTUBE),
    ("vimeo | vimeo_simple | vimeoplayer", Link("https://vimeo.com/{}", &[ID])),
    ("dailymotion", Link("https://www.dailymotion.com/video/{}", &[ID])),
    ("bilibili", Link("https://www.bilibili.com/video/{}", &[ID])),
    ("streamable", Link("https://streamable.com/{}", &[ID])),
    ("peertube", Link("https://{}/w/{}", &["host | instance | server", ID])),
    ("twitch", Link("https://www.twitch.tv/videos/{}", &[ID])),
    ("spotify", Link("https://open.spotify.com/{}/{}", &["type", ID])),
    (
        "x | tweet | twitter | twitter_simple | x_simple",
        Link("https://x.com/{}/status/{}", &["user", "id | url | tweet"]),
    ),
    ("instagram | instagram_simple", Link("https://www.instagram.com/p/{}/", &["id | url"])),
    ("mastodon | toot", Link("https://{}/{}/{}", &["host | instance | url", "user", "id"])),
    (
        "tiktok | facebook | linkedin | bluesky | reddit | soundcloud | speakerdeck | slideshare",
        Link("{}", &["url | id | src"]),
    ),
    ("gist", Link("https://gist.github.com/{}/{}", &["user | url", "id"])),
    ("github | gh | repo | github-card", Link("https://github.com/{}", &["repo | name | url"])),
    ("gitlab", Link("https://gitlab.com/{}", &["repo | name | url"])),
    ("codepen", Link("https://codepen.io/{}/pen/{}", &["owner | user", "id | slug"])),
    ("jsfiddle", Link("https://jsfiddle.net/{}/", &["id | slug"])),
    ("asciinema", Link("https://asciinema.org/a/{}", &["id | key | file | url"])),
    ("googlemaps | google_maps | gmap | openstreetmap | map", Link("{}", &["url | src | link"])),
    (
        "video | mp4 | webm | audio | mp3 | pdf | embed-pdf | pdfviewer | iframe | embed | embed_url",
        Link("{}", &[FILE]),
    ),
    ("oembed | link-preview | bookmark | remote-url | remote_url", Link("{}", &[FILE])),
    (
        "button | btn | cta | linkbutton | link_button | link-button | button-link | download | attachment",
        Button(LABEL),
    ),
    ("card | linkcard | link-card | a | extlink | external-link | urllink", Button(LABEL)),
    // addresses
    ("ref | relref | link | get_url | static | resource | asset | asset_path | relurl | absurl | baseurl", Address),
    ("post_url", Post),
    // values
    ("param | params | siteparam | var | meta", Param),
    // code
    ("highlight | codeblock | code | prism | chroma | codehilite | code-block | expandable-code", Code),
    ("mermaid | plantuml | graphviz | dot | math | katex | latex | chart", Code),
    ("gherkin | terminal | console | cmd", Code),
    // notes
    (
        "note | notes | info | tip | hint | warning | warn | danger | caution | important | attention | success",
        Note(TITLE, 0),
    ),
    (
        "error | question | todo | example | abstract | caveat | update | bug | remark | aside | sidenote",
        Note(TITLE, 0),
    ),
    (
        "details | detail | expand | collapse | spoiler | accordion | toggle | fold | foldable | hidden | summary",
        Note(TITLE, 0),
    ),
    ("alert | callout | admonition | notice | admonish | box | panel | message | infobox | blockalert", Note(TITLE, 1)),
    ("quote | blockquote | pullquote | epigraph", Note("title | author | by | source | cite", 9)),
    // words
    (
        "kbd | badge | label | tag | mark | highlight-text | abbr | sup | sub | small | emphasis | underline",
        Text(WORDS),
    ),
    (
        "color | colour | tooltip | term | gloss | glossary | glossary_tooltip | ruby | icon-text | sidenote-ref",
        Text(WORDS),
    ),
    // around text
    ("tabs | tab | tabpane | codetabs | code-tabs | steps | step | columns | column | cols | col | row | grid", Inner),
    (
        "center | centre | left | right | align | div | span | section | lead | large | p | block | blocks | wrapper",
        Inner,
    ),
    ("markdown | md | raw | verbatim | nomarkdown", Inner),
    ("rawhtml | raw-html | raw_html | html | html5 | unsafe | inline-html", Html),
    ("timeline | cards | gallery | slider | carousel | cascade | list | table | bootstrap-table | hextra", Inner),
    ("if | elsif | else | unless | case | when | for | break | continue | cycle | tablerow | ifversion", Inner),
    ("filter | section-block | cache | with | block-quote | i18n | lang | only", Inner),
    // nothing to read
    ("comment | capture | schema | javascript | style | stylesheet | script | css | doc", Nothing),
    (
        "assign | increment | decrement | liquid | layout | seo | feed_meta | toc | tableofcontents | clear | clearfix",
        Nothing,
    ),
    (
        "icon | fa | fas | far | fab | fontawesome | emoji-icon | hr | br | newline | vspace | pagebreak | more | end",
        Nothing,
    ),
    (
        "adsense | ads | ad | comments | disqus | share | sharebuttons | social | analytics | countdown | spacer",
        Nothing,
    ),
    (
        "children | sitemap | recent-posts | related | related_posts | series | listing | search | mailchimp | form",
        Nothing,
    ),
    // theme files
    ("include | include_relative | include_cached | render | include_absolute", Include),
];

const YOUTUBE: Effect = Link("https://www.youtube.com/watch?v={}", &[ID]);
const LABEL: &str = "text | label | title | name | content";
const TITLE: &str = "title | summary | header | heading | label";
const WORDS: &str = "text | content | title | label | name | word | term";

/// The rule for a name, in any case.
pub(super) fn find(name: &str) -> Option<Effect> {
    static BY_NAME: LazyLock<HashMap<&str, Effect>> = LazyLock::new(|| {
        let rows = RULES.iter().flat_map(|(names, effect)| names.split(" | ").map(|name| (name, *effect)));
        rows.collect()
    });
    BY_NAME.get(name.to_lowercase().as_str()).copied()
}

/// The shortcode a theme's file stands for: `figure` for `components/figure.html`.
pub(super) fn of_include(file: &str) -> Option<Effect> {
    let stem = file.rsplit('/').next()?.split('.').next()?;
    find(stem).filter(|effect| !matches!(effect, Inner | Html | Code | Include | Address | Post | Param))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_stands_in_the_table_once() {
        let mut names: Vec<&str> = RULES.iter().flat_map(|(names, _)| names.split(" | ")).collect();
        names.sort_unstable();
        let twice: Vec<_> = names.windows(2).filter(|pair| pair[0] == pair[1]).collect();
        assert!(twice.is_empty(), "{twice:?}");
        assert!(names.iter().all(|name| *name == name.trim().to_lowercase() && !name.is_empty()));
    }
}
