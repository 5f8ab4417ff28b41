//! Ragged arrays: prompts with their responses, responses with their tokens.

/// Prompts, each with its responses, stored one after another.
#[derive(Debug, Clone, PartialEq)]
pub struct Batch<P, R> {
    prompts: Vec<P>,
    responses: Vec<R>,
    /// The responses of prompt `p` are `offsets[p]..offsets[p + 1]`.
    offsets: Vec<usize>,
}

impl<P, R> Default for Batch<P, R> {
    fn default() -> Self {
        Batch { prompts: Vec::new(), responses: Vec::new(), offsets: vec![0] }
    }
}

impl<P, R> Batch<P, R> {
    /// Prompts with the same number of responses each; `responses` lists them prompt by prompt.
    pub fn even(prompts: Vec<P>, responses: Vec<R>) -> Self {
        let per_prompt = responses.len().checked_div(prompts.len()).unwrap_or(0);
        let offsets = (0..=prompts.len()).map(|p| p * per_prompt).collect();
        Batch { prompts, responses, offsets }
    }

    /// Adds a prompt with its responses.
    pub fn push(&mut self, prompt: P, responses: impl IntoIterator<Item = R>) {
        self.prompts.push(prompt);
        self.responses.extend(responses);
        self.offsets.push(self.responses.len());
    }

    /// The prompts: `[prompts]`.
    pub fn prompts(&self) -> &[P] {
        &self.prompts
    }

    /// All responses, prompt by prompt: `[responses]`.
    pub fn responses(&self) -> &[R] {
        &self.responses
    }

    /// The places of the responses of prompt `p` in [`Batch::responses`].
    pub fn range(&self, p: usize) -> std::ops::Range<usize> {
        self.offsets[p]..self.offsets[p + 1]
    }

    /// Each prompt with the places of its responses.
    pub fn groups(&self) -> impl Iterator<Item = (&P, std::ops::Range<usize>)> {
        self.prompts.iter().enumerate().map(|(p, prompt)| (prompt, self.range(p)))
    }
}

/// Numbers for each token of each response.
#[derive(Debug, Clone, PartialEq)]
pub struct Ragged {
    values: Vec<f64>,
    /// The tokens of response `i` are `offsets[i]..offsets[i + 1]`.
    offsets: Vec<usize>,
}

impl Ragged {
    /// Responses of one token each, such as the arms of a bandit.
    pub fn singletons(values: Vec<f64>) -> Self {
        let offsets = (0..=values.len()).collect();
        Ragged { values, offsets }
    }

    /// Responses of several tokens: response `i` has the tokens `offsets[i]..offsets[i + 1]`.
    pub fn new(values: Vec<f64>, offsets: Vec<usize>) -> Self {
        debug_assert_eq!(offsets.last().copied(), Some(values.len()));
        Ragged { values, offsets }
    }

    /// Every number, token by token.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// Where each response's tokens begin, and the end of the last: `[responses + 1]`.
    pub fn offsets(&self) -> &[usize] {
        &self.offsets
    }

    /// How many responses there are.
    pub fn responses(&self) -> usize {
        self.offsets.len() - 1
    }

    /// The response that a token belongs to.
    pub fn response_of(&self, token: usize) -> usize {
        self.offsets.partition_point(|&offset| offset <= token) - 1
    }

    /// The tokens of response `i`.
    pub fn response(&self, i: usize) -> &[f64] {
        &self.values[self.offsets[i]..self.offsets[i + 1]]
    }
}
