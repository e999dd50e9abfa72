"use strict";
(() => {
  // A row opens what is known of it.
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button.open");
    if (!button) return;
    const more = button.closest("tr").nextElementSibling;
    more.hidden = !more.hidden;
    button.setAttribute("aria-expanded", String(!more.hidden));
  });

  const form = document.getElementById("filters");
  const sections = [...document.querySelectorAll("main > section")];
  function filter() {
    const { task, suite, kind, system } = form.elements;
    const part = system.value.trim().toLowerCase();
    let tables = 0, rows = 0;
    for (const section of sections) {
      const { dataset } = section;
      let shown = (!task.value || dataset.task === task.value) && (!suite.value || dataset.suite === suite.value)
        && (!kind.value || dataset.kind === kind.value);
      let here = 0;
      for (const row of section.querySelectorAll("tr[data-system]")) {
        row.hidden = Boolean(part) && !row.dataset.system.toLowerCase().includes(part);
        const more = row.nextElementSibling;
        const open = row.querySelector("button.open");
        if (more && more.matches(".more")) more.hidden = row.hidden || open.getAttribute("aria-expanded") !== "true";
        here += !row.hidden;
      }
      if (part && !here) shown = false;
      section.hidden = !shown;
      if (shown) { tables += 1; rows += here; }
    }
    form.querySelector("output").textContent = `${tables} table${tables === 1 ? "" : "s"}, ${rows} row${rows === 1 ? "" : "s"}`;
    document.getElementById("nothing").hidden = tables > 0;
  }
  form.addEventListener("input", filter);
  form.addEventListener("submit", (event) => event.preventDefault());
  filter();
})();
