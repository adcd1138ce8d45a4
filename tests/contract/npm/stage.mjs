// What every script needs: where the sandbox is, its control, somebody who takes notices.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

export const base = process.env.SANDBOX;
export const token = process.env.TOKEN;

const DEADLINE_MS = 10_000;

/** Call the sandbox's control. */
export async function control(method, path, body) {
  const answer = await fetch(`${base}/_control${path}`, {
    method,
    headers: { "content-type": "application/json" },
    body: body && JSON.stringify(body),
  });
  assert.ok(answer.ok, `${path}: ${answer.status}`);
  return answer.json();
}

/** Let something go wrong at the sandbox. */
export const arm = (fault) => control("POST", "/faults", fault);

/** Statuses with which an operation was answered so far. */
export async function statuses(operation) {
  const { items } = await control("GET", `/calls?operation=${operation}`);
  return items.map((call) => call.status);
}

/** Return once something is so. */
export async function eventually(holds) {
  const end = Date.now() + DEADLINE_MS;
  while (!(await holds())) {
    assert.ok(Date.now() < end, "it did not happen in time");
    await sleep(10);
  }
}

/** A server that keeps what it is sent while `use` runs; it gives Graph's tokens back. */
export async function receiving(use) {
  const taken = [];
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk) => (body += chunk));
    request.on("end", () => {
      const handshake = new URL(request.url, "http://here").searchParams.get("validationToken");
      if (handshake === null) taken.push({ headers: request.headers, body });
      response.writeHead(handshake === null ? 202 : 200, { "content-type": "text/plain" });
      response.end(handshake ?? "");
    });
  });
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  try {
    await use(`http://127.0.0.1:${server.address().port}/notices`, taken);
  } finally {
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
  }
}

/** Run the script whose name the command line gives. */
export async function run(scripts) {
  const script = scripts[process.argv[2]];
  assert.ok(script, `there is no script ${process.argv[2]}`);
  await script();
}
