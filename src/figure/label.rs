//! Labels that do not collide: pushed apart on a line, or set beside their points.

/// Moves labels of one height as little as possible so that none overlap and all lie inside.
///
/// *where* `wanted` are the middles the labels would like and `low ≤ high` the room's ends; the
/// result has the order of `wanted`, or is `None` if the labels do not fit at all.
/// *Numerics*: with the labels sorted and zᵢ = wantedᵢ − i·height, non-overlap is zᵢ ≤ zᵢ₊₁: an
/// isotonic regression, solved exactly by pooling neighbours that violate it.
pub fn spread(wanted: &[f64], height: f64, low: f64, high: f64) -> Option<Vec<f64>> {
    let n = wanted.len();
    let (first, last) =
        (low + height / 2.0, high - height / 2.0 - height * n.saturating_sub(1) as f64);
    if n == 0 {
        return Some(Vec::new());
    }
    if last < first - 1e-9 {
        return None;
    }
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&a, &b| wanted[a].total_cmp(&wanted[b]).then(a.cmp(&b)));
    let mut pools: Vec<(f64, usize)> = Vec::new();
    for (rank, &i) in order.iter().enumerate() {
        pools.push((wanted[i] - rank as f64 * height, 1));
        while let [.., (a, m), (b, k)] = pools[..]
            && a > b
        {
            pools.truncate(pools.len() - 2);
            pools.push(((a * m as f64 + b * k as f64) / (m + k) as f64, m + k));
        }
    }
    let levels =
        pools.iter().flat_map(|&(z, k)| std::iter::repeat_n(z.clamp(first, last.max(first)), k));
    let mut places = vec![0.0; n];
    for (rank, (&i, z)) in order.iter().zip(levels).enumerate() {
        places[i] = z + rank as f64 * height;
    }
    Some(places)
}

/// Left, top, right and bottom.
pub type Room = [f64; 4];

/// The corners of a room, as an outline.
pub(crate) fn corners([left, top, right, bottom]: Room) -> Vec<(f64, f64)> {
    vec![(left, top), (right, top), (right, bottom), (left, bottom)]
}

/// Whether two rooms share a place.
pub fn overlap(a: &Room, b: &Room) -> bool {
    a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3]
}

/// Finds a room of `size` beside a point that meets none of the `taken` ones and stays `inside`:
/// above, below, right, left, then the corners. `None` if there is none.
pub(crate) fn beside(
    point: (f64, f64),
    size: (f64, f64),
    gap: f64,
    taken: &[Room],
    inside: &Room,
) -> Option<Room> {
    let ((x, y), (w, h)) = (point, size);
    let (left, middle, right) = (x - gap - w, x - w / 2.0, x + gap);
    let (above, level, below) = (y - gap - h, y - h / 2.0, y + gap);
    let corners = [
        (middle, above),
        (middle, below),
        (right, level),
        (left, level),
        (right, above),
        (right, below),
        (left, above),
        (left, below),
    ];
    corners.into_iter().map(|(l, t)| [l, t, l + w, t + h]).find(|room| {
        let fits = room[0] >= inside[0]
            && room[1] >= inside[1]
            && room[2] <= inside[2]
            && room[3] <= inside[3];
        fits && !taken.iter().any(|other| overlap(room, other))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pushed_labels_keep_their_distance_and_their_order() {
        let wanted = [0.5, 0.52, 0.51, 9.9, 0.5, 4.0];
        let places = spread(&wanted, 1.0, 0.0, 10.0).expect("six labels of height 1 fit in 10");
        for i in 0..wanted.len() {
            assert!(places[i] >= 0.5 - 1e-9 && places[i] <= 9.5 + 1e-9);
            for j in 0..i {
                assert!((places[i] - places[j]).abs() >= 1.0 - 1e-9, "{places:?}");
                assert!((wanted[i] - wanted[j]) * (places[i] - places[j]) >= 0.0, "{places:?}");
            }
        }
        assert!(spread(&[1.0; 11], 1.0, 0.0, 10.0).is_none());
    }

    #[test]
    fn labels_with_room_stay_where_they_are() {
        assert_eq!(spread(&[2.0, 8.0], 1.0, 0.0, 10.0), Some(vec![2.0, 8.0]));
    }

    #[test]
    fn a_label_moves_to_a_free_side() {
        let inside = [0.0, 0.0, 100.0, 100.0];
        let above = beside((50.0, 50.0), (20.0, 8.0), 3.0, &[], &inside).expect("free");
        assert_eq!(above, [40.0, 39.0, 60.0, 47.0]);
        let next = beside((50.0, 50.0), (20.0, 8.0), 3.0, &[above], &inside).expect("free below");
        assert!(!overlap(&above, &next));
        assert_eq!(beside((50.0, 50.0), (20.0, 8.0), 3.0, &[inside], &inside), None);
    }
}
