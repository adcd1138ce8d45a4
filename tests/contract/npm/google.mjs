// Scripts of Google's own client for JavaScript.

import assert from "node:assert/strict";
import { auth, calendar } from "googleapis/build/src/apis/calendar/index.js";

import { arm, base, control, eventually, receiving, run, statuses, token } from "./stage.mjs";

const signedIn = new auth.OAuth2();
signedIn.setCredentials({ access_token: token });
const { events, calendarList, channels } = calendar({
  version: "v3",
  auth: signedIn,
  rootUrl: `${base}/`,
});
const primary = { calendarId: "primary" };
const zone = "Europe/Stockholm";

function draft(summary, more = {}) {
  const start = { dateTime: "2027-06-01T10:00:00Z", timeZone: zone };
  const end = { dateTime: "2027-06-01T11:00:00Z", timeZone: zone };
  return { summary, start, end, ...more };
}

async function made(summary, more) {
  return (await events.insert({ ...primary, requestBody: draft(summary, more) })).data;
}

/** All items of a list and its sync token. */
async function listed(more = {}) {
  const items = [];
  let page;
  for (;;) {
    const { data } = await events.list({ ...primary, ...more, pageToken: page });
    items.push(...data.items);
    page = data.nextPageToken;
    if (!page) return { items, syncToken: data.nextSyncToken };
  }
}

async function refused(promise, status, reason) {
  await assert.rejects(promise, (error) => {
    assert.equal(error.status, status);
    assert.equal(error.response.data.error.errors[0].reason, reason);
    return true;
  });
}

await run({
  async "create, read and list"() {
    const event = await made("Två 🎉", { id: "abc0123456789", location: "Oslo" });
    const { data } = await events.get({ ...primary, eventId: event.id });
    assert.deepEqual(data, event);
    const patched = await events.patch({
      ...primary,
      eventId: event.id,
      requestBody: { summary: "Tre" },
    });
    assert.equal(patched.data.location, "Oslo");
    assert.deepEqual((await listed()).items.map((one) => one.summary), ["Tre"]);
    await events.delete({ ...primary, eventId: event.id });
    assert.deepEqual((await listed()).items, []);
    const calendars = (await calendarList.list()).data.items;
    assert.equal(calendars.filter((one) => one.primary).length, 1);
  },

  async "sync in pages"() {
    for (const number of [1, 2, 3]) await made(`Event ${number}`);
    const { items, syncToken } = await listed({ maxResults: 2 });
    assert.equal(items.length, 3);
    await events.delete({ ...primary, eventId: items[0].id });
    const later = await listed({ maxResults: 2, syncToken });
    assert.deepEqual(
      later.items.map((one) => [one.id, one.status]),
      [[items[0].id, "cancelled"]],
    );
    await arm({ provider: "google", operation: "events.list", kind: "gone_410" });
    await refused(listed({ maxResults: 2, syncToken }), 410, "fullSyncRequired");
  },

  async "a series with an exception"() {
    const series = await made("Daily", { recurrence: ["RRULE:FREQ=DAILY;COUNT=3"] });
    const instances = async () =>
      (await events.instances({ ...primary, eventId: series.id })).data.items;
    const [first, second] = await instances();
    await events.patch({ ...primary, eventId: second.id, requestBody: { summary: "Special" } });
    await events.delete({ ...primary, eventId: first.id });
    const left = await instances();
    assert.deepEqual(left.map((one) => one.summary), ["Special", "Daily"]);
    assert.equal(left[0].recurringEventId, series.id);
    assert.ok(left[0].originalStartTime.dateTime);
  },

  async "refusals"() {
    const event = await made("Here", { id: "abc0123456789" });
    await refused(made("Again", { id: event.id }), 409, "duplicate");
    await refused(events.get({ ...primary, eventId: "nobody" }), 404, "notFound");
    const stale = events.patch(
      { ...primary, eventId: event.id, requestBody: { summary: "X" } },
      { headers: { "If-Match": '"1"' } },
    );
    await refused(stale, 412, "conditionNotMet");
    await events.delete({ ...primary, eventId: event.id });
    await refused(events.delete({ ...primary, eventId: event.id }), 410, "deleted");
    signedIn.setCredentials({ access_token: "wrong" });
    await refused(listed(), 401, "authError");
  },

  async "throttling"() {
    const fault = { provider: "google", operation: "events.list", kind: "status" };
    await arm({ ...fault, status: 429, reason: "rateLimitExceeded" });
    await listed();
    assert.deepEqual(await statuses("events.list"), [429, 200], "it comes again by itself");
    await arm({ ...fault, status: 403, reason: "rateLimitExceeded" });
    await refused(events.list(primary, { retry: false }), 403, "rateLimitExceeded");
  },

  async "a channel"() {
    await receiving(async (address, taken) => {
      const { data } = await events.watch({
        ...primary,
        requestBody: { id: "channel-1", type: "web_hook", address, token: "secret" },
      });
      const event = await made("Told");
      await eventually(() => taken.length === 2);
      assert.deepEqual(
        taken.map(({ headers }) => [
          headers["x-goog-resource-state"],
          headers["x-goog-channel-token"],
        ]),
        [["sync", "secret"], ["exists", "secret"]],
      );
      await channels.stop({ requestBody: { id: data.id, resourceId: data.resourceId } });
      await events.delete({ ...primary, eventId: event.id });
      await control("POST", "/deliveries/idle");
      assert.equal(taken.length, 2);
    });
  },
});
