//! What is allowed, asked, answered and used: the words in which callers speak with the limiter.

use std::num::NonZeroU64;
use std::ops::Add;
use std::time::Duration;

/// What is allowed; `None` is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Limits {
    /// The most permits given in any 60 s.
    pub requests_per_minute: Option<NonZeroU64>,
    /// The most tokens, input and output together, of permits given in any 60 s.
    pub tokens_per_minute: Option<NonZeroU64>,
    /// The most input tokens of permits given in any 60 s.
    pub input_tokens_per_minute: Option<NonZeroU64>,
    /// The most output tokens of permits given in any 60 s.
    pub output_tokens_per_minute: Option<NonZeroU64>,
    /// The most permits held at a time.
    pub concurrency: Option<NonZeroU64>,
    /// The most permits given at once; after them one each 60 s / `requests_per_minute`. `None`: as many as the request
    /// limit, that is no pacing.
    pub burst: Option<NonZeroU64>,
    /// What is reserved for a start.
    pub guarantee: Guarantee,
    /// Whether a task larger than a whole budget may start when no other task's tokens count; else it is refused.
    pub allow_oversize: bool,
}

/// What is reserved for a start whose use is not known yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Guarantee {
    /// The most that it may use: the token limits are never exceeded by tasks that keep to what they stated.
    Strict,
    /// The most that it may use until 30 tasks of its key have been settled, then 1.1 times their 95th percentile where
    /// that is less.
    #[default]
    Balanced,
}

/// What is known of a task before it starts; `None` is not known.
///
/// Where all three bounds are `None`, a task is taken to use what the largest of the recent ones did, and before there
/// is one an equal share of the limit. Where only `tokens` is known, all of them count towards an input and an output
/// limit too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Demand {
    /// The most tokens in all.
    pub tokens: Option<u64>,
    /// The most tokens of what the model is asked.
    pub input_tokens: Option<u64>,
    /// The most tokens that the model may answer with.
    pub output_tokens: Option<u64>,
    /// The characters of what the model is asked: stand for its tokens where those are not known.
    pub input_characters: u64,
    /// By what the learned estimates are kept, such as a model; 0 where the caller makes no difference.
    pub key: u32,
}

/// What is known of a task's tokens after it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consumption {
    /// It was answered. What follows from the others need not be given; where nothing is, the characters count.
    Used {
        /// Tokens in all.
        tokens: Option<u64>,
        /// Tokens of the question.
        input_tokens: Option<u64>,
        /// Tokens of the answer.
        output_tokens: Option<u64>,
        /// The characters of question and answer.
        characters: u64,
    },
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

/// Tokens reserved or used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Amounts {
    /// Towards the limit of all tokens.
    pub tokens: u64,
    /// Towards the limit of input tokens.
    pub input_tokens: u64,
    /// Towards the limit of output tokens.
    pub output_tokens: u64,
}

impl Amounts {
    pub(super) fn each(self, other: Self, choose: impl Fn(u64, u64) -> u64) -> Self {
        Self {
            tokens: choose(self.tokens, other.tokens),
            input_tokens: choose(self.input_tokens, other.input_tokens),
            output_tokens: choose(self.output_tokens, other.output_tokens),
        }
    }

    pub(super) fn is_nothing(self) -> bool {
        self == Self::default()
    }
}

impl Add for Amounts {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        self.each(other, u64::saturating_add)
    }
}

/// What a provider says is left of one limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Remaining {
    /// So many requests or tokens.
    pub left: u64,
    /// Until the limit is whole again.
    pub reset_in: Duration,
}

/// What a provider says is left of its limits, for all who use them; `None` is not said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Observation {
    /// Of the requests a minute.
    pub requests: Option<Remaining>,
    /// Of all tokens a minute.
    pub tokens: Option<Remaining>,
    /// Of the input tokens a minute.
    pub input_tokens: Option<Remaining>,
    /// Of the output tokens a minute.
    pub output_tokens: Option<Remaining>,
}

impl Observation {
    /// In the order of the budgets.
    pub(super) fn in_order(&self) -> [Option<Remaining>; 4] {
        [self.requests, self.tokens, self.input_tokens, self.output_tokens]
    }
}

/// The right to one start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Permit(pub u64);

/// What holds a start back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// Requests a minute, or their pacing.
    Requests,
    /// Tokens a minute.
    Tokens,
    /// Input tokens a minute.
    InputTokens,
    /// Output tokens a minute.
    OutputTokens,
    /// Permits held at a time.
    Concurrency,
    /// The provider asked for a pause.
    Provider,
}

impl Reason {
    /// The reason as users read it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::Tokens => "tokens",
            Self::InputTokens => "input-tokens",
            Self::OutputTokens => "output-tokens",
            Self::Concurrency => "concurrency",
            Self::Provider => "provider",
        }
    }
}

/// The answer to a request for a permit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// Start now.
    Granted(Permit),
    /// Ask again after this time; a settlement or a change of the limits may allow it earlier.
    Wait {
        /// How long, if nobody else is admitted and no debt is settled meanwhile.
        duration: Duration,
        /// What takes longest.
        reason: Reason,
    },
    /// As many as may are in flight: ask again after a release.
    Full,
    /// Never: more is asked for than a whole budget.
    TooLarge {
        /// Which budget.
        reason: Reason,
        /// The whole of it.
        limit: u64,
        /// What was asked for.
        demand: u64,
    },
}

/// What the limits have been used for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Usage {
    /// Permits given in the last 60 s, and what others were observed to have used.
    pub requests: u64,
    /// Tokens that count: reserved, used, or observed to be used by others.
    pub tokens: u64,
    /// Input tokens that count.
    pub input_tokens: u64,
    /// Output tokens that count.
    pub output_tokens: u64,
    /// Permits not yet released.
    pub in_flight: u64,
    /// The used share of the fullest of the limits a minute, 0..=1; 0 where there is none.
    pub utilization: f64,
}
