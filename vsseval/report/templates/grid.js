// A table of many rows, of which those in sight are in the page.
V.grid = ({ columns, groups, rows, sort, onsort, href, label }) => {
  const HEIGHT = 33;
  const AROUND = 12;
  const head = V.el("tr", {});
  for (const column of columns) {
    const direction = sort.key === column.key ? (sort.up ? "ascending" : "descending") : null;
    const button = V.el("button", { type: "button", title: column.title, onclick: () => onsort(column.key) }, column.head);
    head.append(V.el("th", { scope: "col", class: column.kind, "aria-sort": direction }, button));
  }
  const over = groups && V.el("tr", { class: "over" }, groups.map(([text, span, title]) => V.el(
    text ? "th" : "td", { colspan: span, scope: text ? "colgroup" : null, title, class: text ? null : "name" },
    text ? V.el("span", {}, text) : "")));
  const body = V.el("tbody");
  const table = V.el("table", { class: "grid", "aria-rowcount": rows.length, "aria-label": label }, V.el("thead", {}, over, head), body);
  const box = V.el("div", { class: "gridbox", tabindex: "0", role: "region", "aria-label": label }, table);

  const spacer = (height) => V.el("tr", { class: "spacer", "aria-hidden": "true" }, V.el("td", { colspan: columns.length, style: `height: ${height}px` }));
  const row = (place) => V.el("tr", { "data-place": place, "aria-rowindex": place + 1 }, columns.map((column, first) => {
    const { text, title, kind } = column.cell(rows[place]);
    const shown = first === 0 ? V.el("a", { href: href(rows[place]) }, text) : text;
    return V.el(first === 0 ? "th" : "td", { class: [column.kind, kind].filter(Boolean).join(" "), title, scope: first === 0 ? "row" : null }, shown);
  }));
  let from = -1;
  let to = -1;
  const PRINTED = 2000; // rows that are put on paper, at most
  const draw = (force, whole) => {
    const sight = box.clientHeight || 600;
    const start = whole ? 0 : Math.max(0, Math.floor(box.scrollTop / HEIGHT) - AROUND);
    const end = whole ? Math.min(rows.length, PRINTED) : Math.min(rows.length, Math.ceil((box.scrollTop + sight) / HEIGHT) + AROUND);
    if (!force && start === from && end === to) return;
    [from, to] = [start, end];
    const focused = body.contains(document.activeElement) ? document.activeElement.closest("tr").dataset.place : null;
    const inside = [];
    for (let place = start; place < end; place += 1) inside.push(row(place));
    body.replaceChildren(spacer(start * HEIGHT), ...inside, ...(whole ? [] : [spacer((rows.length - end) * HEIGHT)]));
    if (focused) focus(Number(focused));
  };
  const link = (place) => body.querySelector(`tr[data-place="${place}"] a`);
  const focus = (place) => { const found = link(place); if (found) found.focus({ preventScroll: true }); };
  let waiting = false;
  box.addEventListener("scroll", () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => { waiting = false; draw(false); });
  });
  box.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 12, PageUp: -12 }[event.key];
    if (!step || !rows.length) return;
    event.preventDefault();
    const here = document.activeElement.closest("tr[data-place]");
    const place = Math.min(rows.length - 1, Math.max(0, here ? Number(here.dataset.place) + step : 0));
    const top = place * HEIGHT;
    if (top < box.scrollTop) box.scrollTop = top;
    else if (top + 4 * HEIGHT > box.scrollTop + box.clientHeight) box.scrollTop = top + 4 * HEIGHT - box.clientHeight;
    draw(false);
    focus(place);
  });
  draw(true);
  V.printing = (whole) => { if (box.isConnected) draw(true, whole); };
  return { box, redraw: () => draw(true) };
};
