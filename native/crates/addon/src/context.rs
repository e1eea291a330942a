//! The files of build contexts. Listing and hashing run in threads of their own.

use std::collections::HashSet;
use std::sync::Arc;

use context::{ContextError, Listing, Part, Rule, Tree, hex, scan};
use napi::Env;
use napi::bindgen_prelude::{Object, ToNapiValue};
use napi_derive::napi;
use protocol::file_name::{to_bytes, to_text};
use rustix::io::Errno;
use sys::descriptor;

use crate::error::{Result, coded, system};

/// Maximum number of paths that are returned at once.
const MAX_PATHS: usize = 1000;

/// A part of a pattern.
#[napi(object)]
pub struct ContextPart {
    /// `text`, `one`, `set`, `other`, `star`, `deep` or `rest`.
    pub kind: String,
    /// The text, or the first and the last characters of the ranges one after the other.
    pub text: String,
}

/// A pattern that excludes files, or includes them again.
#[napi(object)]
pub struct ContextRule {
    pub includes: bool,
    pub parts: Vec<ContextPart>,
}

/// An entry of a context.
#[napi(object)]
pub struct ContextEntry {
    pub kind: String,
    pub target: Option<String>,
}

/// A tree without the excluded files. Its memory is not JavaScript's, so the garbage collector does not know its size:
/// its owner calls [`release`](Self::release).
#[napi]
pub struct ContextListing {
    listing: Arc<Listing>,
}

/// Lists a tree without the excluded files; takes over digests of an earlier listing of the same tree.
#[napi]
pub fn scan_context<'env>(
    env: &'env Env,
    root: i32,
    owned: bool,
    rules: Vec<ContextRule>,
    earlier: Option<&ContextListing>,
) -> Result<Object<'env>> {
    let root = descriptor::duplicate(root).map_err(system("dup"))?;
    let tree = Tree::new(root, owned);
    let rules = rules.iter().map(rule).collect::<Result<Vec<_>>>()?;
    let earlier = earlier.map(|one| Arc::clone(&one.listing));
    in_thread(env, move || {
        let listing = Arc::new(scan(&tree, &rules, earlier.as_deref())?);
        Ok(ContextListing { listing })
    })
}

#[napi]
impl ContextListing {
    /// Returns another reference to the listing.
    #[napi]
    pub fn share(&self) -> Self {
        Self {
            listing: Arc::clone(&self.listing),
        }
    }

    /// Releases the listing, which is empty afterwards.
    #[napi]
    pub fn release(&mut self) {
        self.listing = Arc::default();
    }

    /// Returns the number of entries.
    #[napi]
    pub fn count(&self) -> u32 {
        u32::try_from(self.listing.len()).unwrap_or(u32::MAX)
    }

    /// Returns the existing but excluded paths.
    #[napi]
    pub fn ignored(&self) -> Vec<String> {
        self.listing
            .ignored()
            .iter()
            .map(|path| to_text(path))
            .collect()
    }

    #[napi]
    pub fn find(&self, path: String) -> Option<ContextEntry> {
        let index = self.listing.find(&to_bytes(&path))?;
        let (kind, target) = self.listing.describe(index)?;
        Some(ContextEntry {
            kind: kind.as_str().to_owned(),
            target: target.map(to_text),
        })
    }

    /// Returns the paths of some entries below a directory, after the first `from`; none at the end.
    #[napi]
    pub fn below(&self, directory: String, from: u32) -> Vec<String> {
        let Some(index) = self.listing.find(&to_bytes(&directory)) else {
            return Vec::new();
        };
        let range = self
            .listing
            .below(index)
            .skip(from as usize)
            .take(MAX_PATHS);
        range
            .map(|index| to_text(self.listing.path(index)))
            .collect()
    }

    /// Returns the digest of the file or the directory tree at a path, without the paths in `skip`, which are relative
    /// to the directory. `root` is the tree of the listing. The result is nothing for a path that is not in the listing.
    #[napi]
    pub fn digest<'env>(
        &self,
        env: &'env Env,
        root: i32,
        owned: bool,
        path: String,
        skip: Vec<String>,
    ) -> Result<Object<'env>> {
        let root = descriptor::duplicate(root).map_err(system("dup"))?;
        let tree = Tree::new(root, owned);
        let listing = Arc::clone(&self.listing);
        in_thread(env, move || {
            let skip: HashSet<_> = skip
                .iter()
                .map(|path| to_bytes(path).into_owned())
                .collect();
            let digest = listing.digest(&tree, &to_bytes(&path), &skip)?;
            Ok(digest.map(|digest| hex(&digest)))
        })
    }
}

/// Runs `work` in a thread; returns the promise of its result.
fn in_thread<T: ToNapiValue + Send + 'static>(
    env: &Env,
    work: impl FnOnce() -> std::result::Result<T, ContextError> + Send + 'static,
) -> Result<Object<'_>> {
    let (deferred, promise) = env
        .create_deferred()
        .map_err(|error| coded(Errno::NOMEM, error.reason.clone()))?;
    std::thread::Builder::new()
        .name("tbox-context".to_owned())
        .spawn(move || match work() {
            Ok(value) => deferred.resolve(move |_| Ok(value)),
            Err(error) => deferred.reject(napi::Error::from_reason(error.to_string())),
        })
        .map_err(|error| coded(Errno::AGAIN, format!("start thread: {error}")))?;
    Ok(promise)
}

fn rule(rule: &ContextRule) -> Result<Rule> {
    let parts = rule.parts.iter().map(part).collect::<Result<Vec<_>>>()?;
    Ok(Rule {
        includes: rule.includes,
        parts,
    })
}

fn part(part: &ContextPart) -> Result<Part> {
    let ranges = || {
        let ends: Vec<char> = part.text.chars().collect();
        ends.chunks_exact(2)
            .map(|pair| (pair[0], pair[1]))
            .collect()
    };
    Ok(match part.kind.as_str() {
        "text" => Part::Text(part.text.clone()),
        "one" => Part::One,
        "set" => Part::Set {
            ranges: ranges(),
            negated: false,
        },
        "other" => Part::Set {
            ranges: ranges(),
            negated: true,
        },
        "star" => Part::Star,
        "deep" => Part::Deep,
        "rest" => Part::Rest,
        kind => {
            return Err(coded(
                Errno::INVAL,
                format!("unknown part of a pattern: {kind}"),
            ));
        }
    })
}
