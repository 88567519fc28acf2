//! How many tokens a task will take, and took where nobody said.
//!
//! Of what is not known, rather too much is reserved and counted than too little: what was reserved in excess comes back
//! when the task is settled, what was reserved too little is a debt. `Strict` never reserves less than was stated.

use std::collections::BTreeMap;

use super::recent::Recent;
use super::terms::{Amounts, Consumption, Demand, Guarantee, Limits};

/// The rule of thumb for English text of common tokenizers: four characters a token.
/// <https://help.openai.com/en/articles/4936856-what-are-tokens-and-how-to-count-them>
const CHARACTERS_PER_TOKEN: u64 = 4;
/// No model reads or writes as many in one request; bounds the sums that the window keeps.
pub(super) const MOST_TOKENS: u64 = 1 << 40;
/// From how many settled tasks on a percentile says more than the maximum.
const LEARNED_AFTER: usize = 30;

fn tokens_of(characters: u64) -> u64 {
    characters.div_ceil(CHARACTERS_PER_TOKEN)
}

/// What a demand says of a task.
#[derive(Debug, Clone, Copy)]
struct Bounds {
    /// What was stated of each, a question in characters included; 0 where nothing was.
    stated: Amounts,
    /// The most that may be used of each; `MOST_TOKENS` where that is open.
    most: Amounts,
    /// The tokens of the question as far as they are known.
    question: Option<u64>,
}

impl Bounds {
    fn of(demand: &Demand) -> Self {
        let capped = |tokens: u64| tokens.min(MOST_TOKENS);
        let characters = Some(demand.input_characters).filter(|&characters| characters > 0);
        let answer = demand.output_tokens;
        let question = match (demand.input_tokens, demand.tokens, answer) {
            (Some(question), ..) => Some(question),
            // Characters are a rule of thumb, all tokens a bound.
            (None, Some(_), _) => None,
            (None, None, Some(_)) => Some(tokens_of(demand.input_characters)),
            (None, None, None) => characters.map(tokens_of),
        };
        let sum = question
            .zip(answer)
            .map(|(question, answer)| question.saturating_add(answer));
        let all = demand
            .tokens
            .map_or(sum, |tokens| Some(sum.unwrap_or(tokens).min(tokens)));
        let part = |part: Option<u64>| part.map_or(all, |part| Some(all.unwrap_or(part).min(part)));
        let [question, all, answer] = [part(question).filter(|_| question.is_some()), all, part(answer)];
        let stated = Amounts {
            tokens: all.or(question).map_or(0, capped),
            input_tokens: question.or(all).map_or(0, capped),
            output_tokens: answer.map_or(0, capped),
        };
        Self {
            stated,
            most: Amounts {
                tokens: all.map_or(MOST_TOKENS, capped),
                input_tokens: demand
                    .input_tokens
                    .or(demand.tokens)
                    .map_or(MOST_TOKENS, |_| stated.input_tokens),
                output_tokens: answer.map_or(MOST_TOKENS, capped),
            },
            question: question.map(capped),
        }
    }
}

/// What is reserved for a task, and what that rests on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reservation {
    /// What counts until the task is settled.
    pub(super) amounts: Amounts,
    bounds: Bounds,
    /// Set where this is a share of the limits for want of anything better.
    share: bool,
    key: u32,
}

impl Reservation {
    /// What the caller stated, whatever was reserved.
    pub(super) fn stated(&self) -> Amounts {
        self.bounds.stated
    }

    /// The same share of other limits, where it is a share and became smaller.
    pub(super) fn under(self, limits: &Limits) -> Amounts {
        if self.share {
            self.amounts.each(shares(self.bounds.question, limits), u64::min)
        } else {
            self.amounts
        }
    }

    /// The tokens of a task that ended so. What was not said and does not follow stands as reserved.
    pub(super) fn used(&self, consumption: Consumption) -> Amounts {
        let amounts = match consumption {
            Consumption::Used {
                tokens,
                input_tokens,
                output_tokens,
                characters,
            } => match (tokens, input_tokens, output_tokens) {
                (None, None, None) => self.divided(tokens_of(characters), None, None),
                (Some(tokens), input, output) => self.divided(tokens, input, output),
                (None, Some(input), Some(output)) => {
                    self.divided(input.saturating_add(output), Some(input), Some(output))
                }
                (None, input, output) => Amounts {
                    tokens: self.amounts.tokens.max(input.or(output).unwrap_or(0)),
                    input_tokens: input.unwrap_or(self.amounts.input_tokens),
                    output_tokens: output.unwrap_or(self.amounts.output_tokens),
                },
            },
            Consumption::Failed { .. } if !self.share => self.amounts,
            Consumption::Refused { input_characters } | Consumption::Failed { input_characters } => {
                let question = tokens_of(input_characters)
                    .min(self.bounds.most.input_tokens)
                    .min(self.bounds.most.tokens);
                Amounts {
                    tokens: question,
                    input_tokens: question,
                    output_tokens: 0,
                }
            }
        };
        amounts.each(amounts, |tokens, _| tokens.min(MOST_TOKENS))
    }

