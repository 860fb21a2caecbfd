// Sphinx's own scores; but of objects with the same name, the one with the shortest full name comes first.
var Scorer = {
  score: ([, title, , , score, , kind]) =>
    kind === SearchResultKind.object ? score - title.length / 1000 : score,
  objNameMatch: 11,
  objPartialMatch: 6,
  objPrio: { 0: 15, 1: 5, 2: -5 },
  objPrioDefault: 0,
  title: 15,
  partialTitle: 7,
  term: 5,
  partialTerm: 2,
};
