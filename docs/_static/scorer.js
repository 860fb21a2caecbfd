// Objects of the name that was searched for come first, then pages and headings with its words in their titles, then objects with
// the words in their names, then prose; the two pages that mention everything come last.
var Scorer = {
  score: ([page, title, , , score, , kind]) => {
    const query = new URLSearchParams(location.search).get("q") ?? "";
    const words = query.toLowerCase().split(/[\s_]+/).filter(Boolean);
    const isObject = kind === SearchResultKind.object;
    const found = words.every((word) => `${page} ${title}`.toLowerCase().includes(word));
    const name = title.toLowerCase().split(".").pop().replaceAll("_", "");
    if (isObject && name === words.join("")) score += 300;
    else if (found && page !== "index") score += isObject ? 100 : 200;
    if (isObject) score -= title.length / 1000; // of the same name, a function comes before methods
    return ["index", "changelog"].includes(page) ? score - 50 : score;
  },
  objNameMatch: 11,
  objPartialMatch: 6,
  objPrio: { 0: 15, 1: 5, 2: -5 },
  objPrioDefault: 0,
  title: 15,
  partialTitle: 7,
  term: 5,
  partialTerm: 2,
};
