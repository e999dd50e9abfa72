// What pages with views share: elements, fields, and the address that holds what is looked at.
const V = { views: {} };

// Strings become text, never markup: what stands in the data may come from anybody.
V.el = (name, attributes = {}, ...children) => {
  const svg = name.startsWith("svg:");
  const made = svg ? document.createElementNS("http://www.w3.org/2000/svg", name.slice(4)) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return made;
};

// Options of a select element; a list of [value, text].
V.select = (name, options, chosen, change) => {
  const made = V.el("select", { name, onchange: () => change(made.value) });
  for (const [value, text] of options) made.append(V.el("option", { value, selected: value === chosen }, text));
  return made;
};
V.labelled = (text, field) => V.el("label", { class: "field" }, V.el("span", {}, text), field);

// A menu of boxes: which of some names are chosen. `asked` gives the list in the address, or nothing for the usual ones.
V.chooser = (name, names, usual, asked, set) => {
  const on = () => new Set(asked() === undefined ? usual.map((place) => names[place]) : V.parted(asked()));
  const boxes = names.map((text) => V.el("label", {}, V.el("input", {
    type: "checkbox", checked: on().has(text),
    onchange: (event) => {
      const now = on();
      if (event.target.checked) now.add(text); else now.delete(text);
      set({ [name]: V.joined(names.filter((one) => now.has(one))) || "none" });
    },
  }), ` ${text}`));
  return V.el("details", { class: "menu" }, V.el("summary", {}, name), V.el("div", { class: "pop" }, boxes));
};
// A menu that would reach beyond the window opens to the other side.
document.addEventListener("toggle", (event) => {
  const pop = event.target.matches("details.menu[open]") && event.target.querySelector(".pop");
  if (pop) pop.classList.toggle("leftwards", pop.getBoundingClientRect().right > document.documentElement.clientWidth);
}, true);
// A menu closes when something else is pressed, and by escape.
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
});
document.addEventListener("keydown", (event) => {
  const menu = event.key === "Escape" && event.target.closest("details.menu[open]");
  if (menu) { menu.open = false; menu.querySelector("summary").focus(); event.stopPropagation(); }
}, true);

// #clips&bench=mini_v2s&q=bell, #clip=mini_v2s/clip07&system=vssflow, #task=v2s&suite=vggsound
const plain = (text) => encodeURIComponent(text).replace(/%(2F|40|3A|2C|2A|7E)/g, (code) => decodeURIComponent(code));

V.address = () => {
  const found = {};
  location.hash.slice(1).split("&").forEach((part, place) => {
    const cut = part.indexOf("=");
    const name = cut < 0 ? part : part.slice(0, cut);
    let value = cut < 0 ? "" : part.slice(cut + 1);
    try { value = decodeURIComponent(value); } catch { /* not of this page's making: taken as it is */ }
    if (place === 0) found.view = name;
    if (cut >= 0) found[name] = value;
  });
  return found;
};
V.hash = (view, parts = {}) => {
  const rest = Object.entries(parts).filter(([name, value]) => name !== "view" && value !== "" && value !== null && value !== undefined);
  const first = rest.findIndex(([name]) => name === view);
  const lead = first < 0 ? view : `${view}=${plain(rest.splice(first, 1)[0][1])}`;
  return `#${[lead, ...rest.map(([name, value]) => `${name}=${plain(String(value))}`)].join("&")}`;
};
// Lists in an address: a comma or a star within a name is written by its code.
V.joined = (names) => names.map((name) => String(name).replace(/[%,*]/g, (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`)).join(",");
V.parted = (text) => text.split(",").map((name) => name.replace(/%(25|2C|2A)/g, (_, code) => String.fromCharCode(parseInt(code, 16))));
// A change of a filter takes the place of the address, so that "back" leaves the view at once.
V.change = (changes) => {
  const { view, ...now } = V.address();
  history.replaceState(null, "", V.hash(view, { ...now, ...changes }));
};
