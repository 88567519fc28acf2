mod generate;

use super::{Difference, Field, Previews, Wanted, compare, decode, fields_of, leaves_of, nearest};
use generate::{any_bytes, any_value, text};
use proptest::prelude::*;
use std::{cmp::Reverse, collections::HashSet};

fn shown(key: &str) -> Vec<(String, String)> {
    leaves_of(key.as_bytes(), &Previews::none(), 100)
        .into_iter()
        .map(|leaf| (leaf.path, leaf.preview))
        .collect()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected
        .iter()
        .map(|(path, preview)| ((*path).to_owned(), (*preview).to_owned()))
        .collect()
}

fn wanted_and_stored(wanted: &str, stored: &str) -> Vec<(String, Option<String>, Option<String>)> {
    let comparison = compare((wanted.as_bytes(), b""), (stored.as_bytes(), b""));
    assert_eq!(comparison.omitted, 0);
    let tuple = |Difference { path, wanted, stored }| (path, wanted, stored);
    comparison.differences.into_iter().map(tuple).collect()
}

fn nearest_by_definition(wanted: &[u8], candidates: &[(Vec<u8>, f64)]) -> Option<(usize, usize)> {
    let wanted: HashSet<u64> = decode(&fields_of(wanted, b""))
        .unwrap()
        .iter()
        .map(|field| field.digest)
        .collect();
    let nearness = |fields: &[u8]| {
        let fields: HashSet<u64> = decode(fields).unwrap().iter().map(|field| field.digest).collect();
        (
            fields.intersection(&wanted).count(),
            Reverse(fields.difference(&wanted).count()),
        )
    };
    let best = candidates.iter().map(|(fields, _)| nearness(fields)).max()?;
    Some((best.0, best.1.0))
}

#[test]
fn names_the_path_of_every_kind_of_place() {
    let key = "{s5:input[d1;h{s7:contents2:hi}]s3:map{}s1:mM{s1:ad1;[n]t}s5:top-pd1;s1:tT{s1:x[u]}}";
    let expected = [
        ("input[0]", "1"),
        ("input[1]", "hole"),
        ("input[2].content", "\"hi\""),
        ("map", "{}"),
        ("m.get(\"a\")", "1"),
        ("m.keys()[1][0]", "null"),
        ("m.values()[1]", "true"),
        ("[\"top-p\"]", "1"),
        ("t.has(\"x\")", "\"x\""),
        ("t.values()[1][0]", "undefined"),
    ];
    assert_eq!(shown(key), pairs(&expected));
    let key = "[Es9:TypeErrors3:far{}Js3:URLs8:http://aCs5:Point{s1:xd-0;}Ks4:Tags{s5:owners2:me}T{}M{}[]]";
    let expected = [
        ("[0].name", "\"TypeError\""),
        ("[0].message", "\"far\""),
        ("[1].constructor.name", "\"URL\""),
        ("[1]", "\"http://a\""),
        ("[2].constructor.name", "\"Point\""),
        ("[2].x", "-0"),
        ("[3].constructor.name", "\"Tags\""),
        ("[3].owner", "\"me\""),
        ("[3]", "Set {}"),
        ("[4]", "Map {}"),
        ("[5]", "[]"),
    ];
    assert_eq!(shown(key), pairs(&expected));
}

#[test]
fn shows_values_as_people_read_them() {
    let expected = [
        ("d1e+21;", "1e+21"),
        ("i-12;", "-12n"),
        ("D0;", "1970-01-01T00:00:00.000Z"),
        ("D1795183380123;", "2026-11-20T14:03:00.123Z"),
        ("D951782400000;", "2000-02-29T00:00:00.000Z"),
        ("D8640000000000000;", "+275760-09-13T00:00:00.000Z"),
        ("D-8640000000000000;", "-271821-04-20T00:00:00.000Z"),
        ("D-62198755200000;", "-000001-01-01T00:00:00.000Z"),
        ("DNaN;", "Invalid Date"),
        ("Rs3:a\\ds1:g", "/a\\d/g"),
        ("bUint8Array:2:01ff", "Uint8Array of 2 bytes: 01ff"),
        ("bArrayBuffer:0:", "ArrayBuffer of 0 bytes"),
        ("s8:a\"\\\n\u{1b}\u{202e}é;", "\"a\\\"\\\\\\n\\u001b\\u202eé;\""),
        ("garbage", "a key of 7 bytes that cannot be read"),
    ];
    for (key, preview) in expected {
        assert_eq!(shown(key), pairs(&[("", preview)]), "{key}");
    }
    let digest = "0".repeat(64);
    assert_eq!(shown(&format!("S5321:{digest}"))[0].1, "text of 5,321 characters");
    assert_eq!(
        shown(&format!("BUint8Array:1024:{digest}"))[0].1,
        "Uint8Array of 1,024 bytes"
    );
    let long = shown(&text(&"0123456789".repeat(50)))[0].1.clone();
    assert_eq!(
        long,
        format!("\"{}…01234567890123456789\"", &"0123456789".repeat(6)[..57])
    );
}

