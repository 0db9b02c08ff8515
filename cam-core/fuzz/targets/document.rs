//! Any text read as a model or as a quantity: an error, or something that writes and reads back to the same text.
#![no_main]

use cam_core::{Fitted, Model, Quantity};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(fitted) = Fitted::<Box<dyn Model>>::from_json(text) {
        let written = fitted.to_json().expect("a checked model can be written");
        let again = Fitted::<Box<dyn Model>>::from_json(&written).expect("what was written can be read");
        assert_eq!(again.to_json().expect("and written again"), written);
    }
    if let Ok(quantity) = Quantity::from_json(text) {
        assert!(quantity.check().is_ok());
    }
});
