/* Closes the form of a meeting, and keeps the focus in its column. */
"use strict";
function close(editor) {
  const column = editor.closest(".side");
  editor.replaceChildren();
  column.querySelector("h2").focus();
}
document.addEventListener("click", (event) => {
  const editor = event.target.closest("[data-close]")?.closest("[id$='-editor']");
  if (editor) { event.preventDefault(); close(editor); }
});
document.addEventListener("keydown", (event) => {
  const editor = event.key === "Escape" && event.target.closest("[id$='-editor']");
  if (editor) close(editor);
});
document.addEventListener("htmx:afterRequest", (event) => {
  const editor = event.target.closest("[id$='-editor']");
  if (editor && event.detail.successful && event.detail.requestConfig.verb === "post") close(editor);
});
