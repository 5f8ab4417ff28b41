//! Offline data: a data set, fixed before step 0, whose rows are made when a round first reads them.

use super::source::{Labeller, PromptSamples, Reference};
use super::task::Task;
use crate::policy::PolicyError;
use crate::preference::Pair;
use crate::stream::{Draws, Purpose};
use std::rc::Rc;

/// A row of the user's data: the number of its prompt, and a response to it that was preferred to another (a
/// comparison) or is to be imitated (a demonstration).
#[derive(Debug, Clone, PartialEq)]
pub struct Example<R> {
    /// Examples with equal numbers share a prompt.
    pub prompt: u64,
    /// The preferred response, or the only one.
    pub chosen: R,
    /// The other one of a comparison.
    pub rejected: Option<R>,
}

/// Where the rows of a data set come from; each is a function of the seed and its place alone.
pub(super) enum Origin<R> {
    /// So many responses of the preference data to each prompt.
    Drawn { per_prompt: usize },
    /// Every response to each prompt, with its probability in the preference data.
    Listed,
    /// The user's comparisons or demonstrations.
    Given { rows: Vec<Example<R>>, rewards: Rewards },
}

/// Whether an objective reads the rewards of comparisons that are given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rewards {
    /// They are asked for.
    Read,
    /// They are all 0.
    Unread,
}

/// The rows that were read, and how the others are made. Rows that no step reads cost nothing, and a run that goes on
/// makes anew only those that it still reads.
pub(super) struct DataSet<T: Task> {
    origin: Origin<T::Response>,
    rows: Vec<Option<Rc<PromptSamples<T>>>>,
}

impl<T: Task> DataSet<T> {
    /// So many rows, none of them made.
    pub fn new(origin: Origin<T::Response>, rows: usize) -> Self {
        DataSet { origin, rows: (0..rows).map(|_| None).collect() }
    }

    /// Its rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Responses of all rows together; those that are listed are the same ones for every prompt.
    pub fn responses(&self, task: &T) -> u64 {
        match &self.origin {
            Origin::Drawn { per_prompt } => (self.rows.len() * per_prompt) as u64,
            Origin::Listed => task.every_response().len() as u64,
            Origin::Given { rows, .. } => {
                rows.iter().map(|row| 1 + u64::from(row.rejected.is_some())).sum()
            }
        }
    }

    /// The rows at some places below [`DataSet::len`], those made that nobody has read before.
    pub fn read(
        &mut self,
        places: &[usize],
        labeller: &Labeller<'_, T>,
    ) -> Result<Vec<Rc<PromptSamples<T>>>, PolicyError> {
        let mut unread: Vec<usize> = places.to_vec();
        unread.retain(|&place| self.rows[place].is_none());
        unread.sort_unstable();
        unread.dedup();
        for (place, samples) in unread.iter().zip(self.make(&unread, labeller)?) {
            self.rows[*place] = Some(Rc::new(samples));
        }
        let row = |&place: &usize| self.rows[place].clone().expect("made above");
        Ok(places.iter().map(row).collect())
    }

    fn make(
        &self,
        places: &[usize],
        labeller: &Labeller<'_, T>,
    ) -> Result<Vec<PromptSamples<T>>, PolicyError> {
        let numbers: Vec<u64> = places.iter().map(|&place| place as u64).collect();
        match &self.origin {
            Origin::Drawn { per_prompt } => labeller.preference_data(&numbers, *per_prompt),
            Origin::Listed => {
                let listed = |&i| labeller.enumerate(labeller.task.prompt(i), 0);
                numbers.iter().map(listed).collect()
            }
            Origin::Given { rows, rewards } => {
                places.iter().map(|&place| labeller.given(&rows[place], *rewards)).collect()
            }
        }
    }
}

impl<T: Task> Labeller<'_, T> {
    /// The preference data of the training prompts with these numbers: a prompt has the same responses and labels
    /// whatever others are asked for.
    pub fn preference_data(
        &self,
        prompts: &[u64],
        per_prompt: usize,
    ) -> Result<Vec<PromptSamples<T>>, PolicyError> {
        if prompts.is_empty() {
            return Ok(Vec::new());
        }
        let all = Draws::new(self.streams, Purpose::Sample, 0);
        let draws = all.of_prompts(prompts, per_prompt);
        let mut responses = self.task.data_responses(prompts, per_prompt, &draws)?.into_iter();
        let labelled = |&number| {
            let own = responses.by_ref().take(per_prompt).collect();
            self.referred(self.without_reference(self.task.prompt(number), own, number, 0)?)
        };
        prompts.iter().map(labelled).collect()
    }

    /// A row of the user's: two responses or one; their rewards, which may cost a pass of a reward model, are asked
    /// for only if someone reads them.
    fn given(
        &self,
        row: &Example<T::Response>,
        rewards: Rewards,
    ) -> Result<PromptSamples<T>, PolicyError> {
        let prompt = self.task.prompt(row.prompt);
        let responses: Vec<_> =
            std::iter::once(&row.chosen).chain(&row.rejected).cloned().collect();
        let rewards = match rewards {
            Rewards::Read => self.task.rewards(&prompt, &responses)?,
            Rewards::Unread => vec![0.0; responses.len()],
        };
        let compared = (responses.len() == 2).then_some(Pair { chosen: 0, rejected: 1 });
        let pairs = compared.into_iter().collect();
        self.referred(PromptSamples::new(prompt, responses, rewards, pairs))
    }

    /// A row with log π_ref, if it is asked for; by token it never is, a KL penalty being refused for offline data.
    fn referred(&self, row: PromptSamples<T>) -> Result<PromptSamples<T>, PolicyError> {
        let log_ref = match self.reference {
            Reference::Read => self.task.log_reference_of_row(&row.prompt, &row.responses)?,
            Reference::ByToken | Reference::Unread => Vec::new(),
        };
        Ok(PromptSamples { log_ref, ..row })
    }
}
