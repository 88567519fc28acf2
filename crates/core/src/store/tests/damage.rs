//! A record that is not what was written. Damaged files, byte by byte, have a test program of their own.

use rusqlite::Connection;
use tempfile::TempDir;

use super::Fixture;
use crate::store::Reason;

#[test]
fn a_damaged_record_is_missed_removed_and_reported_and_the_others_stay() {
    let folder = TempDir::new().unwrap();
    let one = Fixture::open(folder.path());
    one.put("damaged", "v");
    one.put("whole", "v");
    one.flush();
    let file = Connection::open(folder.path().join("store.sqlite")).unwrap();
    let search = "SELECT id, record FROM entry WHERE instr(record, CAST('damaged' AS BLOB))";
    let (id, mut record): (i64, Vec<u8>) = file
        .query_row(search, [], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap();
    record[70] ^= 1;
    file.execute(
        "UPDATE entry SET record = ? WHERE id = ?",
        rusqlite::params![record, id],
    )
    .unwrap();
    assert_eq!(["damaged", "whole"].map(|key| one.read(key).is_some()), [false, true]);
    assert_eq!(one.flush(), None);
    assert_eq!(one.reasons(), [Reason::DamagedRecord]);
    let stats = one.store.stats();
    assert_eq!((stats.damaged_records, stats.entries), (1, 1));
}
