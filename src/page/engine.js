// The learner of modeseek for policies over arms that ignore the context: Algorithm 1 with B
// responses a round, minibatches of M = 100, T passes. Its numbers equal those of the Rust program
// (a test compares them): the same random numbers by the same addresses, the same coefficients
// c = ∂loss/∂log π(y), the same optimizer.
"use strict";

const Engine = (() => {
  const RESPONSES_PER_PROMPT = 10; // C
  const MINIBATCH = 100; // M
  const DATA_PROMPTS = 100; // offline prompts
  const MINIBATCH_ORDERS = 2 ** 32; // addresses of minibatch orders begin here
  const RWR_CLIP = 1e6;
  const PPO_CLIP = 0.2;
  const PPO_LOG_RATIO_LIMIT = 40;
  const ADAM = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
  const SMALLEST_NORMAL = 2.2250738585072014e-308;

  // ---- distributions

  function logSoftmax(logits) {
    const largest = logits.reduce((a, b) => Math.max(a, b), -Infinity);
    const normaliser = largest + Math.log(logits.reduce((sum, x) => sum + Math.exp(x - largest), 0));
    return logits.map((x) => x - normaliser);
  }

  function cumulative(probabilities) {
    let mass = 0;
    return probabilities.map((p) => (mass += p));
  }

  /** The first arm whose cumulative mass exceeds u times the whole. */
  function invert(cdf, u) {
    const level = u * cdf[cdf.length - 1];
    let low = 0,
      up = cdf.length;
    while (low < up) {
      const middle = (low + up) >> 1;
      if (cdf[middle] <= level) low = middle + 1;
      else up = middle;
    }
    return Math.min(low, cdf.length - 1);
  }

  const expectation = (p, values) => p.reduce((sum, pa, a) => sum + pa * values[a], 0);

  /** KL(p‖q) in nats. */
  function divergence(logP, logQ) {
    return Math.max(
      0,
      logP.reduce((sum, lp, a) => {
        const p = Math.exp(lp);
        return p === 0 ? sum : sum + p * (lp - logQ[a]);
      }, 0),
    );
  }

  // ---- policies: a row of logits, and the gradient of parameters from that of logits

  const policies = {
    table: (logReference) => ({
      parameters: Float64Array.from(logReference),
      logits() {
        return Array.from(this.parameters);
      },
      gradient(logits) {
        return Float64Array.from(logits);
      },
    }),
    bump: (logReference, [mean, width]) => {
      const arms = logReference.length;
      return {
        parameters: Float64Array.of(mean / arms, Math.log(width / arms)),
        z(a) {
          return (a - this.parameters[0] * arms) / (Math.exp(this.parameters[1]) * arms);
        },
        logits() {
          return logReference.map((_, a) => -0.5 * this.z(a) ** 2);
        },
        gradient(logits) {
          const width = Math.exp(this.parameters[1]) * arms;
          const sum = Float64Array.of(0, 0);
          logits.forEach((g, a) => {
            const z = this.z(a);
            sum[0] += ((g * z) / width) * arms;
            sum[1] += g * z * z;
          });
          return sum;
        },
      };
    },
  };

  // ---- objectives: what a prompt's responses add to coefficients; the return value counts units

  const sigmoid = (x) => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x)));

  /** For each pair, the slope of a loss of the margin between the two log-ratios. */
  const contrast = (slope) => (group, add) => {
    for (const [chosen, rejected] of group.pairs) {
      const c = slope(group.logRatio(chosen) - group.logRatio(rejected));
      add(chosen, c);
      add(rejected, -c);
    }
    return group.pairs.length;
  };

  const each = (coefficient) => (group, add) => {
    group.arms.forEach((_, i) => add(i, coefficient(group, i)));
    return group.arms.length;
  };

  const objectives = {
    dpo: (beta) => contrast((h) => -beta * sigmoid(-beta * h)),
    ipo: (beta) => contrast((h) => 2 * (h - 1 / beta)),
    "pref-ft": () => (group, add) => {
      for (const [chosen] of group.pairs) add(chosen, -1);
      return group.pairs.length;
    },
    "best-of-n": () => (group, add) => {
      let best = 0;
      group.rewards.forEach((r, i) => {
        if (r > group.rewards[best]) best = i;
      });
      add(best, -1);
      return 1;
    },
    rwr: (beta) => each((group, i) => -Math.exp(Math.min(group.rewards[i] / beta, Math.log(RWR_CLIP)))),
    reinforce: () => each((group, i) => -group.advantages[i]),
    ppo: () =>
      each((group, i) => {
        const advantage = group.advantages[i];
        const logRatio = group.logPi(i) - group.logOld(i);
        const ratio = Math.exp(Math.max(-PPO_LOG_RATIO_LIMIT, Math.min(PPO_LOG_RATIO_LIMIT, logRatio)));
        const free = -advantage * ratio;
        const clipped = -advantage * Math.max(1 - PPO_CLIP, Math.min(1 + PPO_CLIP, ratio));
        return free >= clipped && Math.abs(logRatio) <= PPO_LOG_RATIO_LIMIT ? free : 0;
      }),
  };

  /** Over all arms at once, exactly: the coefficient of an arm. */
  const divergences = {
    "forward-kl": (logPi, logTarget) => -Math.exp(logTarget),
    "reverse-kl": (logPi, logTarget) => Math.exp(logPi) * (logPi - logTarget + 1),
  };

  // ---- one run

  /** B, but offline no more than there are. */
  const samplesPerRound = ({ b, data }) =>
    data === "on-policy" ? b : Math.min(b, DATA_PROMPTS * RESPONSES_PER_PROMPT);

  class Run {
    /**
     * settings: {reward, policy, data, beta, b, t, lr, steps, seed}; world: {geometries, bumps,
     * skewed} as the program writes them; uniforms: Random.sampleUniforms(settings.seed).
     */
    constructor(settings, method, world, uniforms) {
      const geometry = world.geometries[`${settings.reward}/${settings.policy}`];
      Object.assign(this, { settings, method, uniforms, rewards: geometry.rewards, b: samplesPerRound(settings) });
      this.logReference = geometry.reference.map(Math.log);
      this.logTarget = geometry.target
        ? geometry.target.map(Math.log)
        : logSoftmax(this.logReference.map((lp, a) => lp + this.rewards[a] / settings.beta));
      this.exact = divergences[method];
      this.offline = settings.data !== "on-policy" && !this.exact;
      this.policy = policies[settings.policy](this.logReference, world.bumps[settings.reward]);
      this.adam = { step: 0, m: this.policy.parameters.map(() => 0), v: this.policy.parameters.map(() => 0) };
      this.progress = { step: 0, round: 0, queries: 0, drawn: 0, passes: 0, idle: 0 };
      this.frames = [];
      this.failed = null;
      this.update();
      if (!this.exact) this.objective = objectives[method](settings.beta);
      if (this.offline) this.drawData(settings.data === "skewed" ? world.skewed : geometry.reference);
      this.keep(new Float64Array(this.rewards.length), null);
      this.work = this.train();
    }

    /** Takes steps until `step` is reached; false if the run ends or fails before. */
    reach(step) {
      while (this.frames.length <= step && !this.failed && !this.work.next().done);
      return this.frames.length > step;
    }

    /**
     * What the step before a frame pushed, for show: −c of each arm, but for the reverse KL without its
     * multiple of π, which drops out of Σ c∇log π and would only hide the rest.
     */
    pushes(place) {
      const { pushes } = this.frames[place];
      if (this.method !== "reverse-kl" || place === 0) return pushes;
      const total = pushes.reduce((sum, push) => sum + push, 0);
      return pushes.map((push, a) => push - total * this.frames[place - 1].pi[a]);
    }

    update() {
      this.logPi = logSoftmax(this.policy.logits());
      this.pi = this.logPi.map(Math.exp);
    }

    keep(pushes, down) {
      const { step, round, queries } = this.progress;
      this.frames.push({
        step,
        round,
        queries,
        down,
        pi: Float64Array.from(this.pi),
        pushes,
        reward: expectation(this.pi, this.rewards),
        forwardKl: divergence(this.logReference, this.logPi),
        reverseKl: divergence(this.logPi, this.logReference),
      });
    }

    /** Offline: C responses to each of the prompts, drawn before step 0. */
    drawData(law) {
      const cdf = cumulative(law);
      this.dataset = Array.from({ length: DATA_PROMPTS }, (_, i) =>
        this.label(
          Array.from({ length: RESPONSES_PER_PROMPT }, (_, k) =>
            invert(cdf, this.uniforms(i * RESPONSES_PER_PROMPT + k)),
          ),
        ),
      );
      this.order = { list: this.dataset.map((_, i) => i), next: DATA_PROMPTS, epoch: 0 };
      this.progress.queries = DATA_PROMPTS * RESPONSES_PER_PROMPT;
    }

    /** Rewards and comparisons of responses to one prompt; equal rewards are not compared. */
    label(arms) {
      const rewards = arms.map((a) => this.rewards[a]);
      const pairs = [];
      for (let i = 0; i < arms.length; i++) {
        for (let j = i + 1; j < arms.length; j++) {
          if (rewards[i] !== rewards[j]) pairs.push(rewards[i] > rewards[j] ? [i, j] : [j, i]);
        }
      }
      return { arms, rewards, pairs };
    }

    /** B/C prompts with C responses each. */
    drawRound() {
      const prompts = this.b / RESPONSES_PER_PROMPT;
      this.progress.round += 1;
      if (this.offline) return Array.from({ length: prompts }, () => this.dataset[this.nextPrompt()]);
      const cdf = cumulative(this.pi);
      const first = this.progress.drawn;
      this.progress.drawn += this.b;
      this.progress.queries += this.b;
      return Array.from({ length: prompts }, (_, p) =>
        this.label(
          Array.from({ length: RESPONSES_PER_PROMPT }, (_, k) =>
            invert(cdf, this.uniforms(first + p * RESPONSES_PER_PROMPT + k)),
          ),
        ),
      );
    }

    nextPrompt() {
      const order = this.order;
      if (order.next === order.list.length) {
        order.list.sort((a, b) => a - b);
        Random.shuffle(order.list, this.settings.seed, order.epoch++);
        order.next = 0;
      }
      return order.list[order.next++];
    }

    /** One pass over a round, cut into minibatches. */
    minibatches(prompts) {
      const order = Array.from({ length: prompts }, (_, p) => p);
      const size = MINIBATCH / RESPONSES_PER_PROMPT;
      if (prompts > size) Random.shuffle(order, this.settings.seed, MINIBATCH_ORDERS + this.progress.passes);
      this.progress.passes += 1;
      const batches = [];
      for (let at = 0; at < prompts; at += size) batches.push(order.slice(at, at + size));
      return batches;
    }

    /** Algorithm 1, one step at each pull. */
    *train() {
      while (this.progress.step < this.settings.steps) {
        if (this.exact) {
          this.exactStep();
          yield;
          continue;
        }
        const before = this.progress.step;
        const round = this.drawRound();
        const mean = round.reduce((sum, g) => sum + g.rewards.reduce((a, b) => a + b, 0), 0) / this.b;
        const advantages = new Map(round.map((g) => [g, g.rewards.map((r) => r - mean)]));
        const old = this.logPi;
        for (let pass = 0; pass < this.settings.t; pass++) {
          for (const places of this.minibatches(round.length)) {
            if (this.progress.step === this.settings.steps) return;
            if (
              this.step(
                places.map((p) => round[p]),
                advantages,
                old,
              )
            )
              yield;
            if (this.failed) return;
          }
        }
        this.progress.idle = this.progress.step === before ? this.progress.idle + 1 : 0;
        if (this.hasCollapsed()) {
          yield* this.rest();
          return;
        }
      }
    }

    /** Twenty thousand responses in a row without a comparison: nothing is left to learn from. */
    hasCollapsed() {
      return !this.offline && this.progress.step > 0 && this.progress.idle * this.b >= 20000;
    }

    *rest() {
      while (this.progress.step < this.settings.steps) {
        this.progress.step += 1;
        this.keep(new Float64Array(this.rewards.length), 0);
        yield;
      }
    }

    exactStep() {
      this.progress.round += 1;
      this.progress.queries = this.rewards.length;
      this.descend(this.logPi.map((lp, a) => this.exact(lp, this.logTarget[a])));
    }

    /** One optimizer step on some prompts; false if they hold nothing to learn from. */
    step(prompts, advantages, old) {
      const arms = new Float64Array(this.rewards.length);
      let units = 0,
        down = 0,
        all = 0;
      for (const prompt of prompts) {
        const own = prompt.arms.map(() => 0);
        const group = {
          ...prompt,
          advantages: advantages.get(prompt),
          logPi: (i) => this.logPi[prompt.arms[i]],
          logOld: (i) => old[prompt.arms[i]],
          logRatio: (i) => this.logPi[prompt.arms[i]] - this.logReference[prompt.arms[i]],
        };
        units += this.objective(group, (i, c) => {
          own[i] += c;
        });
        own.forEach((c, i) => {
          arms[prompt.arms[i]] += c;
          down += Math.max(c, 0);
          all += Math.abs(c);
        });
      }
      if (units === 0) return false;
      this.descend(
        arms.map((c) => c / units),
        all > 0 ? down / all : 0,
      );
      return true;
    }

    /** Moves the parameters along Σ c ∇log π, where c: [arms] holds the coefficients' sums. */
    descend(c, down) {
      const total = c.reduce((a, b) => a + b, 0);
      const gradient = this.policy.gradient(c.map((value, a) => value - total * this.pi[a]));
      if (!gradient.every(Number.isFinite)) {
        this.failed = `a gradient is not finite at step ${this.progress.step}; lower the learning rate`;
        return;
      }
      const { m, v } = this.adam;
      const t = ++this.adam.step;
      const rate = this.settings.lr / (1 - ADAM.beta1 ** t);
      const root = 1 / Math.sqrt(1 - ADAM.beta2 ** t);
      gradient.forEach((g, k) => {
        const mean = ADAM.beta1 * m[k] + (1 - ADAM.beta1) * g;
        m[k] = Math.abs(mean) < SMALLEST_NORMAL ? 0 : mean;
        v[k] = ADAM.beta2 * v[k] + (1 - ADAM.beta2) * g * g;
        this.policy.parameters[k] -= (rate * m[k]) / (Math.sqrt(v[k]) * root + ADAM.epsilon);
      });
      this.progress.step += 1;
      this.update();
      const pulls = c.reduce((sum, x) => [sum[0] + Math.max(x, 0), sum[1] + Math.abs(x)], [0, 0]);
      this.keep(
        Float64Array.from(c, (x) => -x),
        down ?? pulls[0] / pulls[1],
      );
    }
  }

  return { Run, samplesPerRound };
})();
