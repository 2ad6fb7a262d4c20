//! Draws the numbers of a time beside those of the time before.
//!
//! The colours here stand in for the tokens of the stylesheet, which puts others in their place by these very values.

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use shared::http::Language;

/// The present: `--series-1`.
const CURRENT: RGBColor = RGBColor(0x0f, 0x6b, 0x5c);
/// The time before: `--series-2`.
const PREVIOUS: RGBColor = RGBColor(0x9a, 0x4f, 0x00);
/// Lines behind: `--line`.
const GRID: RGBColor = RGBColor(0xd5, 0xdb, 0xd8);

/// Units of the drawing; it is stretched to the place that it gets.
pub const SIZE: (u32, u32) = (480, 230);
const FONT: (&str, u32) = ("sans-serif", 14);
/// With more points than these, each of its own dot would only thicken the line.
const DOTTED: usize = 31;

/// The inner part of a drawing: bars for the present, a line for the time before. None when it cannot be drawn.
pub fn draw(current: &[u64], previous: &[u64], labels: &[Option<String>], language: Language) -> Option<String> {
    let mut svg = String::new();
    // Writing to a text cannot fail; if it did, the table behind the chart says the same.
    drawn(&mut svg, current, previous, labels, language).ok()?;
    let (_, inner) = svg.split_once('>')?;
    Some(inner.rsplit_once("</svg>")?.0.replace('\n', ""))
}

fn drawn(
    svg: &mut String,
    current: &[u64],
    previous: &[u64],
    labels: &[Option<String>],
    language: Language,
) -> Result<(), Box<dyn std::error::Error>> {
    let most = current.iter().chain(previous).copied().max().unwrap_or(0);
    let width = f64::from(u32::try_from(current.len().max(1))?);
    let root = SVGBackend::with_string(svg, SIZE).into_drawing_area();
    let mut chart = ChartBuilder::on(&root)
        .margin_top(12)
        .margin_right(24)
        .x_label_area_size(32)
        .y_label_area_size(58)
        .build_cartesian_2d(-0.5..width - 0.5, 0..above(most))?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .x_labels(0)
        .y_labels(5)
        .y_label_formatter(&|value| short(*value, language))
        .label_style(FONT)
        .light_line_style(TRANSPARENT)
        .bold_line_style(GRID)
        .axis_style(GRID)
        .draw()?;
    let places = |values: &[u64]| (0_u32..).map(f64::from).zip(values.to_vec()).collect::<Vec<_>>();
    let bars = places(current).into_iter().filter(|(_, value)| *value > 0);
    chart.draw_series(bars.map(|(x, value)| Rectangle::new([(x - 0.36, value), (x + 0.36, 0)], CURRENT.filled())))?;
    let before: Vec<_> = places(previous).into_iter().take(current.len()).collect();
    if previous.len() <= DOTTED {
        chart.draw_series(before.iter().map(|place| Circle::new(*place, 3, PREVIOUS.filled())))?;
    }
    chart.draw_series(LineSeries::new(before, PREVIOUS.stroke_width(2)))?;
    let below = FONT.into_font().color(&GRID).pos(Pos::new(HPos::Center, VPos::Top));
    for (x, label) in (0_u32..).map(f64::from).zip(labels) {
        let Some(label) = label else { continue };
        let (x, y) = chart.backend_coord(&(x, 0));
        root.draw(&Text::new(label.as_str(), (x, y + 8), below.clone()))?;
    }
    root.present()?;
    Ok(())
}

/// A round number that leaves room above the highest one.
fn above(most: u64) -> u64 {
    let scale = 10_u64.pow(most.max(1).ilog10());
    let rounds = [10, 12, 15, 20, 25, 30, 40, 50, 60, 80, 100].into_iter().map(|tenths| scale.saturating_mul(tenths) / 10);
    rounds.into_iter().find(|round| *round >= most).unwrap_or(most).max(4)
}

/// A number that fits beside an axis: `1.2만`, `12k`.
fn short(value: u64, language: Language) -> String {
    let tenths = |unit: u64, name: &str| {
        let (whole, rest) = (value / unit, value % unit * 10 / unit);
        if rest == 0 { format!("{whole}{name}") } else { format!("{whole}.{rest}{name}") }
    };
    match language {
        Language::Korean if value >= 100_000_000 => tenths(100_000_000, "억"),
        Language::Korean if value >= 10_000 => tenths(10_000, "만"),
        Language::English if value >= 1_000_000 => tenths(1_000_000, "M"),
        Language::English if value >= 10_000 => tenths(1_000, "k"),
        _ => crate::parts::number(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_for_each_number_and_a_line_for_those_before() {
        let labels = [Some("1일".to_owned()), None, Some("<3>".to_owned())];
        let inner = draw(&[3, 0, 12], &[1, 2, 3], &labels, Language::Korean).unwrap();
        assert_eq!(inner.matches("fill=\"#0F6B5C\"").count(), 2, "{inner}");
        assert_eq!(inner.matches("<circle").count(), 3);
        assert!(inner.contains("stroke=\"#9A4F00\"") && inner.contains("1일") && inner.contains("&lt;3&gt;"));
        assert!(!inner.contains("<svg") && !inner.contains("style="), "{inner}");
    }

    #[test]
    fn nothing_at_all_can_be_drawn_too() {
        assert!(draw(&[0; 7], &[0; 7], &vec![None; 7], Language::English).is_some());
        assert!(draw(&[], &[], &[], Language::English).is_some());
        assert!(draw(&[u64::MAX], &[u64::MAX], &[None], Language::English).is_some());
    }

    #[test]
    fn numbers_beside_an_axis_are_short() {
        let both = |value| (short(value, Language::Korean), short(value, Language::English));
        assert_eq!(both(9_500), ("9,500".to_owned(), "9,500".to_owned()));
        assert_eq!(both(125_000), ("12.5만".to_owned(), "125k".to_owned()));
        assert_eq!([0, 3, 17, 100, 1_180].map(above), [4, 4, 20, 100, 1_200]);
    }
}
