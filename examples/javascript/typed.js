// Exports of every kind of type.
class Counter {
  constructor(start) { this.value = start; }
  add(n) { return this.value += n; }
  static sum(all) { return all.reduce((total, one) => total + one.value, 0); }
}

export const api = {
  Counter,
  greet: (who) => `Grüße, ${who}! \u{1F600}`,
  reverse: (words) => words.reverse(),
  bytes: (text) => new TextEncoder().encode(text),
  move: (p, by) => ({ x: p.x + by, y: p.y - by }),
  older: (p) => ({ ...p, age: p.age + 1, favourite: p.home ? 'green' : 'blue' }),
  area(s) {
    switch (s.tag) {
      case 'circle': return 3 * s.val * s.val;
      case 'named': throw `no area of ${s.val}`;
      default: return 0;
    }
  },
  count(n) {
    const counters = Array.from({ length: n }, (_, i) => new Counter(i));
    counters[0].add(100);
    return Counter.sum(counters);
  },
  fail(message) { throw message; },
};
