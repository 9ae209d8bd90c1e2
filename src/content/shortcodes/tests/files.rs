//! Whole files of each generator through the mapping.

use std::collections::{BTreeMap, HashMap};

use super::nasty::outside_code;
use super::*;
use crate::content::mapping::{self, Habits, Understood};
use crate::content::profile::Profile;
use crate::model::settings::{ContentSettings, FolderRule, OffsetPolicy, ProfileName};

/// A file of a generator, read whole.
fn read(profile: ProfileName, path: &str, file: &str) -> Understood {
    let folder = FolderRule {
        pattern: globset::Glob::new("posts/**").expect("a glob").compile_matcher(),
        kind: None,
        url: Some("/{year}/{slug}/".to_owned()),
        lang: None,
        zone: None,
        offset: OffsetPolicy::Trust,
        defaults: serde_json::Map::new(),
    };
    let content = ContentSettings {
        dir: "content".into(),
        profile,
        typography: Typography::Generator,
        fields: BTreeMap::new(),
        folders: vec![folder],
        assets: None,
        max_bytes: 1 << 20,
        max_withdrawn: 1.0,
    };
    let habits = Habits {
        site: &crate::model::sample::site(),
        content: &content,
        profile: &Profile::with_overrides(profile, &BTreeMap::new()),
        first_seen: &HashMap::new(),
        now: chrono::DateTime::UNIX_EPOCH,
    };
    mapping::read(path, file.as_bytes(), habits).expect("a file that can be published")
}

#[test]
fn a_file_of_each_generator_is_read_without_marks() {
    let hugo = "---\ntitle: T\ndate: 2019-01-01\ncover: {image: /c.png}\nvenue: Ici\n---\nun\n\n\
                {{< figure src=\"a.png\" >}}\n\n[b]({{< ref \"b.md\" >}}) [c]({{< ref \"/posts/2018-02-03-c.md\" >}}) {{< param venue >}}\n\n\
                ![](x.png)\n{{< zz >}}\n";
    let zola = "+++\ntitle = \"T\"\ndate = 2019-01-01\ndescription = \"{{ youtube(id='x') }}\"\n+++\n[c](@/posts/2018-02-03-c.md#d) \
                [e](@/pages/e/index.md)\n\n{% note() %}\nmot\n{% end %}\n\n{{ zz() }}";
    let jekyll = "---\ntitle: Écrire {% raw %}{{ x }}\ndate: 2019-01-01\nexcerpt: '{{ page.title }} {{ yy }}'\n---\n\
                  [c]({% post_url 2018-02-03-c %}) [f]({% link assets/f.pdf %})\n\n`{% raw %}{{ z }}{% endraw %}`\n\n{% zz %}";
    for (profile, path, file, wanted) in [
        (
            ProfileName::Hugo,
            "posts/a.md",
            hugo,
            &[
                "https://www.example.org/2019/a/a.png",
                "https://www.example.org/posts/b/",
                "https://www.example.org/2018/c/",
                "Ici",
            ][..],
        ),
        (
            ProfileName::Zola,
            "posts/a.md",
            zola,
            &["https://www.example.org/2018/c/#d", "https://www.example.org/pages/e/", "<blockquote>"],
        ),
        (
            ProfileName::Jekyll,
            "posts/2019-01-01-a.md",
            jekyll,
            &["https://www.example.org/2018/c/", "https://www.example.org/assets/f.pdf", "<code>{{ z }}</code>"],
        ),
    ] {
        let Understood { announcement, diagnostics, .. } = read(profile, path, file);
        for wanted in wanted {
            assert!(announcement.body.html.contains(wanted), "{wanted}: {}", announcement.body.html);
        }
        let summary = announcement.summary.map(|summary| summary.html).unwrap_or_default();
        for text in [&announcement.title, &outside_code(&announcement.body.html), &summary] {
            assert!(!has_marks(text), "{text}");
        }
        let unknown: Vec<_> = diagnostics.iter().filter(|it| it.code == "shortcode-unknown").collect();
        assert_eq!(unknown.len(), 1, "{diagnostics:?}");
        if profile == ProfileName::Hugo {
            let images: Vec<_> =
                diagnostics.iter().filter(|it| it.code == "image-without-alt").map(|it| it.position.line).collect();
            assert!(images.contains(&13), "{diagnostics:?}");
        }
    }
}
