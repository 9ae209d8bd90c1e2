//! No mark is left, and no text takes long, whatever is mixed.

use std::time::Duration;

use super::*;
use crate::content::effort::effort;

/// What a reader sees outside of code.
pub(super) fn outside_code(html: &str) -> String {
    let mut depth = 0_usize;
    let mut text = String::new();
    for (index, piece) in html.split('<').enumerate() {
        let piece = if index == 0 { piece.to_owned() } else { format!("<{piece}") };
        if piece.starts_with("<code") || piece.starts_with("<pre") {
            depth += 1;
        } else if piece.starts_with("</code") || piece.starts_with("</pre") {
            depth = depth.saturating_sub(1);
        }
        let (tag, words) = piece.split_once('>').unwrap_or(("", &piece));
        text.push_str(tag);
        text.push(' ');
        text.push_str(if depth == 0 { words } else { "" });
    }
    text
}

/// The same numbers at each run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).expect("31 bits") % sides
    }
}

const BITS: &[&str] = &[
    "{{<",
    ">}}",
    "{{%",
    "%}}",
    "{{",
    "}}",
    "{%",
    "%}",
    "{",
    "}",
    "%",
    "/*",
    "*/",
    "`",
    "``",
    "```",
    "```\n",
    "~~~\n",
    "\n",
    "\n\n",
    "    ",
    "  ",
    "- ",
    "1. ",
    "> ",
    "# ",
    "\"",
    "'",
    "a",
    "é",
    " ",
    " ",
    "\t",
    "<pre>",
    "</pre>",
    "<code>",
    "</code>",
    "<div>",
    "</div>",
    "\n{{< note >}}\n",
    "\n{{< /note >}}\n",
    "{{< figure src=\"a\" caption=\"*b*\" >}}",
    "{{< highlight go >}}",
    "{{< /highlight >}}",
    "{% raw %}",
    "{% endraw %}",
    "{% highlight x %}",
    "{% endhighlight %}",
    "{% if %}",
    "{% endif %}",
    "{% note() %}",
    "{% end %}",
    "{{ x(a=\"b\") }}",
    "@/a.md",
    "](",
    "{{ \"/x\" | relative_url }}",
    "{{ page.odd }}",
    "\\",
    "|",
    "<!--",
    "-->",
    "<a href=\"",
    "[x]:",
    "{:",
    "&#123;",
    "\\{",
    "~~~",
    "$$",
    "<",
    "{{< a />}}",
    "{{</* b */>}}",
    "\n---\n",
    "* ",
    "[^1]",
];

#[test]
fn no_mark_is_left_outside_of_code_whatever_is_mixed() {
    let mut dice = Dice(7);
    for round in 0..3_000 {
        let source: String = (0..=dice.roll(40)).map(|_| BITS[dice.roll(BITS.len())]).collect();
        let flavour = FLAVOURS[round % 3];
        let html = rendered(flavour, &source).html;
        let seen = outside_code(&html);
        assert!(!seen.contains("{{") && !seen.contains("{%"), "{flavour:?} {source:?}\n{html}");
        with(flavour, |context| {
            let title = plain(&source, context);
            assert!(!has_marks(&title), "{source:?} {title:?}");
            let expanded = expand(&source, context);
            let lines = expanded.source.matches('\n').count() + 1;
            assert!(expanded.places.is_empty() || expanded.places.len() == lines, "{source:?} {:?}", expanded.source);
            for line in 0..lines + 2 {
                let place = expanded.original(Position { line: 10 + line, column: 3 });
                assert!(place.line >= 10);
            }
        });
    }
}

#[test]
fn sixty_four_kilobytes_of_anything_take_little_time() {
    for flavour in FLAVOURS {
        for bit in BITS.iter().chain(&[
            "{{< a >}}",
            "{{ \"",
            "{{ ' }}",
            "{% raw %}\n",
            "{% highlight %}\n",
            "{{< note >}}\n",
            "`a\n",
            "- a\n  ",
            "{{< \"",
            "{% x %}\n\n",
            "{{ a | append: 'x' | append: 'y' }}",
            "{{</* ",
            "{%/* ",
            "`{{/* ` ",
            "{{{",
            "> - ",
            "\n{{< note >}}\nx",
            "<code",
            "{{< comment >}}",
        ]) {
            let source: String = bit.repeat(65_536 / bit.len());
            let took = effort(|| drop(expanded(flavour, &source)));
            assert!(took < Duration::from_secs(10), "{flavour:?} {bit:?}: {took:?}");
        }
        let nested = "{{< note >}}\n".repeat(2_500) + &"{{< /note >}}\n".repeat(2_500);
        let took = effort(|| drop(expanded(flavour, &nested)));
        assert!(took < Duration::from_secs(10), "{flavour:?}: {took:?}");
    }
}
