//! What happens to a limiter, by chance.

use std::num::NonZeroU64;

use proptest::prelude::*;
use proptest::sample::Index;

use crate::limiter::{Amounts, Demand, Guarantee, Limits};

#[derive(Debug, Clone)]
pub(super) enum Event {
    Advance(u32),
    StepBack(u32),
    Acquire(Demand),
    Settle { held: Index, used: [u64; 2] },
    Release(Index),
    Block(u32),
    SetLimits(Limits),
    SetBurst(Option<NonZeroU64>),
    Restore { age: u32, requests: u64, amounts: Amounts },
    Observe([Option<(u64, u32)>; 4]),
    Reset,
}

fn any_limit(most: u64) -> impl Strategy<Value = Option<NonZeroU64>> {
    prop::option::weighted(
        0.6,
        (1..most).prop_map(|limit| NonZeroU64::new(limit).expect("from 1 up")),
    )
}

pub(super) fn any_limits() -> impl Strategy<Value = Limits> {
    let budgets = (any_limit(12), any_limit(300), any_limit(200), any_limit(200));
    (budgets, any_limit(8), any_limit(12), any::<bool>()).prop_map(
        |((requests, tokens, input, output), concurrency, burst, allow_oversize)| Limits {
            requests_per_minute: requests,
            tokens_per_minute: tokens,
            input_tokens_per_minute: input,
            output_tokens_per_minute: output,
            concurrency,
            burst,
            guarantee: Guarantee::Strict,
            allow_oversize,
        },
    )
}

fn any_demand() -> impl Strategy<Value = Demand> {
    let parts = (0..60_u64, prop_oneof![9 => 0..60_u64, 1 => 60..400_u64]);
    (parts, any::<bool>(), 0..3_u32).prop_map(|((input, output), divided, key)| Demand {
        tokens: (!divided).then_some(input + output),
        input_tokens: divided.then_some(input),
        output_tokens: divided.then_some(output),
        input_characters: 0,
        key,
    })
}

pub(super) fn any_event() -> impl Strategy<Value = Event> {
    let amounts = (0..80_u64, 0..80_u64).prop_map(|(input_tokens, output_tokens)| Amounts {
        tokens: input_tokens + output_tokens,
        input_tokens,
        output_tokens,
    });
    prop_oneof![
        6 => (0..30_000_u32).prop_map(Event::Advance),
        3 => Just(Event::Advance(0)),
        1 => (0..200_000_u32).prop_map(Event::StepBack),
        13 => any_demand().prop_map(Event::Acquire),
        4 => (any::<Index>(), [0..90_u64, 0..90]).prop_map(|(held, used)| Event::Settle { held, used }),
        6 => any::<Index>().prop_map(Event::Release),
        1 => (0..40_000_u32).prop_map(Event::Block),
        1 => any_limits().prop_map(Event::SetLimits),
        1 => any_limit(12).prop_map(Event::SetBurst),
        2 => (0..70_000_u32, 0..4_u64, amounts).prop_map(|(age, requests, amounts)| Event::Restore { age, requests, amounts }),
        3 => prop::array::uniform4(prop::option::of((0..20_u64, 0..70_000_u32))).prop_map(Event::Observe),
        1 => Just(Event::Reset),
    ]
}
