//! A file that an import is given: once as it is, and once behind a right beginning, which random bytes never have.

#![no_main]

use ai_evals_performance_core::store::{
    Record,
    tools::transfer::{MAGIC, TransferReader, TransferWriter, VERSION},
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    check(input);
    check(&[&MAGIC[..], &VERSION.to_le_bytes(), input].concat());
});

fn check(file: &[u8]) {
    let Ok(mut reader) = TransferReader::new(file) else {
        return;
    };
    let mut writer = TransferWriter::new(Vec::new()).expect("memory takes everything");
    while let Ok(record) = reader.next_record() {
        let Some(record) = record else {
            // A file that reads to its end is the only one with these records.
            assert_eq!(writer.finish().expect("memory takes everything"), file);
            return;
        };
        let _ = Record::decode(record);
        writer.push(record).expect("a record that was read can be written");
    }
}
