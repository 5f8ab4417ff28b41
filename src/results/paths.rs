//! One number for a whole path: its mean height, and when it first reaches a level.

/// The mean height of a path: the area under it, by the trapezoid rule, over its length.
///
/// *Formula* Σᵢ (xᵢ₊₁ − xᵢ)·(yᵢ + yᵢ₊₁)/2 / (xₙ − x₁)
/// *where* `x: [points]` ascends and `y: [points]`; a single point has its own height, none NaN.
pub fn area(x: &[f64], y: &[f64]) -> f64 {
    assert_eq!(x.len(), y.len(), "one height per place");
    let (Some(first), Some(last)) = (x.first(), x.last()) else { return f64::NAN };
    if first == last {
        return y[0];
    }
    let slabs = x.windows(2).zip(y.windows(2));
    slabs.map(|(x, y)| (x[1] - x[0]) * (y[0] + y[1]) / 2.0).sum::<f64>() / (last - first)
}

/// When a path reaches a level.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reach {
    /// Where it first does, between measured points on a straight line; else the last place.
    pub at: f64,
    /// It never does: the true place lies beyond `at`.
    pub censored: bool,
}

/// The first place of `x` at which a path is at least `level`, without what lies between places.
///
/// *where* `x: [points]` ascends and `y: [points]`.
pub fn first_reached(x: &[f64], y: &[f64], level: f64) -> Reach {
    assert_eq!(x.len(), y.len(), "one height per place");
    match y.iter().position(|&y| y >= level) {
        Some(place) => Reach { at: x[place], censored: false },
        None => Reach { at: x.last().copied().unwrap_or(f64::NAN), censored: true },
    }
}

/// Where a curve first reaches a level, from whichever side it starts: what `upwards` says, such as
/// [`first_crossing`], or the same of the mirror image.
pub fn first_arrival(
    x: &[f64],
    y: &[f64],
    level: f64,
    upwards: fn(&[f64], &[f64], f64) -> Reach,
) -> Reach {
    let starts_above = y.iter().find(|y| !y.is_nan()).is_some_and(|start| *start > level);
    if !starts_above {
        return upwards(x, y, level);
    }
    let mirrored: Vec<f64> = y.iter().map(|y| -y).collect();
    upwards(x, &mirrored, -level)
}

/// When a path first reaches `level` from below; a path that starts above reaches it at its start.
///
/// *where* `x: [points]` ascends and `y: [points]`; points whose height is NaN are passed over.
pub fn first_crossing(x: &[f64], y: &[f64], level: f64) -> Reach {
    assert_eq!(x.len(), y.len(), "one height per place");
    let mut before: Option<(f64, f64)> = None;
    for (&x, &y) in x.iter().zip(y).filter(|(_, y)| !y.is_nan()) {
        if y >= level {
            let at = before.map_or(x, |(x0, y0)| x0 + (x - x0) * (level - y0) / (y - y0));
            return Reach { at, censored: false };
        }
        before = Some((x, y));
    }
    Reach { at: x.last().copied().unwrap_or(f64::NAN), censored: true }
}

#[cfg(test)]
mod tests {
    use super::{first_arrival, first_crossing, first_reached};

    /// From 8 over 6 to 2, the level 4 lies half-way between the last two places; from below, the
    /// mirror image of the path meets −4 at the same place; a start on the level has arrived. Without what lies
    /// between places it is the last one.
    #[test]
    fn a_level_is_met_from_either_side() {
        let (x, down) = ([0.0, 10.0, 20.0], [8.0, 6.0, 2.0]);
        let arrival = |y: &[f64], level| first_arrival(&x, y, level, first_crossing);
        assert_eq!(arrival(&down, 4.0).at, 15.0);
        assert_eq!(arrival(&down.map(|y| -y), -4.0).at, 15.0);
        assert_eq!(arrival(&down, 8.0).at, 0.0);
        assert!(arrival(&down, 1.0).censored);
        assert_eq!(first_arrival(&x, &down, 4.0, first_reached).at, 20.0);
    }
}
