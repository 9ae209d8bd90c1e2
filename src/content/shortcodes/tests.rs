//! Snippets and what becomes of them, for each generator.

mod files;
mod nasty;

use std::fmt::Write as _;

use url::Url;

use super::*;
use crate::content::markdown::{self, Dialect};
use crate::model::settings::Typography;

const FLAVOURS: [Flavour; 3] = [Flavour::Hugo, Flavour::Zola, Flavour::Liquid];

fn variable(name: &str) -> Option<String> {
    let value = match name {
        "page.title" => "Réunion",
        "page.url" => "/blog/reunion/",
        "page.cover" => "/img/c.png",
        "page.odd" => "a {{ b {% c",
        "site.title" => "Le site",
        _ => return None,
    };
    Some(value.to_owned())
}

fn address(path: &str) -> Option<String> {
    (!path.contains("unknown")).then(|| format!("/at/{}/", path.trim_start_matches('/').trim_end_matches(".md")))
}

fn site() -> Url {
    Url::parse("https://example.org/base/").expect("a site")
}

fn with<T>(flavour: Flavour, work: impl FnOnce(&Context) -> T) -> T {
    let start = Position { line: 10, column: 1 };
    work(&Context { flavour, site: &site(), variable: &variable, address: &address, start })
}

fn expanded(flavour: Flavour, source: &str) -> String {
    with(flavour, |context| expand(source, context).source.into_owned())
}

fn rendered(flavour: Flavour, source: &str) -> markdown::Rendered {
    let dialect = match flavour {
        Flavour::Hugo => Dialect::Goldmark,
        Flavour::Zola => Dialect::CommonMark,
        Flavour::Liquid => Dialect::KramdownGfm,
    };
    let base = Url::parse("https://example.org/base/blog/reunion/").expect("a base");
    let context = markdown::Context {
        dialect,
        base: &base,
        lang: "fr",
        typography: Typography::Generator,
        start: Position::START,
    };
    markdown::render(&expanded(flavour, source), &context)
}

