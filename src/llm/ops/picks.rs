//! Rows picked from a matrix, and the way back of their gradients.

use candle_core::{Device, Result, Tensor};
use std::sync::OnceLock;

/// The place of no row: candle picks zeros there.
pub const NOTHING: u32 = u32::MAX;

/// Rows that are picked, each any number of times.
///
/// *Numerics* candle adds gradients of picked rows up one after another, a thread for each column. Here every row
/// is told where it was picked, so that the way back is as many picks as the row that was picked most.
#[derive(Debug)]
pub struct Picks {
    places: Vec<u32>,
    index: Tensor,
    /// For each time that a row may be picked: its place among the picked ones, or [`NOTHING`].
    back: OnceLock<Vec<Tensor>>,
}

impl Picks {
    /// Picks the rows at some places, zeros at [`NOTHING`].
    pub fn new(places: Vec<u32>, device: &Device) -> Result<Self> {
        let index = Tensor::from_slice(&places, places.len(), device)?;
        Ok(Picks { places, index, back: OnceLock::new() })
    }

    /// `[rows, width]` to `[places, width]`.
    pub fn pick(&self, x: &Tensor) -> Result<Tensor> {
        x.contiguous()?.index_select(&self.index, 0)
    }

    /// Adds each picked row up where it came from: `[places, width]` to `[rows, width]`; its transpose.
    pub fn put_back(&self, picked: &Tensor, rows: usize) -> Result<Tensor> {
        let picked = picked.contiguous()?;
        let mut sum: Option<Tensor> = None;
        for index in self.back(rows, picked.device())? {
            let own = picked.index_select(index, 0)?;
            sum = Some(match sum {
                Some(sum) => (sum + own)?,
                None => own,
            });
        }
        match sum {
            Some(sum) => Ok(sum),
            None => Tensor::zeros((rows, picked.dim(1)?), picked.dtype(), picked.device()),
        }
    }

    fn back(&self, rows: usize, device: &Device) -> Result<&[Tensor]> {
        if let Some(back) = self.back.get() {
            return Ok(back);
        }
        let index = |places: Vec<u32>| Tensor::from_vec(places, rows, device);
        let back = inverted(&self.places, rows).into_iter().map(index).collect::<Result<_>>()?;
        Ok(self.back.get_or_init(|| back))
    }
}

/// The `i`-th list says of each row where it was picked for the `i`-th time.
fn inverted(places: &[u32], rows: usize) -> Vec<Vec<u32>> {
    let mut times = vec![0; rows];
    let mut back: Vec<Vec<u32>> = Vec::new();
    let picked = places.iter().enumerate().filter(|(_, row)| **row != NOTHING);
    for (place, row) in picked {
        let time = &mut times[*row as usize];
        if *time == back.len() {
            back.push(vec![NOTHING; rows]);
        }
        back[*time][*row as usize] = place as u32;
        *time += 1;
    }
    back
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows 1 2 | 3 4 | 5 6 picked as 2, 0, nothing, 2: by hand 5 6 | 1 2 | 0 0 | 5 6; back, row 0 has one of
    /// them, row 1 none, row 2 two.
    #[test]
    fn rows_are_picked_and_added_up_where_they_came_from() -> Result<()> {
        let device = Device::Cpu;
        let picks = Picks::new(vec![2, 0, NOTHING, 2], &device)?;
        let rows = Tensor::new(&[[1f32, 2.0], [3.0, 4.0], [5.0, 6.0]], &device)?;
        let wanted = [[5.0, 6.0], [1.0, 2.0], [0.0, 0.0], [5.0, 6.0]];
        assert_eq!(picks.pick(&rows)?.to_vec2::<f32>()?, wanted);
        let gradient =
            Tensor::new(&[[1f32, 10.0], [2.0, 20.0], [4.0, 40.0], [8.0, 80.0]], &device)?;
        let wanted = [[2.0, 20.0], [0.0, 0.0], [9.0, 90.0]];
        assert_eq!(picks.put_back(&gradient, 3)?.to_vec2::<f32>()?, wanted);
        Ok(())
    }
}
