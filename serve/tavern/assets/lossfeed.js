// The loss curve's data: asks /api/loss for what came after the last known step, and starts over with a new campaign.

import { get } from "./api.js";
import { setText } from "./dom.js";
import { loss } from "./format.js";
import { onState } from "./live.js";
import { LossChart } from "./losschart.js";

const LATE_STEPS = 1000; // an exam's validation loss and a mastered level come that much after their step, at most

export function mountLoss(element) {
  const chart = new LossChart(element);
  let campaign = null;
  let shown = null;
  let judged = null;
  let asking = false;

  const ask = async (step, judgement) => {
    asking = true;
    const back = judgement === judged ? 0 : LATE_STEPS;
    try {
      chart.add(await get(`/api/loss?after=${Math.max(-1, chart.lastStep - back)}`, 5000));
      [shown, judged] = [step, judgement];
    } catch {
      // The poll of the state tells of a lost link; the next state asks again.
    }
    asking = false;
  };

  onState((state) => {
    const step = state?.campaign?.step ?? null;
    if (state?.campaign && state.campaign.id !== campaign) {
      campaign = state.campaign.id;
      shown = null;
      judged = null;
      chart.clear();
    }
    setText(element.querySelector('[data-last="train"]'), loss(state?.battle?.train_loss ?? null));
    setText(element.querySelector('[data-last="val"]'), loss(state?.battle?.val_loss ?? null));
    const judgement = JSON.stringify([state?.battle?.val_loss, Object.values(state?.skills ?? {}).map((skill) => skill.mastered_level)]);
    if (step !== null && (step !== shown || judgement !== judged) && !asking && !document.hidden) ask(step, judgement);
  });
}
