//! Target `digest`; what it checks is in `siplet-fuzz-bodies`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| siplet_fuzz_bodies::digest(data));
