//! Markdown in all dialects: never a panic, in time, clean HTML of bounded size, the same each time.
#![no_main]

use crieur::content::markdown::{Context, Dialect, render};
use crieur::model::diagnostic::Position;
use crieur::model::settings::Typography;
use libfuzzer_sys::fuzz_target;
use url::Url;

const TYPOGRAPHY: [Typography; 3] = [Typography::Generator, Typography::Language, Typography::None];

fuzz_target!(|data: &[u8]| {
    let Some(source) = crieur_fuzz::text(data) else { return };
    let base = Url::parse("https://www.example.org/agenda/x/").expect("an address");
    let dialects = [Dialect::KramdownGfm, Dialect::Goldmark, Dialect::CommonMark];
    for (dialect, typography) in dialects.into_iter().flat_map(|dialect| TYPOGRAPHY.map(|by| (dialect, by))) {
        let context = Context { dialect, base: &base, lang: "fr", typography, start: Position { line: 7, column: 1 } };
        let rendered = crieur_fuzz::in_time(&format!("{dialect:?}"), || render(&source, &context));
        let is_refused = rendered.diagnostics.iter().any(|found| found.code.starts_with("markdown-too-"));
        // an editor who escapes the mark wants it shown
        let wants_list = source.contains("\\{") || source.contains('&') || is_refused;
        crieur_fuzz::assert_clean(&rendered.html, dialect == Dialect::KramdownGfm && !wants_list);
        assert!(rendered.diagnostics.iter().all(|found| found.position.line >= 7));
        let again = render(&source, &context);
        assert_eq!((again.html, again.text), (rendered.html, rendered.text), "{dialect:?}");
    }
});
