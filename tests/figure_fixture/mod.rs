//! Scenarios with made-up series for figures, and what can be read off an SVG.
#![allow(dead_code)]

use modeseek::figure::text_width;
use modeseek::results::{Point, Run, Series};
use modeseek::scenario::Scenario;
use ndarray::Array2;
use std::collections::BTreeMap;

/// A number in [−1, 1] that depends on nothing but its arguments.
pub fn noise(a: u64, b: u64, c: u64) -> f64 {
    let mut h = (a + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15)
        ^ (b + 1).wrapping_mul(0xD1B5_4A32_D192_ED03)
        ^ (c + 1).wrapping_mul(0x94D0_49BB_1331_11EB);
    h = (h ^ (h >> 31)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    h ^= h >> 29;
    h as f64 / u64::MAX as f64 * 2.0 - 1.0
}

/// A scenario and its series, built cell by cell.
pub struct Synthetic {
    head: String,
    cells: String,
    series: BTreeMap<(String, String), Series>,
    pub seeds: usize,
    count: usize,
}

pub type Sweep<'a> = &'a [(&'a str, &'a [&'a str])];

impl Synthetic {
    pub fn new(
        id: &str,
        title: &str,
        seeds: usize,
        methods: &[&str],
        sweep: Sweep,
        rest: &str,
    ) -> Self {
        let sweep: Vec<String> = sweep.iter().map(|(k, v)| format!("[{k:?}, {v:?}]")).collect();
        let head = format!(
            "id = {id:?}\ntitle = {title:?}\ntier = \"bandit\"\ntags = []\nmethods = {methods:?}\n\
             sweep = [{}]\nclaims = []\nset = []\n{rest}\n[seeds]\nfirst = 0\ncount = {seeds}\n",
            sweep.join(", ")
        );
        Synthetic { head, cells: String::new(), series: BTreeMap::new(), seeds, count: 0 }
    }

    pub fn cell(
        &mut self,
        method: &str,
        objective: &str,
        data: &str,
        set: &[(&str, &str)],
    ) -> String {
        let name = format!("{:016x}", self.count);
        self.count += 1;
        let settings: Vec<String> = set.iter().map(|(k, v)| format!("{k:?} = {v:?}")).collect();
        let prompts = if data == "offline" { "100" } else { "\"fresh\"" };
        self.cells.push_str(&format!(
            "[[cells]]\nname = {name:?}\nmethod = {method:?}\nsettings = {{ {} }}\n\
             [cells.experiment]\nproblem.bumps = {{ reward = \"R1\" }}\npolicy.tabular = {{}}\n\
             objective.{objective}\ndata.prompts = {prompts}\n\
             schedule = {{ data = {data:?}, samples_per_round = 100, steps = 256 }}\n\
             optimizer.adam = {{ learning_rate = 0.1 }}\n",
            settings.join(", ")
        ));
        name
    }

    pub fn add(
        &mut self,
        cell: &str,
        metric: &str,
        steps: &[u64],
        value: impl Fn(u64, u64) -> f64,
    ) {
        let point = |&step: &u64| Point { step, round: step, queries: step * 100 };
        let points = steps.iter().map(point).collect();
        let shape = (self.seeds, steps.len());
        let values = Array2::from_shape_fn(shape, |(s, p)| value(s as u64, steps[p]));
        let seeds = (0..self.seeds as u64).collect();
        let series = Series { points, values, seeds, queries_apart: Default::default() };
        self.series.insert((cell.to_owned(), metric.to_owned()), series);
    }

    pub fn run(self) -> Run {
        let text = format!("{}\n{}", self.head, self.cells);
        let scenario: Scenario = toml::from_str(&text).unwrap_or_else(|e| panic!("{e}\n{text}"));
        Run::from_series(scenario, self.series)
    }
}

/// Whether every tag is closed in order.
pub fn well_formed(xml: &str) -> bool {
    let mut open: Vec<&str> = Vec::new();
    for tag in xml.split('<').skip(1) {
        let Some((inside, _)) = tag.split_once('>') else { return false };
        let name = inside.split_whitespace().next().unwrap_or("").trim_end_matches('/');
        if let Some(closed) = name.strip_prefix('/') {
            if open.pop() != Some(closed) {
                return false;
            }
        } else if !inside.ends_with('/') {
            open.push(name);
        }
    }
    open.is_empty()
}

pub fn plain_text(xml: &str) -> String {
    xml.split('<').filter_map(|tag| tag.split_once('>')).map(|(_, text)| text).collect()
}

pub fn attribute(tag: &str, name: &str) -> Option<f64> {
    let rest = tag.split_once(&format!(" {name}=\""))?.1;
    rest.split('"').next()?.parse().ok()
}

pub fn page(svg: &str) -> (f64, f64) {
    let view = svg.split_once("viewBox=\"0 0 ").map_or("", |v| v.1);
    let mut numbers = view.split(['"', ' ']).map_while(|n| n.parse().ok());
    (numbers.next().unwrap_or(0.0), numbers.next().unwrap_or(0.0))
}

/// The room that the letters of every text of an SVG take.
pub fn text_rooms(svg: &str) -> Vec<([f64; 4], String)> {
    let room = |tag: &str| {
        let (head, body) = tag.split_once('>')?;
        let text = body.split('<').next()?.trim().to_owned();
        let [x, y, size] = ["x", "y", "font-size"].map(|name| attribute(head, name));
        let (x, y, size) = (x?, y?, size?);
        let width = text_width(&text, head.contains("bold")) * size;
        let before = match head {
            h if h.contains("middle") => width / 2.0,
            h if h.contains("\"end\"") => width,
            _ => 0.0,
        };
        let (up, down) = (0.12 * size, 0.86 * size);
        // Widths are whole thousandths of an em: neighbours may touch by a rounding.
        let (x, width) = (x + 0.01 * size, width - 0.02 * size);
        let room = if head.contains("rotate(270") {
            [x + up, y - width + before, x + down, y + before]
        } else {
            [x - before, y + up, x - before + width, y + down]
        };
        Some((room, text))
    };
    svg.split("<text").skip(1).filter_map(room).collect()
}