#[test]
fn counts_the_length_of_texts_in_utf16_code_units() {
    assert_eq!(shown("[s3:é😀s2:x;]").len(), 2);
    // A lone surrogate, as WTF-8 has it.
    let leaves = leaves_of(b"s2:\xed\xa0\x80b", &Previews::none(), 9)[0].preview.clone();
    assert_eq!(leaves, "\"\\ud800b\"");
    assert!(
        shown("s1:😀")[0].1.contains("cannot be read"),
        "a length that splits a character"
    );
}

#[test]
fn shows_the_begin_of_a_digested_text_where_previews_know_it() {
    let digest = "ab".repeat(32);
    let lines = format!("nonsense\n[\"{digest}\",5321,\"You are a \\\"helpful\\\" assistant\",\"the end.\"]\n[1]");
    let previews = Previews::read(lines.as_bytes());
    let key = format!("S5321:{digest}");
    let preview = &leaves_of(key.as_bytes(), &previews, 9)[0].preview;
    assert_eq!(
        preview,
        "text of 5,321 characters beginning \"You are a \\\"helpful\\\" assistant…\""
    );
}

#[test]
fn names_what_differs_and_what_only_one_side_has() {
    let wanted = "{s5:input[s1:as1:b]s11:modelConfig{s4:seedd1;s11:temperatured0.2;}}";
    let stored = "{s5:input[s1:as1:cs1:d]s11:modelConfig{s11:temperatured0;}}";
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(
        wanted_and_stored(wanted, stored),
        [
            ("input[1]".to_owned(), some("\"b\""), some("\"c\"")),
            ("input[2]".to_owned(), None, some("\"d\"")),
            ("modelConfig.seed".to_owned(), some("1"), None),
            ("modelConfig.temperature".to_owned(), some("0.2"), some("0")),
        ]
    );
    assert_eq!(wanted_and_stored(wanted, wanted), []);
}

#[test]
fn shows_the_part_of_long_texts_in_which_they_differ() {
    let [left, right] = ["old", "new"].map(|word| format!("{}the {word} way{}", "x".repeat(500), "y".repeat(300)));
    let found = wanted_and_stored(&text(&left), &text(&right));
    let shown = found[0].1.clone().unwrap();
    assert!(
        shown.starts_with("\"…xxxx") && shown.contains("the old way") && shown.ends_with("y…\""),
        "{shown}"
    );
    assert!(found[0].2.clone().unwrap().contains("the new way"));
    let digests = ["a", "b"].map(|digit| digit.repeat(64));
    let key = |index: usize| format!("S2000:{}", digests[index]);
    let line = |index: usize, last: &str| format!("[\"{}\",2000,\"The same begin\",\"{last}\"]", digests[index]);
    let (ours, theirs) = (line(0, "one end"), line(1, "another end"));
    let found = compare(
        (key(0).as_bytes(), ours.as_bytes()),
        (key(1).as_bytes(), theirs.as_bytes()),
    )
    .differences;
    assert_eq!(
        found[0].wanted.as_deref(),
        Some("text of 2,000 characters ending \"…one end\"")
    );
    // Nothing is known of either: the two are told apart all the same.
    let found = wanted_and_stored(&key(0), &key(1));
    assert_ne!(found[0].1, found[0].2);
}

#[test]
fn orders_paths_as_people_count() {
    let wanted = format!("[{}]", "d1;".repeat(12));
    let stored = format!("[{}]", "d2;".repeat(12));
    let paths: Vec<String> = wanted_and_stored(&wanted, &stored)
        .into_iter()
        .map(|(path, ..)| path)
        .collect();
    assert_eq!(paths, (0..12).map(|index| format!("[{index}]")).collect::<Vec<_>>());
}

#[test]
fn of_equally_near_keys_the_likest_text_then_the_newest_then_the_smaller_tag_wins() {
    let fields = |input: &str| fields_of(format!("{{{}{}}}", text("input"), text(input)).as_bytes(), b"");
    let wanted = Wanted::new(
        format!("{{{}{}}}", text("input"), text("Who may transfer?")).as_bytes(),
        b"",
    );
    let stored = [
        ("What is it?", 9.0),
        ("Who may transfer? ", 1.0),
        ("Who may transfer?\n", 1.0),
    ];
    let candidates = stored
        .iter()
        .enumerate()
        .map(|(tag, (input, created))| (fields(input), *created, tag));
    assert_eq!(nearest(&wanted, candidates), Some(1));
    let same = [3.0, 7.0, 7.0]
        .into_iter()
        .enumerate()
        .map(|(tag, created)| (fields("x"), created, tag));
    assert_eq!(nearest(&wanted, same), Some(1));
    assert_eq!(nearest(&wanted, [(b"unreadable", 1.0, 0)]), None);
}

