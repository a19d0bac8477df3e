// What `check` found out about a flow, for people.

import { h } from "./dom.js";

/** The findings as elements. */
export function findings(check) {
  const missing = [...new Set(check.needs?.filter((need) => !need.found).map((need) => need.variable))];
  const services = [...new Set(check.services?.map((called) => `${called.service} at ${called.address}`))];
  const extras = check.extras?.filter((extra) => !extra.found) ?? [];
  return h("div", { class: "check" },
    h("p", { class: check.runs ? "verdict ok" : "verdict bad" }, check.runs ? "This flow runs here." : "This flow cannot run here yet."),
    h("ul", {},
      (check.faults ?? []).map((fault) => h("li", {}, fault.message, fault.node && h("span", { class: "muted" }, ` ${fault.node}`), fault.suggestion && h("div", { class: "muted" }, fault.suggestion))),
      missing.map((name) => h("li", {}, "Needs ", h("code", {}, name), ": set it under ", h("a", { href: "#/settings" }, "Settings"), " or in the environment.")),
      services.map((service) => h("li", {}, `Calls ${service}.`)),
      extras.map((extra) => h("li", {}, "Needs ", h("code", {}, extra.command))),
      (check.warnings ?? []).map((warning) => h("li", { class: "muted" }, warning))));
}
