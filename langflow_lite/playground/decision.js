// What a suspended job asks of a person.

import { post } from "./api.js";
import { h } from "./dom.js";

/** The question of a job and a button for each answer, null when it asks nothing; `answered` is called once one was given. */
export function decision(job, answered) {
  const request = job.human_request;
  if (!request) return null;
  const answer = async (action) => {
    await post(`api/v2/workflows/${job.job_id}/resume`, { request_id: request.request_id, decision: { action_id: action } });
    await answered();
  };
  return h("section", { class: "card decision", "aria-label": "Decision" },
    h("strong", {}, "This job waits for a decision."),
    h("p", {}, request.prompt),
    h("div", { class: "row" }, request.options.map(({ action_id: action, label }) => h("button", { type: "button", onclick: () => answer(action) }, label))));
}