    /// A part that was not said is the rest, or else as much as it may be.
    fn divided(&self, tokens: u64, input: Option<u64>, output: Option<u64>) -> Amounts {
        let rest = |other: Option<u64>, most: u64| match other {
            Some(other) => tokens.saturating_sub(other),
            None => tokens.min(most),
        };
        Amounts {
            tokens,
            input_tokens: input.unwrap_or_else(|| rest(output, self.bounds.most.input_tokens)),
            output_tokens: output.unwrap_or_else(|| rest(input, self.bounds.most.output_tokens)),
        }
    }
}

/// An equal share for each task that may start, but at least the question.
fn shares(question: Option<u64>, limits: &Limits) -> Amounts {
    let places = limits.concurrency.or(limits.requests_per_minute).map_or(1, u64::from);
    let share = |limit: Option<std::num::NonZeroU64>| limit.map_or(0, |limit| (limit.get() / places).max(1));
    Amounts {
        tokens: share(limits.tokens_per_minute).max(question.unwrap_or(0)),
        input_tokens: question.unwrap_or_else(|| share(limits.input_tokens_per_minute)),
        output_tokens: share(limits.output_tokens_per_minute),
    }
}

/// What the tasks of one key used.
#[derive(Debug, Default)]
struct Learned {
    tokens: Recent,
    /// Of tasks whose question was not known before.
    input_tokens: Recent,
    output_tokens: Recent,
}

impl Learned {
    /// 1.1 times the 95th percentile, once it can be told: of the answer where the question is known, else of all.
    fn usual(&self, question: Option<u64>) -> Option<Amounts> {
        let usual = |recent: &Recent| {
            let percentile = recent.percentile(95).filter(|_| recent.len() >= LEARNED_AFTER)?;
            Some((percentile * 11).div_ceil(10))
        };
        let answer = usual(&self.output_tokens)?;
        let tokens = match question {
            Some(question) => question + answer,
            None => usual(&self.tokens)?,
        };
        Some(Amounts {
            tokens,
            input_tokens: question.or_else(|| usual(&self.input_tokens)).unwrap_or(tokens),
            output_tokens: answer,
        })
    }

    /// The most of each that any of the recent tasks used.
    fn largest(&self, question: Option<u64>) -> Option<Amounts> {
        let tokens = self.tokens.largest()?.max(question.unwrap_or(0));
        Some(Amounts {
            tokens,
            input_tokens: question.or(self.input_tokens.largest()).unwrap_or(tokens),
            output_tokens: self.output_tokens.largest().unwrap_or(tokens),
        })
    }
}

/// Estimates a task's tokens from what it asks for and from the tasks before it.
#[derive(Debug, Default)]
pub(super) struct TokenEstimator {
    learned: BTreeMap<u32, Learned>,
}

impl TokenEstimator {
    pub(super) fn reserve(&self, demand: &Demand, limits: &Limits) -> Reservation {
        let bounds = Bounds::of(demand);
        let learned = self.learned.get(&demand.key);
        let usual = match limits.guarantee {
            Guarantee::Strict => None,
            Guarantee::Balanced => learned.and_then(|learned| learned.usual(bounds.question)),
        };
        let open = bounds.most.tokens == MOST_TOKENS;
        let expected = match usual {
            None if open => learned.and_then(|learned| learned.largest(bounds.question)),
            usual => usual,
        };
        let amounts = match expected {
            Some(expected) => expected.each(bounds.most, u64::min),
            None if open => shares(bounds.question, limits),
            None => bounds.stated,
        };
        Reservation {
            amounts,
            bounds,
            share: open && expected.is_none(),
            key: demand.key,
        }
    }

    /// Takes note of what a task used, where that tells of others.
    pub(super) fn remember(&mut self, consumption: Consumption, reservation: &Reservation, used: Amounts) {
        let Consumption::Used {
            input_tokens,
            output_tokens,
            ..
        } = consumption
        else {
            return;
        };
        let question = reservation.bounds.question;
        let learned = self.learned.entry(reservation.key).or_default();
        learned.tokens.push(used.tokens);
        learned
            .output_tokens
            .push(match (output_tokens, input_tokens, question) {
                (None, None, Some(question)) => used.tokens.saturating_sub(question),
                _ => used.output_tokens,
            });
        if question.is_none() {
            learned.input_tokens.push(used.input_tokens);
        }
    }
}
