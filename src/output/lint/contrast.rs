//! Whether letters stand out from what is behind them (WCAG 2.2 §1.4.3), by the styles written into elements.

/// Below it body text is hard to read.
const ENOUGH: f64 = 4.5;
/// For large letters: 24 px, or bold from 18.66 px.
const ENOUGH_IF_LARGE: f64 = 3.0;

/// Red, green, blue.
type Rgb = [u8; 3];

/// The colours in an element, as far as its own and its ancestors' styles say.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Colors {
    letters: Rgb,
    behind: Rgb,
    size: f64,
    is_bold: bool,
    is_hidden: bool,
}

impl Default for Colors {
    fn default() -> Self {
        Self { letters: [0; 3], behind: [255; 3], size: 16.0, is_bold: false, is_hidden: false }
    }
}

impl Colors {
    /// Those in a child element with this style.
    pub(super) fn within(self, name: &str, style: &str) -> Self {
        let mut inner = self;
        inner.is_bold |= matches!(name, "b" | "strong" | "th" | "h1" | "h2" | "h3" | "h4");
        let declarations = style.split(';').filter_map(|declaration| declaration.split_once(':'));
        for (property, value) in declarations.map(|(property, value)| (property.trim(), value.trim())) {
            match property {
                "color" => inner.letters = color(value).unwrap_or(inner.letters),
                "background-color" | "background" => inner.behind = color(value).unwrap_or(inner.behind),
                "font-size" => inner.size = pixels(value).unwrap_or(inner.size),
                "font-weight" => {
                    inner.is_bold = value == "bold" || value.parse::<u32>().is_ok_and(|weight| weight >= 700);
                }
                "display" if value == "none" => inner.is_hidden = true,
                _ => {}
            }
        }
        inner
    }

    /// The ratio, where it is not enough.
    pub(super) fn too_faint(self) -> Option<f64> {
        let is_large = self.size >= 24.0 || (self.is_bold && self.size >= 18.66);
        let enough = if is_large { ENOUGH_IF_LARGE } else { ENOUGH };
        let ratio = ratio(self.letters, self.behind);
        (!self.is_hidden && ratio < enough).then_some(ratio)
    }
}

/// `#rgb`, `#rrggbb`, `white`, `black`; what is said otherwise is not looked at.
fn color(value: &str) -> Option<Rgb> {
    let value = value.split_whitespace().next()?.to_ascii_lowercase();
    let hex = match value.as_str() {
        "white" => "ffffff",
        "black" => "000000",
        other => other.strip_prefix('#')?,
    };
    let digits: Vec<u8> =
        hex.chars().map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect::<Option<_>>()?;
    match digits[..] {
        [r, g, b] => Some([r * 17, g * 17, b * 17]),
        [r1, r2, g1, g2, b1, b2] => Some([r1 * 16 + r2, g1 * 16 + g2, b1 * 16 + b2]),
        _ => None,
    }
}

fn pixels(value: &str) -> Option<f64> {
    value.strip_suffix("px")?.trim().parse().ok()
}

/// WCAG 2.2, "contrast ratio".
fn ratio(a: Rgb, b: Rgb) -> f64 {
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

/// WCAG 2.2, "relative luminance".
fn luminance(color: Rgb) -> f64 {
    let linear = |channel: u8| {
        let share = f64::from(channel) / 255.0;
        if share <= 0.04045 { share / 12.92 } else { ((share + 0.055) / 1.055).powf(2.4) }
    };
    let [r, g, b] = color.map(linear);
    0.2126 * r + 0.7152 * g + 0.0722 * b
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_are_those_of_the_standard() {
        let of =
            |letters: &str, behind: &str| ratio(color(letters).expect("a colour"), color(behind).expect("a colour"));
        for (letters, behind, expected) in [
            ("#000", "#fff", 21.0),
            ("#777777", "white", 4.48),
            ("#767676", "white", 4.54),
            ("#174f86", "#ffffff", 8.40),
        ] {
            assert!((of(letters, behind) - expected).abs() < 0.01, "{letters} on {behind}: {}", of(letters, behind));
        }
    }

    #[test]
    fn large_letters_may_be_fainter_and_hidden_ones_do_not_count() {
        let grey =
            |style: &str| Colors::default().within("p", &format!("color: #8a8a8a; {style}")).too_faint().is_some();
        assert!(grey("") && grey("font-size: 20px"));
        assert!(!grey("font-size: 24px") && !grey("font-size: 19px; font-weight: bold") && !grey("display: none"));
    }
}
