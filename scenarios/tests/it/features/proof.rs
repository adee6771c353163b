//! What a row names as its proof: a test that runs, or a document that says something.

use std::fs;
use std::path::{Path, PathBuf};

/// The repository that this test is in.
pub(super) struct Repository {
    root: PathBuf,
    /// Packages that `cargo test` runs.
    members: Vec<String>,
}

impl Repository {
    pub(super) fn here() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let manifest = fs::read_to_string(root.join("Cargo.toml")).unwrap();
        let (_, list) = manifest.split_once("\ndefault-members = [").unwrap();
        let (list, _) = list.split_once(']').unwrap();
        let members: Vec<String> =
            list.split('"').skip(1).step_by(2).map(|member| format!("{member}/")).collect();
        assert!(members.contains(&"scenarios/".to_owned()));
        Self { root, members }
    }

    pub(super) fn read(&self, path: &str) -> Option<String> {
        fs::read_to_string(self.root.join(path)).ok()
    }

    /// What is wrong with the proofs of a cell.
    pub(super) fn fault(&self, cell: &str) -> Option<String> {
        cell.split("<br>").filter(|proof| !proof.is_empty()).find_map(|proof| {
            let fault = match proof.split_once(" says ") {
                Some((document, words)) => self.document_fault(document, words),
                None => self.test_fault(proof),
            };
            fault.map(|fault| format!("{proof}: {fault}"))
        })
    }

    fn document_fault(&self, document: &str, words: &str) -> Option<String> {
        let words = words.strip_prefix('"').and_then(|words| words.strip_suffix('"'));
        let Some(words) = words.filter(|words| !words.is_empty()) else {
            return Some("the words are not quoted".to_owned());
        };
        match self.read(document.trim_matches('`')) {
            None => Some("no such document".to_owned()),
            Some(text) if !text.contains(words) => Some("it does not say so".to_owned()),
            Some(_) => None,
        }
    }

    fn test_fault(&self, proof: &str) -> Option<String> {
        let inner = proof.strip_prefix('`').and_then(|proof| proof.strip_suffix('`'));
        let Some((path, name)) = inner.and_then(|proof| proof.split_once("::")) else {
            return Some("neither a test nor a document".to_owned());
        };
        let Some(source) = self.read(path) else { return Some("no such file".to_owned()) };
        if !self.members.iter().any(|member| path.starts_with(member.as_str())) {
            return Some("`cargo test` does not run this package".to_owned());
        }
        if !self.is_compiled(Path::new(path)) {
            return Some("no crate has this file in it".to_owned());
        }
        (!is_run(&source, name)).then(|| "no test of this name that runs".to_owned())
    }

    /// Some crate has this file in it: it is a root, or the module above says `mod`.
    fn is_compiled(&self, path: &Path) -> bool {
        let (Some(stem), Some(folder)) = (stem(path), path.parent()) else { return false };
        let folder_name = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if folder_name == "examples" {
            return self.is_example_of_a_test(stem, folder);
        }
        let is_root = match (stem, folder_name) {
            ("lib" | "main", _) => true,
            (_, "tests") => folder.parent().is_some_and(|it| self.is_package(it)),
            _ => false,
        };
        if is_root {
            return true;
        }
        let (module, above) = if stem == "mod" {
            (folder_name, folder.parent().unwrap_or(folder))
        } else {
            (stem, folder)
        };
        let in_folder = ["mod.rs", "main.rs", "lib.rs"].map(|name| above.join(name));
        let beside = above.with_extension("rs");
        let declares = |parent: &PathBuf| {
            let text = parent.to_str().and_then(|path| self.read(path)).unwrap_or_default();
            text.lines().any(|line| is_declaration(line, module))
        };
        let parent = in_folder.iter().chain([&beside]).find(|parent| declares(parent));
        parent.is_some_and(|parent| self.is_compiled(parent))
    }

    /// The test binary `examples` of the package runs it.
    fn is_example_of_a_test(&self, stem: &str, folder: &Path) -> bool {
        let tests = folder.with_file_name("tests").join("examples.rs");
        let text = tests.to_str().and_then(|path| self.read(path)).unwrap_or_default();
        text.lines().any(|line| line == format!("#[path = \"../examples/{stem}.rs\"]"))
    }

    fn is_package(&self, folder: &Path) -> bool {
        self.root.join(folder).join("Cargo.toml").is_file()
    }
}

fn stem(path: &Path) -> Option<&str> {
    path.file_stem()?.to_str()
}

/// `mod name;`, of whatever visibility.
fn is_declaration(line: &str, module: &str) -> bool {
    let line = line.trim();
    let declared = line.strip_prefix("mod ").or_else(|| line.split_once(" mod ").map(|(_, it)| it));
    !line.starts_with("//") && declared == Some(format!("{module};").as_str())
}

/// The source has a test of this name, and it is not ignored.
pub(crate) fn is_run(source: &str, name: &str) -> bool {
    let lines: Vec<&str> = source.lines().map(str::trim).collect();
    let heads = [format!("fn {name}("), format!("async fn {name}(")];
    lines.iter().enumerate().any(|(index, line)| {
        let is_head = heads.iter().any(|head| line.starts_with(head.as_str()));
        let ends_item = |line: &&&str| {
            line.is_empty() || line.ends_with(['}', ';', '{']) || line.starts_with("//")
        };
        let above = || lines[..index].iter().rev().take_while(|line| !ends_item(line));
        let is_test = |line: &&str| *line == "#[test]" || line.starts_with("#[tokio::test");
        is_head && above().any(is_test) && !above().any(|line| line.contains("ignore"))
    })
}

#[test]
fn a_test_is_one_that_runs() {
    assert!(is_run("#[test]\nfn a() {", "a"));
    assert!(is_run("    #[tokio::test(start_paused = true)]\n    async fn a() {", "a"));
    assert!(!is_run("#[test]\n#[ignore = \"slow\"]\nfn a() {", "a"));
    assert!(!is_run("#[test]\nfn b() {}\n\nfn a() {", "a"));
    assert!(!is_run("#[test]\nfn ab() {", "a"));
    let here = Repository::here();
    assert!(here.is_compiled(Path::new("scenarios/tests/it/features/proof.rs")));
    assert!(here.is_compiled(Path::new("core/src/outbox/tests.rs")));
    assert!(!here.is_compiled(Path::new("scenarios/tests/it/features/gone.rs")));
}