fn check(flavour: Flavour, table: &[(&str, &str)]) {
    let mut wrong = String::new();
    for (source, expected) in table {
        let got = expanded(flavour, source);
        if got.trim() != *expected {
            let _ = writeln!(wrong, "{source}\n  gave   {got:?}\n  wanted {expected:?}");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn hugo_shortcodes() {
    check(
        Flavour::Hugo,
        &[
            (
                r#"{{< figure src="a.png" alt="Une salle" caption="La salle" link="/x/" >}}"#,
                r#"<figure><a href="/x/"><img src="a.png" alt="Une salle"></a><figcaption>La salle</figcaption></figure>"#,
            ),
            (r#"{{< figure src="a b.png" title="T" >}}"#, r#"<figure><img src="a%20b.png" title="T"></figure>"#),
            (r#"voici {{< figure src="a.png" caption="C" >}} là"#, r#"voici <img src="a.png"> <em>C</em> là"#),
            (r#"{{< img "/a.png" "Une salle" >}}"#, r#"<figure><img src="/a.png" alt="Une salle"></figure>"#),
            ("{{< youtube w7Ft2ymGmfc >}}", "<https://www.youtube.com/watch?v=w7Ft2ymGmfc>"),
            (r#"{{< youtube id="w7F" title="Film" >}}"#, "[Film](https://www.youtube.com/watch?v=w7F)"),
            ("{{< vimeo 146022717 >}}", "<https://vimeo.com/146022717>"),
            (r#"{{< x user="SanDiegoZoo" id="145" >}}"#, "<https://x.com/SanDiegoZoo/status/145>"),
            ("{{< tweet 877500564405444608 >}}", "<https://x.com/i/status/877500564405444608>"),
            ("{{< instagram CxOWiQNP2MO >}}", "<https://www.instagram.com/p/CxOWiQNP2MO>"),
            ("{{< gist spf13 7896402 \"img.html\" >}}", "<https://gist.github.com/spf13/7896402>"),
            ("{{< gist 7896402 >}}", "<https://gist.github.com/7896402>"),
            (r#"[a]({{< ref "blog/b.md" >}})"#, "[a](/at/blog/b/)"),
            (r#"[a]({{< relref "/blog/b.md#c" >}})"#, "[a](/at/blog/b/#c)"),
            (r##"[a]({{< ref "#c" >}})"##, "[a](#c)"),
            (r#"[a]({{% ref path="b.md" lang="fr" %}})"#, "[a](/at/b/)"),
            (r#"[a]({{< ref "unknown/_index.md" >}})"#, "[a](/unknown/)"),
            (
                "{{< highlight go \"linenos=table\" >}}\nx := `{{ y }}`\n{{< /highlight >}}",
                "```go\nx := `{{ y }}`\n```",
            ),
            ("a\n{{< highlight go >}}\n```\n{{< /highlight >}}\nb", "a\n\n````go\n```\n````\n\nb"),
            ("faire {{< highlight go >}}x{{< /highlight >}} ici", "faire `x` ici"),
            ("{{% note %}}\nUn **mot**\n\nsuite\n{{% /note %}}", "> Un **mot**\n> \n> suite"),
            ("{{% notice tip \"Titre\" %}}\nMot\n{{% /notice %}}", "> **Titre**\n>\n> Mot"),
            ("{{< details summary=\"Plus\" >}}\n    Mot\n{{< /details >}}", "> **Plus**\n>\n> Mot"),
            ("{{< note >}}mot{{< /note >}}", "> mot"),
            ("un {{< note >}}mot{{< /note >}} ici", "un mot ici"),
            ("- a\n\n  {{< note >}}\n  mot\n  {{< /note >}}\n- b", "- a\n\n  > mot\n\n- b"),
            ("{{< note >}}\n{{< warning >}}\nx\n{{< /warning >}}\ny\n{{< /note >}}", "> > x\n> \n> y"),
            ("{{< param title >}} {{< param \"cover\" >}}", "Réunion /img/c.png"),
            ("{{< tabs >}}{{< tab \"A\" >}}mot{{< /tab >}}{{< /tabs >}}", "mot"),
            ("{{< button href=\"/x/\" >}}Aller{{< /button >}}", "[Aller](/x/)"),
            ("{{< inconnu a=1 >}}mot{{< /inconnu >}}", "mot"),
            ("a{{< inconnu />}}b{{% inconnu %}}c", "abc"),
            ("{{</* figure src=\"x\" */>}} {{%/* note */%}}", "`{{< figure src=\"x\" >}}` `{{% note %}}`"),
            ("`{{< x >}}` `{{</* x */>}}`", "`{{< x >}}` `{{< x >}}`"),
            ("```\n{{< x >}}\n{{</* y */>}}\n```", "```\n{{< x >}}\n{{< y >}}\n```"),
            ("~~~~\n~~~\n{{< x >}}\n~~~~", "~~~~\n~~~\n{{< x >}}\n~~~~"),
            ("mot\n\n    {{< x >}}\n", "mot\n\n    {{< x >}}"),
            ("- a\n\n  ```\n  {{< x >}}\n  ```\n  {{< y >}}", "- a\n\n  ```\n  {{< x >}}\n  ```"),
            ("- a\n\n      {{< x >}}", "- a\n\n      {{< x >}}"),
            ("> ```\n> {{< x >}}\n> ```\n> {{< y >}}", "> ```\n> {{< x >}}\n> ```\n>"),
            ("<pre>{{< x >}}</pre> {{< x >}}", "<pre>{{< x >}}</pre>"),
            ("{{ .Title }} et $x^{{a}}$", "et $x^{a}$"),
            (
                "{{< rawhtml >}}\n    <p>\n      x</p>\n\n    <pre>\n    y</pre>\n{{< /rawhtml >}}\nz",
                "<p>\nx</p>\n\n<pre>\n    y</pre>\n\nz",
            ),
            ("* a\n\n  {{< rawhtml >}}\n      <b>x</b>\n  {{< /rawhtml >}}", "* a\n\n  \n  <b>x</b>"),
            ("{{< figure\n  src=\"a.png\"\n>}}", "<figure><img src=\"a.png\"></figure>"),
            ("{{< figure src=\"a }}.png\" >}}", "<figure><img src=\"a%20}}.png\"></figure>"),
            ("{{< figure src=\"a.png\" }} b", "<img src=\"a.png\"> b"),
            ("{{< a\n\nb", "a\n\nb"),
        ],
    );
}

#[test]
fn zola_shortcodes() {
    check(
        Flavour::Zola,
        &[
            (r#"{{ youtube(id="dQw4w9WgXcQ", autoplay=true) }}"#, "<https://www.youtube.com/watch?v=dQw4w9WgXcQ>"),
            (
                r#"{{ figure(src="/a.png", alt="Une salle", caption="Voir *ici*") }}"#,
                "<figure><img src=\"/a.png\" alt=\"Une salle\"><figcaption>\n\nVoir *ici*\n\n</figcaption></figure>",
            ),
            ("{% note() %}\nmot\n{% end %}", "> mot"),
            ("{% quote(author=\"Hugo\") %}\nmot\n{% end %}", "> **Hugo**\n>\n> mot"),
            ("{% inconnu() %}\nmot {{ x(a=1) }}\n{% end %}", "mot"),
            (
                "[a](@/blog/b.md) [c](@/blog/b.md#d) <a href=\"@/e.md\">",
                "[a](/at/blog/b/) [c](/at/blog/b/#d) <a href=\"/at/e/\">",
            ),
            ("`@/blog/b.md` a@/b", "`@/blog/b.md` a@/b"),
            ("{{/* youtube(id=\"x\") */}} {%/* note() */%}", "`{{ youtube(id=\"x\") }}` `{% note() %}`"),
            ("```\n{{ youtube(id=\"x\") }}\n{{/* y() */}}\n```", "```\n{{ youtube(id=\"x\") }}\n{{ y() }}\n```"),
            ("{{ page.title }}a", "a"),
            ("{{ gist(url=\"https://gist.github.com/a/1\") }}", "<https://gist.github.com/a/1>"),
        ],
    );
}

#[test]
fn liquid_tags() {
    check(
        Flavour::Liquid,
        &[
            ("{% raw %}{{ x }}{% endraw %}", "`{{ x }}`"),
            ("`{% raw %}{{ x }}{% endraw %}` {{ y }}", "`{{ x }}`"),
            ("{% raw %}\n```\n{{ x }}\n```\n{% endraw %}\n{{ y }}", "```\n{{ x }}\n```"),
            ("```\n{% raw %}\n{{ x }}\n{% endraw %}\n```\n{{ y }}", "```\n{{ x }}\n```"),
            ("{%- raw -%}{% if x %}{%- endraw -%}", "`{% if x %}`"),
            ("a {% comment %} b {{ {% endcomment %}c", "a c"),
            (
                "{% highlight ruby linenos %}\n{% raw %}\nputs {{ x }}\n{% endraw %}\n{% endhighlight %}",
                "```ruby\nputs {{ x }}\n```",
            ),
            ("[a]({% link _posts/2019-01-01-b.md %})", "[a](/at/_posts/2019-01-01-b/)"),
            ("[a]({{ site.baseurl }}{% post_url 2019-01-01-b %})", "[a](/base/at/2019-01-01-b/)"),
            (
                r#"{% include figure.html src="/a.png" alt="x" caption="Voir" %}"#,
                r#"<figure><img src="/a.png" alt="x"><figcaption>Voir</figcaption></figure>"#,
            ),
            (r#"{% include figure image_path="/a.png" %}"#, r#"<figure><img src="/a.png"></figure>"#),
            (r#"{% include figure.liquid path="img/a.png" %}"#, r#"<figure><img src="/base/img/a.png"></figure>"#),
            (
                "{% capture boite %}\nUn mot\n\n* encore\n{% endcapture %}\n<b>{{ boite | markdownify }}</b>",
                "Un mot\n\n* encore\n\n<b></b>",
            ),
            ("{% capture lien %}/a/b{% endcapture %}c", "c"),
            ("{% include image.html src=page.cover %}", r#"<figure><img src="/img/c.png"></figure>"#),
            (r#"{% include youtube.html id="abc" %}"#, "<https://www.youtube.com/watch?v=abc>"),
            (r#"{% include video id="12" provider="vimeo" %}"#, "<https://vimeo.com/12>"),
            (r#"{% include note.html content="Un mot" %}"#, "> Un mot"),
            ("a {% include toc.html %}{% include ads.html x=1 %} b", "a  b"),
            ("[a]({{ site.baseurl }}/b) {{ site.url }}", "[a](/base/b) https://example.org"),
            ("![a]({{ '/b.png' | relative_url }})", "![a](/base/b.png)"),
            ("![a]({{ \"b.png\" | absolute_url }})", "![a](https://example.org/base/b.png)"),
            ("{{ \"/b\" | prepend: site.baseurl | prepend: site.url }}", "https://example.org/base/b"),
            ("{{ 'à b' | url_encode }} {{ 'x' | upcase | append: '|y' }}", "%C3%A0+b X|y"),
            ("{{ page.title }} {{page.url}} {{- site.title -}}", "Réunion /blog/reunion/ Le site"),
            ("{{ page.none | default: 'z' }}", "z"),
            ("{{ page.odd }}", "a { b % c"),
            ("{% if a %}oui{% else %}non{% endif %}", "ouinon"),
            ("{% for p in site.posts %}\n* mot\n{% endfor %}", "* mot"),
            ("{% inconnu %}mot{% endinconnu %}{{ x.y }}", "mot"),
            ("{% gist user/12 %}", "<https://gist.github.com/user/12>"),
            ("a {{ b", "a  b"),
            ("a {% b\n\nc", "a  b\n\nc"),
            ("{{{ x }}}", "}"),
            ("{% assign x = 'a' %}b", "b"),
            ("a\n\n    {{ x }}\n\n`` ` {{ x }} ``", "a\n\n    {{ x }}\n\n`` ` {{ x }} ``"),
        ],
    );
}

#[test]
fn one_warning_names_the_first_unknown_tag_and_counts_the_others() {
    let diagnostics =
        with(Flavour::Liquid, |context| expand("mot\n {% zz x %}\n{{ b }} {% endif %}\n{% c", context).diagnostics);
    let [warning] = &diagnostics[..] else { panic!("one warning: {diagnostics:?}") };
    assert_eq!((warning.code.as_ref(), warning.position), ("shortcode-unknown", Position { line: 11, column: 2 }));
    assert!(warning.message.contains("`{% zz x %}`") && warning.message.contains("2 more"), "{}", warning.message);
    let quiet = "{% if x %}{% raw %}{{ a }}{% endraw %}{% endif %}{{ site.url }}`{{ x }}`";
    assert!(with(Flavour::Liquid, |context| expand(quiet, context).diagnostics).is_empty());
}

#[test]
fn places_in_the_expanded_text_lead_back_to_the_file() {
    let source = "un\n\n{{< figure src=\"a.png\" caption=\"*b*\" >}}\ndeux mot\n\n{{< note >}}\ntrois\n{{< /note >}}\n\nquatre mot\n";
    with(Flavour::Hugo, |context| {
        let expanded = expand(source, context);
        for (needle, line, column) in
            [("un", 10, 1), ("<img", 12, 1), ("mot\n\n>", 13, 6), ("trois", 16, 1), ("mot\n", 19, 8)]
        {
            let at = if needle == "mot\n" { expanded.source.rfind(needle) } else { expanded.source.find(needle) };
            let at = at.unwrap_or_else(|| panic!("{needle:?} in {:?}", expanded.source));
            let within = Position::at(&expanded.source, at);
            let seen = Position { line: within.line + 9, column: within.column };
            assert_eq!(expanded.original(seen), Position { line, column }, "{needle:?} in {:?}", expanded.source);
        }
    });
}

#[test]
fn a_text_without_marks_is_not_copied() {
    for flavour in FLAVOURS {
        with(flavour, |context| assert!(matches!(expand("un { mot } %}", context).source, Cow::Borrowed(_))));
    }
}

#[test]
fn plain_fields_keep_their_words_and_lose_their_marks() {
    for (text, expected) in [
        ("Le {{ site.title }}", "Le Le site"),
        ("Comment écrire {{ x }} et {% y %}", "Comment écrire { { x }} et { % y %}"),
        ("{{{%", "{ { { %"),
    ] {
        assert_eq!(with(Flavour::Liquid, |context| plain(text, context)), expected);
    }
}
