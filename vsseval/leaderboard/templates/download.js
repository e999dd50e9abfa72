// What is shown, as CSV.
const csvText = (text) => {
  const one = String(text).replace(/\s+/g, " ").trim();
  const safe = /^[=+\-@]/.test(one) && Number.isNaN(Number(one)) ? `'${one}` : one;
  return /[",]/.test(safe) ? `"${safe.replace(/"/g, '""')}"` : safe;
};
const csvOf = (rows, columns) => {
  const head = ["system", "suite", "part", "kind", "source", "link", ...columns.map(({ key, unit }) => (unit && !key.endsWith(unit) ? `${key} ${unit}` : key))];
  const lines = rows.map((row) => [row.system, row.suite, row.part, row.kind, row.source, row.link, ...columns.map(({ key }) => {
    const cell = row.cells[key];
    return cell && cell.value !== null && cell.value !== undefined ? cell.value : "";
  })]);
  return `${[head, ...lines].map((line) => line.map(csvText).join(",")).join("\n")}\n`;
};
const download = (name, text) => {
  const address = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  V.el("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 1000);
};
