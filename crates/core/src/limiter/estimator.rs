//! How many tokens a task will take, and took where nobody said.
//!
//! Of what is not known, rather too much is reserved and counted than too little: what was reserved in excess comes back
//! when the task is settled, what was reserved too little is a debt. `Strict` never reserves less than was stated.

use std::collections::BTreeMap;

use super::learned::Learned;
use super::terms::{Amounts, Consumption, Demand, Guarantee, Limits};

/// The rule of thumb for English text of common tokenizers: four characters a token.
/// <https://help.openai.com/en/articles/4936856-what-are-tokens-and-how-to-count-them>
const CHARACTERS_PER_TOKEN: u64 = 4;
/// No model reads or writes as many in one request; bounds the sums that the window keeps.
pub(super) const MOST_TOKENS: u64 = 1 << 40;

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
    /// Nothing bounds the tokens in all.
    open: bool,
}

impl Bounds {
    fn of(demand: &Demand) -> Self {
        let question = match (demand.input_tokens, demand.tokens, demand.output_tokens) {
            (Some(question), ..) => Some(question),
            // All tokens are a bound, characters only a rule of thumb.
            (None, Some(_), _) => None,
            (None, None, Some(_)) => Some(tokens_of(demand.input_characters)),
            (None, None, None) => Some(tokens_of(demand.input_characters)).filter(|&question| question > 0),
        };
        let both = question
            .zip(demand.output_tokens)
            .map(|(question, answer)| question.saturating_add(answer));
        let all = demand.tokens.into_iter().chain(both).min();
        let within = |part: Option<u64>| part.into_iter().chain(all).min();
        let question = question.and_then(|question| within(Some(question)));
        let input = question.or(all);
        let answer = within(demand.output_tokens);
        let open = |most: Option<u64>| most.map_or(MOST_TOKENS, capped);
        Self {
            stated: Amounts {
                tokens: all.or(question).map_or(0, capped),
                input_tokens: input.map_or(0, capped),
                output_tokens: answer.map_or(0, capped),
            },
            most: Amounts {
                tokens: open(all),
                input_tokens: open(demand.input_tokens.or(demand.tokens).and(input)),
                output_tokens: open(answer),
            },
            question: question.map(capped),
            open: all.is_none(),
        }
    }
}

impl Bounds {
    /// The question as known, and a usual answer.
    fn with_answer(&self, usual: Amounts) -> Amounts {
        match self.question {
            Some(question) => Amounts {
                tokens: question + usual.output_tokens,
                input_tokens: question,
                ..usual
            },
            None => usual,
        }
    }

    /// At least the question.
    fn with_question(&self, usual: Amounts) -> Amounts {
        Amounts {
            tokens: usual.tokens.max(self.question.unwrap_or(0)),
            input_tokens: self.question.unwrap_or(usual.input_tokens),
            ..usual
        }
    }
}

fn capped(tokens: u64) -> u64 {
    tokens.min(MOST_TOKENS)
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

    /// What tells of other tasks; the answer is what remains beside the question that was known.
    fn sample(&self, consumption: Consumption, used: Amounts) -> Option<Amounts> {
        let Consumption::Used {
            input_tokens,
            output_tokens,
            ..
        } = consumption
        else {
            return None;
        };
        let output_tokens = match (output_tokens, input_tokens, self.bounds.question) {
            (None, None, Some(question)) => used.tokens.saturating_sub(question),
            _ => used.output_tokens,
        };
        Some(Amounts { output_tokens, ..used })
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
            Guarantee::Balanced => learned.and_then(Learned::usual).map(|usual| bounds.with_answer(usual)),
        };
        let expected = match usual {
            None if bounds.open => learned
                .and_then(Learned::largest)
                .map(|largest| bounds.with_question(largest)),
            usual => usual,
        };
        let amounts = match expected {
            Some(expected) => expected.each(bounds.most, u64::min),
            None if bounds.open => shares(bounds.question, limits),
            None => bounds.stated,
        };
        Reservation {
            amounts,
            bounds,
            share: bounds.open && expected.is_none(),
            key: demand.key,
        }
    }

    /// A task starts for which so much is reserved: the number of its cohort.
    pub(super) fn start(&mut self, reservation: &Reservation) -> u64 {
        self.learned.entry(reservation.key).or_default().start()
    }

    /// A task has ended, or was given up.
    pub(super) fn end(&mut self, cohort: u64, reservation: &Reservation, end: Option<(Consumption, Amounts)>) {
        if let Some(learned) = self.learned.get_mut(&reservation.key) {
            learned.end(
                cohort,
                end.and_then(|(consumption, used)| reservation.sample(consumption, used)),
            );
        }
    }
}