#[test]
fn folds_what_is_too_much_into_one_leaf() {
    let many = |last: &str| format!("[{}{last}]", "d1;".repeat(10_000));
    let [one, other] = ["t", "f"].map(|last| decode(&fields_of(many(last).as_bytes(), b"")).unwrap());
    assert_eq!((one.len(), &one[256].path[..]), (257, "…"));
    assert_eq!(one[..256], other[..256]);
    assert_ne!(one[256].digest, other[256].digest);
    let wide = format!("[{}]", text(&"x".repeat(100)).repeat(256));
    assert!(fields_of(wide.as_bytes(), b"").len() <= 16 * 1_024);
    let deep = format!("{{{}", text(&"n".repeat(1_000))).repeat(500) + "n" + &"}".repeat(500);
    let path = leaves_of(deep.as_bytes(), &Previews::none(), 9)[0].path.clone();
    assert!(path.chars().count() < 210, "{path}");
}

proptest! {
    #[test]
    fn every_leaf_of_a_key_is_found(value in any_value()) {
        let key = value.key();
        let previews = Previews::none();
        let leaves = leaves_of(key.as_bytes(), &previews, usize::MAX);
        prop_assert_eq!(leaves.len(), value.leaves());
        for leaf in leaves {
            prop_assert!(leaf.preview.chars().count() <= 80 && !leaf.preview.contains("cannot be read"), "{:?}", leaf);
            prop_assert!(!leaf.preview.contains(char::is_control) && !leaf.path.contains(char::is_control));
        }
    }

    #[test]
    fn fields_are_read_back_and_bounded(value in any_value()) {
        let key = value.key();
        let bytes = fields_of(key.as_bytes(), b"");
        let fields = decode(&bytes).unwrap();
        prop_assert!(bytes.len() <= 16 * 1_024);
        let previews = Previews::none();
        let leaves = leaves_of(key.as_bytes(), &previews, usize::MAX);
        for (leaf, Field { path, preview, .. }) in leaves.iter().zip(fields.iter().take_while(|field| field.path != "…")) {
            prop_assert_eq!((path, preview), (&leaf.path, &leaf.preview));
        }
        let distinct: HashSet<u64> = fields.iter().map(|field| field.digest).collect();
        prop_assert_eq!(distinct.len(), fields.len());
    }

    #[test]
    fn any_bytes_have_leaves_and_differences(key in any_bytes(), other in any_bytes(), previews in any_bytes()) {
        prop_assert!(!leaves_of(&key, &Previews::read(&previews), 300).is_empty());
        prop_assert!(decode(&fields_of(&key, &previews)).is_some());
        let comparison = compare((&key, &previews), (&other, &previews));
        prop_assert_eq!(comparison.differences.is_empty(), key == other);
    }

    #[test]
    fn any_bytes_are_read_as_fields_or_refused(bytes in any_bytes(), key in any_bytes(), at in any::<prop::sample::Index>(), byte: u8) {
        let _ = decode(&bytes);
        let mut fields = fields_of(&key, b"");
        let at = at.index(fields.len());
        fields[at] = byte;
        let _ = decode(&fields);
        let _ = nearest(&Wanted::new(&key, b""), [(&bytes, 0.0, 1), (&fields, 0.0, 2)]);
    }

    #[test]
    fn the_nearest_has_most_leaves_in_common_and_fewest_others(
        wanted in prop::collection::vec(0..3, 1..6),
        stored in prop::collection::vec((prop::collection::vec(0..3, 0..7), 0..4), 1..20),
    ) {
        let key = |numbers: &[i32]| {
            let numbers: Vec<String> = numbers.iter().map(|number| format!("d{number};")).collect();
            format!("[{}]", numbers.concat()).into_bytes()
        };
        let candidates: Vec<(Vec<u8>, f64)> =
            stored.iter().map(|(numbers, created)| (fields_of(&key(numbers), b""), f64::from(*created))).collect();
        let tagged = candidates.iter().enumerate().map(|(tag, (fields, created))| (fields, *created, tag));
        let found = nearest(&Wanted::new(&key(&wanted), b""), tagged).unwrap();
        let best = nearest_by_definition(&key(&wanted), &candidates);
        prop_assert_eq!(nearest_by_definition(&key(&wanted), &candidates[found..=found]), best);
    }
}
