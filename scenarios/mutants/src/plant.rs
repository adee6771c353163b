//! Writes all mutants of a file into it, each behind a question that is answered at run time.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::Range;

use proc_macro2::{LineColumn, Span};
use syn::spanned::Spanned;
use syn::visit::{self, Visit};

use crate::list::{Genre, Mutant, Place};

/// A mutant and the number that switches it on.
pub(crate) type Numbered<'a> = (usize, &'a Mutant);

/// The file with all of `mutants` in it. What is written for mutant 7 is between `/*<7*/` and
/// `/*7>*/`, so that an error of the compiler tells whose it is.
///
/// # Errors
/// It is no Rust.
pub(crate) fn plant(source: &str, mutants: &[Numbered<'_>]) -> Result<String, syn::Error> {
    let file = syn::parse_file(source)?;
    let mut finder = Finder::new(source, mutants);
    finder.visit_file(&file);
    let Finder { mut sites, .. } = finder;
    // an outer site first, so that it renders what is within it
    sites.sort_by_key(|site| (site.range.start, usize::MAX - site.range.end));
    Ok(render(source, &sites, 0..source.len()))
}

/// A piece of text that is written another way.
struct Site {
    range: Range<usize>,
    change: Change,
}

enum Change {
    /// `left op right`: the operator, and what becomes of it.
    Binary {
        left: Range<usize>,
        op: Range<usize>,
        right: Range<usize>,
        mutants: Vec<(usize, String)>,
    },
    /// `op operand`.
    Unary { operand: Range<usize>, mutant: usize },
    /// A body, without its braces.
    Body { mutants: Vec<(usize, String)> },
    /// A guard, or the place after a pattern where none is: what it becomes, and who takes the arm away.
    Guard { mutants: Vec<(usize, String)>, gone: Option<usize> },
    /// A struct expression with a base, and the fields that it may lose.
    Struct { fields: Vec<(usize, Range<usize>)> },
}

/// `source[within]` with all sites in it changed.
fn render(source: &str, sites: &[Site], within: Range<usize>) -> String {
    let mut text = String::new();
    let mut at = within.start;
    for (index, site) in sites.iter().enumerate() {
        if site.range.start < at || site.range.end > within.end {
            continue;
        }
        text.push_str(&source[at..site.range.start]);
        text.push_str(&site.render(source, &sites[index + 1..]));
        at = site.range.end;
    }
    text.push_str(&source[at..within.end]);
    text
}

/// `if is(7) { 7's text }`, and who follows.
fn alternative(text: &mut String, mutant: usize, instead: &str) {
    let _ = write!(
        text,
        "if crate::mutant::is({mutant}) {{/*<{mutant}*/ {instead} /*{mutant}>*/}} else "
    );
}

impl Site {
    fn render(&self, source: &str, inner: &[Self]) -> String {
        let plain = |range: &Range<usize>| render(source, inner, range.clone());
        let mut text = String::new();
        match &self.change {
            Change::Binary { left, op, right, mutants } => {
                let (left, op, right) = (plain(left), &source[op.clone()], plain(right));
                text.push('(');
                for (mutant, other) in mutants {
                    alternative(&mut text, *mutant, &format!("{left} {other} {right}"));
                }
                let _ = write!(text, "{{ {left} {op} {right} }})");
            }
            Change::Unary { operand, mutant } => {
                let operand = plain(operand);
                text.push('(');
                alternative(&mut text, *mutant, &operand);
                let op = &source[self.range.start..self.range.start + 1];
                let _ = write!(text, "{{ {op}{operand} }})");
            }
            Change::Body { mutants } => {
                for (mutant, value) in mutants {
                    alternative(&mut text, *mutant, &format!("return {value};"));
                }
                text.push_str("{}\n");
                text.push_str(&plain(&self.range));
            }
            Change::Guard { mutants, gone } => {
                let mut guard = plain(&self.range);
                if !guard.is_empty() {
                    guard = format!("({guard})");
                }
                for (mutant, value) in mutants {
                    let question =
                        format!("/*<{mutant}*/ crate::mutant::is({mutant}) /*{mutant}>*/");
                    guard = match value.as_str() {
                        "true" => format!("({question} || {guard})"),
                        _ => format!("(!{question} && {guard})"),
                    };
                }
                if let Some(mutant) = gone {
                    let stays = format!("/*<{mutant}*/ !crate::mutant::is({mutant}) /*{mutant}>*/");
                    guard = if guard.is_empty() {
                        format!(" if {stays}")
                    } else {
                        format!("({stays} && {guard})")
                    };
                }
                text = guard;
            }
            Change::Struct { fields } => {
                let whole = plain(&self.range);
                for (mutant, field) in fields {
                    let without = plain(&(self.range.start..field.start))
                        + &plain(&(field.end..self.range.end));
                    alternative(&mut text, *mutant, &without);
                }
                text = format!("({text}{{ {whole} }})");
            }
        }
        text
    }
}

/// The simulator builds it: it has MQTT 5 and no planted bugs.
fn is_built(attributes: &[syn::Attribute]) -> bool {
    !attributes.iter().any(|attribute| {
        let syn::Meta::List(list) = &attribute.meta else { return false };
        let when = list.tokens.to_string();
        list.path.is_ident("cfg")
            && matches!(when.as_str(), "not (feature = \"mqtt5\")" | "feature = \"planted\"")
    })
}

/// It is a chain of `&&` with a `let` in it.
fn binds(expression: &syn::Expr) -> bool {
    match expression {
        syn::Expr::Let(_) => true,
        syn::Expr::Binary(binary) => binds(&binary.left) || binds(&binary.right),
        _ => false,
    }
}

/// Finds where the mutants are.
struct Finder<'a> {
    /// Where each line begins.
    lines: Vec<usize>,
    source: &'a str,
    /// By where they begin.
    mutants: BTreeMap<Place, Vec<Numbered<'a>>>,
    sites: Vec<Site>,
}

