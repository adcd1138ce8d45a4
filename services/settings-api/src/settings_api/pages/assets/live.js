/* Lets what may be old on this page be asked for again: /live tells the names of it. */
"use strict";
const SOONEST_MS = 1000;
const LATEST_MS = 60000;
let wait = SOONEST_MS;

function listen() {
  const source = new EventSource("/live");
  source.onopen = () => { wait = SOONEST_MS; };
  source.onmessage = ({ data }) => {
    for (const part of document.querySelectorAll(`[hx-trigger="sse:${data}"]`)) {
      htmx.trigger(part, `sse:${data}`);
    }
  };
  source.addEventListener("signed-out", () => {
    source.close();
    location.assign("/");
  });
  /* A stream that ended is opened again by the browser; one that was refused is not. */
  source.onerror = () => {
    if (source.readyState !== EventSource.CLOSED) return;
    setTimeout(listen, wait);
    wait = Math.min(2 * wait, LATEST_MS);
  };
}

listen();
