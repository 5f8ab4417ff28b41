//! Every weight of a decoder, by name.

use super::{Block, Decoder, Qkv};
use crate::llm::Weight;
use crate::llm::names::Part;
use crate::llm::ops::{Network, Normalisation, Projection};
use std::sync::Arc;

impl Decoder {
    /// Every projection with its module's name, to which adapters may be added.
    pub fn projections_mut(&mut self) -> Vec<(String, &mut Projection)> {
        let architecture = self.config.architecture;
        let mut found = Vec::new();
        for (i, block) in self.blocks.iter_mut().enumerate() {
            let mut add = |part, projection| found.push((architecture.module(i, part), projection));
            match &mut block.qkv {
                Qkv::Joint(joint) => add(Part::Joint, joint),
                Qkv::Apart(parts) => {
                    let [q, k, v] = &mut **parts;
                    add(Part::Query, q);
                    add(Part::Key, k);
                    add(Part::Value, v);
                }
            }
            add(Part::Out, &mut block.out);
            let Network { gate, up, down, .. } = &mut block.network;
            if let Some(gate) = gate {
                add(Part::Gate, gate);
            }
            add(Part::Up, up);
            add(Part::Down, down);
        }
        found
    }

    /// Every projection with its module's name.
    pub fn projections(&self) -> Vec<(String, &Projection)> {
        let architecture = self.config.architecture;
        let mut found = Vec::new();
        for (i, block) in self.blocks.iter().enumerate() {
            let mut add = |part, projection| found.push((architecture.module(i, part), projection));
            match &block.qkv {
                Qkv::Joint(joint) => add(Part::Joint, joint),
                Qkv::Apart(parts) => {
                    let named = [Part::Query, Part::Key, Part::Value].into_iter().zip(&**parts);
                    named.for_each(|(part, projection)| add(part, projection));
                }
            }
            add(Part::Out, &block.out);
            let Network { gate, up, down, .. } = &block.network;
            gate.iter().for_each(|gate| add(Part::Gate, gate));
            add(Part::Up, up);
            add(Part::Down, down);
        }
        found
    }

    /// Every weight, sorted by name.
    pub fn weights(&self) -> Vec<&Arc<Weight>> {
        let mut found: Vec<&Arc<Weight>> = vec![&self.embedding];
        found.extend(self.places.iter().chain(&self.head).chain(&self.readout));
        found.extend(self.norm.weights());
        self.blocks.iter().for_each(|block| block.weights(&mut found));
        found.sort_by(|a, b| a.name.cmp(&b.name));
        found
    }

    /// Every weight to be changed, sorted by name.
    pub fn weights_mut(&mut self) -> Vec<&mut Arc<Weight>> {
        let mut found: Vec<&mut Arc<Weight>> = vec![&mut self.embedding];
        found.extend(self.places.iter_mut().chain(&mut self.head).chain(&mut self.readout));
        found.extend(self.norm.weights_mut());
        self.blocks.iter_mut().for_each(|block| block.weights_mut(&mut found));
        found.sort_by(|a, b| a.name.cmp(&b.name));
        found
    }
}

impl Block {
    fn weights<'a>(&'a self, found: &mut Vec<&'a Arc<Weight>>) {
        let head_norms = self.head_norms.iter().flat_map(|norms| norms.iter());
        let norms = [&self.attention_norm, &self.mlp_norm];
        found.extend(norms.into_iter().chain(head_norms).flat_map(Normalisation::weights));
        let projections = match &self.qkv {
            Qkv::Apart(parts) => parts.iter().collect(),
            Qkv::Joint(joint) => vec![joint],
        };
        let Network { gate, up, down, .. } = &self.network;
        let rest = [&self.out, up, down].into_iter().chain(gate);
        found.extend(projections.into_iter().chain(rest).flat_map(Projection::weights));
    }

    fn weights_mut<'a>(&'a mut self, found: &mut Vec<&'a mut Arc<Weight>>) {
        let head_norms = self.head_norms.iter_mut().flat_map(|norms| norms.iter_mut());
        let norms = [&mut self.attention_norm, &mut self.mlp_norm];
        found.extend(norms.into_iter().chain(head_norms).flat_map(Normalisation::weights_mut));
        let projections = match &mut self.qkv {
            Qkv::Apart(parts) => parts.iter_mut().collect(),
            Qkv::Joint(joint) => vec![joint],
        };
        let Network { gate, up, down, .. } = &mut self.network;
        let rest = [&mut self.out, up, down].into_iter().chain(gate);
        found.extend(projections.into_iter().chain(rest).flat_map(Projection::weights_mut));
    }
}
