// What does not fit on a screen.
/** Runs in the page: what lies beyond its edges, and buttons of the bar below 48 px where thumbs press them. */
export function measure(thumb) {
  const found = [];
  const root = document.documentElement;
  if (root.scrollWidth > root.clientWidth)
    found.push(`wider than the screen: ${root.scrollWidth} px`);
  const scrolls = (e) => e.closest(".scrolls, .wide-table, textarea, input, select");
  for (const e of document.querySelectorAll("#app *")) {
    const box = e.getBoundingClientRect();
    if (box.width <= 1 || e.closest(".hidden, svg, video") || scrolls(e.parentElement)) continue;
    if (box.left < -0.5 || box.right > root.clientWidth + 0.5)
      found.push(
        `beyond the edge: ${e.tagName.toLowerCase()}.${e.className} "${e.textContent.slice(0, 40)}"`,
      );
  }
  // Where there is little room, notices may lie over a name for their few seconds.
  const lasting = root.clientWidth > 720 ? ".notice, .more, .alone" : ".more, .alone";
  const notices = [...document.querySelectorAll(lasting)];
  for (const name of document.querySelectorAll(".tile .name")) {
    if (!name.checkVisibility({ visibilityProperty: true })) continue;
    const a = name.getBoundingClientRect();
    for (const over of notices) {
      const b = over.getBoundingClientRect();
      if (a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom)
        found.push(`a name is covered: "${name.textContent}" by .${over.className}`);
    }
  }
  const dock = document.querySelector(".dock")?.getBoundingClientRect();
  if (dock && !document.querySelector(".tile")) found.push("nobody is on the stage");
  for (const e of dock ? document.querySelectorAll(".main *") : []) {
    const box = e.getBoundingClientRect();
    if (box.width > 1 && box.bottom > dock.top + 0.5)
      found.push(`under the dock: ${e.tagName.toLowerCase()}.${e.className}`);
  }
  for (const e of thumb
    ? document.querySelectorAll(".dock button:not(.popover *, .picture *)")
    : []) {
    const { width, height } = e.getBoundingClientRect();
    const shown = width > 0;
    if (shown && (width < 47.5 || height < 47.5))
      found.push(`small target: ${e.getAttribute("aria-label")} ${width}x${height}`);
  }
  return found;
}
