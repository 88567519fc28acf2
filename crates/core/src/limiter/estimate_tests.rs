//! What is reserved for a task, and what is counted of it where not everything was said.

use std::num::NonZeroU64;

use proptest::prelude::*;

use super::tests::{at, used};
use super::{Admission, Amounts, Consumption, Demand, Guarantee, Limiter, Limits, Permit};

fn amounts(tokens: u64, input_tokens: u64, output_tokens: u64) -> Amounts {
    Amounts {
        tokens,
        input_tokens,
        output_tokens,
    }
}

fn limiter(guarantee: Guarantee) -> Limiter {
    Limiter::new(Limits {
        guarantee,
        ..Limits::default()
    })
}

fn start(limiter: &mut Limiter, demand: &Demand) -> Permit {
    match limiter.try_acquire(at(0.0), demand) {
        Admission::Granted(permit) => permit,
        other => panic!("{other:?} although nothing is limited"),
    }
}

fn reserved(limiter: &mut Limiter, demand: &Demand) -> Amounts {
    let permit = start(limiter, demand);
    let reserved = limiter.reserved(permit).expect("the permit is held");
    limiter.release(permit, at(0.0));
    assert_eq!(limiter.reserved(permit), None);
    reserved
}

fn end(limiter: &mut Limiter, permit: Permit, consumption: Consumption) -> Amounts {
    limiter.settle(permit, consumption, at(0.0));
    let counted = limiter.reserved(permit).expect("the permit is held");
    limiter.release(permit, at(0.0));
    counted
}

fn parts(input_tokens: u64, output_tokens: u64) -> Demand {
    Demand {
        input_tokens: Some(input_tokens),
        output_tokens: Some(output_tokens),
        ..Demand::default()
    }
}

fn in_all(tokens: u64, key: u32) -> Demand {
    Demand {
        tokens: Some(tokens),
        key,
        ..Demand::default()
    }
}

#[test]
fn what_is_not_known_counts_as_much_as_it_may_be() {
    let strict = &mut limiter(Guarantee::Strict);
    assert_eq!(reserved(strict, &in_all(90, 0)), amounts(90, 90, 90));
    assert_eq!(reserved(strict, &parts(30, 60)), amounts(90, 30, 60));
    let three = Demand {
        tokens: Some(80),
        ..parts(30, 60)
    };
    assert_eq!(reserved(strict, &three), amounts(80, 30, 60));
    let answer_and_characters = Demand {
        output_tokens: Some(60),
        input_characters: 41,
        ..Demand::default()
    };
    assert_eq!(reserved(strict, &answer_and_characters), amounts(71, 11, 60));
}

#[test]
fn what_was_not_said_follows_or_stands_as_reserved() {
    let consumed = |tokens, input_tokens, output_tokens| Consumption::Used {
        tokens,
        input_tokens,
        output_tokens,
        characters: 1_000,
    };
    for (demand, consumption, counted) in [
        (parts(30, 60), consumed(Some(50), Some(20), None), amounts(50, 20, 30)),
        (parts(30, 60), consumed(Some(50), None, Some(35)), amounts(50, 15, 35)),
        (parts(30, 60), consumed(None, Some(20), Some(70)), amounts(90, 20, 70)),
        (parts(30, 60), consumed(Some(50), None, None), amounts(50, 30, 50)),
        (parts(30, 60), consumed(None, Some(20), None), amounts(90, 20, 60)),
        (in_all(90, 0), consumed(None, None, Some(95)), amounts(95, 90, 95)),
        (in_all(90, 0), consumed(None, None, None), amounts(250, 90, 90)),
    ] {
        let limiter = &mut limiter(Guarantee::Balanced);
        let permit = start(limiter, &demand);
        assert_eq!(end(limiter, permit, consumption), counted, "{demand:?} {consumption:?}");
    }
}

#[test]
fn balanced_reserves_what_is_usual_for_the_key_after_thirty_tasks_and_never_more_than_stated() {
    for (guarantee, learned) in [(Guarantee::Balanced, 319), (Guarantee::Strict, 1_000)] {
        let limiter = &mut limiter(guarantee);
        for tokens in 1..=30 {
            assert_eq!(reserved(limiter, &in_all(1_000, 7)).tokens, 1_000);
            let permit = start(limiter, &in_all(1_000, 7));
            end(limiter, permit, used(10 * tokens));
        }
        // The 95th percentile of 10, 20 … 300 is 290.
        assert_eq!(reserved(limiter, &in_all(1_000, 7)).tokens, learned);
        assert_eq!(reserved(limiter, &in_all(200, 7)).tokens, 200);
        assert_eq!(reserved(limiter, &in_all(1_000, 8)).tokens, 1_000, "another key");
    }
}