impl<'a> Finder<'a> {
    fn new(source: &'a str, mutants: &[Numbered<'a>]) -> Self {
        let mut by_place = BTreeMap::<_, Vec<_>>::new();
        for (number, mutant) in mutants {
            by_place.entry(mutant.span.start).or_default().push((*number, *mutant));
        }
        let breaks = source.match_indices('\n').map(|(at, _)| at + 1);
        Self {
            lines: std::iter::once(0).chain(breaks).collect(),
            source,
            mutants: by_place,
            sites: Vec::new(),
        }
    }

    /// The mutants of this genre that begin here.
    fn here(&self, start: LineColumn, genre: Genre) -> Vec<(usize, String)> {
        let place = Place { line: start.line, column: start.column + 1 };
        let here = self.mutants.get(&place).into_iter().flatten();
        here.filter(|(_, mutant)| mutant.genre == genre)
            .map(|(number, mutant)| (*number, mutant.replacement.clone()))
            .collect()
    }

    fn offset(&self, place: LineColumn) -> usize {
        let line = self.lines[place.line - 1];
        let mut characters = self.source[line..].char_indices();
        line + characters.nth(place.column).map_or(self.source.len() - line, |(at, _)| at)
    }

    fn range(&self, span: Span) -> Range<usize> {
        self.offset(span.start())..self.offset(span.end())
    }

    fn body(&mut self, block: &syn::Block) {
        let (Some(first), Some(last)) = (block.stmts.first(), block.stmts.last()) else { return };
        let mutants = self.here(first.span().start(), Genre::FnValue);
        if !mutants.is_empty() {
            let range = self.range(first.span()).start..self.range(last.span()).end;
            self.sites.push(Site { range, change: Change::Body { mutants } });
        }
    }
}

