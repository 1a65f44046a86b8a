//! SPDX licence expressions: names, `WITH`, `AND`, `OR` (also written `/`), and parentheses.

use std::iter::Peekable;
use std::vec::IntoIter;

use anyhow::{Result, bail, ensure};

/// Whether a choice of allowed licences meets the expression. A licence `WITH` an exception is allowed as the two
/// together, or as the licence alone, since an exception only gives more.
pub(super) fn is_met(expression: &str, is_allowed: impl Fn(&str) -> bool) -> Result<bool> {
    let mut reader = Reader { words: words(expression).into_iter().peekable(), is_allowed };
    let met = reader.alternatives()?;
    match reader.words.next() {
        None => Ok(met),
        Some(word) => bail!("unexpected {word:?}"),
    }
}

fn words(expression: &str) -> Vec<String> {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    spaced.split_whitespace().map(str::to_owned).collect()
}

struct Reader<F> {
    words: Peekable<IntoIter<String>>,
    is_allowed: F,
}

impl<F: Fn(&str) -> bool> Reader<F> {
    fn alternatives(&mut self) -> Result<bool> {
        let mut met = self.conjunction()?;
        while self.takes("OR") {
            // Read before it is combined: the words have to be consumed in any case.
            let other = self.conjunction()?;
            met = met || other;
        }
        Ok(met)
    }

    fn conjunction(&mut self) -> Result<bool> {
        let mut met = self.one()?;
        while self.takes("AND") {
            let other = self.one()?;
            met = met && other;
        }
        Ok(met)
    }

    fn one(&mut self) -> Result<bool> {
        if self.takes("(") {
            let met = self.alternatives()?;
            ensure!(self.takes(")"), "a parenthesis is not closed");
            return Ok(met);
        }
        let licence = self.name()?;
        if !self.takes("WITH") {
            return Ok((self.is_allowed)(&licence));
        }
        let exception = self.name()?;
        Ok((self.is_allowed)(&format!("{licence} WITH {exception}")) || (self.is_allowed)(&licence))
    }

    fn name(&mut self) -> Result<String> {
        match self.words.next() {
            Some(word) if !["(", ")", "AND", "OR", "WITH"].contains(&&*word) => Ok(word),
            Some(word) => bail!("{word:?} stands where a licence should"),
            None => bail!("the expression ends too early"),
        }
    }

    fn takes(&mut self, word: &str) -> bool {
        self.words.next_if(|next| next == word).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::is_met;

    fn allowed(expression: &str) -> bool {
        let names = ["MIT", "Unicode-3.0", "ISC", "GPL-2.0 WITH Classpath-exception-2.0"];
        is_met(expression, |name| names.contains(&name)).unwrap()
    }

    #[test]
    fn one_of_several_is_enough_but_all_of_several_are_needed() {
        assert!(allowed("MIT"));
        assert!(!allowed("GPL-2.0"));
        assert!(allowed("GPL-2.0 OR MIT"));
        assert!(allowed("Apache-2.0/MIT"));
        assert!(!allowed("GPL-2.0 AND MIT"));
        assert!(allowed("(Apache-2.0 OR MIT) AND Unicode-3.0"));
        assert!(!allowed("MIT AND (Apache-2.0 OR GPL-2.0)"));
    }

    #[test]
    fn and_binds_more_closely_than_or() {
        assert!(allowed("MIT OR GPL-2.0 AND GPL-3.0"));
        assert!(allowed("GPL-2.0 AND GPL-3.0 OR MIT"));
        assert!(!allowed("(MIT OR GPL-2.0) AND GPL-3.0"));
    }

    #[test]
    fn an_exception_only_gives_more() {
        assert!(allowed("MIT WITH LLVM-exception"));
        assert!(allowed("GPL-2.0 WITH Classpath-exception-2.0"));
        assert!(!allowed("GPL-2.0 WITH LLVM-exception"));
    }

    #[test]
    fn nonsense_is_an_error() {
        for expression in ["", "MIT OR", "OR MIT", "(MIT", "MIT)", "MIT ISC", "MIT WITH"] {
            assert!(is_met(expression, |_| true).is_err(), "{expression:?}");
        }
    }
}
