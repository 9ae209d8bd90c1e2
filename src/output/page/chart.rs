//! Charts as numbers for a template to draw: everything in percent of a plot whose axes are words beside it, so that the
//! words keep their size on every screen. Each comes with its table.

use serde::Serialize;

#[derive(Debug, Default, Serialize)]
pub(super) struct Chart {
    pub id: String,
    pub title: String,
    /// What somebody who does not see it should know.
    pub desc: String,
    /// From the top down.
    pub ticks: [u64; 3],
    /// Below the plot, from left to right.
    pub span: Vec<String>,
    pub columns: Vec<Column>,
    pub line: Option<Line>,
    pub legend: Vec<Key>,
    pub head: Vec<&'static str>,
    pub rows: Vec<Vec<String>>,
}

/// One bar, made of parts that stand on each other.
#[derive(Debug, Serialize)]
pub(super) struct Column {
    pub title: String,
    pub parts: Vec<Part>,
}

#[derive(Debug, PartialEq, Serialize)]
pub(super) struct Part {
    pub class: &'static str,
    pub x: f64,
    pub y: f64,
    pub width: f64,
    pub height: f64,
}

#[derive(Debug, Serialize)]
pub(super) struct Line {
    /// Points of a polyline.
    pub points: String,
}

#[derive(Debug, Serialize)]
pub(super) struct Key {
    pub class: &'static str,
    pub label: &'static str,
    pub total: u64,
}

/// The top of an axis: the least 2, 4 or 10 times a power of ten that nothing exceeds, so that its half is whole too.
pub(super) fn ticks(most: u64) -> [u64; 3] {
    let mut power = 1_u64;
    loop {
        for step in [2, 4, 10] {
            let top = power.saturating_mul(step);
            if top >= most {
                return [top, top / 2, 0];
            }
        }
        power = power.saturating_mul(10);
    }
}

/// What a column is called and what it is made of, from the ground up: class and count.
pub(super) type Stack = (String, Vec<(&'static str, u64)>);

/// Stacked columns side by side, a gap between them.
pub(super) fn columns(values: &[Stack], top: u64) -> Vec<Column> {
    let step = 100.0 / real(values.len().max(1) as u64);
    let column = |(index, (title, parts)): (usize, &Stack)| {
        let mut base = 100.0;
        let parts = parts.iter().filter(|(_, count)| *count > 0).map(|(class, count)| {
            let height = share(*count, top);
            base -= height;
            let x = round(real(index as u64) * step + step * 0.1);
            Part { class, x, y: round(base), width: round(step * 0.8), height }
        });
        Column { title: title.clone(), parts: parts.collect() }
    };
    values.iter().enumerate().map(column).collect()
}

/// Parts of one lying bar, from left to right.
pub(super) fn bar(parts: &[(&'static str, u64)]) -> Vec<Part> {
    let total: u64 = parts.iter().map(|(_, count)| count).sum();
    let mut x = 0.0;
    let part = |(class, count): &(&'static str, u64)| {
        let width = share(*count, total);
        x += width;
        Part { class, x: round(x - width), y: 0.0, width, height: 100.0 }
    };
    parts.iter().filter(|(_, count)| *count > 0).map(part).collect()
}

pub(super) fn line(values: &[u64], top: u64) -> Line {
    let step = 100.0 / real(values.len().saturating_sub(1).max(1) as u64);
    let points = values
        .iter()
        .enumerate()
        .map(|(index, value)| format!("{},{}", round(real(index as u64) * step), round(100.0 - share(*value, top))));
    Line { points: points.collect::<Vec<_>>().join(" ") }
}

/// In percent.
pub(super) fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { round(real(part) / real(whole) * 100.0) }
}

fn round(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}

#[expect(clippy::cast_precision_loss, reason = "for drawing")]
fn real(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_ends_at_a_round_number_with_a_whole_half() {
        for (most, top) in [(0, 2), (1, 2), (3, 4), (5, 10), (11, 20), (21, 40), (41, 100), (100, 100), (101, 200)] {
            assert_eq!(ticks(most), [top, top / 2, 0], "{most}");
        }
        assert!(ticks(u64::MAX)[0] >= u64::MAX - 1);
    }

    #[test]
    fn what_stands_on_each_other_fills_its_share() {
        let values = [("a".to_owned(), vec![("sent", 2), ("refused", 1)]), ("b".to_owned(), vec![("sent", 0)])];
        let drawn = columns(&values, 4);
        let part = |class, y, height| Part { class, x: 5.0, y, width: 40.0, height };
        assert_eq!(drawn[0].parts, [part("sent", 50.0, 50.0), part("refused", 25.0, 25.0)]);
        assert!(drawn[1].parts.is_empty());
    }

    #[test]
    fn a_line_goes_from_edge_to_edge() {
        assert_eq!(line(&[0, 1, 2], 2).points, "0,100 50,50 100,0");
        assert_eq!(line(&[], 2).points, "");
        assert_eq!(line(&[1], 0).points, "0,100");
    }
}
