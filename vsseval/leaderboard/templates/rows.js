// Which rows and columns of a board are shown, and in which order; all of it is in the address.
const KINDS = [["", "measured and reported"], ["measured", "measured"], ["reported", "reported"]];
const USUAL = 10; // columns that are shown where none are asked for: those that most rows have

const rowsOf = (board, { suite, kind, system, part }) => {
  const words = (system || "").trim().toLowerCase().split(/\s+/).filter(Boolean);
  return board.rows.filter((row) => (!suite || row.suite === suite) && (part === "all" || !row.part)
    && (!kind || (kind === "reported") === (row.kind === "reported"))
    && words.every((word) => `${row.system} ${row.source}`.toLowerCase().includes(word)));
};
const columnsOf = (board, rows, asked) => {
  const counts = new Map();
  for (const row of rows) for (const key of Object.keys(row.cells)) counts.set(key, (counts.get(key) || 0) + 1);
  const there = board.columns.filter(({ key }) => counts.has(key));
  if (asked !== undefined) {
    const wanted = new Set(V.parted(asked));
    return { there, shown: there.filter(({ key }) => wanted.has(key)) };
  }
  // Of measured and of reported ones half each, or more where there are fewer of the others.
  const most = (kind) => there.filter((column) => column.kind === kind).sort((a, b) => counts.get(b.key) - counts.get(a.key));
  const [measured, reported] = [most("measured"), most("reported")];
  const half = Math.max(USUAL / 2, USUAL - reported.length);
  const first = measured.slice(0, half);
  const usual = new Set([...first, ...reported.slice(0, USUAL - first.length)]);
  return { there, shown: there.filter((column) => usual.has(column)) };
};
const GROUP = { measured: 0, bound: 1, reported: 2 };
// Where nothing else is asked for, rows that the columns shown say nothing of stand last.
const sortedRows = (rows, columns, text) => {
  const key = (text || "").replace(/^-/, "");
  const sign = (text || "").startsWith("-") ? -1 : 1;
  const value = (row) => {
    if (["system", "suite", "source"].includes(key)) return row[key].toLowerCase();
    const cell = row.cells[key];
    return cell ? cell.value ?? null : null;
  };
  const empty = (row) => !columns.some((column) => row.cells[column.key]);
  return [...rows].sort((a, b) => {
    if (!key) return empty(a) - empty(b) || GROUP[a.kind] - GROUP[b.kind] || a.suite.localeCompare(b.suite);
    const x = value(a);
    const y = value(b);
    if (x === null || y === null) return (x === null) - (y === null);
    return x < y ? -sign : x > y ? sign : 0;
  });
};
