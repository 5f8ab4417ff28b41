use super::super::{check_gradient, numbers};
use super::*;

const HEADS: Heads = Heads { queries: 4, keys: 2, width: 3 };

/// A prompt of three rows with responses of two and one rows, and a sequence of twenty.
fn groups() -> Vec<Group> {
    let whole = |rows: Range<usize>| Segment { queries: rows.clone(), prefix: 0..0, own: rows };
    let answer = |rows: Range<usize>| Segment { queries: rows.clone(), prefix: 0..3, own: rows };
    vec![
        Group { rows: 0..6, segments: vec![whole(0..3), answer(3..5), answer(5..6)] },
        Group { rows: 6..26, segments: vec![whole(6..26)] },
    ]
}

fn view(numbers: &[f32], width: usize) -> ArrayView2<'_, f32> {
    ArrayView2::from_shape((numbers.len() / width, width), numbers).expect("whole rows")
}

fn run(q: &[f32], k: &[f32], v: &[f32], groups: &[Group]) -> Vec<f32> {
    let mut out = vec![0.0; q.len()];
    let inputs = Inputs { q: view(q, 12), k: view(k, 6), v: view(v, 6) };
    attend(HEADS, inputs, groups, &mut out, Threads::One);
    out
}

/// One head of width 1, q = 1 throughout, keys 0 and ln 3, values 4 and 8: the first query gets 4,
/// the second (1·4 + 3·8)/4 = 7.
#[test]
fn two_tokens_by_hand() {
    let heads = Heads { queries: 1, keys: 1, width: 1 };
    let (q, k, v) = ([1.0, 1.0], [0.0, 3.0f32.ln()], [4.0, 8.0]);
    let inputs = Inputs { q: view(&q, 1), k: view(&k, 1), v: view(&v, 1) };
    let groups =
        [Group { rows: 0..2, segments: vec![Segment { queries: 0..2, prefix: 0..0, own: 0..2 }] }];
    let mut out = [0.0; 2];
    attend(heads, inputs, &groups, &mut out, Threads::One);
    assert!((out[0] - 4.0).abs() < 1e-6 && (out[1] - 7.0).abs() < 1e-5, "{out:?}");
}

/// A response beside its shared prompt sees what it would see in a sequence of its own.
#[test]
fn a_shared_prompt_is_as_good_as_a_copy() {
    let (q, k, v) = (numbers(26 * 12, 1), numbers(26 * 6, 2), numbers(26 * 6, 3));
    let shared = run(&q, &k, &v, &groups());
    let with = |x: &[f32], width: usize| [&x[..3 * width], &x[5 * width..6 * width]].concat();
    let alone =
        [Group { rows: 0..4, segments: vec![Segment { queries: 0..4, prefix: 0..0, own: 0..4 }] }];
    let copied = run(&with(&q, 12), &with(&k, 6), &with(&v, 6), &alone);
    let close = |a: &[f32], b: &[f32]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-6);
    assert!(close(&shared[5 * 12..6 * 12], &copied[3 * 12..]));
    assert!(close(&shared[..3 * 12], &copied[..3 * 12]));
}

#[test]
fn gradients_meet_central_differences() {
    let (q, k, v) = (numbers(26 * 12, 1), numbers(26 * 6, 2), numbers(26 * 6, 3));
    let (c, groups) = (numbers(26 * 12, 4), groups());
    let weighed = |out: Vec<f32>| -> f64 {
        out.iter().zip(&c).map(|(y, c)| f64::from(*y) * f64::from(*c)).sum()
    };
    let (mut dq, mut dk, mut dv) = (vec![0.0; q.len()], vec![0.0; k.len()], vec![0.0; v.len()]);
    let inputs = Inputs { q: view(&q, 12), k: view(&k, 6), v: view(&v, 6) };
    let out = Gradients { q: &mut dq, k: &mut dk, v: &mut dv };
    attend_gradient(HEADS, inputs, &groups, (view(&c, 12), out), Threads::Pool);
    check_gradient("q", &mut q.clone(), &dq, &|q| weighed(run(q, &k, &v, &groups)));
    check_gradient("k", &mut k.clone(), &dk, &|k| weighed(run(&q, k, &v, &groups)));
    check_gradient("v", &mut v.clone(), &dv, &|v| weighed(run(&q, &k, v, &groups)));
}
