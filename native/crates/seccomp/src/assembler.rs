//! Assembles a classic BPF program that finds the decision by binary search over the call's number: the program is
//! short, and each call executes few instructions.

use sys::seccomp::{Instruction, instruction};

use crate::architecture::Architecture;
use crate::rules::{Comparison, Condition, Decision, Rule, errno};

/// A classic BPF program.
pub type Filter = Vec<Instruction>;

const LOAD: u32 = libc::BPF_LD | libc::BPF_W | libc::BPF_ABS;
const AND: u32 = libc::BPF_ALU | libc::BPF_AND | libc::BPF_K;
const IF_EQUAL: u32 = libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K;
const IF_AT_LEAST: u32 = libc::BPF_JMP | libc::BPF_JGE | libc::BPF_K;
const IF_GREATER: u32 = libc::BPF_JMP | libc::BPF_JGT | libc::BPF_K;
const JUMP: u32 = libc::BPF_JMP | libc::BPF_JA;
const RETURN: u32 = libc::BPF_RET | libc::BPF_K;

// Offsets in seccomp_data. Arguments have 64 bits in little-endian order.
const NUMBER_AT: u32 = 0;
const ARCHITECTURE_AT: u32 = 4;
const ARGUMENTS_AT: u32 = 16;

/// Assembles a filter. `segments` are sorted by their first numbers and start at 0. Numbers of the x32 table are
/// higher than all of them, so the decision of the last segment applies.
pub fn assemble(architecture: Architecture, segments: &[(u32, Decision)]) -> Filter {
    let mut program = vec![
        instruction(LOAD, 0, 0, ARCHITECTURE_AT),
        instruction(IF_EQUAL, 1, 0, architecture.audit()),
        instruction(RETURN, 0, 0, errno(libc::ENOSYS)),
        instruction(LOAD, 0, 0, NUMBER_AT),
    ];
    program.extend(search(segments));
    program
}

fn search(segments: &[(u32, Decision)]) -> Filter {
    let (lower, upper) = segments.split_at(segments.len() / 2);
    let [(first, decision), ..] = upper else {
        return vec![instruction(RETURN, 0, 0, errno(libc::ENOSYS))];
    };
    if lower.is_empty() {
        return decide(decision);
    }
    let lower = search(lower);
    let mut program = match u8::try_from(lower.len()) {
        Ok(distance) => vec![instruction(IF_AT_LEAST, distance, 0, *first)],
        Err(_) => vec![
            instruction(IF_AT_LEAST, 0, 1, *first),
            instruction(JUMP, 0, 0, lower.len() as u32),
        ],
    };
    program.extend(lower);
    program.extend(search(upper));
    program
}

fn decide(decision: &Decision) -> Filter {
    let mut program: Filter = decision.rules.iter().flat_map(assemble_rule).collect();
    program.push(instruction(RETURN, 0, 0, decision.otherwise));
    program
}

/// Jump target of a comparison.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Goal {
    /// The next instruction.
    On,
    /// The end of the condition, which is met.
    Met,
    /// The end of the rule, which does not apply.
    Failed,
}

struct Step {
    instruction: Instruction,
    goals: (Goal, Goal),
}

fn assemble_rule(rule: &Rule) -> Filter {
    let conditions: Vec<Vec<Step>> = rule.conditions.iter().map(assemble_condition).collect();
    let length: usize = conditions.iter().map(Vec::len).sum();
    let mut program = Vec::with_capacity(length + 1);
    for steps in conditions {
        let end = program.len() + steps.len();
        for step in steps {
            let next = program.len() + 1;
            // A rule has at most six conditions of seven steps, so a distance fits in a byte.
            let distance = |goal| match goal {
                Goal::On => 0,
                Goal::Met => (end - next) as u8,
                Goal::Failed => (length + 1 - next) as u8,
            };
            let Instruction { code, k, .. } = step.instruction;
            let (jump_true, jump_false) = (distance(step.goals.0), distance(step.goals.1));
            program.push(instruction(u32::from(code), jump_true, jump_false, k));
        }
    }
    program.push(instruction(RETURN, 0, 0, rule.action));
    program
}

fn assemble_condition(condition: &Condition) -> Vec<Step> {
    let (met, failed) = match condition.operator.negated {
        false => (Goal::Met, Goal::Failed),
        true => (Goal::Failed, Goal::Met),
    };
    let low_at = ARGUMENTS_AT + 8 * u32::from(condition.argument);
    let halves = |number: u64| ((number >> 32) as u32, number as u32);
    let (high_mask, low_mask) = halves(condition.mask);
    let (high, low) = halves(condition.value);
    let mut steps = Vec::with_capacity(7);
    // Without bits in the high half, the low half decides alone.
    if (high_mask, high) != (0, 0) {
        steps.extend(load(low_at + 4, high_mask));
        match condition.operator.comparison {
            Comparison::Equal => steps.push(step(IF_EQUAL, high, Goal::On, failed)),
            Comparison::Less => {
                steps.push(step(IF_GREATER, high, failed, Goal::On));
                steps.push(step(IF_EQUAL, high, Goal::On, met));
            }
            Comparison::Greater => {
                steps.push(step(IF_GREATER, high, met, Goal::On));
                steps.push(step(IF_EQUAL, high, Goal::On, failed));
            }
        }
    }
    steps.extend(load(low_at, low_mask));
    steps.push(match condition.operator.comparison {
        Comparison::Equal => step(IF_EQUAL, low, met, failed),
        Comparison::Less => step(IF_AT_LEAST, low, failed, met),
        Comparison::Greater => step(IF_GREATER, low, met, failed),
    });
    steps
}

fn load(at: u32, mask: u32) -> Vec<Step> {
    let mut steps = vec![step(LOAD, at, Goal::On, Goal::On)];
    if mask != u32::MAX {
        steps.push(step(AND, mask, Goal::On, Goal::On));
    }
    steps
}

fn step(code: u32, value: u32, if_true: Goal, if_false: Goal) -> Step {
    Step {
        instruction: instruction(code, 0, 0, value),
        goals: (if_true, if_false),
    }
}
