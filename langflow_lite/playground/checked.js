// What `check` found out about a flow, for people.

import { h } from "./dom.js";

/** The findings as elements; `open` is told the id of a component that is to be shown, where there is a graph. */
export function findings(check, open) {
  const missing = [...new Set((check.needs ?? []).filter((need) => !need.found).map((need) => need.variable))];
  const services = [...new Set((check.services ?? []).map((called) => `${called.service} at ${called.address}`))];
  const extras = [...new Set((check.extras ?? []).filter((extra) => !extra.found).map((extra) => extra.command))];
  const place = (node) => node && (open ? h("button", { type: "button", class: "link", onclick: () => open(node) }, node) : h("span", { class: "muted" }, node));
  return h("div", { class: "check" },
    h("p", { class: check.runs ? "verdict ok" : "verdict bad" }, check.runs ? "This flow runs here." : "This flow cannot run here yet."),
    check.runs && !missing.length && !services.length && !extras.length && !check.warnings?.length && h("p", { class: "muted" }, "Nothing is missing."),
    h("ul", {},
      (check.faults ?? []).map((fault) => h("li", { class: "fault" }, h("strong", {}, fault.message), fault.suggestion && h("div", { class: "muted" }, fault.suggestion), fault.node && h("div", {}, place(fault.node)))),
      missing.map((name) => h("li", {}, "Needs ", h("code", {}, name), ": set it under ", h("a", { href: "#/settings" }, "Settings"), " or in the environment.")),
      services.map((service) => h("li", {}, `Calls ${service}.`)),
      extras.map((command) => h("li", {}, "Needs ", h("code", {}, command))),
      (check.warnings ?? []).map((warning) => h("li", { class: "muted" }, warning))));
}
