// Addresses of clips, and the benchmark that is looked at.
V.clipHash = (data, place, more = {}) => V.hash("clip", { clip: `${data.key}/${data.clips.id[place]}`, ...more });
// The benchmark that is looked at.
V.current = () => {
  const { bench, clip } = V.address();
  const named = clip ? clip.slice(0, clip.indexOf("/")) : bench;
  return V.bench(V.benches.includes(named) ? named : V.benches[0]);
};
