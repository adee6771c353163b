//! Tables in Markdown.

/// A row, by its cells.
pub(super) struct Row<'a> {
    pub(super) cells: Vec<&'a str>,
}

impl Row<'_> {
    pub(super) fn lacks_cells(&self) -> String {
        format!("a row with {} cells: {:?}", self.cells.len(), self.cells)
    }
}

/// The rows of the table under `heading`, without its head.
///
/// # Panics
/// A row has not `columns` cells: a bar in a text would shift what is behind it.
pub(super) fn rows<'a>(text: &'a str, heading: &str, columns: usize) -> Vec<Row<'a>> {
    let under = text.lines().skip_while(|line| *line != heading && !heading.is_empty());
    let table = under.skip_while(|line| !line.starts_with('|')).take_while(|l| l.starts_with('|'));
    let rows = table.map(|line| {
        // A bar inside of a quotation is no border.
        let mut quoted = false;
        let border = |c: char| {
            quoted ^= c == '"';
            c == '|' && !quoted
        };
        let cells: Vec<&str> = line.split(border).map(str::trim).collect();
        let cells = cells[1..cells.len() - 1].to_vec();
        assert_eq!(cells.len(), columns, "{line}");
        Row { cells }
    });
    let is_head =
        |row: &Row<'_>| matches!(row.cells[0], "#" | "id") || row.cells[0].starts_with("--");
    rows.filter(|row| !is_head(row)).collect()
}
