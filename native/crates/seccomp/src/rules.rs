//! Rules for calls.

/// The value that a filter returns to the kernel.
pub type Action = u32;

pub const ALLOW: Action = libc::SECCOMP_RET_ALLOW;

/// Returns the action that fails a call with this errno.
pub const fn errno(number: i32) -> Action {
    libc::SECCOMP_RET_ERRNO | number as u32
}

/// Reports whether calls with this action are made.
pub fn permits(action: Action) -> bool {
    matches!(action, ALLOW | libc::SECCOMP_RET_LOG)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    Equal,
    Less,
    Greater,
}

/// A comparison or its opposite: "at most" is not "greater".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Operator {
    pub comparison: Comparison,
    pub negated: bool,
}

/// A comparison of an argument with a value, after a bitwise AND with the mask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// Index of the argument, 0 to 5.
    pub argument: u8,
    pub operator: Operator,
    pub mask: u64,
    pub value: u64,
}

impl Condition {
    /// Compares the low half of an argument of type `int`, whose high half the kernel ignores.
    pub fn low(argument: u8, comparison: Comparison, value: u32) -> Self {
        Self {
            argument,
            operator: Operator {
                comparison,
                negated: false,
            },
            mask: u64::from(u32::MAX),
            value: u64::from(value),
        }
    }

    /// Returns the opposite.
    pub fn negated(mut self) -> Self {
        self.operator.negated = !self.operator.negated;
        self
    }

    /// Reports whether the arguments meet the condition.
    pub fn is_met(&self, arguments: &[u64; 6]) -> bool {
        let argument = arguments
            .get(usize::from(self.argument))
            .copied()
            .unwrap_or_default();
        let masked = argument & self.mask;
        let found = match self.operator.comparison {
            Comparison::Equal => masked == self.value,
            Comparison::Less => masked < self.value,
            Comparison::Greater => masked > self.value,
        };
        found != self.operator.negated
    }
}

/// An action for calls that meet all conditions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    pub conditions: Vec<Condition>,
    pub action: Action,
}

impl Rule {
    pub fn always(action: Action) -> Self {
        Self::when(Vec::new(), action)
    }

    pub fn when(conditions: Vec<Condition>, action: Action) -> Self {
        Self { conditions, action }
    }
}

/// The rules of a call: the first rule that its arguments meet applies, or else `otherwise`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    pub rules: Vec<Rule>,
    pub otherwise: Action,
}
