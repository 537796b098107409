// The question being written. While its text is that of a drawn problem, it is that problem.

const listeners = new Set();
let text = "";
let drawn = null;

export const draft = {
  get text() {
    return text;
  },
  // The drawn problem, or null where the text is another.
  get problem() {
    return drawn?.prompt === text ? drawn : null;
  },
  write(words) {
    text = words;
    listeners.forEach((listener) => listener());
  },
  // Takes a question over from somewhere else.
  put(words, problem = null) {
    drawn = problem;
    this.write(words);
  },
  on(listener) {
    listeners.add(listener);
    listener();
  },
};

export const problemName = ({ skill, level, seed }) => `${skill} · level ${level} · seed ${seed}`;
