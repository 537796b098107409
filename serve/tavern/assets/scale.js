// Axes: where ticks go and what they say.

export function niceTicks(low, high, count) {
  const span = high - low;
  if (!(span > 0)) return [low];
  const rough = span / Math.max(1, count);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough);
  const ticks = [];
  for (let at = Math.ceil(low / step) * step; at <= high + step * 1e-9; at += step) ticks.push(Number(at.toPrecision(12)));
  return ticks;
}

// 1, 2 and 5 of each decade inside the range; linear ticks where that leaves fewer than three.
export function logTicks(low, high) {
  const ticks = [];
  for (let decade = Math.floor(Math.log10(low)); decade <= Math.ceil(Math.log10(high)); decade += 1) {
    for (const digit of [1, 2, 5]) {
      const tick = Number((digit * 10 ** decade).toPrecision(3));
      if (tick >= low && tick <= high) ticks.push(tick);
    }
  }
  return ticks.length >= 3 ? ticks : niceTicks(low, high, 5);
}

export const tickLabel = (value, ticks) => {
  const step = ticks.length > 1 ? Math.min(...ticks.slice(1).map((tick, at) => tick - ticks[at])) : value || 1;
  return value.toFixed(Math.min(4, Math.max(0, -Math.floor(Math.log10(step)))));
};

// The first index of sorted `rows` whose step is at least `step`.
export function lowerBound(rows, step) {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (rows[middle][0] < step) low = middle + 1;
    else high = middle;
  }
  return low;
}
