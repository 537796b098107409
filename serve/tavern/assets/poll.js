// A reading that parts of a page share: repeated while the page is seen, never two at a time.

// `period(value)` is the pause in ms after an answer. `on(listener)` hears `(value, problem)` after each reading: value
// is null before the first answer, problem is what the last reading met. `now()` reads anew, and is done when that is.
// Nothing is read while it is not `wanted()`; who begins to want it asks for it with `now()`.
export function poll(read, period, wanted = () => true) {
  const listeners = new Set();
  let value = null;
  let problem = null;
  let timer = null;
  let reading = null;
  let asked = 0;

  const tell = (listener) => {
    try {
      listener(value, problem);
    } catch (error) {
      console.error(error);
    }
  };
  const once = async () => {
    const mine = asked;
    try {
      const found = await read();
      if (mine !== asked) return; // asked for anew since: this answer may be older than what was changed
      value = found;
      problem = null;
    } catch (error) {
      if (error.status === undefined) throw error;
      if (mine !== asked) return;
      problem = error;
    }
    listeners.forEach(tell);
  };
  const run = () => {
    clearTimeout(timer);
    if (document.hidden || !wanted()) return null;
    reading ??= once().finally(() => {
      reading = null;
      timer = setTimeout(run, period(value));
    });
    return reading;
  };
  const now = async () => {
    asked += 1;
    await reading;
    await run();
  };

  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && listeners.size) run();
  });
  return {
    now,
    on(listener) {
      listeners.add(listener);
      tell(listener);
      if (listeners.size === 1) run();
    },
  };
}

// Of a lost link the strip tells, where there is something to show; else the panel says why it is empty.
export const shownProblem = (value, problem) => (problem && (problem.status || value === null) ? problem : null);
