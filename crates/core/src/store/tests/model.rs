//! A store against a map, with processes that come and go.

use proptest::prelude::*;
use std::{collections::HashMap, sync::Arc};
use tempfile::TempDir;

use super::{Fixture, Manual, ROOMY, units};
use crate::{
    clock::{Clock, UnixMillis},
    store::{Namespace, PageOf},
};

#[derive(Debug, Clone)]
enum Step {
    Put {
        namespace: usize,
        key: usize,
        value: usize,
        ttl: Option<u32>,
    },
    Remove {
        namespace: usize,
        key: usize,
    },
    Clear {
        namespace: usize,
    },
    Flush,
    Reopen,
    Advance(u32),
}

fn step() -> impl Strategy<Value = Step> {
    let (namespace, key) = (0..2_usize, 0..5_usize);
    prop_oneof![
        8 => (namespace.clone(), key.clone(), 0..2000_usize, prop::option::of(1..2000_u32))
            .prop_map(|(namespace, key, value, ttl)| Step::Put { namespace, key, value, ttl }),
        3 => (namespace.clone(), key).prop_map(|(namespace, key)| Step::Remove { namespace, key }),
        1 => namespace.prop_map(|namespace| Step::Clear { namespace }),
        2 => Just(Step::Flush),
        1 => Just(Step::Reopen),
        2 => (1..1000_u32).prop_map(Step::Advance),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn reads_what_a_map_would(steps in prop::collection::vec(step(), 1..60)) {
        let folder = TempDir::new().unwrap();
        let clock: Arc<Manual> = Arc::default();
        let namespaces = ["one", "two"].map(Namespace::new);
        let mut model: HashMap<(usize, usize), (String, f64)> = HashMap::new();
        let mut fixture = Fixture::with(folder.path(), ROOMY, clock.clone());
        for step in steps {
            match step {
                Step::Put { namespace, key, value, ttl } => {
                    let deadline = ttl.map_or(f64::INFINITY, |ttl| clock.wall().0 + f64::from(ttl));
                    let value = format!("{value} ").repeat(value);
                    let mut entry = super::entry(&value, clock.wall(), UnixMillis(deadline));
                    entry.label = units(&key.to_string());
                    fixture.store.put(&namespaces[namespace], &units(&key.to_string()), entry);
                    model.insert((namespace, key), (value, deadline));
                }
                Step::Remove { namespace, key } => {
                    fixture.store.remove(&namespaces[namespace], &units(&key.to_string()));
                    model.remove(&(namespace, key));
                }
                Step::Clear { namespace } => {
                    fixture.store.clear(&namespaces[namespace]);
                    model.retain(|(of, _), _| *of != namespace);
                }
                Step::Flush => prop_assert_eq!(fixture.flush(), None),
                Step::Reopen => {
                    drop(fixture);
                    fixture = Fixture::with(folder.path(), ROOMY, clock.clone());
                }
                Step::Advance(milliseconds) => clock.advance(milliseconds.into()),
            }
            for (index, namespace) in namespaces.iter().enumerate() {
                let mut paged = pages_of(&fixture, namespace, clock.wall());
                let mut live: Vec<_> = model.iter()
                    .filter(|((of, _), (_, deadline))| *of == index && *deadline > clock.wall().0)
                    .map(|((_, key), (value, _))| (key.to_string(), value.clone()))
                    .collect();
                paged.sort();
                live.sort();
                prop_assert_eq!(paged, live);
                for key in 0..5 {
                    let expected = model.get(&(index, key)).filter(|(_, deadline)| *deadline > clock.wall().0);
                    let found = fixture.read_of(namespace, &key.to_string());
                    prop_assert!(found.as_ref() == expected.map(|(value, _)| value), "{index} {key}");
                }
            }
        }
        prop_assert_eq!(fixture.flush(), None);
        let live = model.values().filter(|(_, deadline)| *deadline > clock.wall().0).count();
        // What has expired is removed some time later.
        prop_assert!((live..=model.len()).contains(&(fixture.store.stats().entries as usize)));
        prop_assert_eq!(fixture.reasons(), []);
    }
}

/// The labels and values of all entries, two to a page.
fn pages_of(fixture: &Fixture, namespace: &Namespace, now: UnixMillis) -> Vec<(String, String)> {
    let mut entries = Vec::new();
    let mut next = Some(0);
    while let Some(cursor) = next {
        let of = PageOf {
            prefix: &[],
            now,
            cursor,
            limit: 2,
        };
        next = fixture.store.page(namespace, of, |label, hit| {
            entries.push((String::from_utf16_lossy(&label), super::text_of(hit)));
        });
    }
    entries
}
