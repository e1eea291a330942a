//! The rules of all calls.

use std::collections::BTreeMap;

use crate::architecture::Architecture;
use crate::assembler::{self, Filter};
use crate::rules::{Action, Decision, Rule, errno};

/// The decision for each number.
#[derive(Debug, Clone)]
pub struct Table {
    architecture: Architecture,
    default: Action,
    decisions: BTreeMap<u32, Decision>,
}

impl Table {
    /// Returns a table with one action for all calls.
    pub fn new(architecture: Architecture, default: Action) -> Self {
        Self {
            architecture,
            default,
            decisions: BTreeMap::new(),
        }
    }

    /// Adds a rule for a call. A rule without conditions precedes all rules with conditions; of two equal ones, the
    /// first applies.
    pub fn add(&mut self, number: u32, rule: Rule) {
        let default = self.default;
        let decision = self.decisions.entry(number).or_insert_with(|| Decision {
            rules: Vec::new(),
            otherwise: default,
        });
        if decision.rules.iter().any(|one| one.conditions.is_empty()) {
            return;
        }
        if rule.conditions.is_empty() {
            decision.rules.clear();
        }
        decision.rules.push(rule);
    }

    /// Answers ENOSYS for numbers that the architecture does not use, and for those above all numbers with rules: a
    /// later kernel may give them a meaning, and C libraries use a fallback then. Call it after the last `add`.
    pub fn hide_unknown(&mut self) {
        let last = self.decisions.keys().next_back().copied().unwrap_or(0);
        let unknown = |action| Decision {
            rules: Vec::new(),
            otherwise: action,
        };
        for number in 0..=last {
            if self.architecture.name(number).is_none() {
                self.decisions
                    .entry(number)
                    .or_insert_with(|| unknown(errno(libc::ENOSYS)));
            } else {
                let default = self.default;
                self.decisions
                    .entry(number)
                    .or_insert_with(|| unknown(default));
            }
        }
        self.default = errno(libc::ENOSYS);
    }

    /// Returns the action for a call.
    pub fn action(&self, number: u32, arguments: &[u64; 6]) -> Action {
        let Some(decision) = self.decisions.get(&number) else {
            return self.default;
        };
        let met = |rule: &&Rule| rule.conditions.iter().all(|one| one.is_met(arguments));
        decision
            .rules
            .iter()
            .find(met)
            .map_or(decision.otherwise, |rule| rule.action)
    }

    /// Returns the decision for a number.
    pub fn decision(&self, number: u32) -> Decision {
        self.decisions
            .get(&number)
            .cloned()
            .unwrap_or_else(|| Decision {
                rules: Vec::new(),
                otherwise: self.default,
            })
    }

    pub fn architecture(&self) -> Architecture {
        self.architecture
    }

    /// Returns the program.
    pub fn assemble(&self) -> Filter {
        assembler::assemble(self.architecture, &self.segments())
    }

    /// Returns runs of numbers with the same decision, each with its first number. The first run starts at 0.
    fn segments(&self) -> Vec<(u32, Decision)> {
        let ends = self.decisions.keys().map(|number| number + 1);
        let mut starts: Vec<u32> = self
            .decisions
            .keys()
            .copied()
            .chain(ends)
            .chain([0])
            .collect();
        starts.sort_unstable();
        starts.dedup();
        let mut segments: Vec<(u32, Decision)> = Vec::new();
        for number in starts {
            let decision = simplified(self.decision(number));
            if segments.last().is_none_or(|(_, last)| *last != decision) {
                segments.push((number, decision));
            }
        }
        segments
    }
}

/// Turns a decision with one rule without conditions into an action.
fn simplified(decision: Decision) -> Decision {
    match decision.rules.as_slice() {
        [rule] if rule.conditions.is_empty() => Decision {
            rules: Vec::new(),
            otherwise: rule.action,
        },
        _ => decision,
    }
}
