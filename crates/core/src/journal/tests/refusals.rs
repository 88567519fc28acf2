//! What a journal does not do, and that it leaves the file as it was then.

use super::*;

#[test]
fn another_row_at_an_index_is_told_apart() {
    let (_folder, path) = folder();
    recorded(&path, &[(0, true, b"a".to_vec()), (1, false, b"b".to_vec())]);
    let journal = open(&path);
    for index in [0, 1] {
        assert_eq!(journal.find(index, &[9; 32], &SETTINGS).unwrap(), Lookup::OtherContent);
        assert_eq!(journal.find(index, &CONTENT, &[9; 32]).unwrap(), Lookup::OtherSettings);
    }
    assert_eq!(journal.find(2, &[9; 32], &[9; 32]).unwrap(), Lookup::Nothing);
}

#[test]
fn what_is_no_journal_of_this_run_is_refused_and_left_alone() {
    let (_folder, path) = folder();
    recorded(&path, &few_steps());
    let ours = fs::read(&path).unwrap();
    let mut future = ours.clone();
    future[8] = 2;
    let mut damaged = ours.clone();
    damaged[30] ^= 1;
    for (bytes, message) in [
        (&b"{\"some\":\"json\"}"[..], "is no journal"),
        (&future, "version 2"),
        (&damaged, "are damaged"),
    ] {
        fs::write(&path, bytes).unwrap();
        let error = open_with(&path, b"u").err().unwrap().to_string();
        assert!(error.contains(message), "{error}");
        assert_eq!(fs::read(&path).unwrap(), bytes);
    }
}

#[test]
fn another_configuration_is_refused_with_what_differs() {
    let (_folder, path) = folder();
    close(open_with(&path, b"{s6:prompts2:v1}").unwrap());
    let error = open_with(&path, b"{s6:prompts2:v2}").err().unwrap().to_string();
    assert!(
        error.ends_with("another configuration: prompt is \"v2\", was \"v1\""),
        "{error}"
    );
    let long = format!("{{s6:prompt{}}}", "s1:x".repeat(20_000));
    let (_folder, path) = folder();
    close(open_with(&path, long.as_bytes()).unwrap());
    let error = open_with(&path, b"u").err().unwrap().to_string();
    assert!(error.ends_with("another configuration"), "{error}");
    close(open_with(&path, long.as_bytes()).unwrap());
}

#[test]
fn one_handle_has_a_journal_at_a_time() {
    let (_folder, path) = folder();
    let first = open(&path);
    assert!(matches!(open_with(&path, b"u"), Err(JournalError::Busy { .. })));
    close(first);
    close(open(&path));
}

#[test]
fn a_folder_is_no_journal_and_missing_folders_are_made() {
    let (folder, _) = folder();
    let error = open_with(folder.path(), b"u").err().unwrap();
    assert!(matches!(error, JournalError::System { what: "open", .. }), "{error}");
    let deep = folder.path().join("a/b/journal");
    close(open(&deep));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&deep), mode(deep.parent().unwrap())), (0o600, 0o700));
    }
}

#[test]
fn a_closed_journal_takes_and_gives_nothing() {
    let (_folder, path) = folder();
    let mut journal = open(&path);
    journal.close(Box::new(|_| {}));
    assert!(matches!(
        journal.record(&outcome(0, true, b"")),
        Err(Refused::Trouble(_))
    ));
    assert!(matches!(
        journal.find(0, &CONTENT, &SETTINGS),
        Err(JournalError::Closed { .. })
    ));
    assert_eq!(journal.trouble(), None);
}