#[test]
fn where_the_question_is_known_only_the_answer_is_learned() {
    let limiter = &mut limiter(Guarantee::Balanced);
    for _ in 0..30 {
        let permit = start(limiter, &parts(5_000, 4_000));
        end(limiter, permit, used(5_100));
    }
    assert_eq!(reserved(limiter, &parts(70, 4_000)), amounts(70 + 110, 70, 110));
}

#[test]
fn the_short_tasks_of_a_wave_do_not_speak_for_the_long_ones() {
    let limiter = &mut limiter(Guarantee::Balanced);
    let wave: Vec<Permit> = (0..200).map(|_| start(limiter, &in_all(1_000, 0))).collect();
    let (long, short): (Vec<_>, Vec<_>) = wave.into_iter().enumerate().partition(|(index, _)| index % 4 == 0);
    for (_, permit) in short {
        end(limiter, permit, used(10));
    }
    assert_eq!(reserved(limiter, &in_all(1_000, 0)).tokens, 1_000);
    for (_, permit) in long {
        end(limiter, permit, used(500));
    }
    assert_eq!(reserved(limiter, &in_all(1_000, 0)).tokens, 550);
}

#[test]
fn one_task_in_twenty_may_hang_and_the_others_are_learned_from() {
    let limiter = &mut limiter(Guarantee::Balanced);
    let hanging = start(limiter, &in_all(1_000, 0));
    for _ in 0..29 {
        let permit = start(limiter, &in_all(1_000, 0));
        end(limiter, permit, used(100));
    }
    assert_eq!(reserved(limiter, &in_all(1_000, 0)).tokens, 110);
    assert_eq!(end(limiter, hanging, used(400)).tokens, 400);
}

#[test]
fn a_demand_above_a_whole_budget_names_it() {
    let limits = Limits {
        input_tokens_per_minute: NonZeroU64::new(50),
        concurrency: NonZeroU64::new(1),
        ..Limits::default()
    };
    let limiter = &mut Limiter::new(limits);
    start(limiter, &parts(50, 900));
    let refusal = limiter.try_acquire(at(0.0), &parts(51, 0));
    let expected = Admission::TooLarge {
        reason: super::Reason::InputTokens,
        limit: 50,
        demand: 51,
    };
    assert_eq!(refusal, expected, "also while all places are taken: waiting is no help");
    assert_eq!(limiter.try_acquire(at(0.0), &Demand::default()), Admission::Full);
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Start,
    Use(prop::sample::Index, u64),
    Fail(prop::sample::Index),
    GiveUp(prop::sample::Index),
}

fn any_step() -> impl Strategy<Value = Step> {
    let index = any::<prop::sample::Index>;
    prop_oneof![
        8 => Just(Step::Start),
        7 => (index(), 1..900_u64).prop_map(|(task, tokens)| Step::Use(task, tokens)),
        1 => index().prop_map(Step::Fail),
        1 => index().prop_map(Step::GiveUp),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// Whatever ends when: nothing is learned that no percentile of uses could be, and a permit that was given back
    /// stays so.
    #[test]
    fn estimates_stay_between_what_was_used_and_what_was_stated(steps in prop::collection::vec(any_step(), 1..400)) {
        let limiter = &mut limiter(Guarantee::Balanced);
        let (mut running, mut uses) = (Vec::new(), Vec::new());
        for step in steps {
            match step {
                Step::Start => running.push(start(limiter, &in_all(1_000, 0))),
                Step::Use(task, ..) | Step::Fail(task) | Step::GiveUp(task) => if !running.is_empty() {
                    let permit = running.swap_remove(task.index(running.len()));
                    match step {
                        Step::Use(_, tokens) => {
                            uses.push(tokens);
                            limiter.settle(permit, used(tokens), at(0.0));
                        }
                        Step::Fail(_) => limiter.settle(permit, Consumption::Failed { input_characters: 0 }, at(0.0)),
                        _ => (),
                    }
                    limiter.release(permit, at(0.0));
                    prop_assert_eq!(limiter.reserved(permit), None);
                }
            }
            prop_assert_eq!(limiter.usage(at(0.0)).in_flight as usize, running.len());
        }
        let now = reserved(limiter, &in_all(1_000, 0)).tokens;
        let possible = uses.iter().any(|&tokens| now == (tokens * 11).div_ceil(10).min(1_000));
        prop_assert!(now == 1_000 || (uses.len() >= 28 && possible), "{now} after {} uses", uses.len());
    }
}
