//! Front matter in any language: never a panic, always in time, and what is kept is what stood in the file.
#![no_main]

use crieur::content::front_matter::split;
use libfuzzer_sys::fuzz_target;

fuzz_target!(init: crieur_fuzz::pass_caught_panics(), |data: &[u8]| {
    let Some(file) = crieur_fuzz::text(data) else { return };
    match crieur_fuzz::in_time("front matter", || split(&file)) {
        Ok(parts) => {
            assert!(file.ends_with(parts.body));
            assert!(parts.body_start.line <= file.matches('\n').count() + 1);
            for path in parts.front.spots.keys() {
                let position = parts.front.position(path);
                assert!(position.line >= 1 && position.column >= 1, "{path}: {position:?}");
            }
            let again = split(&file).expect("read once");
            assert_eq!(again.front.values, parts.front.values);
        }
        Err(error) => assert!(!error.message.is_empty() && error.position.line >= 1),
    }
});
