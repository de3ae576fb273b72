#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| outflow_fuzz::target::clothes(data));
