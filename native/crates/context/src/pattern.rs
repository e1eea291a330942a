//! Patterns of `.dockerignore`, matched against one name after the other while a tree is walked.
//!
//! `src/support/glob.ts` parses the patterns; this module only matches. The time does not depend on the number of
//! wildcards, because all possible positions in a pattern are followed at the same time.

/// A part of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    Text(String),
    /// Any character but a slash.
    One,
    /// A character of one of the ranges, or of none of them.
    Set {
        ranges: Vec<(char, char)>,
        negated: bool,
    },
    /// Any number of characters within a name.
    Star,
    /// Nothing, or any text that ends with a slash.
    Deep,
    /// Any text.
    Rest,
}

/// A pattern that excludes files or includes them again.
#[derive(Debug, Clone)]
pub struct Rule {
    pub includes: bool,
    pub parts: Vec<Part>,
}

/// One step of a compiled pattern.
#[derive(Debug)]
enum Node {
    Char(char),
    One,
    Set(Vec<(char, char)>, bool),
    Star,
    Rest,
    /// Continues at the next node and at the one after it.
    Deep,
    /// Matches any text up to a slash.
    ToSlash,
}

#[derive(Debug)]
struct Pattern {
    includes: bool,
    nodes: Vec<Node>,
}

/// The patterns of a context, in order.
#[derive(Debug)]
pub struct Patterns(Vec<Pattern>);

/// The state of all patterns at a directory: what is left of each after the directory's path and a slash.
#[derive(Debug, Clone)]
pub struct State(Vec<Progress>);

#[derive(Debug, Clone, Default)]
struct Progress {
    /// Whether the pattern matches a directory of the path.
    matched: bool,
    positions: Positions,
}

/// Positions in a pattern that are reached, a bit each.
#[derive(Debug, Clone, Default)]
struct Positions(Vec<u64>);

impl Positions {
    /// Adds a position; returns whether it is new.
    fn add(&mut self, position: usize) -> bool {
        let (word, bit) = (position / 64, 1 << (position % 64));
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        let found = &mut self.0[word];
        let is_new = *found & bit == 0;
        *found |= bit;
        is_new
    }

    fn contains(&self, position: usize) -> bool {
        let word = self.0.get(position / 64).copied().unwrap_or(0);
        word & (1 << (position % 64)) != 0
    }

    fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }

    fn iter(&self) -> impl Iterator<Item = usize> {
        self.0.iter().enumerate().flat_map(|(index, word)| {
            let mut left = *word;
            std::iter::from_fn(move || {
                let bit = (left != 0).then(|| left.trailing_zeros() as usize)?;
                left &= left - 1;
                Some(index * 64 + bit)
            })
        })
    }
}

impl Patterns {
    pub fn new(rules: &[Rule]) -> Self {
        Self(rules.iter().map(Pattern::new).collect())
    }

    /// Returns the state at the top of the tree.
    pub fn top(&self) -> State {
        let start = |pattern: &Pattern| {
            let mut positions = Positions::default();
            pattern.reach(0, &mut positions);
            Progress {
                matched: false,
                positions,
            }
        };
        State(self.0.iter().map(start).collect())
    }

    /// Returns whether a name in a directory is excluded, and the state for the files below it.
    pub fn enter(&self, directory: &State, name: &str) -> (bool, State) {
        let mut ignored = false;
        let mut below = Vec::with_capacity(self.0.len());
        for (pattern, before) in self.0.iter().zip(&directory.0) {
            let positions = name.chars().fold(before.positions.clone(), |positions, c| {
                pattern.advance(&positions, c)
            });
            let matched = before.matched || pattern.is_end(&positions);
            if matched && pattern.includes == ignored {
                ignored = !pattern.includes;
            }
            let positions = pattern.advance(&positions, '/');
            below.push(Progress { matched, positions });
        }
        (ignored, State(below))
    }

    /// Reports whether no pattern can include a file below a directory again.
    pub fn excludes_wholly(&self, below: &State) -> bool {
        let mut pairs = self.0.iter().zip(&below.0);
        !pairs.any(|(pattern, progress)| pattern.includes && !progress.positions.is_empty())
    }
}

impl Pattern {
    fn new(rule: &Rule) -> Self {
        let mut nodes = Vec::new();
        for part in &rule.parts {
            match part {
                Part::Text(text) => nodes.extend(text.chars().map(Node::Char)),
                Part::One => nodes.push(Node::One),
                Part::Set { ranges, negated } => nodes.push(Node::Set(ranges.clone(), *negated)),
                Part::Star => nodes.push(Node::Star),
                Part::Rest => nodes.push(Node::Rest),
                Part::Deep => nodes.extend([Node::Deep, Node::ToSlash]),
            }
        }
        Self {
            includes: rule.includes,
            nodes,
        }
    }

