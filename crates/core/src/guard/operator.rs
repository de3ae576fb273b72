//! Operators as Redshift and PostgreSQL cut them: as many symbols as touch, whether there is such an operator or not.
//!
//! `a!=-1` calls an operator `!=-`, which does not exist, or which somebody has made. The parser cuts it as it is meant, and so says nothing.

/// Those of more than one symbol that a query may use.
const KNOWN: [&str; 14] = ["!=", "!~", "!~*", "!~~", "!~~*", "<<", "<=", "<>", ">=", ">>", "||", "~*", "~~", "~~*"];

/// Symbols that end no operator of those that hold one: beside these, a sign at the end belongs to the operator.
const BINDING: [char; 10] = ['!', '#', '%', '&', '?', '@', '^', '`', '|', '~'];

/// Symbols that are refused by themselves wherever they stand, with words of their own.
const REFUSED: [char; 5] = ['#', '?', '@', '^', '`'];

/// Whether a token is a symbol that operators are made of.
pub(crate) fn is_symbol(token: &str) -> bool {
    let mut characters = token.chars();
    let first = characters.next();
    characters.next().is_none() && first.is_some_and(|symbol| "+-*/<>=".contains(symbol) || BINDING.contains(&symbol))
}

/// The operator at the beginning of a run of touching symbols, if no query may use it. What is left of the run behind it are signs, each an
/// operator of its own, so that a long run is looked at once.
pub(crate) fn first_unknown(run: &str) -> Option<&str> {
    let operator = first(run);
    let is_unknown = operator.len() > 1 && !KNOWN.contains(&operator) && !operator.contains(REFUSED);
    is_unknown.then_some(operator)
}

/// The whole run, but for the signs at its end that begin what is behind it.
fn first(run: &str) -> &str {
    if run.contains(BINDING) {
        return run;
    }
    let signless = run.trim_end_matches(['+', '-']);
    &run[..signless.len().max(1)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_belongs_to_the_operator_only_beside_some_symbols() {
        for (run, operator) in [
            ("=-", "="),
            ("<>-", "<>"),
            ("*-+-", "*"),
            ("-", "-"),
            ("+-", "+"),
            ("-+-", "-"),
            ("!=-", "!=-"),
            ("||-", "||-"),
            ("%+", "%+"),
            ("*~", "*~"),
        ] {
            assert_eq!(first(run), operator, "{run}");
        }
    }

    #[test]
    fn known_operators_pass_and_others_are_named() {
        for run in ["=", "<=-", "*-", "+-+", "||", "!~~*", ">>", "@", "@>"] {
            assert_eq!(first_unknown(run), None, "{run}");
        }
        for run in ["!=-", "&~", "<->", "->", "=~", "-|-", "%-", "<=>"] {
            assert_eq!(first_unknown(run), Some(run));
        }
    }
}
