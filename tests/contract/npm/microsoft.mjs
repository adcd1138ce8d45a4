// Scripts of Microsoft's own client for JavaScript.

import assert from "node:assert/strict";
import {
  BatchRequestContent,
  BatchResponseContent,
  Client,
  PageIterator,
} from "@microsoft/microsoft-graph-client";

import { arm, base, control, eventually, receiving, run, statuses, token } from "./stage.mjs";

let bearer = token;
const graph = Client.init({
  baseUrl: `${base}/microsoft`,
  defaultVersion: "v1.0",
  customHosts: new Set([new URL(base).hostname]),
  authProvider: (done) => done(null, bearer),
});
const zone = "W. Europe Standard Time";
const window = "startDateTime=2027-05-01T00:00:00Z&endDateTime=2027-08-01T00:00:00Z";

const at = (clock) => ({ dateTime: clock, timeZone: zone });

function draft(subject, more = {}) {
  return { subject, start: at("2027-06-01T10:00:00"), end: at("2027-06-01T11:00:00"), ...more };
}

const asked = (path) => graph.api(path).header("Prefer", 'IdType="ImmutableId"');
const made = (subject, more) => asked("/me/events").post(draft(subject, more));

/** All entries from an address on, and the link that leads to later ones. */
async function followed(path) {
  const entries = [];
  const first = await asked(path).get();
  const pages = new PageIterator(graph, first, (entry) => Boolean(entries.push(entry)));
  await pages.iterate();
  return { entries, link: pages.getDeltaLink() };
}

async function refused(promise, status, code) {
  await assert.rejects(promise, (error) => {
    assert.deepEqual([error.statusCode, error.code], [status, code]);
    return true;
  });
}

await run({
  async "create, read and list"() {
    const event = await made("Två 🎉", { location: { displayName: "Oslo" } });
    assert.equal((await asked(`/me/events/${event.id}`).get()).subject, "Två 🎉");
    const patched = await asked(`/me/events/${event.id}`).patch({ subject: "Tre" });
    assert.equal(patched.location.displayName, "Oslo");
    const listed = await asked("/me/events").select("subject").top(5).get();
    assert.deepEqual(listed.value.map((one) => one.subject), ["Tre"]);
    await asked(`/me/events/${event.id}`).delete();
    assert.deepEqual((await asked("/me/events").get()).value, []);
    const calendars = (await asked("/me/calendars").get()).value;
    assert.equal(calendars.filter((one) => one.isDefaultCalendar).length, 1);
  },

  async "delta in pages"() {
    for (const number of [1, 2, 3]) await made(`Event ${number}`);
    const first = await graph
      .api(`/me/calendarView/delta?${window}`)
      .header("Prefer", 'IdType="ImmutableId", odata.maxpagesize=2')
      .get();
    assert.equal(first.value.length, 2);
    const entries = [...first.value];
    const pages = new PageIterator(graph, { ...first, value: [] }, (one) => entries.push(one) > 0);
    await pages.iterate();
    assert.equal(new Set(entries.map((one) => one.subject)).size, 3);
    const link = pages.getDeltaLink();
    await asked(`/me/events/${entries[0].id}`).delete();
    const later = await followed(link);
    assert.deepEqual(
      later.entries.map((one) => [one.id, one["@removed"].reason]),
      [[entries[0].id, "deleted"]],
    );
    await arm({ provider: "microsoft", operation: "events.delta", kind: "gone_410" });
    await refused(asked(later.link).get(), 410, "syncStateNotFound");
  },

  async "a series with an exception"() {
    const series = await made("Daily", {
      recurrence: {
        pattern: { type: "daily", interval: 1 },
        range: { type: "numbered", startDate: "2027-06-01", numberOfOccurrences: 3 },
      },
    });
    const instances = async () =>
      (await followed(`/me/events/${series.id}/instances?${window}`)).entries;
    const [first, second] = await instances();
    await asked(`/me/events/${second.id}`).patch({ subject: "Special" });
    await asked(`/me/events/${first.id}`).delete();
    const left = await instances();
    assert.deepEqual(
      left.map((one) => [one.subject, one.type]),
      [["Special", "exception"], ["Daily", "occurrence"]],
    );
    assert.equal(left[0].seriesMasterId, series.id);
  },

  async "refusals"() {
    const event = await made("Here");
    const stale = asked(`/me/events/${event.id}`).header("If-Match", 'W/"stale"');
    await refused(stale.patch({ subject: "X" }), 412, "ErrorIrresolvableConflict");
    await asked(`/me/events/${event.id}`).delete();
    await refused(asked(`/me/events/${event.id}`).get(), 404, "ErrorItemNotFound");
    await refused(asked("/me/events/!").get(), 400, "ErrorInvalidIdMalformed");
    bearer = "wrong";
    await refused(asked("/me/events").get(), 401, "InvalidAuthenticationToken");
  },

  async "throttling"() {
    const fault = { provider: "microsoft", operation: "events.list", kind: "status" };
    await arm({ ...fault, status: 429, retry_after: 1 });
    const began = Date.now();
    await asked("/me/events").get();
    assert.ok(Date.now() - began >= 1000, "it waits as long as it was told");
    assert.deepEqual(await statuses("events.list"), [429, 200]);
  },

  async "a batch"() {
    // The client strips the host, and what is left is relative to the version.
    const url = "https://host/me/events";
    const post = (subject) =>
      new Request(url, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(draft(subject)),
      });
    const content = new BatchRequestContent([
      { id: "first", request: post("One") },
      { id: "second", request: post("Two") },
      { id: "third", request: new Request(`${url}/!`) },
    ]);
    const answer = await asked("/$batch").post(await content.getContent());
    const parts = new BatchResponseContent(answer);
    assert.deepEqual(
      ["first", "second", "third"].map((id) => parts.getResponseById(id).status),
      [201, 201, 400],
    );
    assert.equal((await parts.getResponseById("second").json()).subject, "Two");
  },

  async "a subscription"() {
    await receiving(async (address, taken) => {
      const subscription = await asked("/subscriptions").post({
        changeType: "created,updated,deleted",
        notificationUrl: address,
        lifecycleNotificationUrl: `${address}/fate`,
        resource: "/me/events",
        expirationDateTime: new Date(Date.now() + 86_400_000).toISOString(),
        clientState: "secret",
      });
      const event = await made("Told");
      await eventually(() => taken.length === 1);
      const [notice] = JSON.parse(taken[0].body).value;
      assert.deepEqual(
        [notice.clientState, notice.changeType, notice.resourceData.id],
        ["secret", "created", event.id],
      );
      await asked(`/subscriptions/${subscription.id}`).delete();
      await asked(`/me/events/${event.id}`).delete();
      await control("POST", "/deliveries/idle");
      assert.equal(taken.length, 1);
    });
  },
});