    fn is_end(&self, positions: &Positions) -> bool {
        positions.contains(self.nodes.len())
    }

    /// Returns the positions after one more character.
    fn advance(&self, positions: &Positions, c: char) -> Positions {
        let mut reached = Positions::default();
        for at in positions.iter() {
            let Some(node) = self.nodes.get(at) else {
                continue;
            };
            let (stays, moves) = match node {
                Node::Char(wanted) => (false, *wanted == c),
                Node::One => (false, c != '/'),
                Node::Set(ranges, negated) => {
                    let within = ranges.iter().any(|(low, high)| (*low..=*high).contains(&c));
                    (false, within != *negated)
                }
                Node::Star => (c != '/', false),
                Node::Rest => (true, false),
                Node::Deep => (false, false),
                Node::ToSlash => (true, c == '/'),
            };
            if stays {
                self.reach(at, &mut reached);
            }
            if moves {
                self.reach(at + 1, &mut reached);
            }
        }
        reached
    }

    /// Adds a position, and those that are reached from it without a character.
    fn reach(&self, position: usize, reached: &mut Positions) {
        if !reached.add(position) {
            return;
        }
        match self.nodes.get(position) {
            Some(Node::Star | Node::Rest) => self.reach(position + 1, reached),
            Some(Node::Deep) => {
                self.reach(position + 1, reached);
                self.reach(position + 2, reached);
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Part {
        Part::Text(text.to_owned())
    }

    fn rule(includes: bool, parts: Vec<Part>) -> Rule {
        Rule { includes, parts }
    }

    /// Returns whether a path is excluded, and whether nothing below it can be included.
    fn look_up(rules: &[Rule], path: &str) -> (bool, bool) {
        let patterns = Patterns::new(rules);
        let mut state = patterns.top();
        let mut ignored = false;
        for name in path.split('/') {
            (ignored, state) = patterns.enter(&state, name);
        }
        (ignored, patterns.excludes_wholly(&state))
    }

    #[test]
    fn the_last_pattern_that_matches_a_path_or_its_directory_decides() {
        let rules = [
            rule(false, vec![Part::Star]),
            rule(true, vec![text("dir")]),
            rule(false, vec![text("dir/drop")]),
        ];
        for (path, ignored) in [
            ("a", true),
            ("dir", false),
            ("dir/keep", false),
            ("dir/drop", true),
            ("dir/drop/x", true),
            ("other/dir", true),
        ] {
            assert_eq!(look_up(&rules, path).0, ignored, "{path}");
        }
    }

    #[test]
    fn wildcards_match_as_docker_defines_them() {
        let set = |negated| Part::Set {
            ranges: vec![('a', 'c'), ('x', 'x')],
            negated,
        };
        for (parts, path, matches) in [
            (vec![Part::Star, text(".md")], "x.md", true),
            (vec![Part::Star, text(".md")], "a/x.md", false),
            (vec![Part::Deep, Part::Star, text(".md")], "x.md", true),
            (vec![Part::Deep, Part::Star, text(".md")], "a/b/x.md", true),
            (vec![text("a/"), Part::Deep, text("z")], "a/b/c/z", true),
            (vec![text("a/"), Part::Deep, text("z")], "a/bz", false),
            (vec![Part::Rest, text("end")], "a/the-end", true),
            (vec![text("f"), Part::One], "fo", true),
            (vec![text("f"), Part::One], "f", false),
            (vec![set(false)], "b", true),
            (vec![set(true)], "b", false),
            (vec![set(true)], "d", true),
        ] {
            let rules = [rule(false, parts)];
            assert_eq!(look_up(&rules, path).0, matches, "{rules:?} {path}");
        }
    }

    #[test]
    fn a_directory_is_skipped_only_if_no_pattern_reaches_below_it() {
        let rules = [
            rule(false, vec![Part::Star]),
            rule(true, vec![text("docs/"), Part::Star, text("/keep")]),
        ];
        for (path, wholly) in [
            ("node_modules", true),
            ("docs", false),
            ("docs/a", false),
            ("docs/a/b", true),
        ] {
            assert_eq!(look_up(&rules, path), (true, wholly), "{path}");
        }
    }

    #[test]
    fn many_wildcards_do_not_multiply_the_time() {
        let mut parts = vec![];
        for _ in 0..200 {
            parts.extend([Part::Deep, Part::Star, text("a")]);
        }
        parts.push(text("b"));
        let path = "a".repeat(2000);
        assert!(!look_up(&[rule(false, parts)], &path).0);
    }
}
