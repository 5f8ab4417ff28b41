// Random numbers by address, as the Rust program draws them: (seed, purpose, index) names a stream of
// ChaCha8, keyed by seed and purpose.
"use strict";

const Random = (() => {
  const PURPOSE = { sample: 4, shuffle: 6 };
  const word = (text, at) =>
    text.charCodeAt(at) |
    (text.charCodeAt(at + 1) << 8) |
    (text.charCodeAt(at + 2) << 16) |
    (text.charCodeAt(at + 3) << 24);
  const words = (text) => [0, 4, 8, 12].map((at) => word(text, at));
  const CONSTANT = words("expand 32-byte k");
  const KEY_END = words("modeseek streams");
  const high = (x) => Math.floor(x / 2 ** 32);

  function quarterRound(s, a, b, c, d) {
    let x;
    s[a] = (s[a] + s[b]) | 0;
    x = s[d] ^ s[a];
    s[d] = (x << 16) | (x >>> 16);
    s[c] = (s[c] + s[d]) | 0;
    x = s[b] ^ s[c];
    s[b] = (x << 12) | (x >>> 20);
    s[a] = (s[a] + s[b]) | 0;
    x = s[d] ^ s[a];
    s[d] = (x << 8) | (x >>> 24);
    s[c] = (s[c] + s[d]) | 0;
    x = s[b] ^ s[c];
    s[b] = (x << 7) | (x >>> 25);
  }

  /** The 16 words of one block of a stream. */
  function block(seed, purpose, index, counter) {
    const start = Int32Array.of(
      ...CONSTANT,
      seed | 0,
      high(seed) | 0,
      purpose,
      0,
      ...KEY_END,
      counter | 0,
      0,
      index | 0,
      high(index) | 0,
    );
    const s = start.slice();
    for (let round = 0; round < 8; round += 2) {
      quarterRound(s, 0, 4, 8, 12);
      quarterRound(s, 1, 5, 9, 13);
      quarterRound(s, 2, 6, 10, 14);
      quarterRound(s, 3, 7, 11, 15);
      quarterRound(s, 0, 5, 10, 15);
      quarterRound(s, 1, 6, 11, 12);
      quarterRound(s, 2, 7, 8, 13);
      quarterRound(s, 3, 4, 9, 14);
    }
    return Uint32Array.from(s, (value, i) => value + start[i]);
  }

  /** The one uniform number in [0, 1) at an address: 53 bits. */
  function uniformAt(seed, purpose, index) {
    const [low, up] = block(seed, purpose, index, 0);
    return (up * 2 ** 21 + (low >>> 11)) * 2 ** -53;
  }

  /** Uniform numbers of one seed's samples, each computed once: methods share them. */
  function sampleUniforms(seed) {
    const known = [];
    return (index) => {
      for (let i = known.length; i <= index; i++) known.push(uniformAt(seed, PURPOSE.sample, i));
      return known[index];
    };
  }

  /** Shuffles in place as rand 0.9 does: several small dice from one 32-bit number. */
  function shuffle(list, seed, index) {
    let place = 0,
      counter = 0,
      buffer = [];
    const next = () => {
      if (place === buffer.length) {
        buffer = block(seed, PURPOSE.shuffle, index, counter++);
        place = 0;
      }
      return buffer[place++];
    };
    const below = (bound) => {
      const product = BigInt(next()) * BigInt(bound);
      let result = Number(product >> 32n);
      const low = Number(product & 0xffffffffn);
      if (low > 2 ** 32 - bound) {
        const more = Number((BigInt(next()) * BigInt(bound)) >> 32n);
        if (low + more >= 2 ** 32) result += 1;
      }
      return result;
    };
    let chunk = 0,
      left = 1;
    for (let i = 0; i < list.length; i++) {
      const sides = i + 1;
      if (left === 0) {
        let bound = sides,
          following = sides + 1;
        while (bound * following < 2 ** 32) bound *= following++;
        chunk = below(bound);
        left = following - sides;
      }
      left -= 1;
      let j = chunk;
      if (left > 0) {
        j = chunk % sides;
        chunk = Math.floor(chunk / sides);
      }
      [list[i], list[j]] = [list[j], list[i]];
    }
  }

  return { sampleUniforms, shuffle };
})();
