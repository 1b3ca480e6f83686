//! Draws bars as SVG, in the style of the other pictures of the guide.

use std::fmt::Write;

const WIDTH: u32 = 560;

/// From the top of the picture to the first group, with the title.
const TOP: u32 = 64;

const HEADING: u32 = 34;

const ROW: u32 = 30;

/// Between groups.
const GAP: u32 = 14;

/// The longest bar. The names are left of it, and the numbers right of it.
const LONGEST: f64 = 230.0;

const BARS_AT: u32 = 200;

pub(super) struct Bar<'a> {
    pub(super) name: &'a str,
    pub(super) value: f64,
    /// The value as it is shown, with its unit.
    pub(super) shown: String,
    /// Whether it is this project's.
    pub(super) is_ours: bool,
}

/// Bars below a heading, which may be empty. Each group has a scale of its own.
pub(super) struct Group<'a> {
    pub(super) heading: &'a str,
    pub(super) bars: Vec<Bar<'a>>,
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// A picture of groups of bars, and for people who do not see it a text with all of its numbers.
pub(super) fn picture(title: &str, groups: &[Group]) -> String {
    let height = groups.iter().fold(TOP, |height, group| {
        let bars = u32::try_from(group.bars.len()).unwrap_or_default();
        height + heading_height(group) + ROW * bars + GAP
    });
    let mut svg = format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" role="img" aria-labelledby="title desc">
  <title id="title">{}</title>
  <desc id="desc">{}</desc>
  <style>
    text {{ font-family: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; font-size: 17px; fill: #f4efe6; }}
    .title {{ font-size: 20px; font-weight: 700; fill: #ffb648; }}
    .head {{ font-weight: 700; }}
    .name {{ text-anchor: end; }}
    .ours {{ fill: #ffb648; }}
    .other {{ fill: #8fb0ab; }}
  </style>
  <rect width="{WIDTH}" height="{height}" rx="18" fill="#0b3b3c"/>
  <text class="title" x="24" y="40">{}</text>
"##,
        escaped(title),
        escaped(&in_words(groups)),
        escaped(title),
    );
    let mut top = TOP;
    for group in groups {
        let largest = group.bars.iter().map(|bar| bar.value).fold(0.0, f64::max);
        if !group.heading.is_empty() {
            let (heading, middle) = (escaped(group.heading), top + 16);
            let _ = writeln!(svg, r#"  <text class="head" x="24" y="{middle}">{heading}</text>"#);
        }
        top += heading_height(group);
        for bar in &group.bars {
            // What is small stays visible.
            let length = if largest > 0.0 { bar.value / largest * LONGEST } else { 0.0 }.max(1.0);
            let kind = if bar.is_ours { "ours" } else { "other" };
            let (name, shown) = (escaped(bar.name), escaped(&bar.shown));
            let middle = top + 15;
            let _ = writeln!(
                svg,
                r#"  <text class="name" x="{}" y="{middle}">{name}</text>
  <rect class="{kind}" x="{BARS_AT}" y="{top}" width="{length:.1}" height="20" rx="3"/>
  <text x="{:.1}" y="{middle}">{shown}</text>"#,
                BARS_AT - 10,
                f64::from(BARS_AT) + length + 8.0,
            );
            top += ROW;
        }
        top += GAP;
    }
    svg + "</svg>\n"
}

fn heading_height(group: &Group) -> u32 {
    if group.heading.is_empty() { 0 } else { HEADING }
}

fn in_words(groups: &[Group]) -> String {
    let group = |group: &Group| {
        let bars = group.bars.iter().map(|bar| format!("{} {}", bar.name, bar.shown));
        let bars = bars.collect::<Vec<_>>().join(", ");
        if group.heading.is_empty() { bars + "." } else { format!("{}: {bars}.", group.heading) }
    };
    groups.iter().map(group).collect::<Vec<_>>().join(" ")
}

#[test]
fn the_longest_bar_fills_its_room_and_texts_are_escaped() {
    let bar = |name, value: f64, is_ours| Bar { name, value, shown: format!("{value}"), is_ours };
    let bars = vec![bar("a<b", 50.0, true), bar("other", 200.0, false)];
    let svg = picture("A & B", &[Group { heading: "rows", bars }]);
    assert!(svg.contains(r#"<title id="title">A &amp; B</title>"#), "{svg}");
    assert!(svg.contains(r#"<desc id="desc">rows: a&lt;b 50, other 200.</desc>"#), "{svg}");
    assert!(svg.contains(r#"<rect class="ours" x="200" y="98" width="57.5""#), "{svg}");
    assert!(svg.contains(r#"<rect class="other" x="200" y="128" width="230.0""#), "{svg}");
}
