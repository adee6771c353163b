//! What is in a firmware's ELF: sections, functions, symbols.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use object::{Object, ObjectSection, ObjectSymbol, RelocationTarget, SectionFlags, SymbolKind};

/// A function.
#[derive(Clone, Debug)]
pub struct Function {
    /// Its name, demangled, without a hash.
    pub name: String,
    /// Where it is.
    pub address: u32,
    /// Its size in bytes.
    pub size: u32,
}

/// A section that is in memory when the firmware runs.
#[derive(Clone, Debug)]
pub struct Section {
    /// Its name.
    pub name: String,
    /// Its size in bytes.
    pub size: u32,
}

/// A firmware.
#[derive(Clone, Debug)]
pub struct Elf {
    /// Sections in memory.
    pub sections: Vec<Section>,
    /// All functions.
    pub functions: Vec<Function>,
    /// The names of all symbols that are defined, as they are.
    pub symbols: Vec<(String, u32)>,
    /// The names of those that are not.
    pub undefined: Vec<String>,
    /// What is referred to, for each section that is to be relocated: symbols, or sections by their
    /// names.
    pub references: Vec<(String, BTreeSet<String>)>,
}

impl Elf {
    /// Reads a file.
    ///
    /// # Errors
    /// It is not there, or no ELF.
    pub fn read(path: &Path) -> Result<Self> {
        let bytes = fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
        let file = object::File::parse(&*bytes)
            .with_context(|| format!("{} is no ELF", path.display()))?;
        let sections = file.sections().filter(|section| is_allocated(section.flags()));
        let sections = sections.map(|section| {
            Ok(Section { name: section.name()?.to_owned(), size: narrow(section.size())? })
        });
        let (mut functions, mut symbols, mut undefined) = (Vec::new(), Vec::new(), Vec::new());
        for symbol in file.symbols() {
            let name = symbol.name()?;
            if symbol.is_undefined() {
                undefined.push(name.to_owned());
                continue;
            }
            let address = narrow(symbol.address())?;
            symbols.push((name.to_owned(), address));
            if symbol.kind() == SymbolKind::Text && symbol.is_definition() {
                let name = format!("{:#}", rustc_demangle::demangle(name));
                functions.push(Function { name, address, size: narrow(symbol.size())? });
            }
        }
        let references = file.sections().map(|section| {
            let targets = section.relocations().filter_map(|(_, relocation)| {
                let RelocationTarget::Symbol(index) = relocation.target() else { return None };
                let symbol = file.symbol_by_index(index).ok()?;
                let section =
                    symbol.section_index().and_then(|index| file.section_by_index(index).ok());
                let name = match section {
                    Some(section) => section.name().ok()?.to_owned(),
                    None => symbol.name().ok()?.to_owned(),
                };
                Some(name)
            });
            Ok((section.name()?.to_owned(), targets.collect()))
        });
        let references = references.collect::<Result<_>>()?;
        Ok(Self {
            sections: sections.collect::<Result<_>>()?,
            functions,
            symbols,
            undefined,
            references,
        })
    }

    /// The address of a symbol.
    #[must_use]
    pub fn address_of(&self, name: &str) -> Option<u32> {
        self.symbols.iter().find(|(symbol, _)| symbol == name).map(|(_, address)| *address)
    }
    /// That nothing divides 128-bit numbers: the LX106's compiler gets that wrong, so the core does
    /// without on every processor.
    ///
    /// # Errors
    /// Something does.
    pub fn check_divisions(&self) -> Result<()> {
        let names = self.symbols.iter().map(|(name, _)| name).chain(&self.undefined);
        for name in names {
            let divides =
                ["__udivti3", "__umodti3", "__divti3", "__modti3"].contains(&name.as_str());
            ensure!(!divides, "{name}: 128-bit division is miscompiled for the ESP8266");
        }
        Ok(())
    }
}

fn is_allocated(flags: SectionFlags) -> bool {
    const SHF_ALLOC: u64 = 2;
    matches!(flags, SectionFlags::Elf { sh_flags } if sh_flags & SHF_ALLOC != 0)
}

fn narrow(value: u64) -> Result<u32> {
    u32::try_from(value).context("an address beyond 32 bits")
}
