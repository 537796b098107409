// When a list of quests needs asking for again.

const AT_LEAST_EVERY = 15000;

// A function of the state that is true once for every change of quests the state tells of, and every 15 s.
export function questMarks() {
  let last = null;
  let at = 0;
  const changed = (state) => {
    const event = (state.events ?? []).find(({ kind }) => kind.includes("quest"));
    const mark = JSON.stringify([state.quests, state.battle?.quest_id, event?.seq]);
    if (mark === last && Date.now() - at < AT_LEAST_EVERY) return false;
    last = mark;
    at = Date.now();
    return true;
  };
  changed.forget = () => (last = null);
  return changed;
}
