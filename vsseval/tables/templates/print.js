// On paper nothing can be scrolled to: a table that is wider than the page is made smaller as a whole.
(() => {
  const WIDE = 1000; // CSS pixels of A4 on its side, between margins of 12 mm
  addEventListener("beforeprint", () => {
    for (const table of document.querySelectorAll(".scroll table, .gridbox table")) {
      table.style.setProperty("--fit", String(Math.min(1, WIDE / Math.max(table.scrollWidth, 1))));
    }
  });
})();
