//! Plots over time, as SVG inside the page.

use std::fmt::Write as _;

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 220.0;
const LEFT: f64 = 64.0;
const BOTTOM: f64 = 28.0;
const TOP: f64 = 26.0;
const RIGHT: f64 = 8.0;
const GRID_LINES: usize = 4;

/// One line of a plot.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Line {
    /// Its label in the legend.
    pub(super) name: &'static str,
    pub(super) colour: &'static str,
    /// Pairs of time and value.
    pub(super) points: Vec<(f64, f64)>,
}

/// A plot over seconds. The time before `warmup_s` is shaded.
pub(super) fn plot(title: &str, unit: &str, warmup_s: f64, lines: &[Line]) -> String {
    let points = || lines.iter().flat_map(|line| &line.points);
    let x_max = points().map(|point| point.0).fold(1.0, f64::max);
    let y_max = round_up(points().map(|point| point.1).fold(0.0, f64::max));
    let x = |value: f64| LEFT + value / x_max * (WIDTH - LEFT - RIGHT);
    let y = |value: f64| HEIGHT - BOTTOM - value / y_max * (HEIGHT - BOTTOM - TOP);
    let mut svg = format!(
        "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{title}\">\
         <rect class=\"warmup\" x=\"{LEFT}\" y=\"{TOP}\" width=\"{:.1}\" height=\"{:.1}\"/>",
        (x(warmup_s.min(x_max)) - LEFT).max(0.0),
        HEIGHT - BOTTOM - TOP,
    );
    for line in 0..=GRID_LINES {
        let value = y_max * line as f64 / GRID_LINES as f64;
        let at = y(value);
        push(
            &mut svg,
            format_args!(
                "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{:.1}\" y1=\"{at:.1}\" y2=\"{at:.1}\"/>\
             <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
                WIDTH - RIGHT,
                LEFT - 6.0,
                at + 4.0,
                super::terminal::number(value),
            ),
        );
    }
    push(
        &mut svg,
        format_args!(
            "<text x=\"{LEFT}\" y=\"{:.1}\">0 s</text><text x=\"{:.1}\" y=\"{:.1}\" \
         text-anchor=\"end\">{x_max:.0} s</text>\
         <text class=\"title\" x=\"{LEFT}\" y=\"16\">{title}, {unit}</text>",
            HEIGHT - 8.0,
            WIDTH - RIGHT,
            HEIGHT - 8.0,
        ),
    );
    for (number, line) in lines.iter().enumerate() {
        let path: Vec<String> = line
            .points
            .iter()
            .map(|(at, value)| format!("{:.1},{:.1}", x(*at), y(*value)))
            .collect();
        push(
            &mut svg,
            format_args!(
                "<polyline points=\"{}\" stroke=\"{colour}\"/>\
                 <text x=\"{:.1}\" y=\"16\" fill=\"{colour}\" text-anchor=\"end\">{}</text>",
                path.join(" "),
                WIDTH - RIGHT - 80.0 * number as f64,
                line.name,
                colour = line.colour,
            ),
        );
    }
    svg.push_str("</svg>");
    svg
}

fn push(svg: &mut String, text: std::fmt::Arguments<'_>) {
    svg.write_fmt(text).expect("memory takes every write");
}

/// Rounds up to 1, 2 or 5 times a power of ten, so that the grid has round numbers.
fn round_up(value: f64) -> f64 {
    if value <= 0.0 {
        return 1.0;
    }
    let power = 10_f64.powf(value.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].into_iter().find(|step| step * power >= value * 0.999_999);
    step.unwrap_or(10.0) * power
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_axis_ends_at_a_round_number_above_all_points() {
        for (value, end) in [(0.0, 1.0), (0.7, 1.0), (1.0, 1.0), (17_300.0, 20_000.0), (21.0, 50.0)]
        {
            assert!((round_up(value) - end).abs() < 1e-9, "{value}");
        }
    }

    #[test]
    fn every_point_lies_within_the_picture() {
        let points = vec![(0.0, 0.0), (3.0, 7.0), (9.0, 123.0)];
        let svg = plot("throughput", "1/s", 2.0, &[Line { name: "won", colour: "#123", points }]);
        let points = svg.split_once("points=\"").unwrap().1.split_once('"').unwrap().0;
        for point in points.split(' ') {
            let (x, y) = point.split_once(',').unwrap();
            assert!((0.0..=WIDTH).contains(&x.parse().unwrap()), "{point}");
            assert!((0.0..=HEIGHT).contains(&y.parse().unwrap()), "{point}");
        }
        assert!(svg.starts_with("<svg") && svg.ends_with("</svg>"));
        assert!(!plot("empty", "ms", 0.0, &[]).contains("NaN"));
    }
}
