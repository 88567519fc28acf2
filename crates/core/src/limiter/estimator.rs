//! How many tokens a task will take, and took where nobody said.
//!
//! An estimate is meant to be too high rather than too low: what was reserved in excess comes back when the task is
//! settled, what was reserved too little is a debt.

use std::collections::VecDeque;

use super::Limits;

/// The rule of thumb for English text of common tokenizers: four characters a token.
/// <https://help.openai.com/en/articles/4936856-what-are-tokens-and-how-to-count-them>
const CHARACTERS_PER_TOKEN: u64 = 4;
/// No model reads or writes as many in one request; bounds the sums that the window keeps.
const MOST_TOKENS: u64 = 1 << 40;
/// How many settled tasks the estimate looks back on.
const REMEMBERED: usize = 100;

/// What is known of a task before it starts.
#[derive(Debug, Clone, Copy, Default)]
pub struct Demand {
    /// The most tokens that the model may answer with.
    pub output_tokens: Option<u64>,
    /// The characters of what the model is asked.
    pub input_characters: u64,
}

/// What is known of a task's tokens after it ended.
#[derive(Debug, Clone, Copy)]
pub enum Consumption {
    /// The provider said how many.
    Tokens(u64),
    /// Nobody said: taken from the characters of question and answer.
    Characters(u64),
    /// The provider turned the task away: at most its question was read. It says nothing about tasks that succeed.
    Refused {
        /// The characters of the question.
        input_characters: u64,
    },
    /// The task failed, perhaps after it was answered: what was reserved stands, unless that was but a share of the
    /// limit; then as if it were refused. It says nothing about tasks that succeed.
    Failed {
        /// The characters of the question.
        input_characters: u64,
    },
}

impl Consumption {
    /// The tokens used by a task for which `reserved` was.
    pub(super) fn tokens(self, reserved: Estimate) -> u64 {
        match self {
            Self::Tokens(tokens) => tokens,
            Self::Failed { .. } if reserved.share_above.is_none() => reserved.tokens,
            Self::Characters(characters)
            | Self::Refused {
                input_characters: characters,
            }
            | Self::Failed {
                input_characters: characters,
            } => characters.div_ceil(CHARACTERS_PER_TOKEN),
        }
    }
}

/// What is reserved for a task.
#[derive(Debug, Clone, Copy)]
pub(super) struct Estimate {
    pub(super) tokens: u64,
    /// Set where this is a share of the limit for want of anything better: at least so many for the question.
    share_above: Option<u64>,
}

impl Estimate {
    /// The same share of other limits, where it is a share and became smaller.
    pub(super) fn under(self, limits: &Limits) -> Self {
        let tokens = self
            .share_above
            .map_or(self.tokens, |question| share(question, limits).min(self.tokens));
        Self { tokens, ..self }
    }

    /// Tokens that are certain.
    pub(super) fn exactly(tokens: u64) -> Self {
        Self {
            tokens,
            share_above: None,
        }
    }
}

fn share(question: u64, limits: &Limits) -> u64 {
    let share = limits
        .tokens_per_minute
        .map_or(0, |tokens| (tokens.get() / limits.concurrency).max(1));
    share.max(question).min(MOST_TOKENS)
}

/// Estimates a task's tokens from what it asks for, or else from the tasks before it.
#[derive(Debug, Default)]
pub(super) struct TokenEstimator {
    recent: VecDeque<u64>,
}

impl TokenEstimator {
    /// With a bound on the answer: that bound and the question. Else the largest of the last 100 uses; before there is
    /// one, an equal share of the token limit for each task that may be in flight, so that a first wave starts at once
    /// and cannot overshoot unless one of its tasks takes more than its share.
    pub(super) fn estimate(&self, demand: Demand, limits: &Limits) -> Estimate {
        let question = demand.input_characters.div_ceil(CHARACTERS_PER_TOKEN).min(MOST_TOKENS);
        let known = match (demand.output_tokens, self.recent.iter().max()) {
            (Some(answer), _) => question.saturating_add(answer),
            (None, Some(&usual)) => usual.max(question),
            (None, None) => {
                return Estimate {
                    tokens: share(question, limits),
                    share_above: Some(question),
                };
            }
        };
        Estimate {
            tokens: known.min(MOST_TOKENS),
            share_above: None,
        }
    }

    /// Takes note of what a task used, where that tells of others.
    pub(super) fn remember(&mut self, consumption: Consumption, used: Estimate) {
        if matches!(consumption, Consumption::Refused { .. } | Consumption::Failed { .. }) {
            return;
        }
        if self.recent.len() == REMEMBERED {
            self.recent.pop_front();
        }
        self.recent.push_back(used.tokens);
    }
}
