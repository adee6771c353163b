//! What comments cite of PREDECESSORS.md is there.

use std::fs;
use std::path::Path;

const PAGE: &str = "PREDECESSORS.md";
const FOLDERS: [&str; 5] = ["benches", "core", "scenarios", "sim", "targets"];

/// Shows all texts of these folders.
fn for_each_text(folder: &Path, show: &mut impl FnMut(&Path, &str)) {
    for entry in fs::read_dir(folder).expect("it is a folder") {
        let path = entry.expect("it is listed").path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if path.is_dir() && !["target", "node_modules"].contains(&name) {
            for_each_text(&path, show);
        } else if [".rs", ".md"].iter().any(|end| name.ends_with(end)) {
            show(&path, &fs::read_to_string(&path).expect("it is text"));
        }
    }
}

/// The numbers behind each mention of the page, such as those of `PREDECESSORS.md §1.9, §1.10` and
/// `PREDECESSORS.md §1.2 to §1.7`, wherever the line breaks.
fn cited(text: &str) -> Vec<String> {
    let is_number = |sign: char| sign.is_ascii_digit() || sign == '.';
    let filler = |sign: char| sign.is_whitespace() || "/!,".contains(sign);
    let mut numbers = Vec::new();
    for behind in text.split(PAGE).skip(1) {
        let mut rest = behind;
        loop {
            rest = rest.trim_start_matches(filler);
            rest = ["to ", "and "].iter().find_map(|word| rest.strip_prefix(word)).unwrap_or(rest);
            let Some(number) = rest.trim_start_matches(filler).strip_prefix('§') else { break };
            let size = number.find(|sign| !is_number(sign)).unwrap_or(number.len());
            numbers.push(number[..size].trim_end_matches('.').to_owned());
            rest = &number[size..];
        }
    }
    numbers
}

#[test]
fn each_section_that_is_cited_is_there() {
    let page = include_str!("../../PREDECESSORS.md");
    let titles = page.lines().filter_map(|line| line.trim_start_matches('#').strip_prefix(' '));
    let numbers: Vec<&str> =
        titles.map(|title| title.split(' ').next().unwrap_or_default()).collect();
    let is_there = |cited: &str| numbers.iter().any(|number| number.trim_end_matches('.') == cited);
    let mut count = 0;
    for folder in FOLDERS {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(folder);
        for_each_text(&root, &mut |path, text| {
            for number in cited(text) {
                assert!(is_there(&number), "{}: there is no §{number}", path.display());
                count += 1;
            }
        });
    }
    assert!(count > 50, "{count} citations");
}

#[test]
fn citations_are_found_wherever_the_line_breaks() {
    let page = PAGE;
    let text =
        format!("/// so ({page} §1.9, §1.10), ({page}\n/// §2.4). ({page} §1.2 to §1.7; D-07)");
    assert_eq!(cited(&text), ["1.9", "1.10", "2.4", "1.2", "1.7"]);
    assert_eq!(cited(&format!("({page}\n//! §1)")), ["1"]);
    assert!(cited(&format!("{page} alone (§9)")).is_empty());
}
