//! One metric of one cell: seeds × measured steps.

use ndarray::Array2;
use std::collections::BTreeMap;

/// When something was measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Point {
    /// Optimizer steps so far.
    pub step: u64,
    /// Rounds of sampling so far.
    pub round: u64,
    /// Responses scored by the reward so far.
    pub queries: u64,
}

/// One metric of one cell, for every finished seed.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// The measured steps, ascending; rounds and queries are those of the first seed.
    pub points: Vec<Point>,
    /// The values, `[seeds, points]`; NaN where a seed has no value.
    pub values: Array2<f64>,
    /// The seeds, ascending.
    pub seeds: Vec<u64>,
    /// The queries of a seed at a step, `(seed, step)`, where they are not those of `points`: rounds
    /// without a comparison cost queries and are no step.
    pub queries_apart: BTreeMap<(u64, u64), u64>,
}

impl Series {
    /// The values of one seed, `[points]`.
    pub fn of_seed(&self, seed: u64) -> Option<Vec<f64>> {
        let row = self.seeds.binary_search(&seed).ok()?;
        Some(self.values.row(row).to_vec())
    }

    /// The measured steps with the queries of one seed.
    pub fn points_of_seed(&self, seed: u64) -> Vec<Point> {
        let own = |point: &Point| {
            let queries = self.queries_apart.get(&(seed, point.step)).copied();
            Point { queries: queries.unwrap_or(point.queries), ..*point }
        };
        self.points.iter().map(own).collect()
    }
}

/// A series that grows row by row of `metrics.csv`: seeds ascending, then steps ascending.
#[derive(Debug, Default)]
pub(super) struct Growing {
    points: Vec<Point>,
    seeds: Vec<u64>,
    /// Row-major, `[seeds, points]`.
    values: Vec<f64>,
    /// The first point that the current seed has not passed.
    cursor: usize,
    queries_apart: BTreeMap<(u64, u64), u64>,
}

impl Growing {
    /// Appends one value; rows out of order are refused with what is wrong.
    pub(super) fn push(&mut self, seed: u64, point: Point, value: f64) -> Result<(), String> {
        match self.seeds.last() {
            Some(&last) if last == seed => {}
            Some(&last) if last > seed => {
                return Err(format!("seed {seed} comes after seed {last}; seeds must ascend"));
            }
            _ => {
                self.seeds.push(seed);
                self.values.resize(self.values.len() + self.points.len(), f64::NAN);
                self.cursor = 0;
            }
        }
        self.place(point)?;
        if self.points[self.cursor].queries != point.queries {
            self.queries_apart.insert((seed, point.step), point.queries);
        }
        let start = (self.seeds.len() - 1) * self.points.len();
        self.values[start + self.cursor] = value;
        self.cursor += 1;
        Ok(())
    }

    /// Moves the cursor to the column of `point`, which is inserted where no seed had it so far.
    fn place(&mut self, point: Point) -> Result<(), String> {
        if self.cursor > 0 && self.points[self.cursor - 1].step >= point.step {
            let last = self.points[self.cursor - 1].step;
            return Err(format!(
                "step {} comes after step {last} of the same seed and metric; steps must ascend",
                point.step
            ));
        }
        while self.points.get(self.cursor).is_some_and(|p| p.step < point.step) {
            self.cursor += 1;
        }
        if self.points.get(self.cursor).is_none_or(|p| p.step != point.step) {
            let width = self.points.len();
            self.points.insert(self.cursor, point);
            for row in (0..self.seeds.len()).rev() {
                self.values.insert(row * width + self.cursor, f64::NAN);
            }
        }
        Ok(())
    }

    pub(super) fn finish(mut self) -> Series {
        self.values.shrink_to_fit();
        let shape = (self.seeds.len(), self.points.len());
        let values = Array2::from_shape_vec(shape, self.values).expect("rows of equal width");
        let (points, seeds, queries_apart) = (self.points, self.seeds, self.queries_apart);
        Series { points, values, seeds, queries_apart }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(step: u64) -> Point {
        Point { step, round: step, queries: 10 * step }
    }

    #[test]
    fn seeds_measured_at_different_steps_share_one_axis() {
        let mut growing = Growing::default();
        for (seed, step, value) in [(0, 0, 1.0), (0, 4, 2.0), (1, 2, 3.0), (1, 4, 4.0), (3, 9, 5.0)]
        {
            growing.push(seed, at(step), value).unwrap();
        }
        let series = growing.finish();
        assert_eq!(series.points.iter().map(|p| p.step).collect::<Vec<_>>(), [0, 2, 4, 9]);
        assert_eq!(series.seeds, [0, 1, 3]);
        let text =
            format!("{:?}", series.values.outer_iter().map(|r| r.to_vec()).collect::<Vec<_>>());
        assert_eq!(text, "[[1.0, NaN, 2.0, NaN], [NaN, 3.0, 4.0, NaN], [NaN, NaN, NaN, 5.0]]");
    }

    #[test]
    fn a_seed_that_spent_more_queries_keeps_its_own_count() {
        let mut growing = Growing::default();
        growing.push(0, at(4), 1.0).unwrap();
        growing.push(1, Point { queries: 70, ..at(4) }, 1.0).unwrap();
        let series = growing.finish();
        assert_eq!([0, 1].map(|seed| series.points_of_seed(seed)[0].queries), [40, 70]);
    }

    #[test]
    fn rows_out_of_order_are_refused() {
        let mut growing = Growing::default();
        growing.push(1, at(4), 1.0).unwrap();
        assert!(growing.push(1, at(4), 1.0).unwrap_err().contains("steps must ascend"));
        assert!(growing.push(0, at(5), 1.0).unwrap_err().contains("seeds must ascend"));
    }
}
