//! What comes back by mail: never a panic, in time, and nobody is named who does not stand in it under our key.
#![no_main]

use crieur::delivery::bounce::report::{Report, read};
use crieur::delivery::bounce::source::messages;
use crieur::model::token::SigningKey;
use crieur_fuzz::in_time;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let key = SigningKey::new([7; 32]);
    for message in messages(data).into_iter().take(4) {
        let report = in_time("a report", || read(message, &[], &key));
        // without the key no token can be found by chance
        assert!(!matches!(report, Report::Failed { .. }), "{report:?}");
    }
});
