// Expands recurrence rules with a library that has nothing in common with the sandbox's.
//
// Takes a list of {start, rule} as JSON, gives the beginnings of the first occurrences of each.

import { text } from "node:stream/consumers";
import ICAL from "ical.js";

const OCCURRENCES_MAX = 60;

function expanded({ start, rule }) {
  const occurrences = ICAL.Recur.fromString(rule).iterator(ICAL.Time.fromString(start));
  const found = [];
  let next;
  while (found.length < OCCURRENCES_MAX && (next = occurrences.next())) found.push(`${next}`);
  return found;
}

process.stdout.write(JSON.stringify(JSON.parse(await text(process.stdin)).map(expanded)));
