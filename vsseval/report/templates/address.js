// The address holds what is looked at: #clips&bench=mini_v2s&q=bell, #clip=mini_v2s/clip07&system=vssflow
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
V.clipHash = (data, place, more = {}) => V.hash("clip", { clip: `${data.key}/${data.clips.id[place]}`, ...more });
// Lists in an address: a comma or a star within a name is written by its code.
V.joined = (names) => names.map((name) => String(name).replace(/[%,*]/g, (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`)).join(",");
V.parted = (text) => text.split(",").map((name) => name.replace(/%(25|2C|2A)/g, (_, code) => String.fromCharCode(parseInt(code, 16))));
// A change of a filter takes the place of the address, so that "back" leaves the view at once.
V.change = (changes) => {
  const { view, ...now } = V.address();
  history.replaceState(null, "", V.hash(view, { ...now, ...changes }));
};
// The benchmark that is looked at.
V.current = () => {
  const { bench, clip } = V.address();
  const named = clip ? clip.slice(0, clip.indexOf("/")) : bench;
  return V.bench(V.benches.includes(named) ? named : V.benches[0]);
};
