/**
 * Puts what changes into its place. A section in which something is selected waits, so that it can be copied.
 */
export const script = `"use strict";
const live = document.getElementById("live");
const source = new EventSource(location.href);
source.onopen = () => { live.textContent = "live"; live.className = ""; };
source.onerror = () => { live.textContent = "no connection"; live.className = "lost"; };
const waiting = new Map();
const busy = (section) => {
  const selection = getSelection();
  return !selection.isCollapsed && section.contains(selection.anchorNode);
};
source.onmessage = ({ data }) => {
  for (const [id, html] of Object.entries(JSON.parse(data))) waiting.set(id, html);
  for (const [id, html] of waiting) {
    const section = document.getElementById(id);
    if (section === null || busy(section)) continue;
    const scrolled = [...section.querySelectorAll(".scroll")].map((each) => each.scrollLeft);
    const focus = section.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
    section.innerHTML = html;
    section.querySelectorAll(".scroll").forEach((each, at) => { each.scrollLeft = scrolled[at] || 0; });
    if (focus !== null) section.querySelector('a[href="' + CSS.escape(focus) + '"]')?.focus();
    waiting.delete(id);
  }
};
addEventListener("pagehide", () => source.close());
`;
