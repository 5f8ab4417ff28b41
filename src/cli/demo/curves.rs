//! The reward of all methods against steps, with the play-head, and who leads at it.

use super::look::Ink;
use super::reel::Reel;
use crate::laboratory::METHODS;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Style;
use ratatui::symbols::Marker;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Axis, Chart, Dataset, GraphType, Paragraph};

/// The width of the list beside the curves.
const LIST: u16 = 26;

/// Draws curves and list.
pub fn draw(frame: &mut Frame, area: Rect, reel: &Reel, step: usize, ink: Ink) {
    let [left, right] =
        Layout::horizontal([Constraint::Fill(1), Constraint::Length(LIST)]).spacing(2).areas(area);
    chart(frame, left, reel, step, ink);
    frame.render_widget(Paragraph::new(ranking(reel, step, ink)), right);
}

fn chart(frame: &mut Frame, area: Rect, reel: &Reel, step: usize, ink: Ink) {
    let bounds = range(&reel.geometry.rewards);
    let steps = reel.settings.steps as f64;
    let head = [(step as f64, bounds[0]), (step as f64, bounds[1])];
    let curves: Vec<(&str, Vec<(f64, f64)>)> = reel
        .films
        .iter()
        .map(|film| {
            let points = film.pictures.iter().enumerate();
            (film.method, points.map(|(k, picture)| (k as f64, picture.gold_reward)).collect())
        })
        .collect();
    let line = |points, style: Style| {
        let set = Dataset::default().data(points).style(style);
        set.marker(Marker::Braille).graph_type(GraphType::Line)
    };
    let mut sets = vec![line(&head, ink.quiet())];
    sets.extend(curves.iter().map(|(name, points)| line(points, ink.method(name))));
    let axis = |bounds: [f64; 2], labels: Vec<String>| {
        Axis::default().bounds(bounds).labels(labels).style(ink.quiet())
    };
    let x = axis([0.0, steps], vec!["0".into(), format!("{steps} steps")]);
    let y = axis(bounds, bounds.map(|bound| format!("{bound:.1}")).to_vec());
    frame.render_widget(Chart::new(sets).x_axis(x).y_axis(y).legend_position(None), area);
}

/// From the least reward to the greatest.
fn range(rewards: &[f64]) -> [f64; 2] {
    let least = rewards.iter().fold(f64::INFINITY, |a, b| a.min(*b));
    let most = rewards.iter().fold(f64::NEG_INFINITY, |a, b| a.max(*b));
    [least, most.max(least + f64::MIN_POSITIVE)]
}

/// The methods by their reward at the play-head, the best first.
fn ranking(reel: &Reel, step: usize, ink: Ink) -> Vec<Line<'static>> {
    let reward = |film: &crate::laboratory::Film| {
        film.pictures[step.min(film.pictures.len() - 1)].gold_reward
    };
    let mut films: Vec<_> = reel.films.iter().map(|film| (reward(film), film.method)).collect();
    films.sort_by(|a, b| b.0.total_cmp(&a.0));
    let title = Line::from(Span::styled(format!("reward E_π[r] at step {step}"), ink.strong()));
    let lines = films.into_iter().map(|(reward, method)| {
        let number = METHODS.iter().position(|name| *name == method).unwrap_or(0) + 1;
        Line::from(Span::styled(format!("{reward:>6.3}  {number} {method}"), ink.method(method)))
    });
    std::iter::once(title).chain(lines).collect()
}
