//! Colours by the names calendars know them by: CSS3 extended colour keywords, the values of `COLOR` (RFC 7986 §5.9).

/// The name of a colour, one of those CSS3 knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Color(&'static str);

impl Color {
    /// In any case; `None` where CSS3 has no such name.
    pub fn named(name: &str) -> Option<Self> {
        Self::names().find(|known| known.eq_ignore_ascii_case(name.trim())).map(Self)
    }

    pub fn names() -> impl Iterator<Item = &'static str> {
        NAMES.split_ascii_whitespace()
    }

    pub fn as_str(self) -> &'static str {
        self.0
    }

    /// The colour of a category nobody chose one for: of its slug alone, so that it never changes.
    pub fn of_slug(slug: &str) -> Self {
        let hash = super::token::sha256_hex(slug.as_bytes());
        let number = hash.bytes().take(8).fold(0_usize, |number, digit| (number * 31 + usize::from(digit)) % 65_521);
        Self(PALETTE[number % PALETTE.len()])
    }
}

/// Far enough apart to be told from each other, and dark enough for white letters.
const PALETTE: [&str; 16] = [
    "chocolate",
    "crimson",
    "darkblue",
    "darkcyan",
    "darkgoldenrod",
    "darkgreen",
    "darkmagenta",
    "darkslategray",
    "deeppink",
    "dodgerblue",
    "maroon",
    "mediumseagreen",
    "olive",
    "royalblue",
    "saddlebrown",
    "slateblue",
];

/// CSS Color Module Level 3, §4.3.
const NAMES: &str = "aliceblue antiquewhite aqua aquamarine azure beige bisque black blanchedalmond blue blueviolet \
    brown burlywood cadetblue chartreuse chocolate coral cornflowerblue cornsilk crimson cyan darkblue darkcyan \
    darkgoldenrod darkgray darkgreen darkgrey darkkhaki darkmagenta darkolivegreen darkorange darkorchid darkred \
    darksalmon darkseagreen darkslateblue darkslategray darkslategrey darkturquoise darkviolet deeppink deepskyblue \
    dimgray dimgrey dodgerblue firebrick floralwhite forestgreen fuchsia gainsboro ghostwhite gold goldenrod gray green \
    greenyellow grey honeydew hotpink indianred indigo ivory khaki lavender lavenderblush lawngreen lemonchiffon \
    lightblue lightcoral lightcyan lightgoldenrodyellow lightgray lightgreen lightgrey lightpink lightsalmon \
    lightseagreen lightskyblue lightslategray lightslategrey lightsteelblue lightyellow lime limegreen linen magenta \
    maroon mediumaquamarine mediumblue mediumorchid mediumpurple mediumseagreen mediumslateblue mediumspringgreen \
    mediumturquoise mediumvioletred midnightblue mintcream mistyrose moccasin navajowhite navy oldlace olive olivedrab \
    orange orangered orchid palegoldenrod palegreen paleturquoise palevioletred papayawhip peachpuff peru pink plum \
    powderblue purple red rosybrown royalblue saddlebrown salmon sandybrown seagreen seashell sienna silver skyblue \
    slateblue slategray slategrey snow springgreen steelblue tan teal thistle tomato turquoise violet wheat white \
    whitesmoke yellow yellowgreen";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_colour_has_a_name_that_css_knows() {
        assert_eq!(Color::names().count(), 147);
        assert_eq!(Color::named(" Teal").map(Color::as_str), Some("teal"));
        assert_eq!(Color::named("tael"), None);
        assert!(PALETTE.iter().all(|name| Color::named(name).is_some()));
    }

    #[test]
    fn a_slug_keeps_its_colour_and_others_have_others() {
        let slugs: Vec<String> = (0..200).map(|number| format!("categorie-{number}")).collect();
        let colors: std::collections::BTreeSet<_> = slugs.iter().map(|slug| Color::of_slug(slug).as_str()).collect();
        assert_eq!(colors.len(), PALETTE.len());
        assert_eq!(Color::of_slug("atelier").as_str(), Color::of_slug("atelier").as_str());
    }
}