impl<'ast> Visit<'ast> for Finder<'_> {
    // what the compiler works out cannot be switched on at run time
    fn visit_item_const(&mut self, _: &'ast syn::ItemConst) {}

    fn visit_impl_item_const(&mut self, _: &'ast syn::ImplItemConst) {}

    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        if is_built(&function.attrs) {
            self.body(&function.block);
            visit::visit_item_fn(self, function);
        }
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        if is_built(&function.attrs) {
            self.body(&function.block);
            visit::visit_impl_item_fn(self, function);
        }
    }

    fn visit_trait_item_fn(&mut self, function: &'ast syn::TraitItemFn) {
        if let Some(block) = &function.default {
            self.body(block);
        }
        visit::visit_trait_item_fn(self, function);
    }

    fn visit_expr_binary(&mut self, binary: &'ast syn::ExprBinary) {
        let mutants = self.here(binary.op.span().start(), Genre::BinaryOperator);
        // `let` cannot be part of anything but a chain of `&&`, so such a mutant is no Rust
        if !mutants.is_empty() && !binds(&binary.left) && !binds(&binary.right) {
            let (left, op) = (self.range(binary.left.span()), self.range(binary.op.span()));
            let (range, right) = (self.range(binary.span()), self.range(binary.right.span()));
            self.sites.push(Site { range, change: Change::Binary { left, op, right, mutants } });
        }
        visit::visit_expr_binary(self, binary);
    }

    fn visit_expr_unary(&mut self, unary: &'ast syn::ExprUnary) {
        if let [(mutant, _)] = self.here(unary.op.span().start(), Genre::UnaryOperator)[..] {
            let (range, operand) = (self.range(unary.span()), self.range(unary.expr.span()));
            self.sites.push(Site { range, change: Change::Unary { operand, mutant } });
        }
        visit::visit_expr_unary(self, unary);
    }

    fn visit_arm(&mut self, arm: &'ast syn::Arm) {
        if !is_built(&arm.attrs) {
            return;
        }
        let gone =
            self.here(arm.span().start(), Genre::MatchArm).first().map(|(mutant, _)| *mutant);
        let guard = arm.guard.as_ref().map(|(_, guard)| guard.span());
        let mutants =
            guard.map(|guard| self.here(guard.start(), Genre::MatchArmGuard)).unwrap_or_default();
        if gone.is_some() || !mutants.is_empty() {
            let after_pattern = self.range(arm.pat.span()).end;
            let range = guard.map_or(after_pattern..after_pattern, |guard| self.range(guard));
            self.sites.push(Site { range, change: Change::Guard { mutants, gone } });
        }
        visit::visit_arm(self, arm);
    }

    fn visit_expr_struct(&mut self, expression: &'ast syn::ExprStruct) {
        let mut fields = Vec::new();
        for pair in expression.fields.pairs() {
            if let [(mutant, _)] = self.here(pair.value().span().start(), Genre::StructField)[..] {
                fields.push((mutant, self.range(pair.span())));
            }
        }
        if !fields.is_empty() {
            let range = self.range(expression.span());
            self.sites.push(Site { range, change: Change::Struct { fields } });
        }
        visit::visit_expr_struct(self, expression);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::list::{Place, Span};

    /// Plants one mutant where `marked` first stands in `source`.
    fn planted(source: &str, marked: &str, genre: Genre, replacement: &str) -> String {
        let at = source.find(marked).expect("it is there");
        let span = Span { start: Place { line: 1, column: at + 1 } };
        let mutant = Mutant {
            file: String::new(),
            name: String::new(),
            genre,
            span,
            replacement: replacement.to_owned(),
        };
        let text = plant(source, &[(7, &mutant)]).expect("it is Rust");
        syn::parse_file(&text).expect("what comes out is Rust, too");
        text
    }

    #[test]
    fn an_operator_has_both_its_operands_in_each_alternative() {
        let text = planted("fn f() -> bool { a + 1 < b }", "<", Genre::BinaryOperator, ">=");
        let wanted = "(if crate::mutant::is(7) {/*<7*/ a + 1 >= b /*7>*/} else { a + 1 < b })";
        assert_eq!(text, format!("fn f() -> bool {{ {wanted} }}"));
    }

    #[test]
    fn a_chain_with_a_let_in_it_stays() {
        let source = "fn f() { if let Some(a) = b && a {} }";
        assert_eq!(planted(source, "&&", Genre::BinaryOperator, "||"), source);
    }

    #[test]
    fn what_the_simulator_does_not_build_stays() {
        for when in ["not(feature = \"mqtt5\")", "feature = \"planted\""] {
            let source = format!("#[cfg({when})] fn f() -> bool {{ g() }}");
            assert_eq!(planted(&source, "g()", Genre::FnValue, "true"), source);
        }
        let source = "#[cfg(feature = \"mqtt5\")] fn f() -> bool { g() }";
        assert_ne!(planted(source, "g()", Genre::FnValue, "true"), source);
    }

    #[test]
    fn a_body_gives_the_value_back_first() {
        let text = planted("fn f() -> bool { g() }", "g()", Genre::FnValue, "true");
        assert!(
            text.contains("if crate::mutant::is(7) {/*<7*/ return true; /*7>*/} else {}\ng()"),
            "{text}"
        );
    }

    #[test]
    fn an_arm_is_gone_by_a_guard() {
        let text = planted("fn f() { match a { 1 => b, _ => c } }", "1 => b", Genre::MatchArm, "");
        assert!(text.contains("1 if /*<7*/ !crate::mutant::is(7) /*7>*/ => b"), "{text}");
    }

    #[test]
    fn a_guard_is_always_true_or_never() {
        let source = "fn f() { match a { 1 if b => c, _ => d } }";
        let always = planted(source, "b", Genre::MatchArmGuard, "true");
        assert!(always.contains("if (/*<7*/ crate::mutant::is(7) /*7>*/ || (b)) =>"), "{always}");
        let never = planted(source, "b", Genre::MatchArmGuard, "false");
        assert!(never.contains("if (!/*<7*/ crate::mutant::is(7) /*7>*/ && (b)) =>"), "{never}");
    }

    #[test]
    fn a_sign_and_a_field_can_be_missing() {
        let text = planted("fn f() { !a }", "!", Genre::UnaryOperator, "");
        assert!(text.contains("{/*<7*/ a /*7>*/} else { !a }"), "{text}");
        let text = planted("fn f() { S { a: 1, ..b } }", "a: 1", Genre::StructField, "");
        assert!(text.contains("{/*<7*/ S {  ..b } /*7>*/} else { S { a: 1, ..b } }"), "{text}");
    }
}
