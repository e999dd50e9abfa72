// One board a task: tabs, filters, table, and what opens below a row.
const main = document.getElementById("board");
const tabs = document.querySelector("nav.views");
const scripts = [...document.querySelectorAll("script[data-task]")];
const boards = new Map();
const boardOf = (task) => {
  if (!boards.has(task)) boards.set(task, JSON.parse(scripts.find(({ dataset }) => dataset.task === task).textContent));
  return boards.get(task);
};

const cellOf = (row, { key }) => {
  const cell = row.cells[key];
  if (!cell) return V.el("td", { class: "none" }, "");
  const shown = [V.el("span", { class: cell.place || null }, cell.text)];
  if (cell.spread) shown.push(" ", V.el("span", { class: "half" }, cell.spread));
  if (cell.few) shown.push(" ", V.el("span", { class: "few" }, cell.few));
  return V.el("td", { title: [cell.why, cell.tip].filter(Boolean).join("\n"), class: row.kind === "measured" ? null : "quiet" }, shown);
};
const factsOf = (row, width) => V.el("tr", { class: "more" }, V.el("td", { colspan: width }, V.el("div", {},
  V.el("dl", { class: "facts" }, row.facts.map(([name, text]) => V.el("div", {}, V.el("dt", {}, name), V.el("dd", {}, text))),
    row.signatures.map((text, place) => V.el("div", {}, V.el("dt", {}, place ? "" : "signature"), V.el("dd", { class: "mono" }, text)))),
  V.el("p", { class: "links" }, row.links.map(([text, href]) => V.el("a", { href, rel: "noopener" }, text)), V.el("a", { href: location.hash }, "link to this row")))));

const show = () => {
  const asked = V.address();
  const task = scripts.some(({ dataset }) => dataset.task === asked.task) ? asked.task : scripts[0].dataset.task;
  const board = boardOf(task);
  tabs.replaceChildren(...scripts.map(({ dataset }) => V.el("a", { href: V.hash("task", { task: dataset.task }), "aria-current": dataset.task === task ? "page" : null }, dataset.name)));
  const result = V.el("div");
  const said = V.el("output", { class: "said" });
  const menu = V.el("span");
  const set = (changes) => { V.change({ task, row: "", ...changes }); if (V.address().view !== "task") history.replaceState(null, "", V.hash("task", { ...V.address(), task })); draw(); };
  let now = { rows: [], columns: [] };

  const draw = () => {
    const address = V.address();
    const found = rowsOf(board, address);
    const { there, shown } = columnsOf(board, found, address.columns);
    const rows = sortedRows(found, shown, address.sort);
    now = { rows, columns: shown };
    const suites = new Set(rows.map(({ suite }) => suite)).size;
    said.value = `${rows.length} row${rows.length === 1 ? "" : "s"} of ${suites} suite${suites === 1 ? "" : "s"}, ${shown.length} of ${there.length} columns`;
    const open = menu.querySelector("details[open]");
    if (!open) menu.replaceChildren(V.chooser("columns", there.map(({ key }) => key), shown.map((column) => there.indexOf(column)), () => V.address().columns, set));
    const head = (key, ...inside) => {
      const sorted = (address.sort || "").replace(/^-/, "") === key;
      return V.el("th", { scope: "col", class: key === "system" ? "name" : key === "suite" || key === "source" ? "text" : null, "aria-sort": sorted ? (address.sort.startsWith("-") ? "descending" : "ascending") : null },
        V.el("button", { type: "button", "data-key": key, onclick: () => {
          const sort = !sorted ? key : address.sort.startsWith("-") ? "" : `-${key}`;
          set({ sort, row: address.row });
          const again = [...result.querySelectorAll("button[data-key]")].find(({ dataset }) => dataset.key === key);
          if (again) again.focus();
        } }, ...inside));
    };
    const width = shown.length + 3;
    const body = V.el("tbody", {}, rows.flatMap((row) => {
      const opened = row.id === address.row;
      const name = V.el("button", { type: "button", class: "open", "aria-expanded": String(opened), onclick: () => { V.change({ task, row: opened ? "" : row.id }); draw(); const again = document.getElementById(row.id); if (again) again.querySelector("button").focus(); } }, row.system);
      const line = V.el("tr", { id: row.id, class: `${row.kind}${opened ? " opened" : ""}` }, V.el("th", { scope: "row", class: "name", title: row.system }, name),
        V.el("td", { class: "text" }, row.suite, row.part ? V.el("small", {}, ` ${row.part}`) : null),
        V.el("td", { class: "text source", title: row.source }, row.link ? V.el("a", { href: row.link, rel: "noopener" }, row.source) : row.source),
        shown.map((column) => cellOf(row, column)));
      return opened ? [line, factsOf(row, width)] : [line];
    }));
    const table = V.el("table", { class: "data board" }, V.el("thead", {}, V.el("tr", {}, head("system", "system"), head("suite", "suite"), head("source", "source"),
      shown.map((column) => { const made = head(column.key, `${column.head} ${column.arrow}`.trim(), V.el("small", {}, `${column.recipe}${column.unit ? ` · ${column.unit}` : ""}`)); made.title = column.tip; return made; }))), body);
    result.replaceChildren(rows.length ? V.el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": `board of ${board.name}` }, table) : V.el("p", { class: "empty" }, "Nothing here is of that kind."));
  };

  const suites = [...new Set(board.rows.map(({ suite }) => suite))].sort((a, b) => a.localeCompare(b));
  const parts = board.rows.some(({ part }) => part);
  const system = V.el("input", { type: "search", name: "system", value: asked.system || "", placeholder: "part of a name or source", oninput: () => set({ system: system.value }) });
  main.replaceChildren(V.el("form", { class: "filters", autocomplete: "off", onsubmit: (event) => event.preventDefault() },
    V.labelled("suite", V.select("suite", [["", "every suite"], ...suites.map((name) => [name, name])], asked.suite || "", (suite) => set({ suite, columns: "", sort: "" }))),
    V.labelled("numbers", V.select("kind", KINDS, asked.kind || "", (kind) => set({ kind, columns: "", sort: "" }))),
    parts ? V.labelled("parts", V.select("part", [["", "whole suites"], ["all", "parts of suites too"]], asked.part || "", (part) => set({ part }))) : null,
    V.labelled("system", system), menu,
    V.el("button", { type: "button", class: "plain", onclick: () => download(`${task}-shown.csv`, csvOf(now.rows, now.columns)) }, "CSV of what is shown"),
    V.el("a", { class: "whole", href: `${task}.csv`, download: true }, "CSV of the whole board"), said), result);
  draw();
  const row = asked.row && document.getElementById(asked.row);
  if (row) row.scrollIntoView({ block: "center", behavior: "instant" });
};
if (scripts.length) {
  addEventListener("hashchange", show);
  show();
}
