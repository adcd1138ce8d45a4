/* Shows that Tandem does not answer, and hides that again once it does. */
"use strict";
const trouble = () => document.getElementById("trouble");
for (const name of ["htmx:responseError", "htmx:sendError"]) {
  document.addEventListener(name, () => { trouble().hidden = false; });
}
document.addEventListener("htmx:afterSwap", () => { trouble().hidden = true; });
